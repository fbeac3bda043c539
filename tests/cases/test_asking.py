from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.assessment.formulas import Count, Kind
from cityops.assessment.periods import month_of
from cityops.assessment.queries import EVERYTHING, count_behind
from cityops.cases import by_rule, history, request_queries
from cityops.cases.models import AssignmentEnd, Attachment, AttachmentKind, Case
from cityops.cases.names import Stage, StepName
from cityops.cases.queries import Tally
from cityops.cases.request_models import CaseRequest, RequestTerms
from cityops.cases.requests import RequestKind, RequestState
from cityops.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.worktime.limits import Unit
from tests import factories
from tests.factories import People, ask, bring_to, decide, make_report, take

UNTIL = date(2026, 11, 20)


def at(text: str) -> datetime:
    """A moment of November, as `11T09:00`."""
    return datetime.fromisoformat(f"2026-11-{text}+08:00")


@pytest.fixture
def case(session: Session, people: People) -> Case:
    """A lamp that the lamp department signed for on Monday the 9th at 09:00: due on the 11th at 09:00."""
    report = make_report(session, people.inspector)
    return bring_to(session, people, report.case, "accept", "file", "dispatch", "sign_for")


def prove(session: Session, case: Case, people: People) -> None:
    row = {"uuid": str(uuid4()), "case_id": case.id, "kind": AttachmentKind.PROOF, "sha256": "0" * 64, "size_bytes": 1}
    row |= {"media_type": "image/jpeg", "added_at": clock.now(), "added_by": people.handler.person_id}
    session.add(Attachment(**row))
    session.flush()


def supervisor(people: People):
    return people.viewer("supervisor")


def test_more_time_moves_the_due_moment_by_what_was_granted(session: Session, people: People, case: Case) -> None:
    request = ask(session, people.handler, case, "extend", more=1)
    assert case.open_requests == 1 and case.stage is Stage.HANDLING
    assert case.handle_due_at == at("11T09:00")
    decide(session, people.dispatcher, request)
    assert case.handle_due_at == case.due_at == case.assignments[-1].due_at == at("12T09:00")
    assert request.state is RequestState.GRANTED and case.open_requests == 0
    steps = [event.step for event in history.list_events(session, case.id)][-2:]
    assert steps == [StepName.ASK, StepName.EXTEND]


def test_more_time_is_given_once_under_an_assignment(session: Session, people: People, case: Case) -> None:
    decide(session, people.dispatcher, ask(session, people.handler, case, "extend", more=1))
    with pytest.raises(WrongState):
        ask(session, people.handler, case, "extend", more=1)


def test_asked_at_the_very_second_of_the_limit_is_in_time_and_a_second_later_is_not(
    session: Session, people: People, case: Case
) -> None:
    with clock.running_at(at("11T09:00:01")), pytest.raises(WrongState):
        ask(session, people.handler, case, "extend", more=1)
    with clock.running_at(at("11T09:00")):
        request = ask(session, people.handler, case, "extend", more=1)
    with clock.running_at(at("11T10:00")):
        decide(session, people.dispatcher, request)
    assert case.handle_due_at == at("12T09:00")


def test_a_rejection_says_why_and_changes_no_clock(session: Session, people: People, case: Case) -> None:
    request = ask(session, people.handler, case, "extend", more=1)
    with pytest.raises(Invalid):
        decide(session, people.dispatcher, request, "reject", note=" ")
    decide(session, people.dispatcher, request, "reject", note="理由不充分")
    assert request.state is RequestState.REJECTED and case.handle_due_at == at("11T09:00")


def test_what_was_withdrawn_may_be_asked_again(session: Session, people: People, case: Case) -> None:
    decide(session, people.handler, ask(session, people.handler, case, "extend", more=1), "withdraw")
    assert ask(session, people.handler, case, "extend", more=2).state is RequestState.OPEN


def test_only_who_asked_withdraws(session: Session, people: People, case: Case) -> None:
    request = ask(session, people.dispatcher, case, "void")
    with pytest.raises(NotAllowed):
        decide(session, people.handler, request, "withdraw")
    with pytest.raises(NotFound):
        decide(session, people.viewer("handler-roads"), request, "withdraw")


def test_nobody_decides_what_he_asked_himself(session: Session, people: People, case: Case) -> None:
    leader = people.dutyleader
    request = ask(session, leader, case, "void")
    with pytest.raises(NotAllowed):
        decide(session, leader, request)
    decide(session, supervisor(people), request)
    assert case.stage is Stage.VOIDED


@pytest.mark.parametrize("kind", ["suspend", "void", "force_close"])
def test_the_dispatcher_does_not_decide_what_the_supervision_side_decides(
    session: Session, people: People, case: Case, kind: str
) -> None:
    prove(session, case, people)
    request = ask(session, people.handler, case, kind, until_on=UNTIL)
    with pytest.raises(NotAllowed):
        decide(session, people.dispatcher, request)


def test_two_deciders_at_once_the_second_is_told(session: Session, people: People, case: Case) -> None:
    request = ask(session, people.handler, case, "extend", more=1)
    decide(session, people.dispatcher, request)
    with pytest.raises(WrongState):
        decide(session, people.dispatcher, request, "reject")


def test_a_stale_version_is_refused(session: Session, people: People, case: Case) -> None:
    with pytest.raises(Conflict):
        ask(session, people.handler, case, "extend", more=1, version=case.version - 1)


def test_a_suspension_stops_the_clock_until_its_day(session: Session, people: People, case: Case) -> None:
    with pytest.raises(Invalid) as refused:
        ask(session, people.handler, case, "suspend", until_on=UNTIL)
    assert refused.value.field == "photo"
    prove(session, case, people)
    with clock.running_at(at("10T09:00")):
        decide(session, supervisor(people), ask(session, people.handler, case, "suspend", until_on=UNTIL))
    assert case.due_at is None and case.suspended_until_at == at("20T00:00")
    # A working day of the two is left: it is due on the day the pause ends.
    assert case.handle_due_at == at("20T17:00") + timedelta(minutes=30) or case.handle_due_at > at("20T00:00")


def test_a_suspension_resumes_by_itself_on_its_day_however_late_the_sweep(
    session: Session, people: People, case: Case, small_city, config
) -> None:
    prove(session, case, people)
    with clock.running_at(at("10T09:00")):
        decide(session, supervisor(people), ask(session, people.handler, case, "suspend", until_on=UNTIL))
    planned = case.handle_due_at
    with clock.running_at(at("20T11:11")):
        by_rule.resume(session, factories.make_office(), case)
    assert case.suspended_until_at is None and case.due_at == case.handle_due_at == planned
    last = history.get_last(session, case.id)
    assert (last.step, last.person_id, last.post) == (StepName.RESUME, None, None)
    with pytest.raises(WrongState):
        by_rule.resume(session, factories.make_office(), case)


def test_reported_back_while_suspended_is_judged_with_the_pause(session: Session, people: People, case: Case) -> None:
    prove(session, case, people)
    with clock.running_at(at("10T09:00")):
        decide(session, supervisor(people), ask(session, people.handler, case, "suspend", until_on=UNTIL))
    with clock.running_at(at("13T09:00")):
        bring_to(session, people, case, "report_back", "check")
    assert case.assignments[-1].on_time is True and case.suspended_until_at is None


def test_a_body_that_is_done_early_resumes_by_hand(session: Session, people: People, case: Case) -> None:
    with pytest.raises(WrongState):
        take(session, people.handler, case, "resume")
    prove(session, case, people)
    with clock.running_at(at("10T09:00")):
        decide(session, supervisor(people), ask(session, people.handler, case, "suspend", until_on=UNTIL))
    with clock.running_at(at("11T09:00")):
        take(session, people.handler, case, "resume")
    assert case.due_at == at("12T09:00")


def test_a_request_dies_with_the_assignment_it_was_made_under(session: Session, people: People, case: Case) -> None:
    more = ask(session, people.handler, case, "extend", more=1)
    void = ask(session, people.dispatcher, case, "void")
    decide(session, people.dispatcher, ask(session, people.handler, case, "send_back"))
    session.refresh(more)
    assert more.state is RequestState.LAPSED and more.decided_seq == case.version
    assert void.state is RequestState.OPEN and case.open_requests == 1
    with pytest.raises(WrongState):
        decide(session, people.dispatcher, more)
    bring_to(session, people, case, "dispatch", "report_back", "check", "close")
    assert void.state is RequestState.LAPSED and case.open_requests == 0


def test_the_suggested_body_is_kept_with_the_request(session: Session, people: People, case: Case) -> None:
    request = ask(session, people.handler, case, "send_back", body="roads")
    assert request.suggested_body_id is not None
    decide(session, people.dispatcher, request)
    assert case.stage is Stage.FILED and case.send_back_count == 1
    with pytest.raises(Invalid):
        case_of_roads = bring_to(session, people, case, "dispatch")
        ask(session, people.handler, case_of_roads, "send_back", body="nobody")


def test_a_voided_case_is_held_against_nobody(session: Session, people: People, case: Case) -> None:
    decide(session, supervisor(people), ask(session, people.handler, case, "void"))
    assert case.stage is Stage.VOIDED and case.ended_at is not None and case.due_at is None
    assert (case.assignments[-1].end, case.assignments[-1].on_time) == (AssignmentEnd.VOIDED, None)
    assert all(row.stopped_at is not None for row in case.clocks)


def test_closing_by_force_never_counts_as_on_time(session: Session, people: People, case: Case) -> None:
    decide(session, supervisor(people), ask(session, people.handler, case, "force_close"))
    assert case.stage is Stage.FORCE_CLOSED
    assert (case.assignments[-1].end, case.assignments[-1].on_time) == (AssignmentEnd.FORCED, False)


def test_oversight_is_replied_to_and_cannot_be_rejected(session: Session, people: People, case: Case) -> None:
    request = ask(session, people.viewer("leader"), case, "oversee")
    assert request.due_at > clock.now()
    with pytest.raises(Invalid):
        decide(session, people.handler, request, "reject")
    with pytest.raises(Invalid):
        decide(session, people.handler, request, note="")
    decide(session, people.handler, request, note="今日办结")
    assert request.state is RequestState.GRANTED and case.stage is Stage.HANDLING


def test_an_upheld_appeal_exempts_and_the_mark_stays(session: Session, people: People, case: Case) -> None:
    with pytest.raises(WrongState):
        ask(session, people.handler, case, "appeal")
    with clock.running_at(at("12T09:00")):
        bring_to(session, people, case, "report_back", "check", "close")
        request = ask(session, people.handler, case, "appeal")
    ended_at = case.ended_at
    with clock.running_at(at("13T09:00")):
        decide(session, supervisor(people), request)
    assignment = case.assignments[-1]
    assert assignment.on_time is False and assignment.exempted_at == at("13T09:00")
    assert case.stage is Stage.CLOSED and case.ended_at == ended_at == at("12T09:00")
    assert [each for each in history.find_broken(session, factories.make_keys()) if hasattr(each, "why")] == []


def test_a_body_is_granted_no_more_than_its_share_of_the_month(session: Session, people: People, case: Case) -> None:
    decide(session, people.dispatcher, ask(session, people.handler, case, "extend", more=1))
    other = bring_to(session, people, make_report(session, people.inspector).case, "accept", "file", "dispatch")
    request = ask(session, people.handler, other, "extend", more=1)
    with pytest.raises(WrongState):
        decide(session, people.dispatcher, request)
    terms = {"most_times": 1, "share": 1.0, "month_share": 1.0, "decide_value": 2, "decide_unit": Unit.WORKING_HOUR}
    session.add(RequestTerms(kind=RequestKind.EXTEND, calendar="street", **terms))
    session.flush()
    decide(session, people.dispatcher, request)
    ledger = request_queries.list_ledger(session, supervisor(people), at("01T00:00"), at("30T00:00"))
    assert [(row.body.code, row.kind, row.asked, row.granted, row.given) for row in ledger] == [
        ("lamps", RequestKind.EXTEND, 2, 2, 2)
    ]


def test_what_waits_is_listed_for_who_decides_and_for_nobody_else(session: Session, people: People, case: Case) -> None:
    more = ask(session, people.handler, case, "extend", more=1)
    void = ask(session, people.handler, case, "void")
    listed = {
        name: {each.id for each in request_queries.list_to_decide(session, people.viewer(name)).requests}
        for name in ("dispatcher", "supervisor", "dutyleader", "dutyleader-east", "handler", "operator")
    }
    assert listed["dispatcher"] == {more.id} and listed["supervisor"] == listed["dutyleader"] == {void.id}
    assert listed["dutyleader-east"] == listed["handler"] == listed["operator"] == set()
    assert request_queries.tally_to_decide(session, people.dispatcher) == Tally(1)


def test_a_closed_case_is_reopened_within_its_days_and_keeps_its_clocks(
    session: Session, people: People, case: Case
) -> None:
    bring_to(session, people, case, "report_back", "check", "close")
    before = len(case.clocks)
    with clock.running_at(at("26T09:00")), pytest.raises(WrongState):
        take(session, supervisor(people), case, "reopen")
    with clock.running_at(at("12T09:00")):
        take(session, supervisor(people), case, "reopen")
    assert case.stage is Stage.FILED and case.ended_at is None and case.reopen_count == 1
    assert len(case.clocks) == before + 1 and case.body_id is None
    bring_to(session, people, case, "dispatch", "report_back", "check", "close")
    assert [each.end for each in case.assignments] == [AssignmentEnd.PASSED, AssignmentEnd.PASSED]


def test_urging_moves_nothing(session: Session, people: People, case: Case) -> None:
    due_at = case.due_at
    take(session, people.operator, case, "urge", note="再次来电")
    assert (case.stage, case.due_at) == (Stage.HANDLING, due_at)


def test_a_step_of_a_request_is_not_taken_without_one(session: Session, people: People, case: Case) -> None:
    both = replace(people.dispatcher, held=people.dispatcher.held + people.handler.held)
    with pytest.raises(Invalid):
        take(session, both, case, "send_back")
    assert session.scalars(select(CaseRequest)).all() == []


def suspended(session: Session, people: People, case: Case) -> Case:
    """The case suspended until the 20th on Tuesday the 10th at 09:00."""
    prove(session, case, people)
    with clock.running_at(at("10T09:00")):
        decide(session, supervisor(people), ask(session, people.handler, case, "suspend", until_on=UNTIL))
    return case


def test_what_was_asked_before_a_suspension_is_not_granted_on_top_of_it(
    session: Session, people: People, case: Case
) -> None:
    more = ask(session, people.handler, case, "extend", more=1)
    planned = suspended(session, people, case).handle_due_at
    with clock.running_at(at("10T10:00")), pytest.raises(WrongState):
        decide(session, people.dispatcher, more)
    assert case.handle_due_at == planned
    decide(session, people.dispatcher, more, "reject")


def test_a_suspension_whose_day_has_come_can_only_be_rejected(session: Session, people: People, case: Case) -> None:
    prove(session, case, people)
    request = ask(session, people.handler, case, "suspend", until_on=date(2026, 11, 10))
    with clock.running_at(at("10T09:00")), pytest.raises(WrongState):
        decide(session, supervisor(people), request)


def test_a_proof_serves_one_request(session: Session, people: People, case: Case) -> None:
    take(session, people.handler, suspended(session, people, case), "resume")
    with clock.running_at(at("10T10:00")), pytest.raises(Invalid) as refused:
        ask(session, people.handler, case, "suspend", until_on=UNTIL)
    assert refused.value.field == "photo"


def test_suspended_days_do_not_count_as_used(session: Session, people: People, case: Case) -> None:
    prove(session, case, people)
    decide(session, supervisor(people), ask(session, people.handler, case, "suspend", until_on=UNTIL))
    with clock.running_at(at("17T09:00")):
        assert ask(session, people.handler, case, "send_back").state is RequestState.OPEN


@pytest.mark.parametrize("steps", [(), ("report_back",), ("report_back", "check")])
def test_closing_by_force_is_late_wherever_the_case_stands(
    session: Session, people: People, case: Case, steps: tuple[str, ...]
) -> None:
    bring_to(session, people, case, *steps)
    decide(session, supervisor(people), ask(session, people.dispatcher, case, "force_close"))
    assignment = case.assignments[-1]
    assert (assignment.end, assignment.on_time) == (AssignmentEnd.FORCED, False)
    assert due_counts(session, people) == {Count.TO_HANDLE: 1, Count.HANDLED_ON_TIME: 0, Count.LATE: 1}


@pytest.mark.parametrize("steps", [(), ("report_back",), ("report_back", "check")])
def test_a_voided_case_is_in_nobodys_figures(
    session: Session, people: People, case: Case, steps: tuple[str, ...]
) -> None:
    bring_to(session, people, case, *steps)
    decide(session, supervisor(people), ask(session, people.dispatcher, case, "void"))
    assert set(due_counts(session, people).values()) == {0}


def due_counts(session: Session, people: People) -> dict[Count, int]:
    session.flush()
    with clock.running_at(at("28T09:00")):
        span = month_of(clock.now()).span(clock.now())
        return {
            count: count_behind(session, supervisor(people), Kind.DEPARTMENT, count, span, EVERYTHING)
            for count in (Count.TO_HANDLE, Count.HANDLED_ON_TIME, Count.LATE)
        }


def test_a_forced_end_of_a_suspended_case_is_due_by_what_was_counted(
    session: Session, people: People, case: Case
) -> None:
    suspended(session, people, case)
    with clock.running_at(at("11T09:00")):
        decide(session, supervisor(people), ask(session, people.dispatcher, case, "force_close"))
    assert case.assignments[-1].due_at == at("12T09:00")


def test_an_appeal_dies_with_a_voided_case(session: Session, people: People, case: Case) -> None:
    with clock.running_at(at("12T09:00")):
        bring_to(session, people, case, "report_back", "check")
        ask(session, people.handler, case, "appeal")
        decide(session, supervisor(people), ask(session, people.dispatcher, case, "void"))
    assert case.open_requests == 0


def test_a_mark_is_appealed_against_when_it_stands(session: Session, people: People, case: Case) -> None:
    bring_to(session, people, case, "report_back")
    take(session, people.inspector, case, "check", result="failed")
    with pytest.raises(WrongState):
        ask(session, people.handler, case, "appeal")


def test_a_body_withdraws_its_appeal_though_the_case_was_reopened(session: Session, people: People, case: Case) -> None:
    with clock.running_at(at("12T09:00")):
        bring_to(session, people, case, "report_back", "check", "close")
        request = ask(session, people.handler, case, "appeal")
        take(session, supervisor(people), case, "reopen")
        decide(session, people.handler, request, "withdraw")
    assert request.state is RequestState.WITHDRAWN


def test_who_handled_grants_nothing_that_lets_him_off(session: Session, people: People, case: Case) -> None:
    both = replace(people.handler, held=people.handler.held + people.dutyleader.held)
    take(session, both, case, "report_back")
    request = ask(session, people.dispatcher, case, "force_close")
    with pytest.raises(NotAllowed):
        decide(session, both, request)


def test_more_time_is_bounded_over_all_times_it_is_given(session: Session, people: People, case: Case) -> None:
    decide(session, people.dispatcher, ask(session, people.handler, case, "extend", more=2))
    decide(session, people.dispatcher, ask(session, people.handler, case, "send_back"))
    bring_to(session, people, case, "dispatch", "sign_for")
    with pytest.raises(Invalid):
        ask(session, people.handler, case, "extend", more=1)


def test_a_request_of_another_district_is_not_there(session: Session, people: People, case: Case) -> None:
    request = ask(session, people.handler, case, "void")
    with pytest.raises(NotFound) as refused:
        decide(session, people.viewer("dutyleader-east"), request)
    assert case.number not in str(refused.value)


def test_a_handler_sees_only_his_own_bodies_in_the_ledger(session: Session, people: People, case: Case) -> None:
    decide(session, people.dispatcher, ask(session, people.handler, case, "send_back"))
    take(session, people.dispatcher, case, "dispatch", body="roads")
    month = (at("01T00:00"), at("30T00:00"))
    assert request_queries.list_ledger(session, people.viewer("handler-roads"), *month) == []
    assert [row.given for row in request_queries.list_ledger(session, people.handler, *month)] == [1]


def test_a_reopened_simple_case_is_a_case_like_any_other(session: Session, people: People) -> None:
    told = {"kind": "matter", "class_code": "06001", "condition": "M06001-1", "is_self_handled": True}
    simple = make_report(session, people.inspector, **told).case
    for kind in (AttachmentKind.BEFORE, AttachmentKind.AFTER):
        row = {"uuid": str(uuid4()), "case_id": simple.id, "kind": kind, "sha256": "0" * 64, "size_bytes": 1}
        row |= {"media_type": "image/jpeg", "added_at": clock.now(), "added_by": people.inspector.person_id}
        session.add(Attachment(**row))
    session.flush()
    take(session, people.dutyleader, simple, "review", result="passed")
    take(session, supervisor(people), simple, "reopen")
    assert (simple.stage, simple.is_simple) == (Stage.FILED, False) and simple.filed_at is not None
    assert [each for each in history.find_broken(session, factories.make_keys()) if hasattr(each, "why")] == []
