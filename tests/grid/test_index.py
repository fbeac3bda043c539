import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cityops.grid.index import GridIndex
from tests.grid.meshes import by_code, lowest_cover, make_index, make_mesh

MESH = make_mesh(100)
BOUNDARIES = by_code(MESH)
INDEX = make_index(BOUNDARIES)
WEST, SOUTH, EAST, NORTH = shapely.total_bounds(list(BOUNDARIES.values())).tolist()
CORNERS = [tuple(corner) for corner in shapely.get_coordinates(list(BOUNDARIES.values())).tolist()]
EDGES = [
    (a, b)
    for boundary in BOUNDARIES.values()
    for a, b in zip(boundary.exterior.coords, boundary.exterior.coords[1:], strict=False)
]


def code_at(index: GridIndex, lon: float, lat: float) -> str | None:
    located = index.locate(lon, lat)
    return None if located is None else located.cell_code


def codes_of(index: GridIndex, points: list[tuple[float, float]]) -> list[str | None]:
    lons, lats = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return [index.codes[k] if k >= 0 else None for k in index.locate_many(lons, lats).tolist()]


@given(
    st.floats(WEST - 0.001, EAST + 0.001, allow_subnormal=False),
    st.floats(SOUTH - 0.001, NORTH + 0.001, allow_subnormal=False),
)
def test_a_point_anywhere_lies_where_shapely_says(lon: float, lat: float) -> None:
    assert code_at(INDEX, lon, lat) == lowest_cover(BOUNDARIES, lon, lat)


@given(st.sampled_from(CORNERS))
def test_a_corner_belongs_to_the_lowest_of_the_cells_that_meet_there(corner: tuple[float, float]) -> None:
    expected = lowest_cover(BOUNDARIES, *corner)
    assert expected is not None
    assert code_at(INDEX, *corner) == expected


@given(st.sampled_from(EDGES), st.floats(0, 1))
def test_a_point_on_or_beside_an_edge_lies_where_shapely_says(
    edge: tuple[tuple[float, float], tuple[float, float]], share: float
) -> None:
    (x1, y1), (x2, y2) = edge
    lon, lat = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
    for x in (math.nextafter(lon, -math.inf), lon, math.nextafter(lon, math.inf)):
        assert code_at(INDEX, x, lat) == lowest_cover(BOUNDARIES, x, lat)


@given(st.lists(st.one_of(st.sampled_from(CORNERS), st.tuples(st.floats(WEST, EAST), st.floats(SOUTH, NORTH)))))
def test_many_points_at_once_give_the_answers_of_one_by_one(points: list[tuple[float, float]]) -> None:
    assert codes_of(INDEX, points) == [code_at(INDEX, *point) for point in points]


def test_a_hundred_thousand_points_lie_where_shapelys_tree_says() -> None:
    source = np.random.default_rng(3)
    lons, lats = source.uniform(WEST, EAST, 100_000), source.uniform(SOUTH, NORTH, 100_000)
    codes = sorted(BOUNDARIES)
    tree = shapely.STRtree([BOUNDARIES[code] for code in codes])
    points, cells = tree.query(shapely.points(lons, lats), predicate="intersects")
    expected = np.full(len(lons), -1)
    expected[points[::-1]] = cells[::-1]
    assert (INDEX.locate_many(lons, lats) == expected).all()


SQUARES = {
    "330203001001002": shapely.box(0.0, 0.0, 1.0, 1.0),
    "330203001001001": shapely.box(1.0, 0.0, 2.0, 1.0),
    "330203001001003": shapely.box(0.0, 1.0, 2.0, 2.0),
}


@pytest.mark.parametrize(
    ("lon", "lat", "number"),
    [
        (1.0, 0.5, "001"),
        (1.0, 1.0, "001"),
        (0.5, 1.0, "002"),
        (1.5, 1.0, "001"),
        (0.0, 0.0, "002"),
        (2.0, 2.0, "003"),
        (0.0, 2.0, "003"),
        (1.0, 0.0, "001"),
    ],
)
def test_on_a_shared_level_edge_or_corner_the_lowest_code_holds_the_point(lon: float, lat: float, number: str) -> None:
    index = make_index(SQUARES)
    assert code_at(index, lon, lat) == f"330203001001{number}"
    assert codes_of(index, [(lon, lat)]) == [f"330203001001{number}"]


def test_a_hole_is_outside_and_its_rim_is_inside() -> None:
    ring = shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 3, 3))
    index = make_index({"330203001001001": ring})
    assert code_at(index, 2.0, 2.0) is None
    assert code_at(index, 1.0, 2.0) is not None
    assert len(index.rings(0)) == 2


def test_a_cell_of_two_parts_holds_the_points_of_both() -> None:
    parts = shapely.union_all([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])
    index = make_index({"330203001001001": parts})
    assert [code is not None for code in codes_of(index, [(0.5, 0.5), (2.5, 2.5), (1.5, 1.5)])] == [True, True, False]


def test_the_point_next_to_a_slanted_edge_is_told_from_the_one_on_it() -> None:
    triangle = shapely.Polygon([(0, 0), (3, 1), (0, 1)])
    index = make_index({"330203001001001": triangle})
    assert code_at(index, 1.5, 0.5) is not None
    assert code_at(index, math.nextafter(1.5, 2), 0.5) is None
    assert codes_of(index, [(1.5, 0.5), (math.nextafter(1.5, 2), 0.5)]) == ["330203001001001", None]


@pytest.mark.parametrize("point", [(math.nan, 29.7), (math.inf, 29.7), (121.3, -math.inf), (0.0, 0.0)])
def test_what_is_no_place_in_the_city_lies_outside(point: tuple[float, float]) -> None:
    assert INDEX.locate(*point) is None
    assert codes_of(INDEX, [point]) == [None]


def test_an_empty_grid_holds_nothing() -> None:
    empty = make_index({})
    assert empty.locate(121.5, 29.8) is None
    assert codes_of(empty, [(121.5, 29.8)]) == [None]
    assert codes_of(empty, []) == []


def test_a_located_point_names_its_areas_by_the_digits_of_its_cell() -> None:
    located = make_index(SQUARES).locate(0.5, 0.5)
    assert located is not None
    assert (located.area_code, located.street_code, located.district_code) == ("330203001001", "330203001", "330203")


def test_the_rings_of_a_cell_are_its_boundary() -> None:
    for code, boundary in list(BOUNDARIES.items())[:10]:
        assert shapely.Polygon(INDEX.rings(INDEX.codes.index(code))[0]).equals(boundary)


def test_the_cells_of_a_box_are_those_whose_box_meets_it() -> None:
    box = (WEST, SOUTH, (WEST + EAST) / 2, (SOUTH + NORTH) / 2)
    expected = [
        code for code in sorted(BOUNDARIES) if shapely.box(*BOUNDARIES[code].bounds).intersects(shapely.box(*box))
    ]
    assert [INDEX.codes[position] for position in INDEX.in_box(*box)] == expected


@pytest.mark.parametrize(
    ("start", "end", "point"),
    [
        (
            (-0.00016713961164237234, 0.038478795737844296),
            (34.37332625310343, -20.26350576447237),
            (20.618951090441836, -12.139771903692443),
        ),
        (
            (0.02381326013747531, -0.007750638693752976),
            (-31.843147815475383, 27.055822348952688),
            (-2.674688346418555, 2.2839989577934854),
        ),
        (
            (-0.03599810868577405, 0.01258488514838231),
            (49.1155243975729, 19.261164929397864),
            (13.612024790872109, 5.357384961167156),
        ),
    ],
)
def test_where_floating_point_takes_the_wrong_side_the_exact_one_is_given(
    start: tuple[float, float], end: tuple[float, float], point: tuple[float, float]
) -> None:
    boundaries = {
        "330203001001001": shapely.Polygon([start, end, (start[0], end[1])]),
        "330203001001002": shapely.Polygon([start, end, (end[0], start[1])]),
    }
    index = make_index(boundaries)
    expected = lowest_cover(boundaries, *point)
    assert code_at(index, *point) == expected
    assert codes_of(index, [point]) == [expected]
