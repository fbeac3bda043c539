"""The notices' tasks: each opens its own doors and may run twice."""

from datetime import timedelta

from sqlalchemy import delete, or_, select

from cityops import clock
from cityops.cases.co_models import CoHandling
from cityops.cases.models import StageClock
from cityops.notices.models import ClockWarning, Notice
from cityops.notices.sweeping import warn
from cityops.patrol.models import InspectorTask
from cityops.workshop import Workshop

BATCH = 5_000
KEEP_FOR = timedelta(days=180)


def sweep(workshop: Workshop) -> None:
    """Warn of all that has come to a rule, a batch a transaction, so that nobody waits long to write."""
    while True:
        with workshop.transaction() as session:
            spoken = warn(session, limit=BATCH)
        if spoken < BATCH:
            return


def forget(workshop: Workshop) -> None:
    """Delete notices of half a year ago, and the warnings of that age whose clock has stopped or whose task is done."""
    before = clock.now() - KEEP_FOR
    stopped = or_(
        ClockWarning.clock_id.in_(select(StageClock.id).where(StageClock.stopped_at.is_not(None))),
        ClockWarning.task_id.in_(select(InspectorTask.id).where(InspectorTask.done_at.is_not(None))),
        ClockWarning.co_handling_id.in_(select(CoHandling.id).where(CoHandling.ended_at.is_not(None))),
    )
    with workshop.transaction() as session:
        session.execute(delete(Notice).where(Notice.made_at < before))
        session.execute(delete(ClockWarning).where(ClockWarning.made_at < before, stopped))
