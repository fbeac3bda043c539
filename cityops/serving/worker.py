"""The worker: rq, one fork a job, so that a job that grows or dies takes nothing with it.

Run with `python -m cityops.serving.worker`, or `cityops worker`. The supervisor says `--take-up` to its own.
"""

import logging
import os
import sys

import redis
from rq import Queue, Worker
from rq.job import Job

from cityops import heartbeats, jobs
from cityops.config import Config
from cityops.queue import QUEUE, release_claims
from cityops.serving.children import die_with_parent
from cityops.serving.once import LOG_FORMAT, TAKE_UP, exits_in_words
from cityops.workshop import Workshop

# rq waits for a job for `worker_ttl` less 15 seconds at a time, and beats each time round.
WORKER_TTL_S = 20
BEAT_WHILE_WORKING_S = 5


class CityWorker(Worker):
    """rq's worker, which says that it lives and whose forks die with it."""

    # Redis may be away for a moment while it restarts.
    max_connection_wait_time = 2.0

    def heartbeat(self, timeout: int | None = None, pipeline: "redis.client.Pipeline | None" = None) -> None:
        """Beat for rq and for /healthz."""
        super().heartbeat(timeout, pipeline)
        heartbeats.beat(self.connection if pipeline is None else pipeline, "worker")

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Do one job in the fork."""
        die_with_parent(self.pid or os.getppid())
        super().main_work_horse(job, queue)


def main() -> None:
    """Do owed jobs until told to stop; at SIGTERM the one in hand is finished first."""
    with exits_in_words():
        logging.basicConfig(level=logging.WARNING, format=LOG_FORMAT)
        config = Config.from_env()
        if TAKE_UP in sys.argv[1:]:
            _take_up_what_was_left(config)
        connection = redis.Redis.from_url(config.redis_address)
        worker = CityWorker(
            [QUEUE], connection=connection, worker_ttl=WORKER_TTL_S, job_monitoring_interval=BEAT_WHILE_WORKING_S
        )
        worker.work(logging_level="WARNING")


def _take_up_what_was_left(config: Config) -> None:
    # The supervisor has one worker: what is claimed was in the hands of its dead predecessor.
    workshop = Workshop(config)
    try:
        with workshop.transaction() as session:
            release_claims(session)
        jobs.sweep(workshop)
    finally:
        workshop.close()


if __name__ == "__main__":
    main()
