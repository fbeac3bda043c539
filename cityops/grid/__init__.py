"""Where: areas, cells, duty grids, components and addresses; a point becomes a cell here."""
