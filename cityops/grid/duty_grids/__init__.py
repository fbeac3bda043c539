"""Duty grids (责任网格): whole cells of one street, given to inspectors from a day on."""
