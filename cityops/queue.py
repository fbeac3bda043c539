"""Jobs: owed in the same transaction as what they follow, queued after its commit, found again by a sweep.

A job is named by its dotted name and takes ids. Its row is the truth; Redis only carries the word that there is work,
so nothing depends on Redis remembering. A job may run twice.
"""

import json
import logging
from datetime import datetime, timedelta

import redis
from rq import Queue
from sqlalchemy import Index, String, Text, event, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from cityops import clock
from cityops.db import Base, BigKey, UtcDateTime, rows_matched

log = logging.getLogger(__name__)

QUEUE = "owed"
RUNNER = "cityops.jobs.run_owed"
CLAIM_FOR = timedelta(minutes=5)
MAX_ATTEMPTS = 10


class OwedJob(Base):
    """A piece of work owed: done when `done_at` is set, given up after ten attempts."""

    __tablename__ = "owed_jobs"
    __table_args__ = (
        Index(
            "ix_owed_jobs_open",
            "due_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    task: Mapped[str] = mapped_column(String(80))
    arguments: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)


def owe(session: Session, task: str, **arguments: int | str) -> OwedJob:
    """Write down that `task` is owed; the word goes to the queue when the transaction has committed."""
    moment = clock.now()
    job = OwedJob(task=task, arguments=json.dumps(arguments, sort_keys=True), created_at=moment, due_at=moment)
    session.add(job)
    waiting = session.info.setdefault("owed_jobs", [])
    waiting.append(job)
    if len(waiting) == 1 and "redis" in session.info:
        event.listen(session, "after_commit", _announce, once=True)
    return job


def announce(connection: redis.Redis, job_ids: list[int]) -> None:
    """Tell the workers of owed jobs; a Redis that is away is not an error, the sweep will find them."""
    try:
        queue = Queue(QUEUE, connection=connection, default_timeout=int(CLAIM_FOR.total_seconds()))
        for job_id in job_ids:
            queue.enqueue(RUNNER, job_id, result_ttl=0, failure_ttl=86_400)
    except redis.RedisError as error:
        log.warning("jobs %s stay owed until the sweep: %s", job_ids, error)


def claim(session: Session, job_id: int) -> OwedJob | None:
    """Take an owed job for a while; None where it is done, given up or another has it."""
    moment = clock.now()
    taken = session.execute(
        update(OwedJob)
        .where(OwedJob.id == job_id, OwedJob.done_at.is_(None), OwedJob.due_at <= moment)
        .where(OwedJob.attempts < MAX_ATTEMPTS)
        .values(due_at=moment + CLAIM_FOR, attempts=OwedJob.attempts + 1, error=None)
    )
    return session.get(OwedJob, job_id) if rows_matched(taken) else None


def release_claims(session: Session) -> int:
    """Take every claimed job out of its claimer's hands; how many. Only for the tree's own worker at its start."""
    moment = clock.now()
    in_hand = (OwedJob.done_at.is_(None), OwedJob.attempts > 0, OwedJob.error.is_(None), OwedJob.due_at > moment)
    return rows_matched(session.execute(update(OwedJob).where(*in_hand).values(due_at=moment)))


def read_arguments(job: OwedJob) -> dict[str, int | str]:
    """The arguments that a job was owed with."""
    arguments: dict[str, int | str] = json.loads(job.arguments)
    return arguments


def list_owed(session: Session, limit: int = 500) -> list[int]:
    """The ids of owed jobs that nobody has in hand."""
    return list(
        session.scalars(
            select(OwedJob.id)
            .where(OwedJob.done_at.is_(None), OwedJob.due_at <= clock.now(), OwedJob.attempts < MAX_ATTEMPTS)
            .order_by(OwedJob.due_at)
            .limit(limit)
        )
    )


def is_open(session: Session, task: str) -> bool:
    """Whether a job of this task is owed or in hand, so that another one would only follow it."""
    open_jobs = (OwedJob.done_at.is_(None), OwedJob.attempts < MAX_ATTEMPTS, OwedJob.task == task)
    return session.scalar(select(OwedJob.id).where(*open_jobs).limit(1)) is not None


def count_given_up(session: Session) -> int:
    """How many jobs nobody tries any more: ten attempts, and not done."""
    given_up = (OwedJob.done_at.is_(None), OwedJob.due_at <= clock.now(), OwedJob.attempts >= MAX_ATTEMPTS)
    return session.scalar(select(func.count()).select_from(OwedJob).where(*given_up)) or 0


def _announce(session: Session) -> None:
    jobs: list[OwedJob] = session.info.pop("owed_jobs", [])
    announce(session.info["redis"], [job.id for job in jobs])
