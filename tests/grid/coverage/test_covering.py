"""How far cells cover a layer, beside the slow way: each piece cut by the whole layer."""

from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from cityops.grid.coverage.covering import Pieces, measure
from cityops.grid.geometry import area_m2, areas_m2
from cityops.grid.models import AreaLevel
from tests.grid.meshes import make_mesh

MESH = make_mesh(100)
WEST, SOUTH, EAST, NORTH = shapely.total_bounds([cell.boundary for cell in MESH.cells])
share = st.floats(-0.3, 1.3)


def pieces(codes: Sequence[str], shapes: Sequence[BaseGeometry]) -> Pieces:
    found = np.array(list(shapes), dtype=object)
    return Pieces(list(codes), found, areas_m2(found))


COMMUNITIES = [area for area in MESH.areas if area.level is AreaLevel.COMMUNITY]
GROUND = pieces([area.code for area in COMMUNITIES], [area.boundary for area in COMMUNITIES])
CELLS = pieces([cell.area_code for cell in MESH.cells], [cell.boundary for cell in MESH.cells])


@given(st.lists(st.tuples(share, share, st.floats(0.05, 0.6)), min_size=1, max_size=4), st.sets(st.integers(0, 99)))
def test_what_is_covered_is_what_the_slow_way_says(rounds: list[tuple[float, float, float]], gone: set[int]) -> None:
    width, height = EAST - WEST, NORTH - SOUTH
    layer = [shapely.Point(WEST + x * width, SOUTH + y * height).buffer(r * width) for x, y, r in rounds]
    kept = np.array([k for k in range(len(CELLS.codes)) if k not in gone], dtype=np.int64)
    cells = Pieces([CELLS.codes[k] for k in kept], CELLS.shapes[kept], CELLS.sizes_m2[kept])
    whole = shapely.union_all(layer)
    found = measure(layer, GROUND, cells)

    for each in found:
        land = whole if not each.area_code else whole.intersection(GROUND.shapes[GROUND.codes.index(each.area_code)])
        mine = [shape for code, shape in zip(cells.codes, cells.shapes, strict=True) if code == each.area_code]
        if each.area_code:
            assert each.land_m2 == pytest.approx(area_m2(land), abs=1)
        assert each.covered_m2 == pytest.approx(sum(area_m2(shape.intersection(whole)) for shape in mine), abs=5)
        open_m2 = 0.0 if each.open_land is None else area_m2(each.open_land)
        assert each.land_m2 - each.covered_m2 == pytest.approx(open_m2, abs=25)
        assert (each.cells, each.cells_m2) == (len(mine), pytest.approx(sum(area_m2(shape) for shape in mine), abs=1))
    assert sum(each.land_m2 for each in found) == pytest.approx(area_m2(whole), rel=1e-4, abs=10)


def test_without_a_community_all_of_the_layer_lies_open() -> None:
    nothing = pieces([], [])
    (only,) = measure([shapely.box(121.5, 29.8, 121.51, 29.81)], nothing, nothing)
    assert (only.area_code, only.covered_m2, only.cells) == ("", 0.0, 0)


def test_a_cell_of_no_community_counts_for_no_land() -> None:
    stray = pieces(["999999999999"], [MESH.cells[0].boundary])
    found = {each.area_code: each for each in measure([MESH.cells[0].boundary], GROUND, stray)}
    assert (found["999999999999"].land_m2, found["999999999999"].covered_m2) == (0.0, 0.0)
    assert found[CELLS.codes[0]].covered_m2 == 0.0


def test_what_rounding_leaves_along_the_edges_of_cells_is_covered() -> None:
    """Else a target of 100 % is never reached, though nothing lies open."""
    hair = pieces(CELLS.codes, [cell.boundary.buffer(-1e-8, join_style="mitre") for cell in MESH.cells])
    found = measure([shapely.union_all(CELLS.shapes)], GROUND, hair)
    assert [each.open_land for each in found] == [None] * len(found)
    assert all(each.covered_m2 == each.land_m2 for each in found)


def test_a_hair_of_land_without_a_cell_is_not_covered() -> None:
    hair = shapely.Point(MESH.cells[0].boundary.representative_point()).buffer(1e-6)
    found = measure([hair], GROUND, pieces([], []))
    assert [each.covered_m2 for each in found] == [0.0]
