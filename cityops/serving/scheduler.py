"""The scheduler: every scheduled task at its moment, and the sweep of jobs that a crash left owed.

It stands still while a city is simulated on the same data folder: a virtual month must not be swept by today's clock.
Run with `python -m cityops.serving.scheduler`, or `cityops scheduler`.
"""

import logging
import signal
import threading
import time

import redis
from sqlalchemy.exc import SQLAlchemyError

from cityops import heartbeats, jobs, locks
from cityops.config import Config
from cityops.serving.once import LOG_FORMAT, exits_in_words
from cityops.workshop import Workshop

log = logging.getLogger(__name__)

TICK_S = 5.0


def run(workshop: Workshop, stop: threading.Event) -> None:
    """Tick until told to stop. A database or a Redis that is away is waited for."""
    next_sweep = 0.0
    while not stop.is_set():
        try:
            heartbeats.beat(workshop.redis, "scheduler")
        except redis.RedisError as error:
            log.warning("the queue does not answer: %s", error)
        if time.monotonic() >= next_sweep and not locks.is_held(workshop.config.home / locks.SIMULATING):
            next_sweep = time.monotonic() + jobs.SWEEP_EVERY.total_seconds()
            _sweep(workshop)
        stop.wait(TICK_S)


def main() -> None:
    """Schedule until told to stop."""
    with exits_in_words():
        logging.basicConfig(level=logging.WARNING, format=LOG_FORMAT)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stop.set())
        run(Workshop(Config.from_env()), stop)


def _sweep(workshop: Workshop) -> None:
    try:
        jobs.run_schedule(workshop)
        jobs.sweep(workshop)
    except SQLAlchemyError:
        log.exception("the database does not answer; the next sweep tries again")


if __name__ == "__main__":
    main()
