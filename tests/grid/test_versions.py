"""Versions of the grid: planned, withdrawn, put into force on their day, and any day asked for."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.clock import today
from cityops.db import Database
from cityops.errors import CityopsError, Invalid, NotFound, WrongState
from cityops.grid import queries, services, versions
from cityops.grid.index import GridIndex
from cityops.grid.models import Cell, CellAncestor, Component, GridVersion, PlannedRow, VersionState
from cityops.grid.records import CellRecord, GridData
from cityops.grid.services import Terms
from tests import factories
from tests.grid.meshes import make_mesh

GRID = make_mesh(25)
FIRST, SECOND = GRID.cells[:2]
POINT = FIRST.boundary.representative_point()
# The first two cells made into one, under a number that was never used.
MERGED = CellRecord(f"{FIRST.area_code}099", FIRST.boundary.union(SECOND.boundary))
RESURVEY = replace(GRID, cells=[MERGED, *GRID.cells[2:]])
# One cell far too large for the first tier: a warning.
ODD = replace(GRID, cells=[CellRecord(FIRST.code, GRID.areas[-1].boundary)])
TERMS = Terms("2026 re-survey", because="a compound")
TOMORROW = timedelta(days=1)


@pytest.fixture
def loaded(db: Database) -> Database:
    with db.transaction() as session:
        services.load_grid(session, GRID)
        factories.add_component(session, "33020101037000001", (POINT.x, POINT.y))
    return db


def plan(database: Database, from_on: date, data: GridData = RESURVEY, terms: Terms = TERMS) -> None:
    with database.transaction() as session:
        versions.take_in(session, data, [], terms, from_on)


def standing_cell(session: Session, code: str) -> Cell:
    return session.scalars(select(Cell).where(Cell.code == code, Cell.ended_on.is_(None))).one()


def code_on(database: Database, on: date) -> str | None:
    with database.reading() as session:
        located = queries.index_at(session, on).locate(POINT.x, POINT.y)
        return located and located.cell_code


def test_a_planned_version_changes_nothing_before_its_day_and_is_seen_on_it(loaded: Database) -> None:
    plan(loaded, today() + TOMORROW)
    with loaded.transaction() as session:
        assert versions.put_due_into_force(session) is None
        assert queries.locate(session, POINT.x, POINT.y).cell_code == FIRST.code
    assert code_on(loaded, today() + TOMORROW) == MERGED.code


def test_on_its_day_it_is_in_force_with_ancestors_and_the_days_before_stay_as_they_were(loaded: Database) -> None:
    begun_on = today()
    plan(loaded, begun_on + TOMORROW)
    with clock.running_at(clock.now() + TOMORROW), loaded.transaction() as session:
        told = versions.put_due_into_force(session)
        assert told is not None and told.ended == {"cells": 2}
        version = versions.list_versions(session)[0]
        assert (version.state, version.kept, version.merged, version.added) == (VersionState.IN_FORCE, 23, 2, 0)
        assert session.scalar(select(func.count()).select_from(PlannedRow)) == 0
        heir = standing_cell(session, MERGED.code)
        ancestors = select(CellAncestor.ancestor_id).where(CellAncestor.cell_id == heir.id)
        codes = session.scalars(select(Cell.code).where(Cell.id.in_(ancestors)).order_by(Cell.code))
        assert list(codes) == [FIRST.code, SECOND.code]
        assert heir.duty_grid_id is not None
        lamp = session.scalars(select(Component)).one()
        assert lamp.cell_id == heir.id
        assert versions.put_due_into_force(session) is None
    with clock.running_at(clock.now() + TOMORROW):
        assert code_on(loaded, begun_on) == FIRST.code
        assert code_on(loaded, begun_on + TOMORROW) == MERGED.code
        assert code_on(loaded, begun_on - TOMORROW) is None


def test_a_day_that_was_slept_through_is_its_own_day_still(loaded: Database) -> None:
    planned_on = today() + TOMORROW
    plan(loaded, planned_on)
    with clock.running_at(clock.now() + 5 * TOMORROW), loaded.transaction() as session:
        versions.put_due_into_force(session)
        assert standing_cell(session, MERGED.code).initial_on == planned_on


def test_a_version_is_withdrawn_before_its_day_and_never_after(loaded: Database) -> None:
    plan(loaded, today() + TOMORROW)
    with loaded.transaction() as session:
        planned = services.find_planned(session)
        assert planned is not None
        versions.withdraw(session, None, planned.id)
        assert session.scalar(select(func.count()).select_from(PlannedRow)) == 0
    with loaded.transaction() as session, pytest.raises(WrongState, match="withdrawn already"):
        versions.withdraw(session, None, planned.id)
    with loaded.transaction() as session, pytest.raises(WrongState, match="not undone"):
        versions.withdraw(session, None, versions.list_versions(session)[-1].id)
    with loaded.transaction() as session, pytest.raises(NotFound):
        versions.withdraw(session, None, 99)
    assert code_on(loaded, today() + TOMORROW) == FIRST.code


def test_while_one_is_planned_the_ground_stays(loaded: Database) -> None:
    plan(loaded, today() + TOMORROW)
    for from_on in (None, today() + 2 * TOMORROW):
        with pytest.raises(WrongState, match="withdraw it first"), loaded.transaction() as session:
            versions.take_in(session, GRID, [], TERMS, from_on)


@pytest.mark.parametrize(
    ("data", "days", "terms", "field"),
    [
        (RESURVEY, -1, TERMS, "from_on"),
        (GridData(), 1, TERMS, "from_on"),
        (replace(GRID, cells=[*GRID.cells[:-1], replace(GRID.cells[-1], code="x")]), 1, TERMS, "file"),
        (ODD, 1, Terms(because=" "), "because"),
    ],
)
def test_what_cannot_be_planned_is_refused_and_leaves_nothing(
    loaded: Database, data: GridData, days: int, terms: Terms, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        plan(loaded, today() + days * TOMORROW, data, terms)
    assert refusal.value.field == field
    with loaded.reading() as session:
        assert session.scalar(select(func.count()).select_from(GridVersion)) == 1


def test_a_code_that_a_merger_retired_is_not_used_again(loaded: Database) -> None:
    with loaded.transaction() as session:
        versions.take_in(session, RESURVEY, [], TERMS)
    with pytest.raises(CityopsError), loaded.transaction() as session:
        versions.take_in(session, GRID, [], TERMS)


def test_another_day_is_prepared_once_until_the_grid_or_the_plan_changes(loaded: Database) -> None:
    day, nothing = today() + TOMORROW, date(1990, 1, 1)

    def prepared(on: date) -> GridIndex:
        with loaded.reading() as session:
            return queries.index_at(session, on)

    assert len(prepared(nothing)) == 0 and prepared(nothing) is prepared(nothing)
    before = prepared(day)
    assert prepared(day) is before
    plan(loaded, day)
    planned = prepared(day)
    assert planned is not before and prepared(day) is planned
    for years in range(1991, 2020):
        prepared(date(years, 1, 1))
    # Many days later it was let go.
    assert prepared(day) is not planned
