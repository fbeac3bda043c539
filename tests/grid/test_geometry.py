import doctest
import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from cityops.errors import Invalid
from cityops.grid import geometry

CITY_LON, CITY_LAT = st.floats(120.9, 122.3), st.floats(28.8, 30.5)


def test_the_examples_in_the_words_hold() -> None:
    assert doctest.testmod(geometry).failed == 0


@pytest.mark.parametrize(
    ("lon", "lat", "field", "words"),
    [
        (math.nan, 29.87, "lon", "finite"),
        (121.55, math.nan, "lat", "finite"),
        (float("1e309"), 29.87, "lon", "finite"),
        (121.55, -math.inf, "lat", "finite"),
        (29.87, 121.55, "lon", "these look swapped"),
        (43.8, 87.6, "lon", "these look swapped"),
        (181.0, 29.87, "lon", "longitude"),
        (121.55, 91.0, "lat", "latitude"),
    ],
)
def test_what_is_no_place_is_refused_with_its_field(lon: float, lat: float, field: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refusal:
        geometry.check_point(lon, lat)
    assert refusal.value.field == field


@given(CITY_LON, CITY_LAT)
def test_a_quad_lies_in_the_range_of_every_tile_above_it(lon: float, lat: float) -> None:
    code = geometry.quad(lon, lat)
    for zoom in range(21):
        first, last = geometry.tile_quads(zoom, *geometry.tile_at(lon, lat, zoom))
        assert first <= code <= last


@given(CITY_LON, CITY_LAT, st.floats(1, 5000), st.floats(0, 1), st.floats(0, 2 * math.pi))
def test_a_point_within_the_radius_has_its_quad_in_the_box(
    lon: float, lat: float, radius_m: float, share: float, angle: float
) -> None:
    per_lon, per_lat = geometry.metres_per_degree(lat)
    other_lon = lon + math.cos(angle) * share * radius_m / per_lon
    other_lat = lat + math.sin(angle) * share * radius_m / per_lat
    ranges = geometry.box_quads(*geometry.box_around(lon, lat, radius_m))
    assert any(first <= geometry.quad(other_lon, other_lat) <= last for first, last in ranges)
    assert len(ranges) <= 16


def test_a_tile_gives_back_its_own_box() -> None:
    west, south, east, north = geometry.tile_box(15, *geometry.tile_at(121.55, 29.87, 15))
    assert west <= 121.55 <= east
    assert south <= 29.87 <= north


@given(CITY_LON, CITY_LAT, st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_distances_are_those_of_the_ellipsoid(lon: float, lat: float, d_lon: float, d_lat: float) -> None:
    exact_m = Geod(ellps="WGS84").inv(lon, lat, lon + d_lon, lat + d_lat)[2]
    assert geometry.distance_m(lon, lat, lon + d_lon, lat + d_lat) == pytest.approx(exact_m, rel=1e-3, abs=0.01)


@pytest.mark.parametrize(("lon", "epsg"), [(121.49, 4549), (121.5, 4550), (121.62, 4550), (116.39, 4548), (75.0, 4534)])
def test_each_longitude_has_its_three_degree_zone(lon: float, epsg: int) -> None:
    assert geometry.gauss_kruger_epsg(lon) == epsg


@pytest.mark.parametrize(("lon", "lat"), [(126.6, 45.8), (121.49, 29.9), (121.51, 29.9), (104.0, 30.6), (73.2, 38.5)])
def test_an_area_is_that_of_the_ellipsoid_wherever_the_place_lies(lon: float, lat: float) -> None:
    square = shapely.box(lon, lat, lon + 0.001, lat + 0.001)
    exact_m2, _ = Geod(ellps="GRS80").geometry_area_perimeter(square)
    assert geometry.area_m2(square) == pytest.approx(exact_m2, rel=1e-3)


def test_many_areas_are_each_measured_in_their_own_zone_and_nothing_measures_nothing() -> None:
    squares = [shapely.box(lon, 30.0, lon + 0.001, 30.001) for lon in (104.0, 121.4, 121.6)]
    assert geometry.areas_m2([*squares, shapely.Polygon()]).tolist() == [*map(geometry.area_m2, squares), 0.0]
    assert geometry.areas_m2([]).tolist() == []
