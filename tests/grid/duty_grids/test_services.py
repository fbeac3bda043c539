"""Duty grids drawn anew: at once, on a day to come, withdrawn before it; with the history, and a re-survey between."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pytest
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.models import AuditAction, AuditEntry, Jurisdiction, JurisdictionRange
from cityops.accounts.posts import Post
from cityops.clock import CITY_ZONE, running_at, today
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.grid import queries as grid
from cityops.grid import services, versions
from cityops.grid.duty_grids import queries
from cityops.grid.duty_grids import services as duty_grids
from cityops.grid.duty_grids.models import CellDutyGrid, DutyGridChange
from cityops.grid.duty_grids.rules import NamedGrid, Plan
from cityops.grid.models import Cell, DutyGrid, VersionState
from cityops.grid.records import CellRecord, GridData
from tests import factories

STREET = factories.WEST + "001"
ONE, TWO = f"{STREET}001001", f"{STREET}001002"
OLD, NEW = f"{STREET}-1", f"{STREET}Z01"
OLD_GRID = NamedGrid(OLD, "责任网格", "Duty grid")
NEW_GRID = NamedGrid(NEW, "二号责任网格", "Duty grid two")
SPLIT = Plan((OLD_GRID, NEW_GRID), {ONE: OLD, TWO: NEW})


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """The day on which the small city was laid out."""
    with running_at(factories.MONDAY_MORNING):
        yield


def noon_of(day: date) -> datetime:
    """Noon of a day in the city."""
    return datetime.combine(day, time(12), CITY_ZONE)


def plan(
    session: Session, wanted: Plan = SPLIT, on: date | None = None, username: str = "dutyleader"
) -> DutyGridChange:
    """A change drawn by the duty leader."""
    viewer = factories.People(session).viewer(username)
    return duty_grids.plan_change(session, viewer, STREET, wanted, on or today())


def held(session: Session) -> dict[str, str]:
    """The duty grid of each cell of the street, by their codes."""
    session.expire_all()
    return {cell.code: cell.grid_code for cell in queries.list_cells(session, [STREET])}


def test_a_change_of_today_is_in_force_at_once_and_every_index_follows(small_city: Database) -> None:
    with small_city.transaction() as session:
        before = grid.current_index(session).revision
        change = plan(session)
        assert change.state is VersionState.IN_FORCE and change.moved == 1
    with small_city.reading() as session:
        assert held(session) == {ONE: OLD, TWO: NEW}
        place = grid.locate(session, 121.5015, 29.8705)
        assert (place.cell_code, place.duty_grid_code, place.duty_grid_name) == (TWO, NEW, NEW_GRID.name)
        assert grid.current_index(session).revision == before + 1
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.DUTY_GRIDS_PLANNED)).one()
        assert told.subject.startswith(STREET)


def test_a_change_of_a_day_to_come_waits_for_it_and_the_past_stays(small_city: Database) -> None:
    day = today() + timedelta(days=3)
    with small_city.transaction() as session:
        begun = today()
        assert plan(session, on=day).state is VersionState.PLANNED
        assert duty_grids.put_due_into_force(session) == 0 and held(session) == {ONE: OLD, TWO: OLD}
    with running_at(noon_of(day)), small_city.transaction() as session:
        assert duty_grids.put_due_into_force(session) == 1 and duty_grids.put_due_into_force(session) == 0
        assert held(session) == {ONE: OLD, TWO: NEW}
    with running_at(noon_of(day + timedelta(days=1))), small_city.reading() as session:
        rows = select(CellDutyGrid.from_on, CellDutyGrid.ended_on, DutyGrid.code).join(DutyGrid)
        rows = rows.join(Cell, Cell.id == CellDutyGrid.cell_id)
        of_two = session.execute(rows.where(Cell.code == TWO).order_by(CellDutyGrid.from_on)).all()
        assert [tuple(row) for row in of_two] == [(begun, day, OLD), (day, None, NEW)]
        yesterday, that_day = (grid.index_at(session, each) for each in (day - timedelta(days=1), day))
        names = [index.duty_grids[index.locate(121.5015, 29.8705).duty_grid_id][0] for index in (yesterday, that_day)]
        assert names == [OLD, NEW]


def test_a_change_is_withdrawn_before_its_day_and_its_code_is_free_again(small_city: Database) -> None:
    with small_city.transaction() as session:
        plan(session, on=today() + timedelta(days=3))
        with pytest.raises(WrongState):
            plan(session)
    with small_city.transaction() as session:
        viewer = factories.People(session).dutyleader
        assert duty_grids.withdraw(session, viewer, STREET).state is VersionState.WITHDRAWN
        assert [each.code for each in queries.list_grids(session, [STREET])] == [OLD]
        with pytest.raises(WrongState):
            duty_grids.withdraw(session, viewer, STREET)
        plan(session)
    with small_city.reading() as session:
        assert held(session) == {ONE: OLD, TWO: NEW}


def test_what_has_come_into_force_is_not_withdrawn(small_city: Database) -> None:
    day = today() + timedelta(days=1)
    with small_city.transaction() as session:
        plan(session, on=day)
    with running_at(noon_of(day)), small_city.transaction() as session, pytest.raises(WrongState):
        duty_grids.withdraw(session, factories.People(session).dutyleader, STREET)


def test_a_grid_without_cells_ends_and_one_is_renamed(small_city: Database) -> None:
    renamed = Plan((NamedGrid(NEW, "全街", ""),), {ONE: NEW, TWO: NEW})
    with small_city.transaction() as session:
        plan(session)
        plan(session, renamed)
    with small_city.reading() as session:
        standing = queries.list_grids(session, [STREET])
        assert [(each.code, each.name, each.name_en) for each in standing] == [(NEW, "全街", "全街")]


def test_the_code_of_a_grid_that_has_ended_is_not_taken_again(small_city: Database) -> None:
    with small_city.transaction() as session:
        plan(session, Plan((NEW_GRID,), {ONE: NEW, TWO: NEW}), today() + timedelta(days=1))
    with running_at(noon_of(today() + timedelta(days=1))), small_city.transaction() as session:
        duty_grids.put_due_into_force(session)
        with pytest.raises(duty_grids.BadPlan) as refused:
            plan(session)
        assert refused.value.faults[0].grid_code == OLD


def test_a_cell_that_a_survey_puts_in_the_place_of_another_takes_its_planned_grid(small_city: Database) -> None:
    day = today() + timedelta(days=5)
    west, east = (
        CellRecord(f"{STREET}001{number:03d}", shapely.box(lon, 29.87, lon + 0.0005, 29.871))
        for number, lon in ((3, 121.501), (4, 121.5015))
    )
    stays = CellRecord(ONE, shapely.box(121.5, 29.87, 121.501, 29.871))
    with small_city.transaction() as session:
        plan(session, on=day)
    with running_at(noon_of(day - timedelta(days=1))), small_city.transaction() as session:
        services.load_grid(session, GridData(cells=[stays, west, east]), (), services.Terms(because="复测"))
        assert held(session) == {ONE: OLD, west.code: OLD, east.code: OLD}
    with running_at(noon_of(day)), small_city.transaction() as session:
        duty_grids.put_due_into_force(session)
        assert held(session) == {ONE: OLD, west.code: NEW, east.code: NEW}
        ended = select(CellDutyGrid.ended_on).join(Cell).where(Cell.code == TWO)
        assert list(session.scalars(ended)) == [day - timedelta(days=1)]


def test_faults_a_past_day_and_no_change_are_refused_and_nothing_is_changed(small_city: Database) -> None:
    with small_city.transaction() as session:
        with pytest.raises(duty_grids.BadPlan):
            plan(session, Plan((OLD_GRID,), {ONE: OLD}))
        with pytest.raises(Invalid) as past:
            plan(session, on=today() - timedelta(days=1))
        with pytest.raises(Invalid) as same:
            plan(session, Plan((OLD_GRID,), {ONE: OLD, TWO: OLD}))
        assert past.value.field == same.value.field == "from_on"
    with small_city.reading() as session:
        assert session.scalars(select(DutyGridChange)).all() == [] and held(session) == {ONE: OLD, TWO: OLD}


def test_who_leads_the_east_or_another_desk_draws_nothing_of_the_west(small_city: Database) -> None:
    with small_city.transaction() as session:
        for username in ("dutyleader-east", "operator", "dispatcher", "inspector"):
            with pytest.raises(NotFound):
                plan(session, username=username)
        people = factories.People(session)
        east = queries.list_streets(session, people.viewer("dutyleader-east"))
        assert [each.code for each in east] == [factories.EAST + "001"]
        assert len(queries.list_streets(session, people.dutyleader)) == 2


def test_a_street_that_lies_partly_outside_is_not_drawn(small_city: Database) -> None:
    with small_city.transaction() as session:
        cell = session.scalars(select(Cell).where(Cell.code == TWO)).one()
        cell.area_code = f"{STREET}002"
        part = Jurisdiction(code="part", name="一社区", name_en="Part", is_city_wide=False)
        part.ranges = [JurisdictionRange(code_from=f"{STREET}001", code_until=f"{STREET}001", from_on=date(2020, 1, 1))]
        session.add(part)
        factories.give_post(session, "operator", Post.DUTY_LEADER, "part")
        session.flush()
        leader = factories.People(session).viewer("operator").only(Post.DUTY_LEADER)
        with pytest.raises(NotAllowed):
            queries.get_street(session, leader, STREET)


def test_a_day_has_the_duty_grids_and_cells_of_its_own(small_city: Database) -> None:
    """Past ones as they were, those to come as the changes say that wait."""
    monday, whole = today(), Plan((NEW_GRID,), {ONE: NEW, TWO: NEW})
    with small_city.transaction() as session:
        plan(session, whole, on=monday + timedelta(days=5))
    for now_on in (monday, monday + timedelta(days=5)):
        with running_at(noon_of(now_on)), small_city.transaction() as session:
            duty_grids.put_due_into_force(session)
            leader = factories.People(session).dutyleader
            of_days = [queries.list_grids_of(session, leader, monday + timedelta(days=days)) for days in (0, 4, 5, 9)]
            west = [[(each.code, cells) for each, cells in found if each.street_code == STREET] for found in of_days]
            assert west == [[(OLD, 2)], [(OLD, 2)], [(NEW, 2)], [(NEW, 2)]]


def test_a_survey_of_the_same_day_leaves_the_planned_grid_and_its_inspectors(small_city: Database) -> None:
    day = today() + timedelta(days=3)
    stays, west, east = (
        CellRecord(f"{STREET}001{number:03d}", shapely.box(lon, 29.87, lon + width, 29.871))
        for number, lon, width in ((1, 121.5, 0.001), (3, 121.501, 0.0005), (4, 121.5015, 0.0005))
    )
    with small_city.transaction() as session:
        plan(session, on=day)
        begun = {each.code: each.id for each in queries.list_grids(session, [STREET])}
        survey = GridData(cells=[stays, west, east])
        versions.take_in(session, survey, (), services.Terms("复测", because="复测"), day)
    with running_at(noon_of(day)), small_city.transaction() as session:
        versions.put_due_into_force(session)
        duty_grids.put_due_into_force(session)
        assert {each.code: each.id for each in queries.list_grids(session, [STREET])} == begun
        assert held(session) == {ONE: OLD, west.code: NEW, east.code: NEW}
