"""A synthetic city of any size for benchmarks and load: a wavering mesh of street blocks, no real names.

The cells are like the demo's (about 10,000 m², four to six corners, shared vertices) and come in a second or two.
"""

import math

import numpy as np
import shapely
from shapely import Polygon

from cityops.demo.geography import CITY_CODE
from cityops.grid.geometry import metres_per_degree
from cityops.grid.models import AreaLevel
from cityops.grid.records import AreaRecord, CellRecord, GridData

WEST, SOUTH = 121.3, 29.7
SPACING_M = 100.0
# A community is a square of 5 by 5 cells, a street one of 4 by 4 communities, a district one of 5 by 5 streets.
COMMUNITY, STREET, DISTRICT = 5, 20, 100


def grow(cells: int = 50_000, seed: int = 7) -> GridData:
    """A city with at least `cells` cells in communities, streets and districts of a square mesh."""
    side = math.ceil(math.sqrt(cells) / COMMUNITY) * COMMUNITY
    columns = np.tile(np.arange(side), side)
    rows = np.repeat(np.arange(side), side)
    boundaries = [Polygon(corners) for corners in _quadrangles(side, seed)]
    codes = _codes(columns, rows, side)
    cells_made = [
        CellRecord(code, boundary, f"{code[:9]}Z01", f"{code[:9]} 责任网格", f"{code[:9]} duty grid")
        for code, boundary in zip(codes, boundaries, strict=True)
    ]
    cells_made.sort(key=lambda cell: cell.code)
    return GridData(areas=_areas(cells_made), cells=cells_made)


def _quadrangles(side: int, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Corners of all blocks, row by row from the south: (side * side, 5, 2) degrees on a raster of 1e-7."""
    source = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0))
    bend_x = 0.3 * np.sin(y / 9.0) + source.uniform(-0.2, 0.2, x.shape)
    bend_y = 0.3 * np.sin(x / 11.0) + source.uniform(-0.2, 0.2, y.shape)
    east, north = metres_per_degree(SOUTH)
    lon = WEST + (x + bend_x) * SPACING_M / east
    lat = SOUTH + (y + bend_y) * SPACING_M / north
    corners = np.round(np.stack([lon, lat], axis=-1), 7)
    ring = [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1], corners[:-1, :-1]]
    return np.stack(ring, axis=2).reshape(-1, 5, 2)


def _codes(
    columns: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    side: int,
) -> list[str]:
    def number(outer: int, inner: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
        across = min(outer, side) // inner + (min(outer, side) % inner > 0)
        return 1 + (rows % outer) // inner * across + (columns % outer) // inner

    districts = 1 + rows // DISTRICT * (side // DISTRICT + 1) + columns // DISTRICT
    streets, communities = number(DISTRICT, STREET), number(STREET, COMMUNITY)
    cells = number(COMMUNITY, 1)
    parts = zip(districts.tolist(), streets.tolist(), communities.tolist(), cells.tolist(), strict=True)
    return [f"3302{d:02d}{s:03d}{c:03d}{n:03d}" for d, s, c, n in parts]


def _areas(cells: list[CellRecord]) -> list[AreaRecord]:
    levels = ((AreaLevel.DISTRICT, 6), (AreaLevel.STREET, 9), (AreaLevel.COMMUNITY, 12))
    boundaries = np.array([cell.boundary for cell in cells])
    city = shapely.coverage_union_all(boundaries)
    areas = [AreaRecord(CITY_CODE, "合成市", "Synthetic city", AreaLevel.CITY, None, city)]
    for level, digits in levels:
        groups: dict[str, list[int]] = {}
        for k, cell in enumerate(cells):
            groups.setdefault(cell.code[:digits], []).append(k)
        for code, members in groups.items():
            parent = CITY_CODE if digits == 6 else code[:-3]
            union = shapely.coverage_union_all(boundaries[members])
            areas.append(AreaRecord(code, f"{level}{code}", f"{level} {code}", level, parent, union))
    return areas
