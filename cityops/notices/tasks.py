"""The notices' tasks: each opens its own doors and may run twice."""

from datetime import timedelta

from sqlalchemy import delete, select

from cityops import clock
from cityops.cases.models import StageClock
from cityops.notices.models import ClockWarning, Notice
from cityops.notices.sweeping import warn
from cityops.workshop import Workshop

BATCH = 5_000
KEEP_FOR = timedelta(days=180)


def sweep(workshop: Workshop) -> None:
    """Warn of every clock that has come to a rule, a batch a transaction, so that nobody waits long to write."""
    while True:
        with workshop.transaction() as session:
            spoken = warn(session, limit=BATCH)
        if spoken < BATCH:
            return


def forget(workshop: Workshop) -> None:
    """Delete notices of half a year ago, and the warnings of that age whose clock has stopped."""
    before = clock.now() - KEEP_FOR
    stopped = select(StageClock.id).where(StageClock.stopped_at.is_not(None))
    with workshop.transaction() as session:
        session.execute(delete(Notice).where(Notice.made_at < before))
        session.execute(delete(ClockWarning).where(ClockWarning.made_at < before, ClockWarning.clock_id.in_(stopped)))
