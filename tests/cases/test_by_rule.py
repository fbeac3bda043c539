"""Steps that go by themselves: taken right after the step before and recorded as the rule's; sample and exceptions."""

import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.models import AuditAction, AuditEntry, Body
from cityops.accounts.posts import Post
from cityops.cases import automation, by_rule
from cityops.cases.automation import AutomationEntry, AutomationRule, NewAutomation
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import Source, Stage, StepName
from cityops.cases.plain_cases import DRAWS, AutoStep, Held
from cityops.catalog import rules
from cityops.catalog.rules import NewRule
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from tests import factories
from tests.factories import EAST, WEST, People


@pytest.fixture
def admin(people: People):
    return people.viewer("admin")


def switch_on(session: Session, admin, step: AutoStep, **changes: object) -> AutomationRule:
    return automation.switch_on(session, admin, NewAutomation(step, **({"sample_percent": 0} | changes)))  # type: ignore[arg-type]


def a_case(session: Session, people: People, **changes: object) -> Case:
    return factories.make_report(session, people.inspector, **({"condition": "C01037-1"} | changes)).case


def entries(session: Session) -> list[Held | None]:
    return list(session.scalars(select(AutomationEntry.held).order_by(AutomationEntry.id)))


def test_nothing_goes_by_itself_until_it_is_switched_on(session: Session, people: People) -> None:
    case = factories.bring_to(session, people, a_case(session, people), "accept")
    assert case.stage is Stage.ACCEPTED and entries(session) == []


def test_a_plain_case_is_filed_and_dispatched_in_the_step_that_accepts_it(
    session: Session, people: People, admin
) -> None:
    duty = rules.add_rule(session, admin, NewRule("roads", "C01037", area_prefix=WEST))
    file, dispatch = switch_on(session, admin, AutoStep.FILE), switch_on(session, admin, AutoStep.DISPATCH)
    case = factories.bring_to(session, people, a_case(session, people), "accept")
    assert (case.stage, case.body and case.body.code) == (Stage.DISPATCHED, "roads")
    events = session.scalars(select(CaseEvent).where(CaseEvent.person_id.is_(None)).order_by(CaseEvent.seq)).all()
    assert [(event.step, event.post) for event in events] == [(StepName.FILE, None), (StepName.DISPATCH, None)]
    payloads = [json.loads(event.payload) for event in events]
    assert [payload["rule"] for payload in payloads] == [file.id, dispatch.id]
    assert payloads[1]["duties"] == [duty.id]
    assert entries(session) == [None, None]


def test_a_passed_check_closes_a_plain_case(session: Session, people: People, admin) -> None:
    switch_on(session, admin, AutoStep.CLOSE)
    case = a_case(session, people)
    factories.bring_to(session, people, case, "accept", "file", "dispatch", "report_back")
    factories.take(session, people.viewer("inspector2"), case, "check")
    assert case.stage is Stage.CLOSED and case.ended_at is not None


@pytest.mark.parametrize(
    ("steps", "held"),
    [
        (("send_back", "dispatch", "report_back", "check"), Held.SENT_BACK),
        (("report_back", "fail", "report_back", "check"), Held.REWORKED),
    ],
)
def test_what_went_wrong_on_the_way_is_closed_by_a_person(
    session: Session, people: People, admin, steps: tuple[str, ...], held: Held
) -> None:
    switch_on(session, admin, AutoStep.CLOSE)
    case = factories.bring_to(session, people, a_case(session, people), "accept", "file", "dispatch")
    other = people.viewer("inspector2")
    for step in steps:
        if step in {"fail", "check"}:
            factories.take(session, other, case, "check", result="failed" if step == "fail" else "passed")
        else:
            factories.bring_to(session, people, case, step)
    assert case.stage is Stage.CLOSING and entries(session) == [held]


def test_who_reported_it_and_checked_it_himself_does_not_close_it(session: Session, people: People, admin) -> None:
    switch_on(session, admin, AutoStep.CLOSE)
    case = a_case(session, people)
    factories.bring_to(session, people, case, "accept", "file", "dispatch", "report_back", "check")
    assert case.stage is Stage.CLOSING and entries(session) == [Held.CHECKED_BY_REPORTER]
    found = automation.find_entry(session, case)
    assert found is not None and found.held is Held.CHECKED_BY_REPORTER


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"condition": None}, Held.NO_CONDITION),
        ({"condition": "C01037-2"}, Held.URGENT),
        ({"address": ""}, Held.INCOMPLETE),
    ],
)
def test_what_is_not_plain_is_filed_by_a_person(
    session: Session, people: People, admin, changes: dict[str, object], held: Held
) -> None:
    switch_on(session, admin, AutoStep.FILE)
    case = factories.bring_to(session, people, a_case(session, people, **changes), "accept")
    assert case.stage is Stage.ACCEPTED and entries(session) == [held]


def test_what_was_not_found_on_the_spot_is_filed_by_a_person(session: Session, people: People, admin) -> None:
    switch_on(session, admin, AutoStep.FILE)
    report = factories.make_report(session, people.operator, source=Source.HOTLINE, condition="C01037-1")
    factories.take(session, people.operator, report.case, "accept")
    factories.take(session, people.inspector, report.case, "verify", result="not_found")
    assert report.case.stage is Stage.ACCEPTED and entries(session) == [Held.NOT_CONFIRMED]


def test_urgent_cases_go_by_themselves_only_where_the_rule_says_so(session: Session, people: People, admin) -> None:
    switch_on(session, admin, AutoStep.FILE, with_urgent=True)
    case = factories.bring_to(session, people, a_case(session, people, condition="C01037-2"), "accept")
    assert case.stage is Stage.FILED


def test_without_one_clear_body_a_dispatcher_dispatches(session: Session, people: People, admin) -> None:
    switch_on(session, admin, AutoStep.DISPATCH)
    named_by_condition = factories.bring_to(session, people, a_case(session, people), "accept", "file")
    for body in ("roads", "lamps"):
        rules.add_rule(session, admin, NewRule(body, "C01037"))
    torn = factories.bring_to(session, people, a_case(session, people), "accept", "file")
    assert named_by_condition.stage is torn.stage is Stage.FILED
    assert entries(session) == [Held.NO_CLEAR_BODY] * 2


def test_what_was_sent_back_is_dispatched_by_a_person(session: Session, people: People, admin) -> None:
    rules.add_rule(session, admin, NewRule("lamps", "C01037"))
    switch_on(session, admin, AutoStep.DISPATCH)
    case = factories.bring_to(session, people, a_case(session, people), "accept", "file")
    assert case.stage is Stage.DISPATCHED
    factories.bring_to(session, people, case, "send_back")
    assert case.stage is Stage.FILED


def test_a_rule_that_cannot_act_does_not_undo_the_persons_step(
    session: Session, people: People, admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_on(session, admin, AutoStep.FILE)

    def refuse(act: object) -> None:
        raise Invalid("photo", "no")

    monkeypatch.setattr(by_rule, "EFFECTS", {StepName.FILE: refuse})
    case = factories.bring_to(session, people, a_case(session, people), "accept")
    session.expire(case)
    assert (case.stage, case.version) == (Stage.ACCEPTED, 2)
    assert [row.name for row in case.clocks if row.stopped_at is None] == ["file"]
    assert entries(session) == [Held.REFUSED]
    factories.bring_to(session, people, case, "file")


def test_the_sample_is_drawn_by_the_citys_key_and_the_same_whenever_asked(
    session: Session, people: People, admin
) -> None:
    rule = switch_on(session, admin, AutoStep.FILE, sample_percent=50)
    office = factories.make_office()
    cases = [factories.bring_to(session, people, a_case(session, people), "accept") for _ in range(12)]
    draws = [by_rule.draw_for(office.keys, rule, case) for case in cases]
    assert draws == [by_rule.draw_for(office.keys, rule, case) for case in cases]
    assert len(set(draws)) > 6 and all(0 <= draw < DRAWS for draw in draws)
    expected = [Held.SAMPLED if draw < DRAWS // 2 else None for draw in draws]
    assert entries(session) == expected
    assert [case.stage is Stage.ACCEPTED for case in cases] == [held is not None for held in expected]


def test_the_most_particular_rule_speaks(session: Session, people: People, admin) -> None:
    switch_on(session, admin, AutoStep.FILE)
    switch_on(session, admin, AutoStep.FILE, class_key="C01037", sample_percent=100)
    near = switch_on(session, admin, AutoStep.FILE, class_key="C01037", area_prefix=WEST, source="inspector")
    case = factories.bring_to(session, people, a_case(session, people), "accept")
    assert case.stage is Stage.FILED
    assert session.scalars(select(AutomationEntry.rule_id)).all() == [near.id]
    east = a_case(session, people, lon=factories.EAST_POINT[0], lat=factories.EAST_POINT[1])
    assert factories.bring_to(session, people, east, "accept").stage is Stage.ACCEPTED


def test_a_switch_works_at_once_and_stands_in_the_audit_list(session: Session, people: People, admin) -> None:
    rule = switch_on(session, admin, AutoStep.FILE)
    with pytest.raises(Invalid, match="is on for the same"):
        switch_on(session, admin, AutoStep.FILE, sample_percent=10)
    automation.switch_off(session, admin, rule.id)
    with pytest.raises(WrongState):
        automation.switch_off(session, admin, rule.id)
    with pytest.raises(NotFound):
        automation.switch_off(session, admin, rule.id + 9)
    assert factories.bring_to(session, people, a_case(session, people), "accept").stage is Stage.ACCEPTED
    assert switch_on(session, admin, AutoStep.FILE).id != rule.id
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-3:] == [AuditAction.AUTOMATION_ON, AuditAction.AUTOMATION_OFF, AuditAction.AUTOMATION_ON]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("class_key", {"class_key": "C99999"}),
        ("area", {"area_prefix": "33"}),
        ("source", {"source": "nobody"}),
        ("sample_percent", {"sample_percent": 101}),
        ("note", {"note": "长" * 201}),
    ],
)
def test_a_switch_that_cannot_be_is_refused(session: Session, admin, field: str, changes: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        switch_on(session, admin, AutoStep.FILE, **changes)
    assert refused.value.field == field


def test_a_districts_administrator_switches_for_the_district_and_sees_its_cases(
    session: Session, people: People, admin
) -> None:
    factories.give_post(session, "operator-east", Post.ADMINISTRATOR, EAST)
    session.flush()
    east = people.viewer("operator-east")
    with pytest.raises(NotAllowed):
        switch_on(session, east, AutoStep.CLOSE)
    assert switch_on(session, east, AutoStep.CLOSE, area_prefix=EAST).area_prefix == EAST
    switch_on(session, admin, AutoStep.FILE)
    factories.bring_to(session, people, a_case(session, people), "accept")
    assert automation.list_entries(session, east.only(Post.ADMINISTRATOR)) == []
    assert automation.tally_today(session, east.only(Post.ADMINISTRATOR)) == {}
    assert len(automation.list_entries(session, admin)) == 1
    with pytest.raises(NotAllowed):
        automation.list_rules(session, people.dispatcher)


def test_a_body_closed_meanwhile_gets_nothing(session: Session, people: People, admin) -> None:
    rules.add_rule(session, admin, NewRule("roads", "C01037"))
    switch_on(session, admin, AutoStep.DISPATCH)
    roads = session.scalars(select(Body).where(Body.code == "roads")).one()
    roads.ended_on = factories.MONDAY_MORNING.date()
    session.flush()
    case = factories.bring_to(session, people, a_case(session, people), "accept", "file")
    assert case.stage is Stage.FILED and entries(session) == [Held.NO_CLEAR_BODY]
