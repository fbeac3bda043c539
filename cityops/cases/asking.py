"""Asking for something and deciding on it: one engine for all of `requests.RULES`."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.bodies import get_responsible
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.cases import arbitration, history, queries, request_queries
from cityops.cases.acting import Act, carry_out, moment_of, running
from cityops.cases.actor import Actor
from cityops.cases.effects import EFFECTS
from cityops.cases.intake import checked_text
from cityops.cases.models import Assignment, Case, StageClock
from cityops.cases.names import ClockName, StepName
from cityops.cases.office import CaseOffice
from cityops.cases.permission import find_held
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import (
    RULES,
    Ask,
    Asked,
    Life,
    RequestKind,
    RequestRule,
    RequestState,
    Situation,
    check,
    check_grant,
)
from cityops.cases.services import check_version, held_for
from cityops.cases.steps import DONE
from cityops.cases.workflow import STEPS
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.words import N_
from cityops.worktime import queries as worktime
from cityops.worktime.arithmetic import add, counted, remaining
from cityops.worktime.limits import Limit, Unit


@dataclass(frozen=True)
class NewRequest:
    """What is asked; `version` is the case's that the caller saw, `more` is in the unit of the handling limit."""

    kind: RequestKind
    version: int
    reason: str
    more: int | None = None
    until_on: date | None = None
    body: str | None = None


class Decision(StrEnum):
    """What can be said to a request; who asked may withdraw it."""

    GRANT = "grant"
    REJECT = "reject"
    WITHDRAW = "withdraw"


def ask(session: Session, viewer: Viewer, office: CaseOffice, number: str, new: NewRequest) -> CaseRequest:
    """Ask for something; the case stays where it is, and its history says so.

    Raises:
        NotFound: no such case, or outside what the viewer sees.
        NotAllowed: none of the viewer's posts may ask for this, or nobody may for such a case.
        Conflict: the case moved since `new.version`.
        WrongState: not now, or not again.
        Invalid: something is missing, or out of its bounds.
    """
    case = queries.get_case_for_update(session, viewer, number)
    rule, terms = RULES[new.kind], request_queries.get_terms(session, new.kind)
    check_version(session, case, new.version)
    held = held_for(viewer, rule.askers, case)
    _check_asker(rule, case, held)
    moment, reason = moment_of(case), checked_text("reason", new.reason)
    assignment = case.assignments[-1] if case.assignments else None
    body = get_responsible(session, new.body) if Ask.BODY in rule.asks and new.body else None
    is_proved = Ask.PROOF in rule.asks and _has_proof(session, case, assignment)
    asked = Asked(new.more, new.until_on, has_proof=is_proved)
    check(rule, terms, _situation(session, case, rule, assignment, moment), asked)
    request = CaseRequest(
        case_id=case.id,
        kind=new.kind,
        state=RequestState.OPEN,
        assignment_id=assignment.id if assignment is not None else None,
        body_id=assignment.body_id if assignment is not None and held.post is Post.HANDLER else None,
        asked_at=moment,
        due_at=add(worktime.get_calendar(session, terms.calendar), moment, terms.decide),
        more_value=new.more if Ask.MORE in rule.asks else None,
        until_on=new.until_on if Ask.UNTIL in rule.asks else None,
        suggested_body_id=body.id if body is not None else None,
    )
    step = STEPS[StepName.ASK]
    act = Act(session, office, case, step, step.ways[DONE], new.kind.value, moment, Actor.under(held, viewer.person_id))
    act.note, act.request, act.facts = reason, request, _facts(request)
    carry_out(act, EFFECTS[StepName.ASK])
    return request


def decide(
    session: Session,
    viewer: Viewer,
    office: CaseOffice,
    request_id: int,
    decision: Decision,
    version: int,
    note: str | None = None,
) -> CaseRequest:
    """Grant, reject or withdraw what was asked.

    Raises:
        NotFound: no such request, or outside what the viewer sees.
        NotAllowed: it is another post's to decide, or the viewer asked for it himself.
        Conflict: the case moved since `version`.
        WrongState: it is decided already, cannot be done at the case's stage, or the month's share is used up.
        Invalid: a rejection without a reason, an oversight without a reply.
    """
    case = queries.get_case_for_update(session, viewer, request_queries.get_number(session, viewer, request_id))
    request = _get_open(session, request_id)
    rule = RULES[request.kind]
    check_version(session, case, version)
    step, moment = STEPS[_step_of(rule, decision)], moment_of(case)
    held = _held_to(viewer, rule, case, request, decision)
    _check_person(viewer, case, request, decision)
    if case.stage not in step.stages:
        raise WrongState(N_("The case has moved on: this can no longer be granted."))
    if decision is Decision.GRANT:
        _check_grant(session, viewer, case, request, moment)
    must_say = decision is Decision.REJECT or rule.kind is RequestKind.OVERSEE
    actor = Actor.under(held, viewer.person_id)
    act = Act(session, office, case, step, step.ways[DONE], request.kind.value, moment, actor)
    act.note = checked_text("note", note, required=must_say) or None
    act.request, act.facts = request, _facts(request) | {"request": request.id}
    carry_out(act, EFFECTS[step.name])
    if step.name is StepName.SEND_BACK and case.arbitration_since_at is not None:
        arbitration.make_safe(session, office, case)
    # It was read while there was no decision to go with it.
    session.expire(request, ["decided"])
    return request


def may_decide(viewer: Viewer, case: Case, request: CaseRequest) -> bool:
    """Whether the viewer's posts decide on this request, and it is not his own."""
    body_path = case.body.path if case.body is not None else None
    held = find_held(viewer, RULES[request.kind].deciders, case, body_path)
    return held is not None and request.asked.person_id != viewer.person_id


def may_withdraw(viewer: Viewer, request: CaseRequest) -> bool:
    """Whether the viewer asked for it, or acts for the body for which it was asked."""
    own = request.body is not None and any(
        request.body.path.startswith(held.body_path) for held in viewer.holding(Post.HANDLER)
    )
    return own or request.asked.person_id == viewer.person_id


def _check_asker(rule: RequestRule, case: Case, held: HeldPost) -> None:
    """Refuse what cannot be asked under this assignment, or not by this body."""
    if rule.life is Life.ASSIGNMENT and case.is_waiting:
        raise WrongState(N_("It is reported already, and waits for the co-handlers."))
    if rule.kind is RequestKind.SEND_BACK and case.assignments[-1].is_binding:
        raise NotAllowed(N_("It was decided whose this is: it cannot be sent back again."))
    if held.post is Post.HANDLER and not case.assignments[-1].body.path.startswith(held.body_path):
        raise NotAllowed(N_("The lead asks for this: hand it up with the reason."))


def _has_proof(session: Session, case: Case, assignment: Assignment | None) -> bool:
    since = assignment.dispatched_at if assignment is not None else case.opened_at
    return request_queries.has_proof(session, case, since)


def _get_open(session: Session, request_id: int) -> CaseRequest:
    # Read again under the lock: who came first has decided it.
    request = session.get_one(CaseRequest, request_id, populate_existing=True)
    if request.state is not RequestState.OPEN:
        raise WrongState(N_("This request is not open any more."))
    return request


def _step_of(rule: RequestRule, decision: Decision) -> StepName:
    if decision is Decision.WITHDRAW:
        return StepName.WITHDRAW
    if decision is Decision.REJECT:
        if not rule.can_be_rejected:
            raise Invalid("decision", N_("Oversight cannot be rejected: reply to it."))
        return StepName.REJECT
    return rule.step


def _held_to(viewer: Viewer, rule: RequestRule, case: Case, request: CaseRequest, decision: Decision) -> HeldPost:
    """The post under which the viewer says this; a body withdraws what it asked though it has the case no more."""
    if decision is not Decision.WITHDRAW or request.body is None:
        return held_for(viewer, rule.askers if decision is Decision.WITHDRAW else rule.deciders, case)
    held = find_held(viewer, rule.askers, case, request.body.path)
    if held is None:
        raise NotAllowed(N_("Only who asked for it may withdraw it."))
    return held


def _check_grant(session: Session, viewer: Viewer, case: Case, request: CaseRequest, moment: datetime) -> None:
    rule = RULES[request.kind]
    if rule.life is Life.ASSIGNMENT and case.is_waiting:
        raise WrongState(N_("It is reported already, and waits for the co-handlers."))
    if rule.granting.not_after and history.has_done(session, case.id, viewer.person_id, rule.granting.not_after):
        raise NotAllowed(N_("You handled or judged this case yourself: another person has to judge it."))
    is_suspended = case.suspended_until_at is not None
    check_grant(request.kind, clock.city_day(moment), is_suspended=is_suspended, until_on=request.until_on)
    _check_month(session, request, moment)


def _check_person(viewer: Viewer, case: Case, request: CaseRequest, decision: Decision) -> None:
    if decision is Decision.WITHDRAW:
        if not may_withdraw(viewer, request):
            raise NotAllowed(N_("Only who asked for it may withdraw it."))
    elif not may_decide(viewer, case, request):
        raise NotAllowed(N_("You asked for this yourself: another person has to decide."))


def _check_month(session: Session, request: CaseRequest, moment: datetime) -> None:
    """A body is granted no more than a share of what it was given in the month; one is always possible."""
    terms = request_queries.get_terms(session, request.kind)
    if terms.month_share is None or request.body_id is None:
        return
    # Two cases of one body decided at the same moment would both find the last one free.
    session.execute(select(Body.id).where(Body.id == request.body_id).with_for_update(key_share=True))
    begin, end = month_of(clock.city_day(moment))
    month = request_queries.count_month(session, request.body_id, request.kind, begin, end)
    most = max(1, int(month.given * terms.month_share))
    if month.granted >= most:
        raise WrongState(
            N_("This body was granted %(granted)s this month, of %(given)s cases; %(most)s is the most it may be."),
            granted=month.granted,
            given=month.given,
            most=most,
        )


def month_of(day: date) -> tuple[datetime, datetime]:
    """The first moment of a day's month in the city, and that of the next month."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    begin, end = (datetime.combine(each, time.min, clock.CITY_ZONE) for each in (first, following))
    return begin, end


def _situation(
    session: Session, case: Case, rule: RequestRule, assignment: Assignment | None, moment: datetime
) -> Situation:
    times, is_asked = request_queries.count_asked(session, case, rule.kind, assignment.id if assignment else None)
    row = running(case, ClockName.HANDLE)
    return Situation(
        stage=case.stage,
        today=clock.city_day(moment),
        times=times,
        is_asked=is_asked,
        is_suspended=case.suspended_until_at is not None,
        is_urgent=row is not None and row.limit_unit is Unit.URGENT_HOUR,
        is_late=row is not None and moment > row.due_at,
        used_share=_used_share(session, row, moment) if row is not None else None,
        limit_value=row.limit_value if row is not None else None,
        extra_value=row.extra_value if row is not None else 0,
        mark_on=_mark_on(assignment),
    )


def _used_share(session: Session, row: StageClock, moment: datetime) -> float:
    calendar, limit = worktime.get_calendar(session, row.calendar), Limit(row.limit_value, row.limit_unit)
    whole = counted(calendar, row.started_at, limit)
    pauses = [(pause.from_at, pause.until_at or moment) for pause in row.pauses]
    left = remaining(calendar, row.started_at, limit, moment, pauses)
    return (whole - left) / whole if whole else 1.0


def _mark_on(assignment: Assignment | None) -> date | None:
    """The day on which a body got its late or faulty mark under this assignment: that of its end."""
    if assignment is None or assignment.ended_at is None or assignment.exempted_at is not None:
        return None
    is_marked = assignment.on_time is False or assignment.rework_count
    return clock.city_day(assignment.ended_at) if is_marked else None


def _facts(request: CaseRequest) -> dict[str, Any]:
    """What of a request goes into the history besides its kind, which is the event's result."""
    until = request.until_on.isoformat() if request.until_on is not None else None
    return {"more": request.more_value, "until": until, "body": request.suggested_body_id}
