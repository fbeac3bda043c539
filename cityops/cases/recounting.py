"""Due times counted anew after a calendar has changed: shown first, done only when asked, each in its case's history.

What is left to do is what would still move: there is no other record of progress, so a recount that breaks off goes on
where it stopped, and one that runs twice does nothing the second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, joinedload, selectinload

from cityops.accounts.models import AuditAction
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import queries
from cityops.cases.acting import Act, carry_out, moment_of, recount
from cityops.cases.actor import Actor
from cityops.cases.clocks import due_now, limit_of
from cityops.cases.models import Case, ClockPause, StageClock
from cityops.cases.names import ClockName, StepName
from cityops.cases.office import CaseOffice
from cityops.cases.steps import DONE
from cityops.cases.workflow import STEPS
from cityops.errors import WrongState
from cityops.queue import is_open, owe
from cityops.words import N_
from cityops.worktime import queries as worktime
from cityops.worktime.arrays import NO_ANSWER, due_many
from cityops.worktime.calendar import Calendar
from cityops.worktime.editing import must_keep_calendars, record
from cityops.worktime.limits import Unit
from cityops.worktime.timeline import to_moment, us_of

TASK = "cases.recount"

# A suspended case is due by the day on which it is to go on, and counted anew on that day.
_IS_SUSPENDED = exists().where(Case.id == StageClock.case_id, Case.suspended_until_at.is_not(None))
_IS_PAUSED = exists().where(ClockPause.clock_id == StageClock.id)


@dataclass(frozen=True, slots=True)
class MovedClock:
    """An open clock that its calendar, as it stands, would count otherwise.

    Attributes:
        becomes_at: when it would be due; None where that cannot be counted, so that it stays as it is.
    """

    case_id: int
    name: ClockName
    due_at: datetime
    becomes_at: datetime | None


def list_moved(session: Session, viewer: Viewer | None, name: str) -> list[MovedClock]:
    """The open clocks that a recount of the calendar of this name would move, the soonest first; three queries.

    Raises:
        NotFound: there is no such calendar.
        NotAllowed: the viewer does not administer the whole city.
    """
    must_keep_calendars(viewer)
    calendar = worktime.get_calendar(session, name)
    plain = session.scalars(_open_clocks(name).where(~_IS_PAUSED)).all()
    paused = session.scalars(_open_clocks(name).where(_IS_PAUSED).options(selectinload(StageClock.pauses))).all()
    counted = [*zip(plain, _due_now_of(calendar, plain), strict=True)]
    counted += [(row, due_now(calendar, row)) for row in paused]
    moved = [MovedClock(row.case_id, row.name, row.due_at, due) for row, due in counted if due != row.due_at]
    return sorted(moved, key=lambda each: (each.due_at, each.case_id))


def list_cases(session: Session, viewer: Viewer | None, moved: Sequence[MovedClock]) -> dict[int, Case]:
    """The cases of these clocks by key, with their classes."""
    must_keep_calendars(viewer)
    found = select(Case).where(Case.id.in_({each.case_id for each in moved})).options(joinedload(Case.case_class))
    return {case.id: case for case in session.scalars(found)}


def order_recount(session: Session, viewer: Viewer, name: str) -> None:
    """Owe the recount of all open clocks of a calendar, under the name of who asks for it.

    Raises:
        NotFound, NotAllowed: as `list_moved`.
        WrongState: a recount is under way.
    """
    must_keep_calendars(viewer)
    row = worktime.get_calendar_row(session, name)
    if is_open(session, TASK):
        raise WrongState(N_("A recount is under way: wait until it is done."))
    held = viewer.holding(Post.ADMINISTRATOR)[0]
    record(session, viewer, AuditAction.DUE_TIMES_RECOUNTED, row.name)
    owe(session, TASK, calendar=row.name, person_id=viewer.person_id, body_id=held.body_id)


def recount_case(session: Session, office: CaseOffice, actor: Actor, case_id: int, name: str) -> bool:
    """Count a case's open clocks on a calendar anew, as one step in its history; whether any moved."""
    case = queries.lock_case(session, case_id)
    calendar = worktime.get_calendar(session, name)
    open_clocks = [row for row in case.clocks if row.calendar == name and row.stopped_at is None]
    counted = [(row, due_now(calendar, row)) for row in open_clocks]
    moved = [(row, due) for row, due in counted if due is not None and due != row.due_at]
    if not moved or case.suspended_until_at is not None:
        return False
    step = STEPS[StepName.RECOUNT]
    act = Act(session, office, case, step, step.ways[DONE], DONE, moment_of(case), actor)
    told = [[row.name.value, row.due_at.isoformat(), due.isoformat()] for row, due in moved]
    act.facts = {"calendar": name, "due": told}

    def count_anew(_act: Act) -> None:
        for row, _ in moved:
            recount(session, row)

    carry_out(act, count_anew)
    return True


def _open_clocks(name: str) -> Select[StageClock]:
    return select(StageClock).where(StageClock.calendar == name, StageClock.stopped_at.is_(None), ~_IS_SUSPENDED)


def _due_now_of(calendar: Calendar, rows: Sequence[StageClock]) -> list[datetime | None]:
    starts = np.array([us_of(row.started_at) for row in rows], np.int64)
    values = np.array([limit_of(row).value for row in rows], np.float64)
    due = np.full(len(rows), NO_ANSWER)
    for unit in Unit:
        chosen = np.array([row.limit_unit is unit for row in rows], bool)
        due[chosen] = due_many(calendar, starts[chosen], values[chosen], unit)
    return [None if each == NO_ANSWER else to_moment(each) for each in due.tolist()]
