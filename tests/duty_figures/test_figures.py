"""Duty grids in figures: what is counted, by whom it is read, and which cells were visited as due."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cityops.cases.at_place import AtPlace
from cityops.cases.models import Case
from cityops.cases.names import Source
from cityops.clock import running_at, today
from cityops.db import Database
from cityops.duty_figures.figures import GridFigures, list_streets, read_figures
from cityops.errors import Invalid, NotAllowed
from cityops.grid.models import Cell
from cityops.patrol import visits
from tests.counting import counted_queries
from tests.factories import EAST, MONDAY_MORNING, WEST, WEST_POINT, People, bring_to, make_report, take

As = Callable[[str], FlaskClient]
GRID, EASTERN = f"{WEST}001-1", f"{EAST}001-1"
DAY = timedelta(days=1)


@pytest.fixture
def session(small_city: Database) -> Iterator[Session]:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        yield session


@pytest.fixture
def people(session: Session) -> People:
    return People(session)


def figures(session: Session, username: str = "dutyleader") -> dict[str, GridFigures]:
    viewer = People(session).viewer(username)
    return {row.grid.code: row for row in read_figures(session, viewer, list_streets(session, viewer))}


def bring_home(session: Session, people: People) -> Case:
    case = make_report(session, people.inspector).case
    return bring_to(session, people, case, "accept", "file", "dispatch", "report_back", "check", "close")


def test_a_duty_grid_has_its_cases_and_what_of_them_was_on_time(session: Session, people: People) -> None:
    bring_home(session, people)
    late = make_report(session, people.inspector, point=WEST_POINT).case
    bring_to(session, people, late, "accept", "file", "dispatch")
    with running_at(MONDAY_MORNING + 6 * DAY):
        row = figures(session)[GRID]
        assert (row.cells, row.tier, row.cases, row.open_cases, row.due, row.on_time) == (2, 1, 2, 1, 2, 1)
        assert figures(session)[EASTERN].cases == 0
    with running_at(MONDAY_MORNING + 120 * DAY):
        row = figures(session)[GRID]
        assert (row.cases, row.open_cases, row.due) == (0, 1, 0), "only what is open counts for ever"


def test_a_cell_is_visited_by_a_report_and_by_a_check_on_the_spot(session: Session, people: People) -> None:
    assert figures(session)[GRID].visited == 0
    case = make_report(session, people.operator, source=Source.HOTLINE, point=WEST_POINT).case
    bring_to(session, people, case, "accept", "verify", "file", "dispatch", "report_back")
    with running_at(MONDAY_MORNING + DAY):
        assert figures(session)[GRID].visited == 1, "it was verified on the spot"
    with running_at(MONDAY_MORNING + 2 * DAY):
        assert figures(session)[GRID].visited == 0, "that was not yesterday"
        take(session, people.inspector, case, "check", at_place=AtPlace(case.lon + 0.0015, case.lat, reason="河那边"))
    with running_at(MONDAY_MORNING + 3 * DAY):
        assert figures(session)[GRID].visited == 0, "150 m away is not there"


def test_each_tier_has_its_own_rhythm_from_a_day_on(session: Session, people: People) -> None:
    admin = people.viewer("admin")
    make_report(session, people.inspector, point=WEST_POINT)
    session.execute(update(Cell).where(Cell.code.startswith(WEST)).values(grid_tier=2))
    with running_at(MONDAY_MORNING + 7 * DAY):
        assert figures(session)[GRID].visited == 1, "a week is enough in tier 2"
    with running_at(MONDAY_MORNING + 8 * DAY):
        assert figures(session)[GRID].visited == 0
    visits.set_rhythm(session, admin, tier=2, visits=2, days=7, from_on=today() + 2 * DAY)
    with running_at(MONDAY_MORNING + 2 * DAY):
        assert figures(session)[GRID].visited == 1, "yesterday the other rhythm still held"
    with running_at(MONDAY_MORNING + 3 * DAY):
        assert figures(session)[GRID].visited == 0
        make_report(session, people.inspector, point=WEST_POINT)
        make_report(session, people.inspector, point=WEST_POINT)
    with running_at(MONDAY_MORNING + 4 * DAY):
        assert figures(session)[GRID].visited == 1, "two reports at once are one visit, and the second of the week"


@pytest.mark.parametrize(
    ("field", "asked"),
    [("tier", {"tier": 3}), ("visits", {"visits": 0}), ("days", {"days": 32}), ("from_on", {"from_on": None})],
)
def test_a_rhythm_that_cannot_be_is_refused(
    session: Session, people: People, field: str, asked: dict[str, object]
) -> None:
    asked = {name: today() - DAY if value is None else value for name, value in asked.items()}
    usual = {"tier": 1, "visits": 1, "days": 1, "from_on": today()}
    with pytest.raises(Invalid) as refusal:
        visits.set_rhythm(session, people.viewer("admin"), **(usual | asked))  # type: ignore[arg-type]
    assert refusal.value.field == field
    with pytest.raises(NotAllowed):
        visits.set_rhythm(session, people.dutyleader, tier=1, visits=1, days=1, from_on=today())


def test_the_page_and_the_sheet_show_what_the_reader_may_see(small_city: Database, as_person: As) -> None:
    with running_at(MONDAY_MORNING):
        leader, east = as_person("dutyleader"), as_person("dutyleader-east")
        page, eastern = leader.get("/grid/duty/figures").text, east.get("/grid/duty/figures").text
        assert GRID in page and EASTERN in page and "一类网格" in page
        assert EASTERN in eastern and GRID not in eastern
        sheet = load_workbook(BytesIO(east.get("/grid/duty/figures.xlsx").data)).worksheets[0]
        assert [row[2].value for row in sheet.iter_rows(min_row=2)] == [EASTERN]
        assert as_person("supervisor").get("/grid/duty/figures").status_code == 200
        for username in ("operator", "handler", "inspector"):
            assert as_person(username).get("/grid/duty/figures").status_code == 403


def test_the_page_asks_as_much_for_two_streets_as_for_one(small_city: Database, as_person: As) -> None:
    leader, east = as_person("dutyleader"), as_person("dutyleader-east")
    with counted_queries() as both:
        assert leader.get("/grid/duty/figures").text.count("rowgroup") == 2
    with counted_queries() as one:
        assert east.get("/grid/duty/figures").text.count("rowgroup") == 1
    assert len(both) == len(one)


def test_the_administrator_sets_the_rhythm_on_his_page(small_city: Database, as_person: As) -> None:
    with running_at(MONDAY_MORNING):
        admin, day = as_person("admin"), (today() + DAY).isoformat()
        asked = {"tier": "2", "visits": "1", "days": "3", "from_on": day}
        assert "尚未设定" in admin.get("/settings/checks").text
        wrong = admin.post("/settings/checks/rhythm", data=asked | {"days": "0"})
        assert wrong.status_code == 422 and day in wrong.text
        assert admin.post("/settings/checks/rhythm", data=asked).status_code == 303
        assert "3 天 1 次" in admin.get("/settings/checks").text
        assert as_person("dutyleader").post("/settings/checks/rhythm", data=asked).status_code == 403
    with small_city.reading() as session:
        assert [(row.tier, row.days) for row in session.scalars(select(visits.PatrolRhythm))] == [(2, 3)]
