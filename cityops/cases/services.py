"""The verbs of the case room. Nothing else assigns a case's stage, version or clocks.

A step locks the case's row, compares the caller's version, then acts or refuses; its event, the clocks and the
projection are written in the caller's one transaction.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.cases import chain, clocks, history, queries
from cityops.cases.intake import NewReport, add_report, checked_text, open_case, same_report
from cityops.cases.models import (
    Assignment,
    AssignmentEnd,
    AttachmentKind,
    Case,
    CaseEvent,
    ClockPause,
    Report,
    StageClock,
)
from cityops.cases.office import CaseOffice
from cityops.cases.permission import find_held
from cityops.cases.workflow import (
    DONE,
    FINAL_STAGES,
    PAUSED_CLOCKS,
    SOURCES_OF,
    STEPS,
    ClockAct,
    ClockName,
    Need,
    Step,
    StepName,
    Way,
    find_way,
)
from cityops.catalog import queries as catalog
from cityops.catalog.models import FilingCondition
from cityops.errors import Conflict, Invalid, NotAllowed, WrongState
from cityops.words import N_, Word
from cityops.worktime import queries as worktime
from cityops.worktime.limits import Limit

_T = TypeVar("_T")


@dataclass(frozen=True)
class StepRequest:
    """A step as the caller asks for it; `version` is the one he saw."""

    step: StepName
    version: int
    result: str | None = None
    condition: str | None = None
    body: str | None = None
    note: str | None = None


@dataclass
class _Act:
    """One step being taken: what its parts need of each other."""

    session: Session
    office: CaseOffice
    case: Case
    step: Step
    way: Way
    result: str
    moment: datetime
    held: HeldPost
    person_id: int
    note: str | None = None
    condition: FilingCondition | None = None
    body_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def report(session: Session, viewer: Viewer, office: CaseOffice, new: NewReport) -> Report:
    """Take in a report and open its case; the same uuid again gives the same report.

    Raises:
        Invalid: a field that cannot be taken.
        NotAllowed: the viewer holds no post that reports, or not for this place.
    """
    earlier = queries.find_report_by_uuid(session, new.uuid)
    if earlier is not None:
        return same_report(earlier, viewer)
    step = STEPS[StepName.SELF_HANDLE if new.is_self_handled else StepName.REPORT]
    case = open_case(session, new)
    held = _held_for(viewer, step, case)
    if new.is_self_handled:
        _check_self_handled(case)
    if new.source not in SOURCES_OF[held.post]:
        raise Invalid("source", N_("Your post does not take in reports from this source."))
    act = _Act(session, office, case, step, step.ways[DONE], DONE, case.opened_at, held, viewer.person_id)
    case.stage = act.way.to
    session.add(case)
    session.flush()
    row = add_report(session, office, viewer, case, new)
    act.facts = {"report": new.uuid, "source": new.source.value, "class": case.class_id, "condition": case.condition_id}
    act.facts |= {"lon": new.lon, "lat": new.lat, "cell": case.cell_id, "area": case.area_code}
    act.facts |= {"component": case.component_id}
    _carry_out(act)
    return row


def _check_self_handled(case: Case) -> None:
    if case.condition is None:
        raise Invalid("condition", N_("Choose the filing condition: what was put right on the spot has one too."))
    if not case.condition.is_simple_allowed:
        raise Invalid("condition", N_("The city lets no inspector put this right alone: report it instead."))


def take_step(session: Session, viewer: Viewer, office: CaseOffice, number: str, request: StepRequest) -> Case:
    """Take one step of the workflow's table on a case.

    Raises:
        NotFound: no such case, or outside what the viewer sees.
        NotAllowed: none of the viewer's posts may take this step here, or the viewer handled it.
        Conflict: the case moved since `request.version`.
        WrongState: the step cannot be taken at the case's stage.
        Invalid: something the step needs is missing or wrong.
    """
    return take_step_on(session, viewer, office, queries.get_case_for_update(session, viewer, number), request)


def take_step_on(session: Session, viewer: Viewer, office: CaseOffice, case: Case, request: StepRequest) -> Case:
    """Take one step on a case whose row this transaction has locked, or has itself opened: nobody else can move it.

    Raises:
        NotAllowed, Conflict, WrongState, Invalid: as `take_step`.
    """
    step = STEPS[request.step]
    if request.version != case.version:
        message = N_("This case has moved since you looked: %(who)s %(done)s at %(at)s.")
        raise _moved(session, case, Conflict, message)
    held = _held_for(viewer, step, case)
    if case.stage not in step.stages:
        raise _moved(session, case, WrongState, N_("This cannot be done now: %(who)s %(done)s at %(at)s."))
    if step.not_after and history.has_done(session, case.id, viewer.person_id, step.not_after):
        raise NotAllowed(N_("You handled this case yourself: another person has to judge it."))
    with session.no_autoflush:
        act = _prepare(session, office, viewer, case, request, held)
    _carry_out(act)
    return case


def _held_for(viewer: Viewer, step: Step, case: Case) -> HeldPost:
    if not viewer.has(*step.posts):
        raise NotAllowed(N_("None of your posts may do this."))
    held = find_held(viewer, step, case.area_code, case.body.path if case.body is not None else None)
    if held is None:
        raise NotAllowed(N_("This place or body is not one of yours."))
    return held


def _moved(session: Session, case: Case, error: type[WrongState], message: str) -> WrongState:
    last = history.get_last(session, case.id)
    return error(
        message,
        moved_by=last.person.name,
        moved_at=last.at,
        who=last.person.name,
        done=Word(STEPS[last.step].done),
        at=f"{last.at.astimezone(clock.CITY_ZONE):%m-%d %H:%M}",
    )


def _prepare(
    session: Session, office: CaseOffice, viewer: Viewer, case: Case, request: StepRequest, held: HeldPost
) -> _Act:
    step = STEPS[request.step]
    way = find_way(step, request.result, case.source)
    if way is None:
        raise Invalid("result", N_("The result has to be one of: %(results)s."), results=", ".join(step.ways))
    result = next(word for word, other in step.ways.items() if other is way)
    if Need.RESULT in step.needs:
        result = request.result or result
    # A clock never runs backwards, even where two machines' clocks differ.
    act = _Act(session, office, case, step, way, result, max(clock.now(), case.moved_at), held, viewer.person_id)
    must_say = Need.REASON in step.needs or Need.NOTE in step.needs
    act.note = checked_text("note", request.note, required=must_say) or None
    if Need.CONDITION in step.needs:
        act.condition = _chosen_condition(session, case, request, act.moment)
        act.facts |= {"condition": act.condition.id, "class": act.condition.class_id}
    if Need.BODY in step.needs:
        body = accounts.find_body(session, request.body or "")
        if body is None or body.ended_on is not None or body.kind not in RESPONSIBLE_KINDS:
            raise Invalid("body", N_("There is no responsible body with this code."))
        act.body_id = body.id
        act.facts["body"] = body.id
    if step.name in _SHOWN:
        act.facts["photos"] = queries.list_photo_digests(session, case.id)
    return act


def _chosen_condition(session: Session, case: Case, request: StepRequest, moment: datetime) -> FilingCondition:
    code = request.condition
    if code is None and case.condition_id is not None:
        code = catalog.get_condition(session, case.condition_id).code
    condition = catalog.find_condition(session, code or "", clock.city_day(moment))
    if condition is None:
        raise Invalid("condition", N_("Choose a filing condition that is in force."))
    return condition


def _carry_out(act: _Act) -> None:
    """Move the clocks and the case, write the event, and tell the followers.

    All of it goes to the database in one flush; without `no_autoflush` every query on the way would write a part.
    """
    with act.session.no_autoflush:
        for name, clock_act in act.way.clocks:
            _CLOCK_ACTS[clock_act](act, name)
        if act.step.name in _EFFECTS:
            _EFFECTS[act.step.name](act)
        event = _record(act)
    act.session.flush()
    for follow in act.office.followers:
        follow(act.session, act.case, event)


def _running(case: Case, name: ClockName) -> StageClock | None:
    return next((row for row in case.clocks if row.name is name and row.stopped_at is None), None)


def _open_pause(row: StageClock) -> ClockPause | None:
    if row.name not in PAUSED_CLOCKS:
        return None
    return next((pause for pause in row.pauses if pause.until_at is None), None)


def _start(act: _Act, name: ClockName) -> None:
    stage_limit = None if name is ClockName.HANDLE else catalog.get_stage_limit(act.session, name.value)
    source = stage_limit or _condition_of(act)
    due_at, warn_at = clocks.due_and_warn(worktime.get_calendar(act.session, source.calendar), act.moment, source.limit)
    act.case.clocks.append(
        StageClock(
            name=name,
            round=1 + sum(row.name is name for row in act.case.clocks),
            limit_value=source.limit_value,
            limit_unit=source.limit_unit,
            calendar=source.calendar,
            started_at=act.moment,
            due_at=due_at,
            warn_at=warn_at,
            pauses=[],
        )
    )


def _condition_of(act: _Act) -> FilingCondition:
    if act.case.condition_id is None:
        raise WrongState(N_("The case has no filing condition yet, so nothing says how long handling may take."))
    return catalog.get_condition(act.session, act.case.condition_id)


def _stop(act: _Act, name: ClockName) -> None:
    row = _running(act.case, name)
    if row is None:
        return
    pause = _open_pause(row)
    row.stopped_at = act.moment if pause is None else pause.from_at
    if pause is not None:
        pause.until_at = act.moment


def _pause(act: _Act, name: ClockName) -> None:
    row = _running(act.case, name)
    if row is not None and _open_pause(row) is None:
        row.pauses.append(ClockPause(from_at=act.moment))


def _resume(act: _Act, name: ClockName) -> None:
    row = _running(act.case, name)
    pause = None if row is None else _open_pause(row)
    if row is None or pause is None:
        return
    pause.until_at = act.moment
    limit, calendar = Limit(row.limit_value, row.limit_unit), worktime.get_calendar(act.session, row.calendar)
    row.due_at, row.warn_at = clocks.due_and_warn(calendar, row.started_at, limit, clocks.closed_pauses(row))


def _start_or_resume(act: _Act, name: ClockName) -> None:
    """Back to the body that had it before, the remaining time runs on; another body starts anew."""
    before = act.case.assignments[-1] if act.case.assignments else None
    if _running(act.case, name) is not None and before is not None and before.body_id == act.body_id:
        _resume(act, name)
        return
    _stop(act, name)
    _start(act, name)


_CLOCK_ACTS = {
    ClockAct.START: _start,
    ClockAct.STOP: _stop,
    ClockAct.PAUSE: _pause,
    ClockAct.RESUME: _resume,
    ClockAct.START_OR_RESUME: _start_or_resume,
}


def _after_file(act: _Act) -> None:
    condition = _given(act.condition)
    act.case.condition_id, act.case.class_id, act.case.kind = (
        condition.id,
        condition.class_id,
        condition.case_class.kind,
    )
    act.case.condition, act.case.case_class = condition, condition.case_class
    act.case.filed_at = act.moment
    act.case.is_simple = False


def _after_dispatch(act: _Act) -> None:
    due_at = _given(_running(act.case, ClockName.HANDLE)).due_at
    body = accounts.get_body(act.session, _given(act.body_id))
    act.case.body_id, act.case.body, act.case.handle_due_at = body.id, body, due_at
    act.case.assignments.append(Assignment(body_id=body.id, dispatched_at=act.moment, due_at=due_at, rework_count=0))


def _after_sign_for(act: _Act) -> None:
    act.case.assignments[-1].signed_at = act.moment


def _after_send_back(act: _Act) -> None:
    assignment = act.case.assignments[-1]
    assignment.ended_at, assignment.end = act.moment, AssignmentEnd.SENT_BACK
    if act.moment > assignment.due_at:
        # Sending back does not undo that the limit had passed.
        assignment.on_time = False
    act.case.send_back_count += 1
    act.case.body_id = act.case.body = act.case.handle_due_at = None


def _after_report_back(act: _Act) -> None:
    assignment = act.case.assignments[-1]
    assignment.signed_at = assignment.signed_at or act.moment
    assignment.reported_back_at = act.case.reported_back_at = act.moment


def _after_check(act: _Act) -> None:
    assignment = act.case.assignments[-1]
    if act.result == "passed":
        assignment.ended_at, assignment.end = act.moment, AssignmentEnd.PASSED
        assignment.on_time = _given(assignment.reported_back_at) <= assignment.due_at
        act.case.passed_at = act.moment
        return
    assignment.rework_count += 1
    act.case.rework_count += 1
    assignment.reported_back_at = act.case.reported_back_at = None
    assignment.due_at = act.case.handle_due_at = _given(_running(act.case, ClockName.HANDLE)).due_at


def _after_verify(act: _Act) -> None:
    act.case.verify_result = act.result


def _after_review(act: _Act) -> None:
    if act.result == "passed":
        kinds = {photo.kind for photo in act.case.attachments}
        if not {AttachmentKind.BEFORE, AttachmentKind.AFTER} <= kinds:
            raise WrongState(
                N_("A self-handled case needs a photo before and one after before it can pass the review.")
            )
    else:
        act.case.is_simple = False


_EFFECTS = {
    StepName.VERIFY: _after_verify,
    StepName.FILE: _after_file,
    StepName.DISPATCH: _after_dispatch,
    StepName.SIGN_FOR: _after_sign_for,
    StepName.SEND_BACK: _after_send_back,
    StepName.REPORT_BACK: _after_report_back,
    StepName.CHECK: _after_check,
    StepName.REVIEW: _after_review,
}

_SHOWN = frozenset({StepName.VERIFY, StepName.REPORT_BACK, StepName.CHECK, StepName.REVIEW})


def _given(value: _T | None) -> _T:
    if value is None:
        raise WrongState(N_("The case lacks what its stage promises: tell the administrator its number."))
    return value


def _record(act: _Act) -> CaseEvent:
    """Write the event and move the projection."""
    case, way = act.case, act.way
    payload = act.facts | {"step": act.step.name.value, "result": act.result, "to": way.to.value}
    payload |= {"from": case.stage.value if act.step.stages else None, "at": act.moment.isoformat()}
    payload |= {"by": act.person_id, "post": act.held.post.value, "for": act.held.body_id}
    payload["note"] = chain.note_digest(act.office.keys, act.note)
    event = history.append(
        act.session,
        act.office.keys,
        case,
        step=act.step.name,
        result=act.result,
        to=way.to,
        at=act.moment,
        held=act.held,
        person_id=act.person_id,
        note=act.note,
        payload=payload,
    )
    case.stage, case.version, case.head_digest, case.moved_at = way.to, event.seq, event.digest, act.moment
    live = [row for row in case.clocks if row.stopped_at is None and _open_pause(row) is None]
    soonest = min(live, key=lambda row: row.due_at, default=None)
    case.due_at, case.warn_at = (soonest.due_at, soonest.warn_at) if soonest else (None, None)
    if way.to in FINAL_STAGES:
        case.ended_at = act.moment
    return event
