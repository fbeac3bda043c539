"""One step being carried out: the clocks move, the case moves, the event is written, the followers are told.

Nothing but this module and `effects.py` writes a case's stage, version and clocks. All of it goes to the database in
the transaction of whoever opened it, in one flush.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases import chain, clocks, history, same_time
from cityops.cases.actor import Actor
from cityops.cases.models import Assignment, Case, CaseEvent, ClockPause, StageClock
from cityops.cases.names import FINAL_STAGES, ClockName
from cityops.cases.office import CaseOffice
from cityops.cases.request_models import CaseRequest
from cityops.cases.steps import ClockAct, Step, Way
from cityops.cases.workflow import PAUSED_CLOCKS
from cityops.catalog import queries as catalog
from cityops.catalog.models import ConditionPhase, FilingCondition, HasLimit
from cityops.errors import WrongState
from cityops.words import N_
from cityops.worktime import queries as worktime
from cityops.worktime.limits import Limit

_T = TypeVar("_T")


@dataclass
class Act:
    """One step being taken: what its parts need of each other.

    Attributes:
        result: the step's word for its outcome, which goes into the history.
        facts: what goes into the event's payload besides who, when and where to.
        body_id: the body that the step names.
        phase: the phase of handling that the step leads on to.
        request: the request that the step asks or decides.
    """

    session: Session
    office: CaseOffice
    case: Case
    step: Step
    way: Way
    result: str
    moment: datetime
    actor: Actor
    note: str | None = None
    condition: FilingCondition | None = None
    body_id: int | None = None
    phase: ConditionPhase | None = None
    request: CaseRequest | None = None
    facts: dict[str, Any] = field(default_factory=dict)


Effect = Callable[[Act], None]
"""What a step changes on the case beyond stage and clocks."""


def moment_of(case: Case) -> datetime:
    """The moment of a step taken now: a case's time never runs backwards, even where two machines' clocks differ."""
    return max(clock.now(), case.moved_at)


def carry_out(act: Act, effect: Effect | None) -> CaseEvent:
    """Move the clocks and the case, write the event, and tell the followers.

    Without `no_autoflush` every query on the way would write a part of it.
    """
    with act.session.no_autoflush:
        for name, clock_act in act.way.clocks:
            _CLOCK_ACTS[clock_act](act, name)
        if effect is not None:
            effect(act)
        _tell_assignment(act.case)
        event = _record(act)
    act.session.flush()
    for follow in act.office.followers:
        follow(act.session, act.case, event)
    return event


def running(case: Case, name: ClockName) -> StageClock | None:
    """The clock of this name that has not been stopped; it may be paused."""
    return next((row for row in case.clocks if row.name is name and row.stopped_at is None), None)


def current_assignment(case: Case) -> Assignment | None:
    """The assignment under which a body has the case now."""
    last = case.assignments[-1] if case.assignments else None
    return last if last is not None and last.ended_at is None else None


def given(value: _T | None) -> _T:
    """What a case at this stage has to have.

    Raises:
        WrongState: it has not.
    """
    if value is None:
        raise WrongState(N_("The case lacks what its stage promises: tell the administrator its number."))
    return value


def waits_until(case: Case) -> datetime | None:
    """Until when the check of a case waits for its time of day; None where it waits for none."""
    row = running(case, ClockName.CHECK) if case.is_checked_at_its_hour else None
    return row.pauses[0].until_at if row is not None and row.pauses else None


def open_clocks(case: Case) -> tuple[list[ClockName], list[ClockName]]:
    """The clocks that have not been stopped: which run, and which stand still."""
    is_open = [row for row in case.clocks if row.stopped_at is None]
    stood = [row.name for row in is_open if _open_pause(row) is not None]
    return [row.name for row in is_open if row.name not in stood], stood


def recount(session: Session, row: StageClock, planned_until_at: datetime | None = None) -> None:
    """Work a clock's due moments out anew, from its limit, what was granted on top, and its pauses.

    Args:
        planned_until_at: when the pause that is still open is to end; without it only ended pauses count.
    """
    pauses, pause = clocks.closed_pauses(row), _open_pause(row)
    if pause is not None and planned_until_at is not None:
        pauses.append((pause.from_at, planned_until_at))
    calendar = worktime.get_calendar(session, row.calendar)
    row.due_at, row.warn_at = clocks.due_and_warn(calendar, row.started_at, clocks.limit_of(row), pauses)


def _open_pause(row: StageClock) -> ClockPause | None:
    if row.name not in PAUSED_CLOCKS:
        return None
    return next((pause for pause in row.pauses if pause.until_at is None), None)


def _start(act: Act, name: ClockName) -> None:
    if name is ClockName.HANDLE:
        source = _handling_limit(act)
    else:
        source = catalog.get_stage_limit(act.session, name.value, clock.city_day(act.moment))
    row = start_clock(act, name, source.limit, source.calendar)
    if name is ClockName.CHECK and act.case.is_checked_at_its_hour:
        _wait_for_its_hour(act, row)


def _wait_for_its_hour(act: Act, row: StageClock) -> None:
    """Let the check's clock stand still until the time of day at which it may be made."""
    begins_at = same_time.begins_at(act.case.reported_at, act.moment)
    if begins_at > act.moment:
        row.pauses.append(ClockPause(from_at=act.moment, until_at=begins_at))
        recount(act.session, row)


def start_clock(act: Act, name: ClockName, limit: Limit, calendar: str) -> StageClock:
    """Start a clock of the case at the step's moment."""
    due_at, warn_at = clocks.due_and_warn(worktime.get_calendar(act.session, calendar), act.moment, limit)
    row = StageClock(
        name=name,
        round=1 + sum(each.name is name for each in act.case.clocks),
        phase=act.case.phase if act.phase is None else act.phase.number,
        limit_value=limit.value,
        limit_unit=limit.unit,
        extra_value=0,
        calendar=calendar,
        started_at=act.moment,
        due_at=due_at,
        warn_at=warn_at,
        pauses=[],
    )
    act.case.clocks.append(row)
    return row


def _handling_limit(act: Act) -> HasLimit:
    """The limit of the condition the case was filed under, in the phase and at the level of the area of its place."""
    if act.case.condition_id is None:
        raise WrongState(N_("The case has no filing condition yet, so nothing says how long handling may take."))
    condition = catalog.get_condition(act.session, act.case.condition_id)
    terms = act.phase or condition.terms_of(act.case.phase)
    return terms.limit_in(act.case.cell.area_level if act.case.cell else None)


def _stop(act: Act, name: ClockName) -> None:
    row = running(act.case, name)
    if row is None:
        return
    pause = _open_pause(row)
    row.stopped_at = act.moment if pause is None else pause.from_at
    if name is ClockName.CHECK and act.case.is_checked_at_its_hour:
        # A case that ends while its check waits for the hour waits no longer.
        for each in row.pauses:
            each.until_at = min(given(each.until_at), act.moment)
    if pause is not None:
        pause.until_at = act.moment


def _pause(act: Act, name: ClockName) -> None:
    row = running(act.case, name)
    if row is not None and _open_pause(row) is None:
        row.pauses.append(ClockPause(from_at=act.moment))


def _resume(act: Act, name: ClockName) -> None:
    row = running(act.case, name)
    pause = None if row is None else _open_pause(row)
    if row is None or pause is None:
        return
    # A suspension ends on its day, however late somebody notices.
    planned = act.case.suspended_until_at
    pause.until_at = act.moment if planned is None else min(act.moment, planned)
    recount(act.session, row)


def _extend(act: Act, name: ClockName) -> None:
    row, request = given(running(act.case, name)), given(act.request)
    row.extra_value += given(request.more_value)
    recount(act.session, row)


def _go_on(act: Act, name: ClockName) -> None:
    """From where a merge stopped it, the time between being a pause; one that stood still then stands still again.

    `ran` and `stood` of the step's facts name the clocks that did so at the merge: a clock that had ended stays ended.
    """
    row = next((each for each in reversed(act.case.clocks) if each.name is name), None)
    if row is None or row.stopped_at is None:
        return
    if name in act.facts["stood"]:
        row.pauses[-1].until_at = row.stopped_at = None
    elif name in act.facts["ran"]:
        row.pauses.append(ClockPause(from_at=row.stopped_at, until_at=act.moment))
        row.stopped_at = None
        recount(act.session, row)


def _start_or_resume(act: Act, name: ClockName) -> None:
    """Back to the body that had it before, the remaining time runs on; another body starts anew."""
    before = act.case.assignments[-1] if act.case.assignments else None
    if running(act.case, name) is not None and before is not None and before.body_id == act.body_id:
        _resume(act, name)
        return
    _stop(act, name)
    _start(act, name)


_CLOCK_ACTS: Mapping[ClockAct, Callable[[Act, ClockName], None]] = {
    ClockAct.START: _start,
    ClockAct.STOP: _stop,
    ClockAct.PAUSE: _pause,
    ClockAct.RESUME: _resume,
    ClockAct.START_OR_RESUME: _start_or_resume,
    ClockAct.EXTEND: _extend,
    ClockAct.GO_ON: _go_on,
}


def _tell_assignment(case: Case) -> None:
    """The handling clock's due moment is the assignment's and the case's: the scores read it there."""
    row = running(case, ClockName.HANDLE)
    assignment = current_assignment(case) if row is not None else None
    if row is not None and assignment is not None:
        assignment.due_at = case.handle_due_at = row.due_at


def _record(act: Act) -> CaseEvent:
    """Write the event and move the projection."""
    case, actor = act.case, act.actor
    to = act.way.to or case.stage
    payload = act.facts | {"step": act.step.name.value, "result": act.result, "to": to.value}
    payload |= {"from": case.stage.value if act.step.stages else None, "at": act.moment.isoformat()}
    payload |= {"by": actor.person_id, "post": actor.post and actor.post.value, "for": actor.body_id}
    payload["note"] = chain.note_digest(act.office.keys, act.note)
    event = history.append(
        act.session,
        act.office.keys,
        case,
        step=act.step.name,
        result=act.result,
        to=to,
        at=act.moment,
        actor=actor,
        note=act.note,
        payload=payload,
    )
    case.stage, case.version, case.head_digest, case.moved_at = to, event.seq, event.digest, act.moment
    live = [row for row in case.clocks if row.stopped_at is None and _open_pause(row) is None]
    soonest = min(live, key=lambda row: row.due_at, default=None)
    case.due_at, case.warn_at = (soonest.due_at, soonest.warn_at) if soonest else (None, None)
    if to not in FINAL_STAGES:
        case.ended_at = None
    elif case.ended_at is None:
        case.ended_at = act.moment
    return event
