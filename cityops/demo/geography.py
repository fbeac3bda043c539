"""The demo city's geography: real names and codes of Ningbo over illustrative boundaries.

示意边界，非官方 / illustrative boundaries, not official. Streets and communities carry their real names. Pure and
deterministic: no database, the same city every time.
"""

import csv
from collections.abc import Iterator
from functools import cache
from importlib import resources
from random import Random

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.demo.furniture import Furniture, place_furniture
from cityops.demo.layout import CENTRE, ZONE_STREETS, Layout, lay_out
from cityops.demo.mesh import faces
from cityops.grid.geometry import distance_m
from cityops.grid.models import AreaLevel
from cityops.grid.records import AreaRecord, CellRecord, GridData

SEED = 96310
DUTY_GRIDS = 40
COMPONENTS = 36_000
CITY_CODE = "330200"
ZONE_CODE = "3302Z1"

# Management levels of the area (一、二、三类区域) by distance from the centre.
INNER_M = 1_800.0
MIDDLE_M = 4_200.0
ROW_M = 90.0
# How large the demo's cells of the second tier may be: they are drawn like those of the first.
OUTER_CELLS_M2 = (5_000, 1_000_000)


def read_seed(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of the CSV files that travel with the package."""
    yield from csv.DictReader((resources.files("cityops") / "data" / name).read_text(encoding="utf-8").splitlines())


@cache
def demo_city() -> GridData:
    """The whole demo city: areas, cells in 40 duty grids. A few seconds, then kept.

    The caller must not change what it gets.
    """
    names = list(read_seed("ningbo_areas.csv"))
    layout = demo_layout()
    cells = list(_number_cells(layout, _duty_grids(layout, names)))
    areas = list(_areas(names, cells))
    return GridData(areas=areas, cells=cells)


@cache
def demo_furniture() -> list[Furniture]:
    """The 36,000 components of the demo city; the caller must not change what it gets."""
    return place_furniture(demo_city().cells, COMPONENTS, Random(SEED + 1))


@cache
def demo_layout() -> Layout:
    """The lines of the demo city and what they part; the caller must not change it."""
    communities: dict[str, list[str]] = {}
    for row in read_seed("ningbo_areas.csv"):
        if row["level"] == AreaLevel.COMMUNITY:
            communities.setdefault(row["parent_code"], []).append(row["code"])
    return lay_out(communities, DUTY_GRIDS, Random(SEED))


def zone_streets() -> tuple[str, ...]:
    """Codes of the streets that the development zone runs though they carry a district's code."""
    return ZONE_STREETS


def built_up() -> dict[int, list[BaseGeometry]]:
    """By tier the communities that its cells should cover: where the first has none is the rim, and the second's."""
    city = demo_city()
    inner = {cell.area_code for cell in city.cells if cell.grid_tier == 1}
    communities = [area for area in city.areas if area.level is AreaLevel.COMMUNITY]
    return {
        1: [area.boundary for area in communities if area.code in inner],
        2: [area.boundary for area in communities if area.code not in inner],
    }


def _duty_grids(layout: Layout, names: list[dict[str, str]]) -> dict[str, tuple[str, str, str]]:
    """Community code to the code, name and English name of its duty grid: 9 street + Z + 2."""
    titles = {row["code"]: (row["name"], row["name_en"]) for row in names}
    grids = {}
    for street, groups in layout.duty_areas.items():
        name, name_en = titles[street]
        for number, group in enumerate(groups, start=1):
            grid = (f"{street}Z{number:02d}", f"{name}{number:02d}责任网格", f"{name_en} duty grid {number:02d}")
            grids.update(dict.fromkeys(group, grid))
    return grids


def _number_cells(layout: Layout, duty_grids: dict[str, tuple[str, str, str]]) -> Iterator[CellRecord]:
    """The faces of the mesh as cells, numbered in each community from west to east, row by row from north to south."""
    owners = [code for code in layout.blocks for _ in layout.blocks[code]]
    blocks = [CENTRE.to_degrees(block) for code in layout.blocks for block in layout.blocks[code]]
    found = faces(layout.lines, CENTRE)
    tree = shapely.STRtree(blocks)
    face, block = tree.query(shapely.point_on_surface(found), predicate="within")
    if sorted(block.tolist()) != list(range(len(blocks))) or len(found) != len(blocks):
        raise ValueError("the mesh has a gap, an overlap or a sliver")
    cells: dict[str, list[BaseGeometry]] = {}
    for k in np.argsort(block):
        cells.setdefault(owners[block[k]], []).append(found[face[k]])
    for code in sorted(cells):
        for number, boundary in enumerate(sorted(cells[code], key=_reading_order), start=1):
            metres = distance_m(CENTRE.lon, CENTRE.lat, boundary.centroid.x, boundary.centroid.y)
            grid_code, name, name_en = duty_grids[code]
            yield CellRecord(
                code=f"{code}{number:03d}",
                boundary=boundary,
                duty_grid_code=grid_code,
                duty_grid_name=name,
                duty_grid_name_en=name_en,
                grid_tier=1 if metres < MIDDLE_M else 2,
                area_level=1 if metres < INNER_M else 2 if metres < MIDDLE_M else 3,
            )


def _reading_order(boundary: BaseGeometry) -> tuple[int, float]:
    (x, y) = boundary.centroid.coords[0]
    _, north_m = CENTRE.to_plane([(x, y)])[0]
    return -round(north_m / ROW_M), x


def _areas(names: list[dict[str, str]], cells: list[CellRecord]) -> Iterator[AreaRecord]:
    """Every area as the union of its cells, so that all levels share their vertices."""
    cells_of: dict[str, list[BaseGeometry]] = {}
    for cell in cells:
        above = (CITY_CODE, cell.code[:6], cell.code[:9], cell.code[:12])
        for code in (*above, ZONE_CODE) if cell.code[:9] in ZONE_STREETS else above:
            cells_of.setdefault(code, []).append(cell.boundary)
    for row in names:
        yield AreaRecord(
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            level=AreaLevel(row["level"]),
            parent_code=row["parent_code"] or None,
            boundary=shapely.coverage_union_all(cells_of[row["code"]]),
        )
