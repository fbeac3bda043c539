import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.grid.drawing.cells import DrawnCell, Ground, draw_cells
from cityops.grid.drawing.lines import RASTER_M, Firmness, Lines, Shapes

EAST, NORTH = 353_000.0, 3_457_000.0
CODE = "310106001001"


def shapes(geometries: list[BaseGeometry]) -> Shapes:
    """An array of geometries, moved to where a city has its metres."""
    moved = np.empty(len(geometries), dtype=object)
    moved[:] = [shapely.transform(each, lambda points: points + (EAST, NORTH)) for each in geometries]
    return moved


def draw(
    communities: list[BaseGeometry],
    lines: list[BaseGeometry] = [],  # noqa: B006 - read only
    buildings: list[BaseGeometry] = [],  # noqa: B006
    compounds: list[BaseGeometry] = [],  # noqa: B006
    target_m2: float = 10_000,
) -> list[DrawnCell]:
    streets = Lines.of(shapes(lines), Firmness.STREET)
    codes = [f"{int(CODE) + k}" for k in range(len(communities))]
    ground = Ground(codes, shapes(communities), streets, shapes(buildings), shapes(compounds))
    return draw_cells(ground, target_m2, lambda *told: None)


def boundaries(cells: list[DrawnCell]) -> Shapes:
    return np.array([cell.boundary for cell in cells], dtype=object)


def shared_m2(cells: list[DrawnCell], shape: BaseGeometry) -> list[float]:
    """How much of a shape lies in each cell that has some of it, beyond what the raster rounds."""
    [moved] = shapes([shape])
    parts = shapely.area(shapely.intersection(boundaries(cells), moved))
    return sorted(float(part) for part in parts if part > RASTER_M * moved.length)


def box(west: float, south: float, width: float, height: float) -> BaseGeometry:
    return shapely.box(west, south, west + width, south + height)


def line(*points: tuple[float, float]) -> BaseGeometry:
    return shapely.LineString(points)


def test_streets_of_hundred_metre_blocks_are_the_cells_edges() -> None:
    streets = [line((0, k * 100), (400, k * 100)) for k in (1, 2)] + [
        line((k * 100, 0), (k * 100, 300)) for k in (1, 2, 3)
    ]
    cells = draw([box(0, 0, 400, 300)], streets)
    assert [cell.area_m2 for cell in cells] == [10_000] * 12
    assert [cell.boundary.length for cell in cells] == [400] * 12


def test_cells_are_numbered_from_the_west_and_row_by_row_from_the_north() -> None:
    streets = [line((0, 100), (300, 100)), line((100, 0), (100, 200)), line((200, 0), (200, 200))]
    cells = draw([box(0, 0, 300, 200)], streets)
    assert [cell.code for cell in cells] == [f"{CODE}{sequence:03d}" for sequence in range(1, 7)]
    centres = [(cell.boundary.centroid.x - EAST, cell.boundary.centroid.y - NORTH) for cell in cells]
    assert centres == [(50, 150), (150, 150), (250, 150), (50, 50), (150, 50), (250, 50)]


def test_no_cell_crosses_a_community_even_where_no_street_runs() -> None:
    cells = draw([box(0, 0, 95, 100), box(95, 0, 105, 100)], [line((0, 0), (200, 0))])
    assert [(cell.code[:12], cell.area_m2) for cell in cells] == [("310106001001", 9_500), ("310106001002", 10_500)]


def test_a_block_far_above_the_target_is_halved_past_its_buildings() -> None:
    buildings = [box(10, 10, 100, 80), box(130, 10, 60, 80)]
    cells = draw([box(0, 0, 200, 100)], [], buildings)
    assert len(cells) == 2
    assert [len(shared_m2(cells, building)) for building in buildings] == [1, 1]
    # Straight through the yard between them.
    assert all(len(cell.boundary.exterior.coords) <= 7 for cell in cells)


def test_a_lane_that_ends_in_a_block_is_where_it_is_cut() -> None:
    lane = line((80, 0), (80, 70))
    cells = draw([box(0, 0, 200, 100)], [line((0, 0), (200, 0)), lane])
    [moved] = shapes([lane])
    assert len(cells) == 2
    assert all(cell.boundary.boundary.buffer(0.02).covers(moved) for cell in cells)


def test_a_street_through_a_building_goes_round_it() -> None:
    building = box(90, 30, 25, 25)
    cells = draw([box(0, 0, 200, 100)], [line((100, 0), (100, 100))], [building])
    assert len(cells) == 2
    assert shared_m2(cells, building) == [625]


def test_a_compound_is_one_cell_whatever_runs_through_it_and_its_neighbours_do_not_take_it() -> None:
    compound = box(100, 50, 220, 200)
    lanes = [line((x, 0), (x, 300)) for x in range(50, 400, 50)]
    cells = draw([box(0, 0, 400, 300)], lanes, [], [compound])
    assert shared_m2(cells, compound) == [44_000]
    [kept] = [cell for cell in cells if cell.is_compound]
    assert (kept.area_m2, kept.is_above_band) == (44_000, True)


def test_a_building_in_a_compounds_wall_stays_whole() -> None:
    compound, gatehouse, shed = box(100, 100, 150, 150), box(90, 150, 30, 20), box(60, 200, 45, 20)
    cells = draw([box(0, 0, 400, 300)], [], [gatehouse, shed], [compound])
    assert [len(shared_m2(cells, building)) for building in (gatehouse, shed)] == [1, 1]


def test_the_strip_between_two_carriageways_joins_the_blocks_beside_it() -> None:
    streets = [
        line((0, 100), (300, 100)),
        line((0, 112), (300, 112)),
        line((100, 0), (100, 212)),
        line((200, 0), (200, 212)),
    ]
    cells = draw([box(0, 0, 300, 212)], streets)
    assert len(cells) == 6
    assert all(10_000 <= cell.area_m2 <= 11_200 for cell in cells)


def test_a_building_larger_than_a_cell_is_left_whole_and_said() -> None:
    cells = draw([box(0, 0, 200, 150)], [], [box(2, 2, 196, 146)])
    [cell] = [cell for cell in cells if cell.is_above_band]
    assert cell.is_building_whole


def test_a_community_smaller_than_a_cell_is_one_and_said() -> None:
    [cell] = draw([box(0, 0, 60, 50)])
    assert (cell.area_m2, cell.is_sliver_kept, cell.is_above_band) == (3_000, True, False)


def test_a_community_of_more_than_999_cells_is_refused() -> None:
    with pytest.raises(Invalid, match="310106001001 would need"):
        draw([box(0, 0, 400, 400)], target_m2=100)


def test_communities_that_overlap_are_refused() -> None:
    with pytest.raises(Invalid, match="overlap: 310106001001, 310106001002"):
        draw([box(0, 0, 200, 200), box(190, 0, 200, 200)])


PLACES = st.floats(-50, 650, allow_nan=False).map(lambda metres: round(metres, 3))
POINTS = st.tuples(PLACES, PLACES)
STREETS = st.lists(st.lists(POINTS, min_size=2, max_size=4, unique=True).map(lambda points: line(*points)), max_size=14)
SIZES = st.floats(8, 70)
HOUSES = st.lists(st.builds(box, PLACES, PLACES, SIZES, SIZES), max_size=12)
YARDS = st.lists(st.builds(box, PLACES, PLACES, st.floats(60, 200), st.floats(60, 200)), max_size=2)
BORDERS = st.lists(st.floats(200, 400), min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(STREETS, HOUSES, YARDS, BORDERS)
def test_cells_cover_each_community_once_and_no_building_is_cut(
    streets: list[BaseGeometry], houses: list[BaseGeometry], yards: list[BaseGeometry], border: list[float]
) -> None:
    middle = list(zip(border, np.linspace(0, 600, len(border)).tolist(), strict=True))
    west = shapely.Polygon([(0, 0), *middle, (0, 600)])
    east = shapely.Polygon([*middle, (600, 600), (600, 0)])
    cells = draw([west, east], streets, houses, yards)
    drawn = boundaries(cells)
    assert shapely.is_valid(drawn).all()
    assert shapely.coverage_is_valid(drawn)
    assert sum(cell.area_m2 for cell in cells) == pytest.approx(shapely.union_all(drawn).area, abs=1e-4)
    for code, community in zip(("310106001001", "310106001002"), shapes([west, east]), strict=True):
        mine = shapely.union_all([cell.boundary for cell in cells if cell.code.startswith(code)])
        assert shapely.area(mine ^ community) <= RASTER_M * community.length
    for house in houses:
        for community in (west, east):
            for part in shapely.get_parts(house & community):
                assert sum(shared > 1 for shared in shared_m2(cells, part)) <= 1
