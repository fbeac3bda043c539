"""A check that is made at the time of day of the report: who gets it when, what its clock counts, what is refused."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.cases import history
from cityops.cases.acting import running
from cityops.cases.clocks import closed_pauses
from cityops.cases.models import Case
from cityops.cases.names import ClockName
from cityops.catalog.models import FilingCondition
from cityops.clock import running_at
from cityops.db import Database
from cityops.errors import WrongState
from cityops.patrol import queries, services
from cityops.patrol.choosing import Wait
from cityops.patrol.models import CheckFlag, InspectorTask
from tests import factories
from tests.factories import MONDAY_MORNING, People

KEYS = factories.make_keys()
NINE, HANDLED = MONDAY_MORNING, MONDAY_MORNING + timedelta(hours=3)
BEGINS = MONDAY_MORNING + timedelta(hours=23, minutes=30)


@pytest.fixture
def session(small_city: Database) -> Iterator[Session]:
    with small_city.transaction() as session:
        condition = session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).one()
        condition.check_same_time = True
        session.flush()
        yield session


@pytest.fixture
def case(session: Session) -> Case:
    """Reported at nine, reported back at noon: to be checked from half past eight of the next day."""
    people = People(session)
    with running_at(NINE):
        made = factories.make_report(session, people.inspector).case
        factories.bring_to(session, people, made, "accept", "file", "dispatch")
    with running_at(HANDLED):
        return factories.bring_to(session, people, made, "report_back")


def the_task(session: Session) -> InspectorTask:
    return session.scalars(select(InspectorTask)).one()


def check(session: Session, case: Case, at: datetime) -> None:
    with running_at(at):
        factories.take(session, People(session).viewer("inspector2"), case, "check")


def test_it_is_given_when_the_hour_comes(session: Session, case: Case) -> None:
    task = the_task(session)
    assert (task.person_id, task.waits_because, task.not_before_at) == (None, Wait.NOT_YET, BEGINS)
    with running_at(BEGINS - timedelta(minutes=1)):
        assert services.hand_on_tasks(session, KEYS) == 0
        assert queries.count_waiting(session, People(session).viewer("supervisor")) == 1
    with running_at(BEGINS):
        assert services.hand_on_tasks(session, KEYS) == 1
    assert task.person_id == People(session).viewer("inspector2").person_id and task.given_at == BEGINS


def test_its_clock_stands_still_until_then(session: Session, case: Case) -> None:
    row = running(case, ClockName.CHECK)
    assert row is not None and row.started_at == HANDLED
    # The test city's limit of a check is one hour, day and night.
    assert row.due_at == case.due_at == BEGINS + timedelta(hours=1)


def test_nobody_checks_before_the_hour(session: Session, case: Case) -> None:
    with pytest.raises(WrongState):
        check(session, case, BEGINS - timedelta(minutes=1))
    check(session, case, BEGINS)
    assert session.scalars(select(CheckFlag.flag)).all() == []
    assert not any(isinstance(each, history.Broken) for each in history.find_broken(session, KEYS, case.id))


def test_a_check_at_another_time_of_day_is_flagged(session: Session, case: Case) -> None:
    check(session, case, BEGINS + timedelta(hours=3))
    assert session.scalars(select(CheckFlag.flag)).all() == ["other_time"]


def test_reported_back_at_that_hour_it_is_checked_at_once(session: Session) -> None:
    people = People(session)
    with running_at(NINE):
        made = factories.make_report(session, people.inspector).case
        factories.bring_to(session, people, made, "accept", "file", "dispatch")
    with running_at(NINE + timedelta(days=1, minutes=10)):
        factories.bring_to(session, people, made, "report_back")
    task = the_task(session)
    assert task.not_before_at is None and task.person_id is not None
    check(session, made, NINE + timedelta(days=1, minutes=20))
    assert session.scalars(select(CheckFlag.flag)).all() == []


def test_a_case_that_ends_before_the_hour_waits_no_longer(session: Session, case: Case) -> None:
    people, at = People(session), HANDLED + timedelta(hours=1)
    with running_at(at):
        asked = factories.ask(session, people.dispatcher, case, "force_close")
        factories.decide(session, people.viewer("supervisor"), asked)
    row = next(row for row in case.clocks if row.name is ClockName.CHECK)
    assert row.stopped_at == at and closed_pauses(row) == [(HANDLED, at)]
    assert the_task(session).done_at == at
