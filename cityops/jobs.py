"""Every task, its limit and its schedule: one page.

A task takes the workshop and ids, opens its own doors and may run twice. All tasks go through one queue: the row in
`owed_jobs` is the truth, Redis carries the word that there is work. A scheduled task is written down as owed when its
moment comes, so it is retried like any other; the sweep tells the worker again of what a crash left owed.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import NamedTuple

import redis
from rq import Queue
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from sqlalchemy import delete

from cityops import clock, milestones
from cityops.accounts import tasks as accounts
from cityops.cases import tasks as cases
from cityops.cases.leaving import find_left_behind
from cityops.config import Config
from cityops.following import make_office
from cityops.grid import looking
from cityops.grid import tasks as grid
from cityops.notices import tasks as notices
from cityops.patrol import tasks as patrol
from cityops.queue import MAX_ATTEMPTS, QUEUE, OwedJob, announce, claim, is_open, list_owed, owe, read_arguments
from cityops.workshop import Workshop

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=1)
KEEP_DONE_FOR = timedelta(days=30)
SWEEP_EVERY = timedelta(seconds=20)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Above this many words in Redis the worker has enough to do; telling it of the same jobs again would only pile up.
ENOUGH_WORDS = 500


class Task(NamedTuple):
    """What a job's name stands for, and how many seconds it may take (less than a claim lasts, `queue.CLAIM_FOR`)."""

    call: Callable[..., None]
    limit_s: int


class Scheduled(NamedTuple):
    """A task that comes round: daily at a time in the city's zone, or `every` so often (not below `SWEEP_EVERY`).

    What was missed is done once, however long nothing ran.
    """

    task: str
    daily_at: time = time.min
    every: timedelta | None = None


def forget_done_jobs(workshop: Workshop) -> None:
    """Delete the rows of jobs done more than thirty days ago."""
    with workshop.transaction() as session:
        session.execute(delete(OwedJob).where(OwedJob.done_at < clock.now() - KEEP_DONE_FOR))


def recount(workshop: Workshop, calendar: str, person_id: int, body_id: int) -> None:
    """Count the open clocks of a calendar anew, as the administrator ordered; whoever follows cases is told."""
    cases.recount(workshop, make_office(workshop.keys), calendar, person_id, body_id)


def resume_suspended(workshop: Workshop) -> None:
    """Let cases run on whose suspension has ended; whoever follows cases is told."""
    cases.resume_suspended(workshop, make_office(workshop.keys))


def hand_over_ended(workshop: Workshop) -> None:
    """Hand over what closed bodies still have open; whoever follows cases is told."""
    cases.hand_over_ended(workshop, make_office(workshop.keys))


def look_at_survey(workshop: Workshop, survey_id: int) -> None:
    """Look at a file that was handed in on the page; what cases and rules hang on its areas is told too."""
    looking.look_at(workshop, survey_id, find_left_behind)


def take_in_survey(workshop: Workshop, survey_id: int) -> None:
    """Take in a survey as the administrator ordered."""
    looking.take_in(workshop, survey_id, find_left_behind)


TASKS: dict[str, Task] = {
    "grid.put_version_into_force": Task(grid.put_version_into_force, 240),
    "grid.look_at_survey": Task(look_at_survey, 280),
    "grid.take_in_survey": Task(take_in_survey, 280),
    "grid.look_at_cover": Task(grid.look_at_cover, 280),
    "grid.take_in_cover": Task(grid.take_in_cover, 280),
    "grid.look_at_addresses": Task(grid.look_at_addresses, 280),
    "grid.take_in_addresses": Task(grid.take_in_addresses, 280),
    "grid.forget_surveys": Task(grid.forget_surveys, 60),
    "cases.checkpoint": Task(cases.checkpoint, 240),
    "cases.make_thumbnail": Task(cases.make_thumbnail, 60),
    "cases.recount": Task(recount, 240),
    "cases.resume_suspended": Task(resume_suspended, 240),
    "cases.look_at_census": Task(cases.look_at_census, 280),
    "cases.take_in_census": Task(cases.take_in_census, 280),
    "cases.hand_over_ended": Task(hand_over_ended, 240),
    "accounts.forget_idempotency_keys": Task(accounts.forget_idempotency_keys, 120),
    "notices.sweep": Task(notices.sweep, 240),
    "notices.forget": Task(notices.forget, 240),
    "patrol.hand_on_tasks": Task(patrol.hand_on_tasks, 120),
    "patrol.count_renewals": Task(patrol.count_renewals, 240),
    "patrol.draw_rechecks": Task(patrol.draw_rechecks, 240),
    "jobs.forget_done_jobs": Task(forget_done_jobs, 120),
}

SCHEDULE = (
    Scheduled("grid.put_version_into_force", time(0, 0)),
    Scheduled("cases.checkpoint", time(2, 30)),
    Scheduled("cases.resume_suspended", every=timedelta(minutes=1)),
    Scheduled("cases.hand_over_ended", every=timedelta(minutes=10)),
    Scheduled("accounts.forget_idempotency_keys", time(3, 10)),
    Scheduled("notices.sweep", every=timedelta(minutes=1)),
    Scheduled("notices.forget", time(3, 30)),
    Scheduled("patrol.hand_on_tasks", every=timedelta(minutes=1)),
    Scheduled("patrol.draw_rechecks", time(6, 0)),
    Scheduled("patrol.count_renewals", every=timedelta(hours=1)),
    Scheduled("jobs.forget_done_jobs", time(3, 20)),
    Scheduled("grid.forget_surveys", time(3, 40)),
)


@cache
def process_workshop() -> Workshop:
    """The workshop of a worker's process, made after its fork."""
    return Workshop(Config.from_env())


def run_owed(job_id: int, workshop: Workshop | None = None) -> bool:
    """Do an owed job: claim it, run its task, mark it done; whether that came to be.

    One that fails keeps its error and is tried again after 30 s, 1 min, 2 min … up to an hour, ten times in all. One
    that is done, or in another's hands, is left alone.
    """
    shop = workshop or process_workshop()
    with shop.transaction() as session:
        job = claim(session, job_id)
        if job is None:
            return False
        name, arguments, attempts = job.task, read_arguments(job), job.attempts
    try:
        task = TASKS[name]
        with UnixSignalDeathPenalty(task.limit_s, JobTimeoutException):  # type: ignore[no-untyped-call] # rq's
            task.call(shop, **arguments)
    except Exception as error:
        # Whatever a task raises is kept with its job, which is tried again.
        log.exception("job %s (%s) failed at attempt %s", job_id, name, attempts)
        _mark(shop, job_id, error=f"{type(error).__name__}: {error}", due_at=clock.now() + _wait_after(name, attempts))
        return False
    _mark(shop, job_id, error=None, done_at=clock.now())
    return True


def sweep(workshop: Workshop) -> int:
    """Tell the worker again of every job that is owed and in nobody's hands; how many."""
    with workshop.reading() as session:
        job_ids = list_owed(session)
    if not job_ids:
        return 0
    try:
        if Queue(QUEUE, connection=workshop.redis).count >= ENOUGH_WORDS:
            return 0
    except redis.RedisError as error:
        log.warning("the queue does not answer, %s jobs stay owed: %s", len(job_ids), error)
        return 0
    announce(workshop.redis, job_ids)
    return len(job_ids)


def run_schedule(workshop: Workshop) -> list[str]:
    """Write down as owed every scheduled task whose moment has come; their names. Two schedulers may."""
    moment = clock.now()
    with workshop.reading() as session:
        kept = {each.task: milestones.find_milestone(session, _milestone(each)) for each in SCHEDULE}
    waiting = [each for each in SCHEDULE if not _lies_ahead(kept[each.task], each, moment)]
    if not waiting:
        return []
    begun = []
    with workshop.transaction() as session:
        for each in waiting:
            to = next_run(each, moment)
            milestones.keep(session, _milestone(each), to)
            milestones.bring_forward(session, _milestone(each), to)
            has_come = milestones.move_on(session, _milestone(each), due_by=moment, to=to)
            # A round that the worker has not come to yet is not owed again: after an outage it would run for each.
            if has_come and not (each.every is not None and is_open(session, each.task)):
                owe(session, each.task)
                begun.append(each.task)
    return begun


def next_run(scheduled: Scheduled, after: datetime) -> datetime:
    """The next moment of a scheduled task after `after`."""
    if scheduled.every is not None:
        return after + scheduled.every - (after - _EPOCH) % scheduled.every
    local = after.astimezone(clock.CITY_ZONE)
    run = local.replace(hour=scheduled.daily_at.hour, minute=scheduled.daily_at.minute, second=0, microsecond=0)
    return run if run > local else run + timedelta(days=1)


def _milestone(scheduled: Scheduled) -> str:
    return f"next {scheduled.task}"


def _lies_ahead(kept: datetime | None, scheduled: Scheduled, moment: datetime) -> bool:
    # A task without a milestone is new, and one whose milestone lies beyond its next moment was kept by a clock that
    # ran ahead, or under another schedule: its next moment has to be written down.
    return kept is not None and moment < kept <= next_run(scheduled, moment)


def _wait_after(task: str, attempts: int) -> timedelta:
    if attempts >= MAX_ATTEMPTS:
        return timedelta(0)
    # What comes round often is tried again at its next round, not an hour later.
    rounds = [each.every for each in SCHEDULE if each.task == task and each.every is not None]
    wait: timedelta = min(FIRST_RETRY * 2 ** (attempts - 1), LAST_RETRY, *rounds)
    return wait


def _mark(
    workshop: Workshop,
    job_id: int,
    *,
    error: str | None,
    due_at: datetime | None = None,
    done_at: datetime | None = None,
) -> None:
    with workshop.transaction() as session:
        job = session.get_one(OwedJob, job_id)
        job.error = error[:2_000] if error else None
        job.done_at = done_at
        job.due_at = due_at or job.due_at
