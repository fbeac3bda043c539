"""The gazetteer after a change of the grid: areas where they lie now, codes told apart, nothing lost between two."""

from dataclasses import replace
from datetime import timedelta

import pytest
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.clock import running_at, today
from cityops.db import Database
from cityops.grid import services, versions
from cityops.grid.addresses.following import follow_grid
from cityops.grid.addresses.models import Address, AddressKind
from cityops.grid.addresses.records import AddressRecord
from cityops.grid.addresses.services import BadAddresses, load_addresses
from cityops.grid.export import read_out
from cityops.grid.models import AreaLevel, Cell
from cityops.grid.queries import current_index
from cityops.grid.records import AreaRecord, CellRecord, GridData
from cityops.grid.services import BadGrid, Terms
from tests.counting import counted_queries
from tests.factories import MONDAY_MORNING, WEST
from tests.grid.meshes import make_mesh

SIGNED = Terms(because="a test")
SQUARE = AddressRecord(AddressKind.LANDMARK, "新城广场", 121.5, 29.87, code="330209")


def with_a_new_district(session: Session) -> GridData:
    """The small city, and a district east of it whose code the landmark has."""
    data = read_out(session)
    city = shapely.box(121.5, 29.87, 121.506, 29.871)
    data.areas[:] = [replace(area, boundary=city) if area.code == "330200" else area for area in data.areas]
    east = shapely.box(121.504, 29.87, 121.506, 29.871)
    data.areas.append(AreaRecord(SQUARE.code or "", "新区", "New", AreaLevel.DISTRICT, "330200", east))
    return data


def test_an_area_that_is_cut_is_found_where_it_lies_now(small_city: Database) -> None:
    code, left = f"{WEST}001001", shapely.box(121.5, 29.87, 121.5005, 29.871)
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        data = read_out(session)
        areas = [replace(area, boundary=left) if area.code == code else area for area in data.areas]
        cells = [CellRecord(f"{code}001", left), *(cell for cell in data.cells if not cell.code.startswith(code))]
        services.load_grid(session, GridData(areas=areas, cells=cells), (), SIGNED)
        rows = session.scalars(select(Address).where(Address.code == code, Address.ended_on.is_(None))).all()
        assert rows and all(left.covers(shapely.Point(row.lon, row.lat)) for row in rows)


def test_an_area_whose_code_a_place_has_is_a_fault_and_no_crash(small_city: Database) -> None:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        load_addresses(session, [SQUARE])
        with pytest.raises(BadGrid) as refused:
            services.load_grid(session, with_a_new_district(session), (), SIGNED)
        assert [(each.layer, each.field) for each in refused.value.findings] == [("areas", "code")]


def test_a_place_does_not_take_the_code_of_an_area_to_come(small_city: Database) -> None:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        versions.take_in(session, with_a_new_district(session), (), SIGNED, today() + timedelta(days=3))
        with pytest.raises(BadAddresses) as refused:
            load_addresses(session, [SQUARE])
        assert [each.field for each in refused.value.findings] == ["kind"]


def test_the_gazetteer_is_locked_before_its_places_are_read(db: Database) -> None:
    """Else a place that is loaded meanwhile is not seen, and keeps a cell that has ended."""
    mesh = make_mesh(4)
    with db.transaction() as session:
        services.load_grid(session, mesh)
        index = current_index(session)
        with counted_queries() as asked:
            follow_grid(session, index, today(), {})
    first = {table: [table in each for each in asked].index(True) for table in ("gazetteer_revision", "addresses")}
    assert first["gazetteer_revision"] < first["addresses"]


def test_a_place_that_will_end_follows_the_grid_until_then(small_city: Database) -> None:
    place = replace(SQUARE, code="L1", lon=121.5005, lat=29.8705, ended_on=MONDAY_MORNING.date() + timedelta(days=9))
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        load_addresses(session, [place])
        data = read_out(session)
        cells = [replace(cell, area_level=2) for cell in data.cells]
        services.load_grid(session, GridData(cells=cells), (), SIGNED)
        cell = select(Cell.ended_on).join(Address, Address.cell_id == Cell.id).where(Address.code == "L1")
        assert session.scalars(cell).all() == [None]
