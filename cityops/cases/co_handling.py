"""Handling together: the dispatcher gives others a task beside the lead's; each reports for itself, or is excused.

The case goes on to its check when the lead has reported and no co-handling is open. Each of these is a step of the
workflow's table, with its own event.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from cityops.accounts.bodies import get_responsible
from cityops.accounts.models import Body
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.cases import clocks, co_queries, queries
from cityops.cases.acting import Act, carry_out, given, moment_of
from cityops.cases.actor import Actor
from cityops.cases.attachments import Photo, attach
from cityops.cases.co_models import MAX_TASK, CoEnd, CoHandling, CoKind
from cityops.cases.effects import end_co_handling
from cityops.cases.intake import checked_text
from cityops.cases.models import Attachment, AttachmentKind, Case
from cityops.cases.names import StepName
from cityops.cases.office import CaseOffice
from cityops.cases.permission import find_held
from cityops.cases.services import check_version, held_for
from cityops.cases.steps import DONE, LAST
from cityops.cases.workflow import STEPS
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.words import N_
from cityops.worktime import queries as worktime
from cityops.worktime.limits import Limit

MOST_LIMIT = 1_000
MOST_YUAN = 100_000_000


@dataclass(frozen=True)
class NewCoHandling:
    """A task for another body; `version` is the case's that the caller saw."""

    version: int
    body: str
    task: str
    limit: Limit


def add(session: Session, viewer: Viewer, office: CaseOffice, number: str, new: NewCoHandling) -> CoHandling:
    """Give a body a task in a case that another leads.

    Raises:
        NotFound: no such case, or outside what the viewer sees.
        NotAllowed: the viewer does not dispatch here.
        Conflict: the case moved since `new.version`.
        WrongState: nothing is given at the case's stage.
        Invalid: no such body, the lead itself, one that has a task already, no words, a limit that is none.
    """
    case = queries.get_case_for_update(session, viewer, number)
    check_version(session, case, new.version)
    step = STEPS[StepName.ADD_CO_HANDLER]
    held = held_for(viewer, step.posts, case)
    if case.stage not in step.stages:
        raise WrongState(N_("Others can be given a task only while the case is with its body."))
    body = get_responsible(session, new.body)
    if body.id == case.body_id:
        raise Invalid("body", N_("This body leads the case."))
    if co_queries.has_open(session, case, body):
        raise Invalid("body", N_("This body has a task in the case already."))
    if not 1 <= new.limit.value <= MOST_LIMIT:
        raise Invalid("limit_value", N_("A limit is 1 to %(most)s."), most=MOST_LIMIT)
    task = checked_text("task", new.task, longest=MAX_TASK)
    return give(session, office, case, Actor.under(held, viewer.person_id), body, CoKind.HELP, task, new.limit)


def give(
    session: Session,
    office: CaseOffice,
    case: Case,
    actor: Actor,
    body: Body,
    kind: CoKind,
    task: str,
    limit: Limit,
) -> CoHandling:
    """Write the task down as a step of the case, whose row this transaction has locked."""
    step, moment = STEPS[StepName.ADD_CO_HANDLER], moment_of(case)
    calendar = given(case.condition).calendar
    due_at, warn_at = clocks.due_and_warn(worktime.get_calendar(session, calendar), moment, limit)
    row = CoHandling(
        case_id=case.id,
        body_id=body.id,
        kind=kind,
        task=task,
        limit_value=limit.value,
        limit_unit=limit.unit,
        calendar=calendar,
        given_at=moment,
        given_seq=case.version + 1,
        due_at=due_at,
        warn_at=warn_at,
    )
    session.add(row)
    session.flush()
    act = Act(session, office, case, step, step.ways[DONE], kind.value, moment, actor)
    act.note = task
    act.facts = {"co_handling": row.id, "body": body.id, "limit": f"{limit.value} {limit.unit}"}
    case.open_co_handlings += 1
    carry_out(act, None)
    return row


def report(
    session: Session,
    viewer: Viewer,
    office: CaseOffice,
    co_handling_id: int,
    version: int,
    result: str,
    cost_yuan: int | None = None,
) -> CoHandling:
    """Say that the task is done; the last one after the lead's report sends the case to its check.

    Raises:
        NotFound: no such task, or outside what the viewer sees.
        NotAllowed: it is another body's.
        Conflict: the case moved since `version`.
        WrongState: the task is not open any more.
        Invalid: no words, a cost that is none, or fewer photos than the case's filing condition asks of who handles.
    """
    row, case = _locked(session, viewer, co_handling_id)
    check_version(session, case, version)
    held = _held(viewer, case, row)
    if cost_yuan is not None and not 0 <= cost_yuan <= MOST_YUAN:
        raise Invalid("cost_yuan", N_("A cost is a number of yuan, from 0 on."))
    if row.photos_missing:
        message = N_("Reporting the task done needs %(n)s photos of what was done: add them.")
        raise Invalid("photo", message, n=case.photos_to_report)
    row.result, row.cost_yuan = checked_text("result", result, longest=MAX_TASK), cost_yuan
    end(session, office, case, row, CoEnd.REPORTED, StepName.CO_REPORT, Actor.under(held, viewer.person_id), result)
    return row


def add_photo(session: Session, viewer: Viewer, co_handling_id: int, uuid: str, photo: Photo) -> Attachment:
    """Add a stored photo of what was done to an open task; the same uuid again gives the same row.

    Raises:
        NotFound, NotAllowed, WrongState: as `report`.
        Invalid: the uuid is another photo's, or the picture was used for something else.
    """
    row, case = _locked(session, viewer, co_handling_id)
    _held(viewer, case, row)
    return attach(session, viewer, case, uuid, AttachmentKind.AFTER, photo, co_handling_id=row.id)


def excuse(
    session: Session, viewer: Viewer, office: CaseOffice, co_handling_id: int, version: int, reason: str
) -> CoHandling:
    """Let a body off its task, with the reason.

    Raises:
        NotFound, NotAllowed, Conflict, WrongState: as `report`; the dispatcher excuses.
        Invalid: no reason.
    """
    row, case = _locked(session, viewer, co_handling_id)
    check_version(session, case, version)
    held = held_for(viewer, STEPS[StepName.EXCUSE].posts, case)
    words = checked_text("reason", reason, longest=MAX_TASK)
    end(session, office, case, row, CoEnd.EXCUSED, StepName.EXCUSE, Actor.under(held, viewer.person_id), words)
    return row


def _held(viewer: Viewer, case: Case, row: CoHandling) -> HeldPost:
    """The post under which the viewer handles for the task's body."""
    held = find_held(viewer, STEPS[StepName.CO_REPORT].posts, case, row.body.path)
    if held is None:
        raise NotAllowed(N_("This is another body's task."))
    return held


def _locked(session: Session, viewer: Viewer, co_handling_id: int) -> tuple[CoHandling, Case]:
    """The task and its case, locked; read again under the lock, for who came first has ended it."""
    number = co_queries.get_co_handling(session, viewer, co_handling_id).case.number
    case = queries.get_case_for_update(session, viewer, number)
    row = session.get_one(CoHandling, co_handling_id, populate_existing=True)
    if row.ended_at is not None:
        raise WrongState(N_("This task is not open any more."))
    return row, case


def end(
    session: Session,
    office: CaseOffice,
    case: Case,
    row: CoHandling,
    end: CoEnd,
    name: StepName,
    actor: Actor,
    words: str,
) -> None:
    """End a task of a case whose row this transaction has locked; the last one may send the case to its check.

    Raises:
        WrongState: the case has moved past its tasks.
    """
    step, moment = STEPS[name], moment_of(case)
    if case.stage not in step.stages:
        raise WrongState(N_("This task is not open any more."))
    end_co_handling(case, row, end, moment)
    is_last = case.is_waiting and case.open_co_handlings == 0
    way = step.ways[LAST if is_last else DONE]
    act = Act(session, office, case, step, way, LAST if is_last else DONE, moment, actor)
    act.note = words
    act.facts = {"co_handling": row.id, "body": row.body_id, "cost": row.cost_yuan}
    if end is CoEnd.REPORTED:
        act.facts["photos"] = [photo.sha256 for photo in row.photos]
    carry_out(act, None)
