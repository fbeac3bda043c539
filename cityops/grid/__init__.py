"""Where: areas, cells, duty grids, components and landmarks; a point becomes a cell here."""
