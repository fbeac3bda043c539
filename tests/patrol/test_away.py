"""An inspector who is away: on duty nowhere, given no task; until he is back."""

import doctest
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops.clock import now, running_at, today
from cityops.db import Database
from cityops.grid import majority
from cityops.grid.models import DutyGrid
from cityops.patrol import grid_owners, queries, rhythm, watch
from cityops.patrol.models import InspectorAbsence
from tests import factories

As = Callable[[str], FlaskClient]
STREET = factories.WEST + "001"
PAGE = f"/grid/duty/{STREET}/inspectors"
HIS_NAME = "inspector 某"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with running_at(factories.MONDAY_MORNING):
        yield


def away(**changes: str) -> dict[str, str]:
    days = {"away_from_on": today().isoformat(), "away_until_on": (today() + DAY).isoformat()}
    return {"away": "inspector", "reason": "年休假"} | days | changes


def owners(db: Database, later: int = 0) -> list[str]:
    """Who is on duty in the west on a day."""
    with db.reading() as session:
        grid_id = session.scalars(select(DutyGrid.id).where(DutyGrid.street_code == STREET)).one()
        found = grid_owners.list_owners(session, [grid_id], today() + later * DAY)
        return [owner.name for owner in found.get(grid_id, ())]


def test_who_is_away_is_on_duty_nowhere_until_he_is_back(as_person: As, small_city: Database) -> None:
    leader = as_person("dutyleader")
    assert HIS_NAME in owners(small_city) and HIS_NAME in owners(small_city, 1)
    assert leader.post(f"{PAGE}/away", data=away()).status_code == 303
    assert [HIS_NAME in owners(small_city, later) for later in range(3)] == [False, False, True]
    assert "年休假" in leader.get(PAGE).text
    with small_city.transaction() as session:
        people = factories.People(session)
        case = factories.make_report(session, people.operator).case
        person_id = people.inspector.person_id
        assert person_id not in {each.person_id for each in queries.list_candidates(session, case, now(), 3000)}
        assert queries.list_shifts(session, person_id, today()) == []
        absence_id = session.scalars(select(InspectorAbsence.id)).one()
    with running_at(factories.MONDAY_MORNING + DAY):
        assert leader.post(f"{PAGE}/away/{absence_id}/end").status_code == 303
        assert HIS_NAME in owners(small_city)
    with small_city.reading() as session:
        row = session.scalars(select(InspectorAbsence)).one()
        assert (row.from_on, row.until_on) == (today(), today()), "the first day stays what it was"


def test_who_does_not_go_was_never_away(as_person: As, small_city: Database) -> None:
    leader = as_person("dutyleader")
    days = {"away_from_on": (today() + 3 * DAY).isoformat(), "away_until_on": (today() + 4 * DAY).isoformat()}
    assert leader.post(f"{PAGE}/away", data=away(**days)).status_code == 303
    with small_city.reading() as session:
        absence_id = session.scalars(select(InspectorAbsence.id)).one()
    assert leader.post(f"{PAGE}/away/{absence_id}/end").status_code == 303
    assert leader.post(f"{PAGE}/away/{absence_id}/end").status_code == 404
    with small_city.reading() as session:
        assert session.scalars(select(InspectorAbsence)).all() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"away": "handler"},
        {"away_from_on": "2020-01-01"},
        {"away_until_on": "2020-01-01"},
        {"away_until_on": "2099-01-01"},
        {"reason": " "},
        {"away_from_on": "昨天"},
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(as_person: As, wrong: dict[str, str]) -> None:
    answer = as_person("dutyleader").post(f"{PAGE}/away", data=away(**({"reason": "培训"} | wrong)))
    assert answer.status_code == 422
    assert "error-summary" in answer.text and ("培训" in answer.text or "reason" in wrong)


def test_the_last_day_of_all_is_a_day(as_person: As) -> None:
    last = {"away_from_on": "9999-12-31", "away_until_on": "9999-12-31"}
    assert as_person("dutyleader").post(f"{PAGE}/away", data=away(**last)).status_code == 303


def test_the_same_days_twice_are_refused(as_person: As) -> None:
    leader = as_person("dutyleader")
    assert leader.post(f"{PAGE}/away", data=away()).status_code == 303
    assert leader.post(f"{PAGE}/away", data=away()).status_code == 422


def test_nobody_else_sends_an_inspector_away(as_person: As, small_city: Database) -> None:
    assert as_person("dutyleader-east").post(f"{PAGE}/away", data=away()).status_code == 404
    assert as_person("operator").post(f"{PAGE}/away", data=away()).status_code == 403
    assert as_person("dutyleader-east").post(f"{PAGE}/away/1/end").status_code == 404
    with small_city.reading() as session:
        assert session.scalars(select(InspectorAbsence)).all() == []


@pytest.mark.parametrize("module", [rhythm, majority, watch])
def test_its_examples_hold(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted and not found.failed
