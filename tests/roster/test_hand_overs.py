"""The hand-over log: signed by two, with the cases of the moment, and never twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from cityops import clock
from cityops.cases.models import Case
from cityops.db import Database
from cityops.roster.models import DutyShift, HandOver, HandOverReceipt
from tests import factories
from tests.factories import People

As = Callable[[str], FlaskClient]
LOG = "/roster/hand-overs"


@pytest.fixture
def shift_id(small_city: Database) -> int:
    """A shift of the supervision centre, in which the operator is round the clock."""
    with small_city.transaction() as session:
        factories.put_on_duty(session, "supervision", {"operator": (420, 420)})
        return session.scalars(select(DutyShift.id)).one()


@pytest.fixture
def numbers(small_city: Database, app: Flask) -> dict[str, str]:
    """An urgent case, one that is overdue, and one of neither kind."""
    office = app.extensions["cityops.office"]
    made = {}
    with small_city.transaction() as session:
        people = People(session)
        for name, condition in (("urgent", "C01037-2"), ("overdue", "C01037-1"), ("plain", "C01037-1")):
            case = factories.make_report(session, people.inspector, office).case
            factories.take(session, people.operator, case, "accept", office)
            factories.take(session, people.dutyleader, case, "file", office, condition=condition)
            made[name] = case.number
            if name == "overdue":
                late = clock.now() - timedelta(hours=1)
                session.execute(update(Case).where(Case.id == case.id).values(due_at=late, warn_at=late))
    return made


def leave(client: FlaskClient, shift_id: int, **changes: str) -> TestResponse:
    facts = {"shift": str(shift_id), "on": clock.today().isoformat(), "matters": "三江口灯会，增派两人"}
    return client.post(LOG, data=facts | changes)


def test_who_leaves_signs_and_who_comes_signs_for_it(
    as_person: As, shift_id: int, numbers: dict[str, str], small_city: Database
) -> None:
    operator = as_person("operator")
    assert f'selected value="{shift_id}"' in operator.get(LOG).text
    left = leave(operator, shift_id)
    assert left.status_code == 303
    page = operator.get(left.location).text
    assert "三江口灯会" in page and "签名接班" not in page
    urgent, overdue = page.split("交班时超时案件")
    assert numbers["urgent"] in urgent and numbers["overdue"] not in urgent
    assert numbers["overdue"] in overdue and numbers["plain"] not in page
    comes = as_person("dutyleader")
    assert comes.post(f"{left.location}/take", data={"remark": "已知"}).status_code == 303
    assert "已知" in comes.get(left.location).text
    with small_city.reading() as session:
        row = session.scalars(select(HandOverReceipt)).one()
        assert row.taken_by == People(session).dutyleader.person_id


def test_nothing_is_signed_twice_nor_by_who_wrote_it(as_person: As, shift_id: int, small_city: Database) -> None:
    operator = as_person("operator")
    address = leave(operator, shift_id).location
    again = leave(as_person("dutyleader"), shift_id, matters="再交一次")
    assert again.status_code == 409 and "再交一次" in again.text and "operator 某" in again.text
    assert operator.post(f"{address}/take").status_code == 403
    comes = as_person("dutyleader")
    assert comes.post(f"{address}/take").status_code == 303
    assert as_person("dutyleader-east").post(f"{address}/take").status_code == 409
    with small_city.reading() as session:
        assert len(session.scalars(select(HandOver)).all()) == len(session.scalars(select(HandOverReceipt)).all()) == 1


def test_another_centre_s_log_is_its_own_and_who_oversees_reads_it(as_person: As, shift_id: int) -> None:
    address = leave(as_person("operator"), shift_id).location
    assert as_person("dispatcher").get(address).status_code == 404
    assert "三江口" not in as_person("dispatcher").get(LOG).text
    supervisor = as_person("supervisor")
    assert "三江口" in supervisor.get(LOG).text and supervisor.post(f"{address}/take").status_code == 403
    assert as_person("handler").get(LOG).status_code == 403


@pytest.mark.parametrize("wrong", [{"matters": " "}, {"on": "2026-01-01"}, {"on": "someday"}, {"shift": "99"}])
def test_what_is_wrong_is_said_and_what_was_typed_stays(as_person: As, shift_id: int, wrong: dict[str, str]) -> None:
    answer = leave(as_person("operator"), shift_id, **wrong)
    assert answer.status_code == 422
    assert ("三江口灯会" in answer.text) is ("matters" not in wrong)


def test_a_case_outside_the_reader_s_scope_is_counted_and_not_shown(
    as_person: As, shift_id: int, numbers: dict[str, str], small_city: Database
) -> None:
    address = leave(as_person("operator"), shift_id).location
    page = as_person("operator-east").get(address).text
    assert "交班时超时案件 · 1" in page and numbers["overdue"] not in page
