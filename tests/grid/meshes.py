"""Small grids made up for the tests: meshes with shared vertices, and the slow way to find the cell of a point."""

from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.demo.grown import grow
from cityops.grid.index import CellRow, GridIndex
from cityops.grid.records import CellRecord, GridData


def make_mesh(cells: int = 100, seed: int = 1) -> GridData:
    """A wavering mesh of at least `cells` cells."""
    return grow(cells, seed)


def make_index(boundaries: dict[str, BaseGeometry], revision: int = 1) -> GridIndex:
    """An index of cells by code; their ids count from 1 in the order of the codes."""
    rows = [
        CellRow(number, code, None, 1, bytes(shapely.to_wkb(boundary)))
        for number, (code, boundary) in enumerate(sorted(boundaries.items()), start=1)
    ]
    return GridIndex(rows, revision=revision)


def lowest_cover(boundaries: dict[str, BaseGeometry], lon: float, lat: float) -> str | None:
    """The lowest code among all cells that shapely says cover the point."""
    point = shapely.Point(lon, lat)
    return min((code for code, boundary in boundaries.items() if boundary.covers(point)), default=None)


def by_code(data: GridData) -> dict[str, BaseGeometry]:
    """The boundaries of a grid's cells."""
    return {cell.code: cell.boundary for cell in data.cells}


def change_cell(data: GridData, position: int, **changes: object) -> GridData:
    """The same grid with one cell changed."""
    cells = list(data.cells)
    cells[position] = replace(cells[position], **changes)  # type: ignore[arg-type]
    return replace(data, cells=cells)


def shift(cell: CellRecord, lon: float, lat: float) -> BaseGeometry:
    """A cell's boundary moved by degrees."""
    return shapely.transform(cell.boundary, lambda points: points + np.array([lon, lat]))
