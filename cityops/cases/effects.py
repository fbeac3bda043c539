"""What each step changes on a case beyond its stage and clocks: the body that has it, its assignments, its requests."""

from collections.abc import Mapping
from datetime import datetime, time

from sqlalchemy import select

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.cases import desks
from cityops.cases.acting import Act, Effect, current_assignment, given, recount, running
from cityops.cases.co_models import CoEnd, CoHandling
from cityops.cases.hops import Hop, list_open
from cityops.cases.models import Assignment, AssignmentEnd, AttachmentKind, Case
from cityops.cases.names import ClockName, Stage, StepName
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import RULES, Life, RequestState
from cityops.cases.steps import PASSED
from cityops.cases.tiers import ONLY_TIER_1, counts_there
from cityops.cases.workflow import DISPUTED_AFTER
from cityops.catalog.models import ConditionPhase, FilingCondition
from cityops.catalog.phases import FIRST_PHASE
from cityops.errors import Invalid, WrongState
from cityops.words import N_

SCENES = frozenset({AttachmentKind.SCENE, AttachmentKind.BEFORE, AttachmentKind.VERIFY})


def lacks_scenes(case: Case, condition: FilingCondition) -> bool:
    """Whether filing under a condition still needs photos of the place."""
    needed = condition.photos_before
    return needed > 0 and sum(photo.kind in SCENES for photo in case.attachments) < needed


def _after_file(act: Act) -> None:
    condition = given(act.condition)
    if not counts_there(act.session, act.case, condition):
        raise Invalid("condition", ONLY_TIER_1)
    if lacks_scenes(act.case, condition):
        message = N_("Filing under this condition needs %(n)s photos of the place: add them first.")
        raise Invalid("photo", message, n=condition.photos_before)
    act.case.condition_id, act.case.class_id, act.case.kind = (
        condition.id,
        condition.class_id,
        condition.case_class.kind,
    )
    act.case.condition, act.case.case_class = condition, condition.case_class
    act.case.filed_at = act.moment
    act.case.is_simple, act.case.phase = False, FIRST_PHASE


def _after_dispatch(act: Act) -> None:
    body = accounts.get_body(act.session, given(act.body_id))
    act.case.body_id, act.case.body = body.id, body
    act.case.reported_back_at = None
    act.case.assignments.append(_assignment(act, body.id))


def _assignment(act: Act, body_id: int) -> Assignment:
    """The case given to a body, in the phase of handling it stands at."""
    due_at = given(running(act.case, ClockName.HANDLE)).due_at
    row = Assignment(body_id=body_id, dispatched_at=act.moment, due_at=due_at, rework_count=0, phase=act.case.phase)
    if act.case.phase == FIRST_PHASE:
        return row
    before = act.case.assignments[-1]
    row.stands_for_case = before.stands_for_case
    if before.phase != act.case.phase:
        # The first late phase is the case's mark; while none is late, it goes on to the newest.
        row.stands_for_case = before.stands_for_case and before.on_time is True
        before.stands_for_case = before.stands_for_case and not row.stands_for_case
    return row


def _begin_phase(act: Act, phase: ConditionPhase) -> None:
    """What the body did has passed, or needs no check: the next phase is the same body's, or to be dispatched."""
    done = act.case.assignments[-1]
    # A suspension that ended by reporting back has moved the time of the clock that is stopped by now.
    stopped = [row for row in act.case.clocks if row.name is ClockName.HANDLE and row.stopped_at is not None]
    done.due_at = stopped[-1].due_at
    _pass(act, done)
    _leave_body(act)
    act.case.reported_back_at, act.case.phase = None, phase.number
    act.facts |= {"phase": phase.number, "body": None}
    if act.way.to is Stage.HANDLING:
        row = _assignment(act, done.body_id)
        row.signed_at, row.is_binding = act.moment, done.is_binding
        act.case.assignments.append(row)
        act.case.body_id, act.case.body = done.body_id, accounts.get_body(act.session, done.body_id)
        act.facts["body"] = done.body_id


def _pass(act: Act, assignment: Assignment) -> None:
    assignment.ended_at, assignment.end = act.moment, AssignmentEnd.PASSED
    assignment.on_time = given(assignment.reported_back_at) <= assignment.due_at
    _lapse(act, Life.ASSIGNMENT)


def _after_arbitrate(act: Act) -> None:
    _after_dispatch(act)
    act.case.assignments[-1].is_binding = True
    act.case.arbitration_since_at = None


def _after_sign_for(act: Act) -> None:
    if act.case.hop_count:
        list_open(act.session, act.case.assignments[-1])[-1].signed_at = act.moment
    else:
        assignment = act.case.assignments[-1]
        # What was passed on and has come back was signed for before.
        assignment.signed_at = assignment.signed_at or act.moment


def _after_pass_on(act: Act) -> None:
    body, before = accounts.get_body(act.session, given(act.body_id)), given(act.case.body_id)
    hop = Hop(assignment_id=act.case.assignments[-1].id, from_body_id=before, to_body_id=body.id, passed_at=act.moment)
    act.session.add(hop)
    act.case.body_id, act.case.body = body.id, body
    act.case.hop_count += 1


def _after_hand_up(act: Act) -> None:
    hop = list_open(act.session, act.case.assignments[-1])[-1]
    hop.ended_at = act.moment
    body = accounts.get_body(act.session, hop.from_body_id)
    act.case.body_id, act.case.body = body.id, body
    act.case.hop_count -= 1
    act.facts["body"] = body.id


def _end_hops(act: Act) -> None:
    """What was passed on is the lead's again: its score counts it, whoever put it right."""
    if act.case.hop_count:
        lead = act.case.assignments[-1]
        for hop in list_open(act.session, lead):
            hop.ended_at = act.moment
        act.case.hop_count = 0
        act.case.body_id, act.case.body = lead.body_id, lead.body
        act.facts["lead"] = lead.body_id


def _after_send_back(act: Act) -> None:
    _settle(act, RequestState.GRANTED)
    assignment = act.case.assignments[-1]
    assignment.ended_at, assignment.end = act.moment, AssignmentEnd.SENT_BACK
    if act.moment > assignment.due_at:
        # Sending back does not undo that the limit had passed.
        assignment.on_time = False
    act.case.send_back_count += 1
    act.facts["disputed"] = act.case.count_sent_back(act.case.phase) >= DISPUTED_AFTER
    if act.facts["disputed"]:
        act.case.arbitration_since_at = act.moment
    if act.case.suspended_until_at is not None:
        # Without the suspension's day the clock is due by what has been counted.
        recount(act.session, given(running(act.case, ClockName.HANDLE)))
    _leave_body(act)
    _lapse(act, Life.ASSIGNMENT)


def _after_report_back(act: Act) -> None:
    assignment = act.case.assignments[-1]
    needed = act.case.photos_to_report
    # Every rework is shown anew.
    if needed and _count_shown(act) < needed * (1 + assignment.rework_count):
        raise Invalid("photo", N_("Reporting back needs %(n)s new photos of what was done: add them first."), n=needed)
    assignment.signed_at = assignment.signed_at or act.moment
    assignment.reported_back_at = act.case.reported_back_at = act.moment
    act.case.suspended_until_at = None
    if act.phase is not None:
        _begin_phase(act, act.phase)


def _count_shown(act: Act) -> int:
    """The photos of what the lead did since the case was dispatched."""
    since, own = act.case.assignments[-1].dispatched_at, act.case.attachments
    shown = (each for each in own if each.kind is AttachmentKind.AFTER and each.co_handling_id is None)
    return sum(photo.added_at >= since for photo in shown)


def _after_check(act: Act) -> None:
    assignment = act.case.assignments[-1]
    if act.phase is not None:
        _begin_phase(act, act.phase)
        return
    if act.result == PASSED:
        _pass(act, assignment)
        act.case.passed_at = act.moment
        _end_hops(act)
        return
    assignment.rework_count += 1
    act.case.rework_count += 1
    assignment.reported_back_at = act.case.reported_back_at = None


def _after_verify(act: Act) -> None:
    act.case.verify_result = act.result


def _after_review(act: Act) -> None:
    if act.result == PASSED:
        kinds = {photo.kind for photo in act.case.attachments}
        if not {AttachmentKind.BEFORE, AttachmentKind.AFTER} <= kinds:
            raise WrongState(
                N_("A self-handled case needs a photo before and one after before it can pass the review.")
            )
    else:
        act.case.is_simple = False


def _after_end(act: Act) -> None:
    _lapse(act, Life.CASE)


def _after_reopen(act: Act) -> None:
    act.case.reported_back_at = act.case.passed_at = None
    act.case.reopen_count += 1
    act.case.phase = FIRST_PHASE
    # What was put right on the spot and is not right becomes a case like any other.
    act.case.is_simple, act.case.filed_at = False, act.case.filed_at or act.moment
    _leave_body(act)
    desks.lie_anew(act)


def _after_ask(act: Act) -> None:
    given(act.request).asked_seq = act.case.version + 1
    act.session.add(given(act.request))
    act.case.open_requests += 1


def _after_withdraw(act: Act) -> None:
    _settle(act, RequestState.WITHDRAWN)


def _after_reject(act: Act) -> None:
    _settle(act, RequestState.REJECTED)


def _after_grant(act: Act) -> None:
    _settle(act, RequestState.GRANTED)


def _after_suspend(act: Act) -> None:
    _settle(act, RequestState.GRANTED)
    until_on = given(given(act.request).until_on)
    act.case.suspended_until_at = datetime.combine(until_on, time.min, clock.CITY_ZONE)
    recount(act.session, given(running(act.case, ClockName.HANDLE)), act.case.suspended_until_at)


def _after_resume(act: Act) -> None:
    act.case.suspended_until_at = None


def _after_void(act: Act) -> None:
    _end_by(act, AssignmentEnd.VOIDED)
    _lapse(act, Life.DECISION)


def _after_force_close(act: Act) -> None:
    _end_by(act, AssignmentEnd.FORCED)
    last = act.case.assignments[-1] if act.case.assignments else None
    if last is not None and last.end is not AssignmentEnd.SENT_BACK:
        # Closing by force never counts as on time (强制结案), not even what had passed its check.
        last.end, last.on_time = AssignmentEnd.FORCED, False


def _after_uphold(act: Act) -> None:
    _settle(act, RequestState.GRANTED)
    assignment = next(each for each in act.case.assignments if each.id == given(act.request).assignment_id)
    assignment.exempted_at = act.moment


def _after_merge(act: Act) -> None:
    # The assignment and its hops stand still, as the clocks do: what is taken apart again goes on under them.
    _lapse(act, *Life)
    _lapse_co_handlings(act)


def _end_by(act: Act, end: AssignmentEnd) -> None:
    _settle(act, RequestState.GRANTED)
    _end_hops(act)
    assignment = current_assignment(act.case)
    if assignment is not None:
        handled = [row for row in act.case.clocks if row.name is ClockName.HANDLE]
        assignment.ended_at, assignment.end, assignment.due_at = act.moment, end, handled[-1].due_at
    act.case.suspended_until_at = act.case.arbitration_since_at = act.case.desk_since_at = None
    _lapse(act, Life.ASSIGNMENT, Life.CASE)
    _lapse_co_handlings(act)


def end_co_handling(case: Case, row: CoHandling, end: CoEnd, moment: datetime) -> None:
    """End a task at the case's next step."""
    row.end, row.ended_at, row.ended_seq = end, moment, case.version + 1
    case.open_co_handlings -= 1


def _lapse_co_handlings(act: Act) -> None:
    """What others had to do is over with the case."""
    if act.case.open_co_handlings:
        unanswered = select(CoHandling).where(CoHandling.case_id == act.case.id, CoHandling.ended_at.is_(None))
        for row in act.session.scalars(unanswered):
            end_co_handling(act.case, row, CoEnd.LAPSED, act.moment)


def _leave_body(act: Act) -> None:
    _end_hops(act)
    act.case.body_id = act.case.body = act.case.handle_due_at = act.case.suspended_until_at = None


def _settle(act: Act, state: RequestState) -> None:
    _end_request(act, given(act.request), state)


def _lapse(act: Act, *lives: Life) -> None:
    """A request dies with the assignment, or the case, for which it was made."""
    if not act.case.open_requests:
        return
    undecided = select(CaseRequest).where(CaseRequest.case_id == act.case.id, CaseRequest.state == RequestState.OPEN)
    for request in act.session.scalars(undecided):
        if request is not act.request and RULES[request.kind].life in lives:
            _end_request(act, request, RequestState.LAPSED)
            act.facts.setdefault("lapsed", []).append(request.id)


def _end_request(act: Act, request: CaseRequest, state: RequestState) -> None:
    request.state, request.decided_seq, request.decided_at = state, act.case.version + 1, act.moment
    act.case.open_requests -= 1


EFFECTS: Mapping[StepName, Effect] = {
    StepName.VERIFY: _after_verify,
    StepName.FILE: _after_file,
    StepName.DISPATCH: _after_dispatch,
    StepName.SIGN_FOR: _after_sign_for,
    StepName.SEND_BACK: _after_send_back,
    StepName.ARBITRATE: _after_arbitrate,
    StepName.PASS_ON: _after_pass_on,
    StepName.HAND_UP: _after_hand_up,
    StepName.REPORT_BACK: _after_report_back,
    StepName.CHECK: _after_check,
    StepName.REFUSE: _after_end,
    StepName.CLOSE: _after_end,
    StepName.REVIEW: _after_review,
    StepName.REOPEN: _after_reopen,
    StepName.ASK: _after_ask,
    StepName.WITHDRAW: _after_withdraw,
    StepName.REJECT: _after_reject,
    StepName.EXTEND: _after_grant,
    StepName.SUSPEND: _after_suspend,
    StepName.DEFER: _after_suspend,
    StepName.RESUME: _after_resume,
    StepName.VOID: _after_void,
    StepName.FORCE_CLOSE: _after_force_close,
    StepName.REPLY: _after_grant,
    StepName.UPHOLD: _after_uphold,
    StepName.HAND_DOWN: desks.after_hand_down,
    StepName.SIGN_AT_DESK: desks.after_sign_at_desk,
    StepName.HAND_BACK: desks.after_hand_back,
    StepName.TAKE_OVER: desks.after_take_over,
    StepName.MERGE: _after_merge,
    StepName.MERGE_FILED: _after_merge,
    StepName.UNMERGE: desks.lie_anew,
    StepName.UNMERGE_FILED: desks.lie_anew,
}
