"""The web beside clients that say nothing."""

import socket
from collections import deque
from selectors import DefaultSelector
from types import SimpleNamespace

import pytest

from cityops.serving.web import Worker
from tests.serving.city import City, eventually

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]

# Where each held a thread for the 5 s that gunicorn waits for its first word, an answer behind them took 25 s; a slow
# machine answers well before that.
IDLE_CONNECTIONS = 48
ANSWERS_WITHIN_S = 15


def test_connections_that_ask_nothing_make_nobody_wait(city: City) -> None:
    city.start()
    assert eventually(city.is_well), city.words()
    idle = [socket.create_connection(("127.0.0.1", city.port)) for _ in range(IDLE_CONNECTIONS)]
    assert city.health(ANSWERS_WITHIN_S).get("code") == "200"
    first = idle[0]
    first.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    first.settimeout(ANSWERS_WITHIN_S)
    assert first.recv(4096).startswith(b"HTTP/1.1 200")
    for each in idle:
        each.close()
    assert city.stop() == 0


def test_a_stopping_worker_waits_for_no_first_word() -> None:
    worker = Worker.__new__(Worker)
    closed: list[str] = []
    waiting = SimpleNamespace(timeout=float("inf"), sock=None, close=lambda: closed.append("closed"))
    worker.pending_conns, worker.poller, worker.nr_conns = deque([waiting]), DefaultSelector(), 1
    worker.alive = True
    worker.murder_pending()
    assert closed == []
    worker.alive = False
    worker.murder_pending()
    assert (closed, worker.nr_conns) == (["closed"], 0)
