"""Warnings of what is owed beside a case's clocks: re-checks, and tasks beside a lead."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock, schema
from cityops.accounts import centres
from cityops.accounts import queries as accounts
from cityops.accounts.models import BodyKind, Person
from cityops.accounts.posts import Post
from cityops.cases import co_handling, succession
from cityops.cases.at_place import AtPlace, Manner
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.co_models import CoHandling
from cityops.cases.models import Case
from cityops.cases.names import ClockName, StepName
from cityops.cases.services import StepRequest
from cityops.db import Database
from cityops.errors import Invalid
from cityops.notices import rules
from cityops.notices.models import Moment, Notice, Owed, Recipient
from cityops.notices.rules import NewWarning
from cityops.notices.sweeping import warn
from cityops.patrol import recheck_queries, rechecks
from cityops.patrol.models import InspectorTask, Wait
from cityops.patrol.recheck_models import Recheck
from cityops.patrol.rechecks import NewSample
from cityops.patrol.services import hand_on_tasks
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.factories import MONDAY_MORNING, People, bring_to, make_report, take
from tests.patrol.test_rechecks import third_inspector

KEYS = factories.make_keys()
WEEK = timedelta(days=8)


def told(session: Session) -> Counter[tuple[str, str]]:
    """Who is told what of what is owed and not settled, how often."""
    rows = session.execute(
        select(Person.username, Notice)
        .join(Person, Person.id == Notice.person_id)
        .where(Notice.settled_at.is_(None), Notice.clock_id.is_(None), Notice.event_id.is_(None))
    )
    return Counter((username, notice.kind.value) for username, notice in rows)


def sweep(session: Session, after: timedelta) -> None:
    with clock.running_at(MONDAY_MORNING + after):
        warn(session, limit=10_000)


def make_recheck(session: Session, people: People) -> Recheck:
    """The re-check of a case closed on Monday, given to an inspector."""
    case = bring_to(session, people, make_report(session, people.inspector).case, "accept", "file", "dispatch")
    bring_to(session, people, case, "sign_for", "report_back")
    take(session, people.viewer("inspector2"), case, "check", at_place=AtPlace(case.lon, case.lat, clock.now()))
    take(session, people.dutyleader, case, "close")
    today = clock.today()
    rechecks.draw(session, people.viewer("supervisor"), KEYS, NewSample(today, today, percent=100))
    row = session.scalars(select(Recheck)).one()
    task = session.get_one(InspectorTask, row.task_id)
    task.person_id, task.waits_because = people.inspector.person_id, None
    session.flush()
    return row


@pytest.fixture
def recheck(session: Session, people: People) -> Recheck:
    return make_recheck(session, people)


def judge(session: Session, people: People, row: Recheck) -> None:
    """Answer a re-check at the supervisor's desk."""
    case = session.get_one(Case, row.case_id)
    place = AtPlace(manner=Manner.BY_VIDEO, reason="3 号监控")
    asked = StepRequest(StepName.RECHECK, case.version, result="upheld", at_place=place)
    rechecks.answer(session, people.viewer("supervisor"), factories.make_office(), row.id, asked, None)


def test_an_overdue_recheck_is_told_to_its_inspector_then_to_the_supervision(
    session: Session, people: People, recheck: Recheck
) -> None:
    due_after = session.get_one(InspectorTask, recheck.task_id).due_at - MONDAY_MORNING
    sweep(session, due_after - timedelta(minutes=1))
    assert told(session) == {}
    sweep(session, due_after)
    assert told(session) == {("inspector", "over"): 1}
    sweep(session, due_after + timedelta(days=1))
    sweep(session, due_after + timedelta(days=2))
    assert told(session) == {("inspector", "over"): 1, ("supervisor", "over"): 1}


def test_an_answer_settles_what_was_told_of_a_recheck(session: Session, people: People, recheck: Recheck) -> None:
    sweep(session, timedelta(days=30))
    assert sum(told(session).values()) == 2
    judge(session, people, recheck)
    assert told(session) == {}


def test_a_reopening_settles_what_was_told_of_a_recheck(session: Session, people: People, recheck: Recheck) -> None:
    sweep(session, timedelta(days=30))
    take(session, people.viewer("supervisor"), session.get_one(Case, recheck.case_id), "reopen")
    assert told(session) == {}
    sweep(session, timedelta(days=60))
    assert told(session) == {}


def test_who_is_given_an_overdue_recheck_is_told_and_who_had_it_reads_of_it_no_more(
    session: Session, people: People, recheck: Recheck
) -> None:
    task = session.get_one(InspectorTask, recheck.task_id)
    task.person_id, task.waits_because = None, Wait.NOBODY_ON_DUTY
    session.flush()
    sweep(session, timedelta(days=30))
    assert told(session) == {("supervisor", "over"): 1}
    task.person_id, task.waits_because = people.inspector.person_id, None
    session.flush()
    sweep(session, timedelta(days=31))
    assert told(session) == {("supervisor", "over"): 1, ("inspector", "over"): 1}
    session.get_one(Person, people.inspector.person_id).ended_on = (MONDAY_MORNING + timedelta(days=31)).date()
    third_inspector(session)
    with clock.running_at(MONDAY_MORNING + timedelta(days=32)):
        assert hand_on_tasks(session, KEYS) == 1
    for days in (32, 33):
        sweep(session, timedelta(days=days))
        assert told(session) == {("supervisor", "over"): 1, ("inspector3", "over"): 1}


def test_of_a_closed_centres_case_the_one_that_follows_it_is_told(
    session: Session, people: People, recheck: Recheck
) -> None:
    case = session.get_one(Case, recheck.case_id)
    case.centre_id = accounts.find_body(session, "supervision").id
    city, everywhere = accounts.find_body(session, "city"), accounts.find_jurisdiction(session, "city")
    for code, kind, post in (
        ("supervision-2", BodyKind.SUPERVISION_CENTRE, Post.SUPERVISOR),
        ("command-2", BodyKind.COMMAND_CENTRE, Post.DISPATCHER),
    ):
        body = factories.make_body(session, code, kind, city)
        factories.make_person(session, f"at-{code}", post, body, everywhere)
    centres.set_centres(session, None, jurisdiction="city", supervision="supervision-2", command="command-2")
    for code in ("supervision", "command"):
        succession.end_body(session, None, factories.make_office(), code, on=MONDAY_MORNING.date())
    session.expire_all()
    follower = people.viewer("at-supervision-2").only(Post.SUPERVISOR)
    assert [row.id for row in recheck_queries.list_open(session, follower)] == [recheck.id]
    sweep(session, timedelta(days=30))
    assert told(session) == {("inspector", "over"): 1, ("at-supervision-2", "over"): 1}


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("moment", {"moment": Moment.NEAR}),
        ("recipient", {"recipient": Recipient.BODY_ABOVE}),
        ("recipient", {"recipient": Recipient.HANDLER}),
        ("is_urgent_only", {"is_urgent_only": True}),
        ("owed", {"clock": ClockName.SIGN}),
        ("recipient", {"after_minutes": 0, "recipient": Recipient.HOLDER}),
    ],
)
def test_a_rule_of_rechecks_that_reaches_nobody_or_the_judged_or_is_there_already_is_refused(
    session: Session, people: People, field: str, changes: dict[str, object]
) -> None:
    facts = {"clock": None, "moment": Moment.DUE, "after_minutes": 30, "every_minutes": None}
    facts |= {"recipient": Recipient.SUPERVISOR, "is_urgent_only": False, "owed": Owed.RECHECK}
    with pytest.raises(Invalid) as refused:
        rules.add_rule(session, people.viewer("admin"), NewWarning(**facts | changes))
    assert refused.value.field == field


def make_task(session: Session, people: People) -> CoHandling:
    """The roads' task of two working days in a case that the lamps' body leads."""
    case = bring_to(session, people, make_report(session, people.inspector).case, "accept", "file", "dispatch")
    new = NewCoHandling(case.version, "roads", "修好路面", Limit(2, Unit.WORKING_DAY))
    return co_handling.add(session, people.dispatcher, factories.make_office(), case.number, new)


@pytest.fixture
def task(session: Session, people: People) -> CoHandling:
    return make_task(session, people)


def test_a_task_beside_a_lead_is_told_of_when_it_is_near_and_over_to_its_own_body(
    session: Session, people: People, task: CoHandling
) -> None:
    sweep(session, task.warn_at - MONDAY_MORNING - timedelta(minutes=1))
    assert told(session) == {}
    sweep(session, task.warn_at - MONDAY_MORNING)
    assert told(session) == {("handler-roads", "near"): 1}
    sweep(session, task.due_at - MONDAY_MORNING)
    sweep(session, task.due_at - MONDAY_MORNING + timedelta(days=1))
    assert set(told(session)) >= {("handler-roads", "near"), ("handler-roads", "over")}
    assert set(told(session).values()) == {1} and not any(name == "handler" for name, _ in told(session))


def test_what_was_told_of_a_task_stays_while_the_case_moves_and_is_settled_when_it_is_done(
    session: Session, people: People, task: CoHandling
) -> None:
    sweep(session, task.warn_at - MONDAY_MORNING)
    case = session.get_one(Case, task.case_id)
    bring_to(session, people, case, "sign_for")
    assert told(session) == {("handler-roads", "near"): 1}
    roads, office = people.viewer("handler-roads"), factories.make_office()
    co_handling.report(session, roads, office, task.id, case.version, "路面已修好")
    assert told(session) == {}


def test_an_upgraded_city_is_told_of_what_comes_but_not_of_what_was_overdue_before(small_city: Database) -> None:
    moment = clock.now()
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        row, task = make_recheck(session, People(session)), make_task(session, People(session))
        session.get_one(InspectorTask, row.task_id).due_at = moment - timedelta(days=2)
        task.warn_at, task.due_at = moment - timedelta(hours=1), moment + timedelta(hours=1)
    small_city.dispose()
    schema.downgrade(small_city.url, "0031")
    schema.upgrade(small_city.url)
    for hours, expected in ((0, set()), (2, {("handler-roads", "over")})):
        with clock.running_at(moment + timedelta(hours=hours)), small_city.transaction() as session:
            warn(session, limit=10_000)
            assert {each for each in told(session) if each[0] != "leader"} == expected
