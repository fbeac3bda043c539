"""The demo city nests: communities in streets in districts, cells in communities, without gap or overlap."""

import subprocess
import sys
from collections import Counter
from hashlib import sha256

import pytest
import shapely

from cityops.demo import geography
from cityops.demo.furniture import TRADES
from cityops.demo.grown import grow
from cityops.grid.cell_checks import AREA_BANDS_M2
from cityops.grid.checks import check_grid
from cityops.grid.geometry import area_m2
from cityops.grid.models import AreaLevel
from tests.grid.meshes import by_code, make_index

CITY = geography.demo_city()
FURNITURE = geography.demo_furniture()
AREAS = {area.code: area for area in CITY.areas}
NESTED = (AreaLevel.DISTRICT, AreaLevel.STREET, AreaLevel.COMMUNITY)


def test_the_demo_has_what_the_order_asks_for() -> None:
    levels = Counter(area.level for area in CITY.areas)
    assert (levels[AreaLevel.DISTRICT], levels[AreaLevel.ZONE], levels[AreaLevel.COMMUNITY]) == (3, 1, 104)
    assert len(CITY.cells) >= 2_000
    assert len(FURNITURE) == 36_000
    assert len({cell.duty_grid_code for cell in CITY.cells}) == 40


def test_the_loader_finds_no_fault_and_nothing_odd() -> None:
    assert check_grid(CITY, {}, {}, bands=AREA_BANDS_M2 | {2: geography.OUTER_CELLS_M2}) == []


def test_every_community_should_be_covered_by_one_tier_and_the_first_is_not_done_yet() -> None:
    layers = geography.built_up()
    assert sum(len(communities) for communities in layers.values()) == 104
    first = sum(area_m2(cell.boundary) for cell in CITY.cells if cell.grid_tier == 1)
    assert 0.9 < first / sum(area_m2(community) for community in layers[1]) < 0.99


@pytest.mark.parametrize("level", NESTED)
def test_areas_of_a_level_share_their_edges_without_gap_or_overlap(level: AreaLevel) -> None:
    boundaries = [area.boundary for area in CITY.areas if area.level is level]
    assert shapely.coverage_is_valid(boundaries)
    whole = AREAS[geography.CITY_CODE].boundary
    assert shapely.coverage_union_all(boundaries).equals(whole)
    assert sum(area_m2(boundary) for boundary in boundaries) == pytest.approx(area_m2(whole), rel=1e-9)


@pytest.mark.parametrize("level", NESTED)
def test_each_area_is_exactly_the_sum_of_those_below_it(level: AreaLevel) -> None:
    for area in CITY.areas:
        below = [other.boundary for other in CITY.areas if other.parent_code == area.code and other.level in NESTED]
        if area.level is level and below:
            assert shapely.coverage_union_all(below).equals(area.boundary)


def test_cells_cover_their_community_without_gap_or_overlap_and_are_numbered_through() -> None:
    cells = by_code(CITY)
    assert shapely.coverage_is_valid(list(cells.values()))
    for area in CITY.areas:
        if area.level is AreaLevel.COMMUNITY:
            mine = [code for code in cells if code.startswith(area.code)]
            assert shapely.coverage_union_all([cells[code] for code in mine]).equals(area.boundary)
            assert sorted(mine) == [f"{area.code}{number:03d}" for number in range(1, len(mine) + 1)]


def test_cells_are_about_ten_thousand_square_metres() -> None:
    sizes = sorted(area_m2(cell.boundary) for cell in CITY.cells)
    assert 5_000 <= sizes[0] <= sizes[-1] <= 20_000
    assert sizes[len(sizes) // 2] == pytest.approx(10_000, rel=0.1)


def test_a_duty_grid_is_one_piece_of_one_street() -> None:
    for code in {cell.duty_grid_code for cell in CITY.cells}:
        mine = [cell for cell in CITY.cells if cell.duty_grid_code == code]
        assert len({cell.code[:9] for cell in mine}) == 1
        assert shapely.coverage_union_all([cell.boundary for cell in mine]).geom_type == "Polygon"


def test_the_zone_runs_two_streets_that_carry_a_districts_code() -> None:
    streets = [AREAS[code] for code in geography.zone_streets()]
    assert {street.code[:6] for street in streets} == {"330212"}
    assert shapely.union_all([street.boundary for street in streets]).equals(AREAS[geography.ZONE_CODE].boundary)


def test_every_component_stands_in_a_cell_of_its_district_near_an_edge() -> None:
    index = make_index(by_code(CITY))
    boundaries = by_code(CITY)
    codes = Counter(component.code for component in FURNITURE)
    assert max(codes.values()) == 1
    for component in FURNITURE:
        located = index.locate(component.lon, component.lat)
        assert located is not None
        assert component.code[:6] == located.district_code
        assert component.trade in TRADES
        assert boundaries[located.cell_code].exterior.distance(shapely.Point(component.lon, component.lat)) < 1e-4


def test_lamps_stand_every_25_to_35_metres_of_the_lit_edges() -> None:
    lamps = [component for component in FURNITURE if component.class_code == "01037"]
    assert 0.25 < len(lamps) / len(FURNITURE) < 0.4


def test_landmarks_of_each_district_lie_in_it_or_outside_the_demo() -> None:
    index = make_index(by_code(CITY))
    hits = 0
    right = 0
    for row in geography.read_seed("ningbo_landmarks.csv"):
        located = index.locate(float(row["lon"]), float(row["lat"]))
        if located is not None:
            hits += 1
            right += AREAS[located.district_code].name == row["county"]
    assert hits >= 100
    assert right / hits > 0.9


def test_the_city_is_the_same_in_every_process() -> None:
    words = (
        "from hashlib import sha256; from cityops.demo.geography import demo_city, demo_furniture; "
        "c, f = demo_city(), demo_furniture();"
        "print(sha256(repr([x.boundary.wkb for x in c.cells] + [repr(x) for x in f]).encode()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout.strip()
    mine = repr([x.boundary.wkb for x in CITY.cells] + [repr(x) for x in FURNITURE])
    assert sha256(mine.encode()).hexdigest() == other


def test_a_synthetic_city_of_any_size_is_sound() -> None:
    city = grow(625)
    assert len(city.cells) == 625
    assert check_grid(city, {}, {}) == []
