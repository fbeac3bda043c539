"""Two transactions that meet at a lock."""

import time
from concurrent.futures import Future
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_WAIT_FOR_US = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")


def until_it_waits(session: Session, other: "Future[Any]") -> None:
    """Go on once another transaction waits for what this one holds, or is over; in SQLite nobody writes beside it."""
    if session.get_bind().dialect.name == "sqlite":
        return
    while not other.done() and not session.scalar(_WAIT_FOR_US):
        time.sleep(0.01)
