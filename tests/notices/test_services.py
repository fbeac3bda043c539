"""What a case's step tells to whom, what it settles, and what a person reads."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Person
from cityops.cases import by_rule, merging
from cityops.cases.asking import Decision
from cityops.cases.merging import NewMerge
from cityops.cases.models import Case
from cityops.errors import NotFound
from cityops.notices import services
from cityops.notices.models import Notice, NoticeKind
from cityops.notices.sweeping import warn
from tests import factories
from tests.factories import MONDAY_MORNING, People, ask, bring_to, decide, make_report, take


def case_after(session: Session, people: People, *steps: str) -> Case:
    return bring_to(session, people, make_report(session, people.inspector).case, *steps)


def told(session: Session) -> list[tuple[str, str]]:
    """Who is told of which step, as long as the case has not moved on."""
    rows = session.execute(
        select(Person.username, Notice)
        .join(Person, Person.id == Notice.person_id)
        .where(Notice.kind == NoticeKind.STEP, Notice.settled_at.is_(None))
        .order_by(Person.username)
    )
    return [(username, notice.event.step.value) for username, notice in rows]


def test_the_main_road_tells_nobody_anything(session: Session, people: People) -> None:
    case_after(session, people, "accept", "file", "dispatch", "sign_for", "report_back", "check", "close")
    assert session.scalars(select(Notice)).all() == []


def test_the_dispatchers_are_told_what_is_asked_of_them_and_the_body_what_was_decided(
    session: Session, people: People
) -> None:
    case = case_after(session, people, "accept", "file", "dispatch")
    request = ask(session, people.handler, case, "send_back")
    assert told(session) == [("dispatcher", "ask")]
    decide(session, people.dispatcher, request)
    assert told(session) == [("handler", "send_back")]


@pytest.mark.parametrize(("decision", "step"), [(Decision.GRANT, "extend"), (Decision.REJECT, "reject")])
def test_what_was_asked_is_settled_when_it_is_decided_though_the_case_stays(
    session: Session, people: People, decision: Decision, step: str
) -> None:
    case = case_after(session, people, "accept", "file", "dispatch", "sign_for")
    request = ask(session, people.handler, case, "extend", more=1)
    assert told(session) == [("dispatcher", "ask")]
    decide(session, people.dispatcher, request, decision, note="for this reason")
    assert told(session) == [("handler", step)]


def test_one_decision_settles_its_own_request_and_no_other(session: Session, people: People) -> None:
    case = case_after(session, people, "accept", "file", "dispatch", "sign_for")
    extend = ask(session, people.handler, case, "extend", more=1)
    ask(session, people.handler, case, "force_close")
    decide(session, people.dispatcher, extend)
    assert told(session) == [("dutyleader", "ask"), ("handler", "extend")]


def test_a_withdrawn_request_asks_for_nobodys_eyes(session: Session, people: People) -> None:
    case = case_after(session, people, "accept", "file", "dispatch", "sign_for")
    request = ask(session, people.handler, case, "extend", more=1)
    decide(session, people.handler, request, Decision.WITHDRAW)
    assert told(session) == []


def test_who_asked_is_told_of_the_decision_though_the_case_is_another_bodys(session: Session, people: People) -> None:
    case = case_after(session, people, "accept", "file", "dispatch", "sign_for")
    request = ask(session, people.dispatcher, case, "void")
    decide(session, people.dutyleader, request, Decision.REJECT, note="it is real")
    assert told(session) == [("dispatcher", "reject"), ("handler", "reject")]


def test_the_overseer_is_told_of_the_reply(session: Session, people: People) -> None:
    case = case_after(session, people, "accept", "file", "dispatch", "sign_for")
    request = ask(session, people.viewer("leader"), case, "oversee")
    assert told(session) == [("handler", "ask")]
    decide(session, people.handler, request, note="we are on it")
    assert told(session) == [("leader", "reply")]


def test_the_body_is_told_when_the_rule_ends_a_suspension(session: Session, people: People) -> None:
    case = case_after(session, people, "accept", "file", "dispatch", "sign_for")
    case.suspended_until_at = MONDAY_MORNING
    by_rule.resume(session, factories.make_office(), case)
    assert told(session) == [("handler", "resume")]


def test_the_handlers_are_told_of_a_failed_check_until_they_have_reported_back(
    session: Session, people: People
) -> None:
    case = case_after(session, people, "accept", "file", "dispatch", "sign_for", "report_back")
    take(session, people.inspector, case, "check", result="failed")
    assert told(session) == [("handler", "check")]
    take(session, people.handler, case, "report_back")
    assert told(session) == []


def merge(session: Session, people: People, case: Case, main: Case) -> None:
    new = NewMerge(case.version, main.number)
    merging.merge(session, people.dispatcher, factories.make_office(), case.number, new)


def test_the_body_is_told_that_a_case_it_has_was_merged_away_until_it_comes_back(
    session: Session, people: People
) -> None:
    main, case, waiting = (case_after(session, people, "accept", "file") for _ in range(3))
    bring_to(session, people, case, "dispatch", "sign_for")
    bring_to(session, people, waiting, "dispatch", "send_back")
    for each in (case, waiting):
        merge(session, people, each, main)
    assert told(session) == [("handler", "merge_filed")]
    office = factories.make_office()
    merging.unmerge(session, people.dispatcher, office, case.number, case.version, "不是同一处")
    assert told(session) == []


def test_what_was_told_of_a_merging_is_settled_when_the_main_case_is_over(session: Session, people: People) -> None:
    main, case = (case_after(session, people, "accept", "file") for _ in range(2))
    merge(session, people, bring_to(session, people, case, "dispatch"), main)
    assert told(session) == [("handler", "merge_filed")]
    bring_to(session, people, main, "dispatch", "report_back")
    take(session, people.viewer("inspector2"), main, "check")
    bring_to(session, people, main, "close")
    assert told(session) == []


def test_a_stopped_clock_settles_what_was_told_of_it_and_a_running_one_does_not(
    session: Session, people: People
) -> None:
    case = case_after(session, people, "accept", "file", "dispatch")
    with clock.running_at(MONDAY_MORNING + timedelta(days=7)):
        warn(session, limit=100)
        take(session, people.handler, case, "sign_for")
    names = {(row.clock.name, row.settled_at is not None) for row in session.scalars(select(Notice))}
    assert {(name.value, is_settled) for name, is_settled in names} == {("sign", True), ("handle", False)}


def test_a_notice_is_read_once_and_only_by_its_own_person(session: Session, people: People) -> None:
    ask(session, people.handler, case_after(session, people, "accept", "file", "dispatch"), "send_back")
    notice = session.scalars(select(Notice)).one()
    with pytest.raises(NotFound):
        services.read(session, people.operator, notice.id)
    first = services.read(session, people.dispatcher, notice.id).read_at
    with clock.running_at(MONDAY_MORNING + timedelta(hours=1)):
        assert services.read(session, people.dispatcher, notice.id).read_at == first


def test_all_that_is_shown_can_be_read_at_once_and_what_is_held_back_stays(session: Session, people: People) -> None:
    factories.give_post(session, "operator", people.dispatcher.posts[0])
    with clock.running_at(MONDAY_MORNING):
        ask(session, people.handler, case_after(session, people, "accept", "file", "dispatch"), "send_back")
    with clock.running_at(MONDAY_MORNING + timedelta(hours=14)):
        ask(session, people.handler, case_after(session, people, "accept", "file", "dispatch"), "send_back")
        services.read_all(session, people.dispatcher)
    read = {(row.person_id, row.show_at > row.made_at): row.read_at for row in session.scalars(select(Notice))}
    assert read.pop((people.dispatcher.person_id, False)) is not None
    assert set(read.values()) == {None} and len(read) == 3
