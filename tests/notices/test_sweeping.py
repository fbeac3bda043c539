"""The sweep: each clock that has come to a rule is told of once, to whom it concerns, at a sensible hour."""

from collections import Counter
from dataclasses import fields
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Person
from cityops.accounts.posts import Post
from cityops.cases.models import AttachmentKind, Case, ClockPause, StageClock
from cityops.cases.names import ClockName
from cityops.notices import rules
from cityops.notices.models import ClockWarning, Notice, NoticeKind, Recipient, WarningRule
from cityops.notices.recipients import POST_OF_CLOCK
from cityops.notices.sweeping import warn
from cityops.roster.contacts import add_contact
from tests import factories
from tests.counting import counted_queries
from tests.factories import MONDAY_MORNING, People, bring_to, make_report

Told = set[tuple[str, str]]


def sweep(session: Session, **after: float) -> int:
    """Sweep so long after Monday 9:00."""
    with clock.running_at(MONDAY_MORNING + timedelta(**after)):
        return warn(session, limit=10_000)


def told(session: Session) -> Counter[tuple[str, str]]:
    """Who was told what, how often."""
    rows = session.execute(select(Person.username, Notice.kind).join(Person, Person.id == Notice.person_id))
    return Counter((username, kind.value) for username, kind in rows)


def urgent_case(session: Session, people: People) -> Case:
    """An urgent case that the lamp department has not signed for; all of its clocks began at 9:00."""
    case = bring_to(session, people, make_report(session, people.inspector).case, "accept")
    factories.take(session, people.dutyleader, case, "file", condition="C01037-2")
    return factories.take(session, people.dispatcher, case, "dispatch")


def plain_case(session: Session, people: People, *steps: str) -> Case:
    return bring_to(session, people, make_report(session, people.inspector).case, *steps)


def test_who_has_to_act_follows_from_the_workflow() -> None:
    assert POST_OF_CLOCK == {
        ClockName.ACCEPT: Post.OPERATOR,
        ClockName.VERIFY: Post.INSPECTOR,
        ClockName.FILE: Post.DUTY_LEADER,
        ClockName.DISPATCH: Post.DISPATCHER,
        ClockName.SIGN: Post.HANDLER,
        ClockName.HANDLE: Post.HANDLER,
        ClockName.CHECK: Post.INSPECTOR,
        ClockName.CLOSE: Post.DUTY_LEADER,
    }


def test_a_desk_is_told_when_its_clock_is_near_and_when_it_is_over(session: Session, people: People) -> None:
    plain_case(session, people)
    assert sweep(session, minutes=29) == 0
    sweep(session, minutes=31)
    assert told(session) == {("operator", "near"): 1}
    sweep(session, minutes=61)
    assert told(session) == {("operator", "near"): 1, ("operator", "over"): 1, ("dutyleader", "over"): 1}


def test_a_desk_of_another_district_is_not_told(session: Session, people: People) -> None:
    plain_case(session, people, "accept", "file")
    sweep(session, minutes=61)
    assert {who for who, _ in told(session)} == {"dispatcher", "dutyleader"}


def test_the_body_s_own_handlers_are_told_and_at_the_limit_who_stands_above(session: Session, people: People) -> None:
    factories.give_post(session, "supervisor", Post.LEADER)
    plain_case(session, people, "accept", "file", "dispatch")
    sweep(session, minutes=40)
    assert told(session) == {("handler", "near"): 1}
    sweep(session, minutes=61)
    assert told(session)["handler", "over"] == told(session)["dutyleader", "over"] == 1


def test_a_crew_s_case_goes_up_to_the_department(session: Session, people: People) -> None:
    case = plain_case(session, people, "accept", "file")
    factories.take(session, people.dispatcher, case, "dispatch", body="lamps-crew")
    sweep(session, minutes=61)
    assert told(session) == {("handler-crew", "over"): 1, ("handler", "over"): 1, ("dutyleader", "over"): 1}


def test_the_inspector_who_has_the_task_is_told(session: Session, people: People) -> None:
    plain_case(session, people, "accept", "file", "dispatch", "sign_for", "report_back")
    sweep(session, minutes=31)
    assert sum(told(session).values()) == 1
    assert {who for who, _ in told(session)} <= {"inspector", "inspector2"}


def test_who_holds_several_posts_reads_it_once(session: Session, people: People) -> None:
    factories.give_post(session, "operator", Post.DUTY_LEADER)
    plain_case(session, people)
    sweep(session, minutes=61)
    assert told(session)["operator", "over"] == 1


def test_what_was_missed_while_nothing_ran_is_told_once_as_it_is(session: Session, people: People) -> None:
    plain_case(session, people)
    sweep(session, days=3)
    assert told(session) == {("operator", "over"): 1, ("dutyleader", "over"): 1}
    assert sweep(session, days=4) == 0


def test_a_paused_or_stopped_clock_is_not_told_of(session: Session, people: People) -> None:
    plain_case(session, people, "accept", "file", "dispatch", "sign_for", "report_back", "check")
    session.execute(update(StageClock).where(StageClock.name == ClockName.CLOSE).values(stopped_at=clock.now()))
    assert sweep(session, days=30) == 0
    waiting = plain_case(session, people)
    session.add(ClockPause(clock_id=waiting.clocks[0].id, from_at=clock.now()))
    session.flush()
    assert sweep(session, days=30) == 0


def test_a_clock_given_more_time_is_told_of_anew(session: Session, people: People) -> None:
    plain_case(session, people)
    sweep(session, minutes=61)
    later = MONDAY_MORNING + timedelta(hours=5)
    session.execute(update(StageClock).values(due_at=later, warn_at=later - timedelta(hours=1)))
    sweep(session, minutes=62)
    assert told(session)["operator", "near"] == 0
    sweep(session, hours=4, minutes=1)
    sweep(session, hours=5, minutes=1)
    assert (told(session)["operator", "near"], told(session)["operator", "over"]) == (1, 2)


def test_a_plain_notice_waits_for_the_morning_and_an_urgent_one_does_not(session: Session, people: People) -> None:
    plain_case(session, people)
    urgent_case(session, people)
    sweep(session, hours=14)
    shown = {row.is_urgent: row.show_at for row in session.scalars(select(Notice))}
    assert shown == {
        False: datetime(2026, 11, 10, 7, tzinfo=clock.CITY_ZONE),
        True: MONDAY_MORNING + timedelta(hours=14),
    }


def test_an_urgent_case_nobody_signs_for_climbs_every_ten_minutes(session: Session, people: People) -> None:
    department = factories.make_body_leader(session, "lamps")
    urgent_case(session, people)
    climbed = []
    for minutes in range(31):
        before = told(session)
        sweep(session, minutes=minutes)
        climbed += [(minutes, who) for who, kind in told(session) - before if kind == "waiting"]
    assert climbed == [(10, "dutyleader"), (20, department)]
    sweep(session, minutes=90)
    assert told(session)["dutyleader", "waiting"] == told(session)[department, "waiting"] == 1


def test_the_duty_list_is_climbed_one_by_one_and_the_duty_leader_told_whom_to_call(
    session: Session, people: People
) -> None:
    for name, username in (("周班长", "handler-crew"), ("吴主任", "")):
        add_contact(
            session,
            people.dutyleader,
            factories.make_keys(),
            body_code="lamps",
            name=name,
            phone="15400007788",
            username=username,
        )
    urgent_case(session, people)
    for minutes in (10, 20, 30, 40):
        sweep(session, minutes=minutes)
    waiting = select(Notice).where(Notice.kind == NoticeKind.WAITING).order_by(Notice.turn, Notice.person_id)
    told = [(row.turn, row.person_id, row.call) for row in session.scalars(waiting)]
    leader, reached = people.dutyleader.person_id, people.viewer("handler-crew").person_id
    assert told == [
        (0, leader, None),
        (1, leader, "周班长"),
        (1, reached, "周班长"),
        (2, leader, "吴主任"),
    ]


def test_the_duty_list_is_climbed_on_where_its_rule_is_changed_on_the_way(session: Session, people: People) -> None:
    department = factories.make_body_leader(session, "lamps")
    urgent_case(session, people)
    sweep(session, minutes=10)
    number = session.scalars(select(WarningRule.id).where(WarningRule.recipient == Recipient.DUTY_LIST)).one()
    with clock.running_at(MONDAY_MORNING + timedelta(minutes=12)):
        admin = people.viewer("admin")
        rule = rules.get_rule(session, admin, number)
        facts = {each.name: getattr(rule, each.name) for each in fields(rules.NewWarning)}
        rules.change_rule(session, admin, number, rules.NewWarning(**facts | {"every_minutes": 5}))
    for minutes in (12, 14, 16):
        sweep(session, minutes=minutes)
    assert told(session)["dutyleader", "waiting"] == told(session)[department, "waiting"] == 1


def test_after_an_outage_the_climb_goes_on_where_it_stood(session: Session, people: People) -> None:
    department = factories.make_body_leader(session, "lamps")
    urgent_case(session, people)
    sweep(session, hours=9)
    assert (told(session)["dutyleader", "waiting"], told(session)[department, "waiting"]) == (1, 0)


def test_a_rule_that_is_switched_off_says_nothing(session: Session, people: People) -> None:
    plain_case(session, people)
    session.execute(update(WarningRule).values(is_active=False))
    assert sweep(session, days=1) == 0


def test_whoever_has_left_is_told_nothing(session: Session, people: People) -> None:
    plain_case(session, people)
    session.execute(update(Person).where(Person.username == "operator").values(ended_on=clock.today()))
    sweep(session, minutes=40)
    assert told(session) == {}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(looks=st.lists(st.integers(0, 300), min_size=1, max_size=12).map(sorted))
def test_however_often_it_looks_each_is_told_at_most_once(session: Session, people: People, looks: list[int]) -> None:
    session.execute(delete(Notice))
    session.execute(delete(ClockWarning))
    if session.scalar(select(func.count()).select_from(Case)) == 0:
        plain_case(session, people)
    for minutes in looks:
        sweep(session, minutes=minutes)
    assert set(told(session).values()) <= {1}
    assert (("operator", "over") in told(session)) is (looks[-1] >= 60)


def test_many_clocks_are_told_of_with_as_many_queries_as_one(session: Session, people: People) -> None:
    plain_case(session, people)
    with counted_queries() as one:
        sweep(session, minutes=61)
    for _ in range(20):
        plain_case(session, people)
    with counted_queries() as many:
        assert sweep(session, minutes=62) == 40
    assert len(many) == len(one)


@pytest.mark.parametrize("limit", [1, 7])
def test_what_does_not_fit_in_a_batch_comes_in_the_next(session: Session, people: People, limit: int) -> None:
    for _ in range(5):
        plain_case(session, people)
    with clock.running_at(MONDAY_MORNING + timedelta(minutes=61)):
        batches = [warn(session, limit=limit) for _ in range(11)]
    assert sum(batches) == 10 and max(batches) == limit


def test_at_night_those_on_duty_are_told_at_once_and_those_asleep_not_at_all(session: Session, people: People) -> None:
    plain_case(session, people)
    factories.put_on_duty(session, "supervision", {"operator": (1260, 420), "dutyleader": (420, 1260)})
    sweep(session, hours=14)
    shown = {row.person_id: row.show_at for row in session.scalars(select(Notice))}
    morning = datetime(2026, 11, 10, 7, tzinfo=clock.CITY_ZONE)
    # No duty leader is on duty: then all of them are told, in the morning.
    assert shown == {
        people.operator.person_id: MONDAY_MORNING + timedelta(hours=14),
        people.dutyleader.person_id: morning,
    }


def test_each_phase_of_handling_is_warned_of_by_itself(session: Session, people: People) -> None:
    factories.make_phases(session)
    case = bring_to(session, people, make_report(session, people.inspector).case, "accept")
    factories.take(session, people.dutyleader, case, "file", condition=factories.PHASED)
    bring_to(session, people, case, "dispatch", "sign_for")
    sweep(session, minutes=70)
    assert told(session)["handler", "near"] == 1
    with clock.running_at(MONDAY_MORNING + timedelta(minutes=80)):
        case.attachments.append(factories.make_photo(people, AttachmentKind.AFTER))
        session.flush()
        bring_to(session, people, case, "report_back", "check")
    assert all(notice.settled_at for notice in session.scalars(select(Notice).where(Notice.kind == NoticeKind.NEAR)))
    sweep(session, hours=3)
    assert told(session)["handler", "near"] == 1
    sweep(session, days=1, minutes=30)
    assert told(session)["handler", "near"] == 2
