"""The verbs of the notices: told by a case's step, settled when the case has moved on, read by a person."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Update, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases.co_models import CoHandling
from cityops.cases.models import Case, CaseEvent, ClockPause, StageClock
from cityops.cases.names import FINAL_STAGES, StepName
from cityops.cases.permission import in_charge
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import RULES, RequestState
from cityops.cases.workflow import steps_from
from cityops.db import UtcDateTime
from cityops.errors import NotFound
from cityops.notices.models import Notice, NoticeKind, Recipient
from cityops.notices.recipients import Directory, Subject
from cityops.notices.sweeping import find_quiet
from cityops.words import N_

_RECIPIENTS = {
    Post.DISPATCHER: Recipient.DISPATCHER,
    Post.DUTY_LEADER: Recipient.DUTY_LEADER,
    Post.HANDLER: Recipient.HANDLER,
}


@dataclass(frozen=True)
class Telling:
    """Whom a step tells.

    Attributes:
        result: the result of the step that tells; None for each.
        recipients: to whom; who took the step himself is left out.
        is_answer: whether it answers a request: then whoever asked is told as well.
        only_in_hand: whether nobody is told where no body has the case.
    """

    step: StepName
    result: str | None
    recipients: tuple[Recipient, ...]
    is_answer: bool = False
    only_in_hand: bool = False


_DECISIONS = (StepName.REJECT, *(rule.step for rule in RULES.values() if rule.step is not StepName.REPLY))

TELLINGS = (
    Telling(StepName.CHECK, "failed", (Recipient.HANDLER,)),
    Telling(StepName.REVIEW, "failed", (Recipient.DUTY_LEADER,)),
    Telling(StepName.URGE, None, (Recipient.HANDLER,)),
    Telling(StepName.REOPEN, None, (Recipient.DISPATCHER,)),
    *(Telling(StepName.ASK, rule.kind.value, (_RECIPIENTS[rule.deciders[-1]],)) for rule in RULES.values()),
    *(Telling(step, None, (Recipient.HANDLER,), is_answer=True) for step in _DECISIONS),
    Telling(StepName.REPLY, None, (), is_answer=True),
    Telling(StepName.RESUME, None, (Recipient.HANDLER,)),
    Telling(StepName.MERGE_FILED, None, (Recipient.HANDLER,), only_in_hand=True),
    Telling(StepName.HAND_DOWN, None, (Recipient.DISPATCHER,)),
    Telling(StepName.HAND_BACK, None, (Recipient.DISPATCHER,)),
)
"""The steps that are told beyond the work lists, in which a case that moved on simply stands."""


def _settling(*, is_leaving: bool) -> Update:
    paused = exists().where(ClockPause.clock_id == StageClock.id, ClockPause.until_at.is_(None))
    of_case = bindparam("of_case", type_=BigInteger)
    running = select(StageClock.id).where(StageClock.case_id == of_case, StageClock.stopped_at.is_(None), ~paused)
    stopped = and_(Notice.clock_id.is_not(None), Notice.clock_id.not_in(running))
    done = select(CoHandling.id).where(CoHandling.case_id == of_case, CoHandling.ended_at.is_not(None))
    answered = or_(stopped, Notice.co_handling_id.in_(done))
    if is_leaving:
        answered = or_(answered, Notice.event_id.is_not(None))
    else:
        decided = CaseRequest.case_id == of_case, CaseRequest.state != RequestState.OPEN
        asked = and_(CaseEvent.case_id == of_case, CaseEvent.seq == CaseRequest.asked_seq)
        answered = or_(answered, Notice.event_id.in_(select(CaseEvent.id).join(CaseRequest, asked).where(*decided)))
    return (
        update(Notice)
        .where(Notice.case_id == of_case, Notice.read_at.is_(None), Notice.settled_at.is_(None), answered)
        .values(settled_at=bindparam("moment", type_=UtcDateTime))
        .execution_options(synchronize_session=False)
    )


def _settling_merged() -> Update:
    merged = select(Case.id).where(Case.merged_into_id == bindparam("of_case", type_=BigInteger))
    return (
        update(Notice)
        .where(Notice.case_id.in_(merged), Notice.read_at.is_(None), Notice.settled_at.is_(None))
        .values(settled_at=bindparam("moment", type_=UtcDateTime))
        .execution_options(synchronize_session=False)
    )


# Built once: putting a statement together takes longer than running it.
_SETTLE_MERGED = _settling_merged()
_SETTLE, _SETTLE_ON_LEAVING = _settling(is_leaving=False), _settling(is_leaving=True)


def follow(session: Session, case: Case, event: CaseEvent) -> None:
    """Follow a case's step: settle the notices it has answered, tell those whom it concerns."""
    _settle(session, case, event)
    for telling in TELLINGS:
        if telling.step is event.step and telling.result in {None, event.result}:
            _tell(session, case, event, telling)


def _settle(session: Session, case: Case, event: CaseEvent) -> None:
    """What was told of a clock is settled when the clock runs no more; of a step, when the case has left the stage.

    What was asked is settled as well when it has been decided, or has lapsed; what was told of a task, when it is done;
    that a case was merged into another, when that one is over.
    """
    if event.from_stage is None:
        return
    has_left = event.from_stage is not event.to_stage
    facts = {"of_case": case.id, "moment": event.at}
    session.execute(_SETTLE_ON_LEAVING if has_left else _SETTLE, facts)
    if case.merged_count and has_left and event.to_stage in FINAL_STAGES:
        session.execute(_SETTLE_MERGED, facts)
    if event.step in {StepName.RECHECK, StepName.REOPEN}:
        open_ones = Notice.case_id == case.id, Notice.read_at.is_(None), Notice.settled_at.is_(None)
        session.execute(
            update(Notice)
            .where(*open_ones, Notice.task_id.is_not(None))
            .values(settled_at=event.at)
            .execution_options(synchronize_session=False)
        )


def _tell(session: Session, case: Case, event: CaseEvent, telling: Telling) -> None:
    if telling.only_in_hand and case.body is None:
        return
    # What was decided concerns the body that asked, which may have the case no more.
    body = case.body or (case.assignments[-1].body if case.assignments else None)
    body_path = body.path if body is not None else None
    turn_of = steps_from(case.stage)
    post = turn_of[0].posts[0] if turn_of else Post.DUTY_LEADER
    centre_id, desk_id = in_charge(case)
    subject = Subject(case.area_code, body_path, post, centre_id=centre_id, desk_id=desk_id)
    directory = Directory(session, body_path or "")
    later = event.at if case.is_urgent else find_quiet(session).shown_at(event.at, clock.CITY_ZONE)
    persons = dict.fromkeys(person for each in telling.recipients for person in directory.find(each, subject))
    if telling.is_answer:
        persons |= dict.fromkeys(_askers(session, case, event))
    session.add_all(
        Notice(
            person_id=person_id,
            kind=NoticeKind.STEP,
            case_id=case.id,
            event_id=event.id,
            turn=0,
            is_urgent=case.is_urgent,
            made_at=event.at,
            show_at=event.at if directory.is_on_duty(person_id) else later,
        )
        for person_id in persons
        if person_id != event.person_id
    )


def _askers(session: Session, case: Case, event: CaseEvent) -> list[int]:
    """Who asked for what this step has decided."""
    asking = and_(CaseEvent.case_id == CaseRequest.case_id, CaseEvent.seq == CaseRequest.asked_seq)
    decided = CaseRequest.case_id == case.id, CaseRequest.decided_seq == event.seq, CaseRequest.kind == event.result
    asked_by = session.scalars(select(CaseEvent.person_id).join(CaseRequest, asking).where(*decided))
    return [person_id for person_id in asked_by if person_id is not None]


def read(session: Session, viewer: Viewer, notice_id: int) -> Notice:
    """Mark one of the viewer's own notices as read.

    Raises:
        NotFound: the viewer has no such notice.
    """
    notice = session.scalar(select(Notice).where(Notice.id == notice_id, Notice.person_id == viewer.person_id))
    if notice is None:
        raise NotFound(N_("You have no such notice."))
    notice.read_at = notice.read_at or clock.now()
    return notice


def read_all(session: Session, viewer: Viewer) -> None:
    """Mark all that is shown to the viewer as read."""
    moment = clock.now()
    session.execute(
        update(Notice)
        .where(Notice.person_id == viewer.person_id, Notice.read_at.is_(None), Notice.show_at <= moment)
        .values(read_at=moment)
        .execution_options(synchronize_session=False)
    )
