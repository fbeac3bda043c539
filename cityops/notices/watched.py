"""What rules of warning speak of: a case's clocks, and what is owed beside them, read alike by the sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, literal
from sqlalchemy.orm import InstrumentedAttribute

from cityops.accounts.posts import Post
from cityops.cases.co_models import CoHandling
from cityops.cases.models import Case, ClockPause, StageClock
from cityops.cases.queries import is_urgent
from cityops.notices.models import ClockWarning, Owed
from cityops.patrol.models import InspectorTask, TaskKind

Column = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Watched:
    """A kind of row that has a limit.

    Attributes:
        key: the row's key, by which a warning and a notice name it under `named`.
        begun_at, warn_at, due_at: when the limit began, is near, and ends.
        body_id: the body whose turn it is, where it is a body's.
        clock: which clock of the case it is; null for what is owed beside the clocks.
        runs: whether the limit still runs.
        is_urgent: whether quiet hours do not hold for it.
        post: who has to act; None where the clock says it.
        holder: the one person whose it is; None where it is whoever holds the post.
    """

    key: InstrumentedAttribute[int]
    named: InstrumentedAttribute[int | None]
    case_id: Column
    begun_at: Column
    warn_at: Column
    due_at: Column
    body_id: Column
    clock: Column
    runs: ColumnElement[bool]
    is_urgent: ColumnElement[bool]
    post: Post | None = None
    holder: Column | None = None


_PAUSED = exists().where(ClockPause.clock_id == StageClock.id, ClockPause.until_at.is_(None))

WATCHED: Mapping[Owed | None, Watched] = {
    None: Watched(
        key=StageClock.id,
        named=ClockWarning.clock_id,
        case_id=StageClock.case_id,
        begun_at=StageClock.started_at,
        warn_at=StageClock.warn_at,
        due_at=StageClock.due_at,
        body_id=Case.body_id,
        clock=StageClock.name,
        runs=and_(StageClock.stopped_at.is_(None), ~_PAUSED),
        is_urgent=is_urgent(),
    ),
    Owed.RECHECK: Watched(
        key=InspectorTask.id,
        named=ClockWarning.task_id,
        case_id=InspectorTask.case_id,
        begun_at=InspectorTask.given_at,
        # Days to look once more: there is no moment before their end at which it would be late to go.
        warn_at=InspectorTask.due_at,
        due_at=InspectorTask.due_at,
        body_id=Case.body_id,
        clock=literal(None),
        runs=and_(InspectorTask.kind == TaskKind.RECHECK, InspectorTask.done_at.is_(None)),
        is_urgent=false(),
        post=Post.INSPECTOR,
        holder=InspectorTask.person_id,
    ),
    Owed.CO_HANDLING: Watched(
        key=CoHandling.id,
        named=ClockWarning.co_handling_id,
        case_id=CoHandling.case_id,
        begun_at=CoHandling.given_at,
        warn_at=CoHandling.warn_at,
        due_at=CoHandling.due_at,
        body_id=CoHandling.body_id,
        clock=literal(None),
        runs=CoHandling.ended_at.is_(None),
        is_urgent=is_urgent(),
        post=Post.HANDLER,
    ),
}
"""Each kind of row, by what a rule says it is of; None is the clocks."""
