"""Loads of addresses that come again: the same places, ended ones, names that are no more; nothing is there twice."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from cityops.clock import today
from cityops.db import Database
from cityops.grid.addresses.models import Address, AddressKind
from cityops.grid.addresses.queries import search
from cityops.grid.addresses.records import AddressRecord
from cityops.grid.addresses.services import BadAddresses, LoadedAddresses, load_addresses

LON, LAT = 121.5, 29.87
THEATRE = AddressRecord(AddressKind.LANDMARK, "老戏院", LON, LAT)
OLD_ROAD = AddressRecord(AddressKind.ROAD, "老街", LON, LAT, code="R1")
PLATE = AddressRecord(AddressKind.PLATE, "5号", LON, LAT, road="老街", number=5)


def load(database: Database, *records: AddressRecord) -> LoadedAddresses:
    with database.transaction() as session:
        return load_addresses(session, records)


def count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Address)) or 0


def test_two_stops_of_one_name_are_the_same_two_when_the_file_comes_again(db: Database) -> None:
    stops = [replace(THEATRE, name="天一广场站", lon=LON + step * 0.0003) for step in (0, 1)]
    load(db, *stops)
    told = load(db, *stops)
    assert (told.begun, count(db)) == ({}, 2)
    moved = [replace(stop, lon=stop.lon + 0.0001) for stop in reversed(stops)]
    assert (load(db, *moved).begun, count(db)) == ({}, 2)


@pytest.mark.parametrize("code", [None, "L1"])
@pytest.mark.parametrize("ended_on", [date(2020, 1, 1), date(2999, 1, 1)])
def test_a_place_with_an_end_is_there_once_when_the_file_comes_again(
    db: Database, code: str | None, ended_on: date
) -> None:
    ended = replace(THEATRE, code=code, ended_on=ended_on)
    load(db, ended)
    told = load(db, ended)
    assert (told.begun, told.ended, count(db)) == ({}, 0, 1)


def test_an_end_to_come_can_be_put_off(db: Database) -> None:
    load(db, replace(THEATRE, ended_on=today() + timedelta(days=30)))
    load(db, THEATRE)
    with db.reading() as session:
        assert session.scalars(select(Address.ended_on)).all() == [None]


def test_a_road_that_has_ended_keeps_its_plates_when_the_file_comes_again(db: Database) -> None:
    records = [replace(OLD_ROAD, ended_on=today()), replace(PLATE, ended_on=today())]
    load(db, *records)
    assert (load(db, *records).begun, count(db)) == ({}, 2)


def test_a_name_never_ends_before_it_begins(db: Database) -> None:
    with pytest.raises(BadAddresses) as refused:
        load(db, replace(THEATRE, valid_from_on=date(2024, 1, 2), ended_on=date(2024, 1, 1), source_line=3))
    assert [(each.line, each.field) for each in refused.value.findings] == [(3, "ended_on")]
    load(db, replace(THEATRE, code="L1"))
    load(db, replace(THEATRE, code="L1", name="新戏院", valid_from_on=date(2020, 1, 1)))
    with db.reading() as session:
        assert all(
            row.ended_on is None or row.ended_on >= row.valid_from_on for row in session.scalars(select(Address))
        )
        assert search(session, "老戏院")[0].name == "新戏院"
