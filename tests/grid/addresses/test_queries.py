"""The gazetteer in a database: loaded, searched, told from a point. The same answers on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import shapely
from shapely import LineString
from sqlalchemy import func, select

from cityops import clock
from cityops.clock import today
from cityops.db import Database
from cityops.grid import services
from cityops.grid.addresses.models import Address, AddressKind
from cityops.grid.addresses.near import find_near
from cityops.grid.addresses.queries import Candidate, search
from cityops.grid.addresses.records import AddressRecord
from cityops.grid.addresses.services import BadAddresses, load_addresses
from cityops.grid.addresses.words import Direction, moved
from tests.counting import counted_queries
from tests.grid.meshes import make_mesh, shift

MESH = make_mesh(25)
CELL = MESH.cells[0]
LON, LAT = (round(each, 7) for each in CELL.boundary.representative_point().coords[0])
# The other streets lie two kilometres north, outside the mesh.
NORTH = LAT + 0.02


def a_place(kind: AddressKind, name: str, lon: float, lat: float, **more: object) -> AddressRecord:
    return replace(AddressRecord(kind, name, lon, lat), **more)  # type: ignore[arg-type]


def a_plate(road: str, number: int, lon: float) -> AddressRecord:
    return a_place(AddressKind.PLATE, f"{number}号", lon, NORTH, road=road, number=number)


EAST_WEST = LineString([(LON - 0.01, NORTH), (LON + 0.01, NORTH)])
NORTH_SOUTH = LineString([(LON, NORTH - 0.01), (LON, NORTH + 0.01)])
SQUARE = a_place(AddressKind.LANDMARK, "天一广场", LON, LAT, code="L1", aliases=("天一商圈",))
ROAD = a_place(AddressKind.ROAD, "中山西路", LON, NORTH, code="R1", line=EAST_WEST, former_names=("西大街",))
CITY = [
    SQUARE,
    ROAD,
    a_place(AddressKind.ROAD, "解放南路", LON, NORTH, code="R2", line=NORTH_SOUTH),
    a_place(AddressKind.ROAD, "重庆路", LON, NORTH + 0.009, code="R3", line=None),
    a_place(AddressKind.BLOCK, "天一新村", LON + 0.01, NORTH),
    a_place(AddressKind.ZONE, "三江口", LON + 0.02, NORTH),
    *(a_plate("中山西路", number, LON + number * 0.0001) for number in (1, 2, 5, 6, 31)),
]


@pytest.fixture
def loaded(db: Database) -> Database:
    with db.transaction() as session:
        services.load_grid(session, MESH)
        load_addresses(session, CITY)
    return db


def found(database: Database, text: str, near: tuple[float, float] | None = None) -> list[Candidate]:
    with database.reading() as session:
        return search(session, text, near=near)


def names(database: Database, text: str) -> list[str]:
    return [each.name for each in found(database, text)]


def test_a_load_keeps_every_name_with_its_cell_and_its_sounds(loaded: Database) -> None:
    with loaded.reading() as session:
        square = session.scalars(select(Address).where(Address.name == "天一广场")).one()
        assert (square.cell_id is not None, square.area_code, square.pinyin) == (
            True,
            CELL.area_code,
            "tian yi guang chang",
        )
        assert session.scalar(select(Address.pinyin).where(Address.name == "重庆路")) == "chong qing lu"
        assert session.scalar(select(func.count()).where(Address.kind == AddressKind.PLATE)) == 5
        assert set(session.scalars(select(Address.kind))) == set(AddressKind)


def test_the_same_load_twice_changes_nothing(loaded: Database) -> None:
    with loaded.transaction() as session:
        before = session.scalar(select(func.count()).select_from(Address))
        told = load_addresses(session, CITY)
        assert (told.begun, told.ended) == ({}, 0)
        assert session.scalar(select(func.count()).select_from(Address)) == before


@pytest.mark.parametrize("words", ["天一广场", "tianyigc", "tygc", "天依广场", "天一商圈", "广场"])
def test_a_landmark_is_found_as_the_operator_types(loaded: Database, words: str) -> None:
    first = found(loaded, words)[0]
    assert (first.name, first.kind, first.area_code) == ("天一广场", AddressKind.LANDMARK, CELL.area_code)


def test_areas_are_found_by_both_their_names(loaded: Database) -> None:
    area = next(area for area in MESH.areas if area.level == "district")
    for name in (area.name, area.name_en):
        first = found(loaded, name)[0]
        assert (first.kind, first.name, first.category, first.note) == (AddressKind.AREA, area.name, "district", "")


def test_a_plate_is_found_by_its_road_and_number(loaded: Database) -> None:
    for words in ("中山西路5号", "中山西路5", "zsxl5", "zhongshanxilu5hao", "西大街5号", "中山西路５号"):
        first = found(loaded, words)[0]
        assert (first.name, first.kind, first.lon, first.is_approximate) == (
            "中山西路5号",
            AddressKind.PLATE,
            pytest.approx(LON + 0.0005),
            False,
        ), words


def test_a_missing_plate_lies_between_its_neighbours_and_is_said_to_be_approximate(loaded: Database) -> None:
    first = found(loaded, "中山西路3号")[0]
    assert (first.name, first.lon, first.is_approximate) == ("中山西路3号", pytest.approx(LON + 0.0003), True)
    far = found(loaded, "中山西路20000号")[0]
    assert (far.name, far.is_approximate) == ("中山西路", True)


def test_a_crossing_is_worked_out_from_the_courses(loaded: Database) -> None:
    for words in ("中山西路与解放南路交叉口", "解放南路/zsxl", "西大街和解放南路路口"):
        first = found(loaded, words)[0]
        assert first.kind is None
        assert (first.lon, first.lat) == (pytest.approx(LON, abs=1e-6), pytest.approx(NORTH, abs=1e-6)), words


def test_roads_that_do_not_meet_are_offered_themselves(loaded: Database) -> None:
    assert all(each.kind is not None for each in found(loaded, "中山西路与重庆路交叉口"))


def test_a_gate_is_where_its_landmark_is_and_so_many_metres_are_measured(loaded: Database) -> None:
    gate, other = found(loaded, "天一广场北门")[0], found(loaded, "天一广场东北80米")[0]
    assert (gate.name, gate.lon, gate.lat, gate.is_approximate) == ("天一广场北门", LON, LAT, True)
    expected = moved(LON, LAT, Direction.NORTH_EAST, 80)
    assert (other.lon, other.lat) == pytest.approx(expected)


def test_a_gate_with_a_name_of_its_own_comes_first(loaded: Database) -> None:
    with loaded.transaction() as session:
        load_addresses(session, [a_place(AddressKind.LANDMARK, "天一广场北门", LON, LAT + 0.001)])
    assert found(loaded, "天一广场北门")[0].lat == LAT + 0.001


def test_a_former_name_leads_to_the_place_of_today(loaded: Database) -> None:
    first = found(loaded, "西大街")[0]
    assert (first.name, first.params) == ("中山西路", {"name": "西大街"})


def test_a_renamed_road_keeps_its_plates_and_its_former_name(loaded: Database) -> None:
    with loaded.transaction() as session:
        told = load_addresses(session, [replace(ROAD, name="孙文西路")])
    assert (told.begun, told.ended) == ({AddressKind.ROAD: 1}, 1)
    assert found(loaded, "中山西路")[0].name == "孙文西路"
    assert found(loaded, "中山西路5号")[0].name == "孙文西路5号"


def test_a_name_that_begins_later_is_found_from_that_day_on(loaded: Database) -> None:
    next_month = today() + timedelta(days=30)
    with loaded.transaction() as session:
        load_addresses(session, [replace(SQUARE, name="东门广场", valid_from_on=next_month)])
    assert found(loaded, "天一广场")[0].name == "天一广场"
    assert "东门广场" not in names(loaded, "东门广场")
    with clock.running_at(clock.now() + timedelta(days=31)):
        assert found(loaded, "天一广场")[0].name == found(loaded, "东门广场")[0].name == "东门广场"


def test_a_place_that_has_ended_is_said_to_be_no_more(loaded: Database) -> None:
    with loaded.transaction() as session:
        load_addresses(session, [replace(SQUARE, ended_on=date(2025, 3, 1))])
    first = found(loaded, "天一广场")[0]
    assert (first.name, first.params) == ("天一广场", {"on": "2025-03-01"})


def test_among_equals_the_nearest_to_the_last_click_comes_first(loaded: Database) -> None:
    banks = [a_place(AddressKind.LANDMARK, "建设银行", LON + step * 0.01, LAT) for step in range(5)]
    with loaded.transaction() as session:
        load_addresses(session, banks)
    for bank in banks:
        first = found(loaded, "建设银行", (bank.lon, bank.lat))[0]
        assert (first.lon, first.metres) == (bank.lon, pytest.approx(0))


@pytest.mark.parametrize("words", ["", " ", "%", "_", "😀😀", "'; DROP TABLE addresses; --", "\0", "qqqq"])
def test_bad_words_find_nothing(loaded: Database, words: str) -> None:
    assert found(loaded, words) == []


@pytest.mark.parametrize("words", ["5", "123号", "天一广场" * 2_500, "zhon", "天一广场%", "中山西路99999999999999号"])
def test_odd_words_are_answered(loaded: Database, words: str) -> None:
    assert len(found(loaded, words)) <= 10


def test_wildcards_are_no_part_of_a_name(loaded: Database) -> None:
    assert names(loaded, "天%广_场")[0] == names(loaded, "天广场")[0] == "天一广场"


def test_a_search_asks_a_fixed_number_of_queries(loaded: Database) -> None:
    found(loaded, "天一")
    with loaded.reading() as session, counted_queries() as asked:
        search(session, "中山西路与解放南路交叉口")
    assert len(asked) <= 8


def test_a_load_with_a_fault_changes_nothing_and_names_them_all(loaded: Database) -> None:
    bad = [
        a_plate("没有路", 1, LON),
        replace(SQUARE, kind=AddressKind.BLOCK, source_line=2),
        replace(SQUARE, code="L9"),
        replace(SQUARE, code="L9", source_line=4),
    ]
    with pytest.raises(BadAddresses) as refused, loaded.transaction() as session:
        load_addresses(session, bad)
    assert [(each.line, each.field) for each in refused.value.findings] == [(2, "kind"), (4, "code"), (0, "road")]
    with loaded.reading() as session:
        assert session.scalar(select(Address.id).where(Address.code == "L9")) is None


def test_a_plate_goes_to_the_nearest_road_of_its_name(loaded: Database) -> None:
    far = a_place(AddressKind.ROAD, "中山西路", LON + 0.5, NORTH, code="R8")
    plates = [a_plate("中山西路", 77, LON), a_plate("中山西路", 77, LON + 0.5)]
    with loaded.transaction() as session:
        load_addresses(session, [far, *plates])
        rows = select(Address.parent_code).where(Address.number == 77).order_by(Address.lon)
        assert list(session.scalars(rows)) == ["R1", "R8"]


def test_addresses_follow_a_changed_grid(loaded: Database) -> None:
    cells = [replace(cell, boundary=shift(cell, 0.3, 0)) for cell in MESH.cells]
    areas = [replace(area, boundary=shift(area, 0.3, 0), name=f"{area.name}新") for area in MESH.areas]  # type: ignore[arg-type]
    with loaded.transaction() as session:
        services.load_grid(session, replace(MESH, areas=areas, cells=cells))
        assert session.scalar(select(Address.cell_id).where(Address.code == "L1")) is None
    first = found(loaded, MESH.areas[-1].name)[0]
    assert (first.name, first.params) == (f"{MESH.areas[-1].name}新", {})


def test_a_point_is_told_by_what_is_nearest(loaded: Database) -> None:
    with loaded.reading() as session:
        near = find_near(session, *moved(LON, LAT, Direction.NORTH_EAST, 82))
        assert near is not None
        assert (near.name, near.direction, near.about_m) == ("天一广场", Direction.NORTH_EAST, 80)
        plate = find_near(session, *moved(LON + 0.0005, NORTH, Direction.SOUTH, 40))
        assert plate is not None
        assert (plate.name, plate.direction, plate.kind) == ("中山西路5号", Direction.SOUTH, AddressKind.PLATE)
        beside = find_near(session, LON, LAT)
        assert beside is not None
        assert beside.direction is None
        assert find_near(session, LON + 1, LAT) is None


def test_what_a_point_is_told_by_leads_back_to_it(loaded: Database) -> None:
    point = moved(LON, LAT, Direction.WEST, 118)
    with loaded.reading() as session:
        near = find_near(session, *point)
        assert near is not None
        assert near.direction is not None
        (first, *_) = search(session, f"{near.name}{near.direction.chinese}约{near.about_m}米")
    assert shapely.Point(first.lon, first.lat).distance(shapely.Point(point)) < 0.0001
