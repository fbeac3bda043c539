"""The web: gunicorn, which loads the application and its grid before it forks.

Its workers have threads: a tablet that reads its answer slowly holds a thread, not a worker, and /healthz answers
beside it. Run with `python -m cityops.serving.web`, or `cityops web`.
"""

import gc
import logging
import selectors
import time
from functools import partial
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import TConn, ThreadWorker
from sqlalchemy.exc import SQLAlchemyError

from cityops.app import create_app
from cityops.config import Config
from cityops.db import Database
from cityops.grid.queries import prepare
from cityops.serving.children import die_with_parent
from cityops.serving.once import LOG_FORMAT, exits_in_words

log = logging.getLogger(__name__)

THREADS = 4
TIMEOUT_S = 60
GRACE_S = 8
KEEPALIVE_S = 15


class Worker(ThreadWorker):
    """gunicorn's worker with threads, in which a connection holds none before its request comes.

    A browser opens connections that it may never use. gunicorn lets each of them hold a thread for 5 s
    (`DEFAULT_WORKER_DATA_TIMEOUT`), so that a few browsers at their rest make everybody wait.
    """

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection that has something to read to a thread; let another wait with the idle ones."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def murder_pending(self) -> None:
        """Close what has asked nothing for too long; a stopping worker waits for no first word at all."""
        if not self.alive:
            for conn in self.pending_conns:
                conn.timeout = 0.0
        super().murder_pending()


class Web(BaseApplication):
    """gunicorn with its settings taken from the `Config` instead of a file of its own."""

    def __init__(self, config: Config) -> None:
        self.config = config
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn its settings."""
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        settings: dict[str, Any] = {
            "bind": f"{host}:{self.config.port}",
            "workers": self.config.web_workers,
            "worker_class": "cityops.serving.web.Worker",
            "threads": THREADS,
            "preload_app": True,
            "timeout": TIMEOUT_S,
            "graceful_timeout": GRACE_S,
            "keepalive": KEEPALIVE_S,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
            "proc_name": "cityops web",
            "post_fork": _tie_to_master,
            "when_ready": _freeze,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the application and prepare its grid, so that the workers share it; no connection outlives this."""
        try:
            prepare(Database(self.config.database_url))
        except SQLAlchemyError as error:
            # A web that waits for its database answers /healthz; its first request prepares the grid.
            log.warning("the grid is not prepared before the fork: %s", error)
        return create_app(self.config)


def main() -> None:
    """Serve the pages and the API until told to stop."""
    with exits_in_words():
        logging.basicConfig(level=logging.WARNING, format=LOG_FORMAT)
        Web(Config.from_env()).run()


def _tie_to_master(_arbiter: Any, worker: Any) -> None:
    die_with_parent(worker.ppid)


def _freeze(_arbiter: Any) -> None:
    # What was loaded before the fork stays shared between the workers, if the collector leaves it alone.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
