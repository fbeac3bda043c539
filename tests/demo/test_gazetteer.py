from collections import Counter

import shapely

from cityops.demo.gazetteer import STREETS, demo_addresses
from cityops.demo.geography import demo_city
from cityops.grid.addresses.models import AddressKind
from cityops.grid.geometry import distance_m
from tests.grid.meshes import by_code, make_index

CITY = demo_addresses()
ROADS = {each.code: each for each in CITY if each.kind is AddressKind.ROAD}
PLATES = [each for each in CITY if each.kind is AddressKind.PLATE]


def test_the_demo_has_places_of_every_kind_but_areas_each_with_a_code_of_its_own() -> None:
    assert {each.kind for each in CITY} == set(AddressKind) - {AddressKind.AREA}
    assert max(Counter(each.code for each in CITY).values()) == 1
    assert {name for names in STREETS.values() for name in names} <= {road.name for road in ROADS.values()}


def test_plates_stand_beside_their_road_inside_the_city() -> None:
    index = make_index(by_code(demo_city()))
    for plate in PLATES[::7]:
        line = ROADS[plate.road].line
        assert line is not None
        at = line.interpolate(line.project(shapely.Point(plate.lon, plate.lat)))
        assert 5 < distance_m(plate.lon, plate.lat, at.x, at.y) < 15
        assert index.locate(plate.lon, plate.lat) is not None


def test_odd_and_even_numbers_stand_on_two_sides_and_rise_along_the_road() -> None:
    for code in list(ROADS)[:20]:
        line = ROADS[code].line
        assert line is not None
        for side in (0, 1):
            row = [each for each in PLATES if each.road == code and (each.number or 0) % 2 == side]
            along = [line.project(shapely.Point(each.lon, each.lat)) for each in row]
            assert along == sorted(along)
