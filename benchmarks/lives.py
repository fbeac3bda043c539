"""A case's whole life over HTTP, in seven calls: lives a second at an empty database and at a million cases.

The web is the one that serves: gunicorn with two workers, PostgreSQL with fsync on, eight clients, all on this machine.
The whole law is on: duty rules propose, a rule of each kind weighs whether the case goes on by itself and leaves it to
the person who then calls, the sweep of warnings runs. Beside the rate stands the processor time of a call, which others
on the machine change less, and the plan of each statement at a million.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from benchmarks import processor
from benchmarks.plans import explain
from cityops import clock, schema
from cityops.accounts.queries import find_viewer_by_username
from cityops.accounts.tokens import create_token
from cityops.cases import queries
from cityops.cases.automation import NewAutomation, switch_on
from cityops.cases.models import Case
from cityops.cases.plain_cases import AutoStep
from cityops.config import Config
from cityops.crypto import Keys
from cityops.db import Database
from cityops.demo.city import load_demo
from cityops.following import make_quiet_office
from cityops.grid.models import Component
from cityops.notices.tasks import sweep
from cityops.simulation.copying import fill
from cityops.workshop import Workshop
from tests.postgres import PostgresServer

CLIENTS = 8
SECONDS = 20
MANY = 1_000_000
SWEEP_EVERY_S = 10
PORT = 8399
ROAD: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("operator", "accept", {}),
    ("dutyleader", "file", {"condition": "C01037-1"}),
    ("dispatcher", "dispatch", {"body": "lamps"}),
    ("handler", "report_back", {"note": "已更换灯泡"}),
    ("inspector2", "check", {"result": "passed"}),
    ("dutyleader", "close", {}),
)
CALLS = 1 + len(ROAD)

Place = tuple[float, float]
Post = Callable[[str, str, dict[str, Any]], dict[str, Any]]
"""Posts a body to a path as somebody, and gives the answer's body."""


def run(many: int = MANY) -> dict[str, Any]:
    """Lives a second when empty and at `many` cases, the time of a list page at the latter, and the plans."""
    server = PostgresServer(durable=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _measure(server, Path(folder), many)
    finally:
        server.stop()


def _measure(server: PostgresServer, home: Path, many: int) -> dict[str, Any]:
    url = server.create("lives")
    schema.upgrade(url)
    config = Config(home=home, database_url=url, keys_folder=home / "keys", port=PORT)
    keys, database = Keys.load(config.keys_folder, make=True), Database(url)
    load_demo(database, keys, config, lambda words: None)
    _switch_rules_on(database)
    tokens, places = _tokens(database), _places(database)
    empty = _lives(config, tokens, places, server.process.pid)
    filled = fill(database, make_quiet_office(keys), config, many, lambda doing, cases, of: None)
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    full = _lives(config, tokens, places, server.process.pid)
    listing = _listing(database)
    database.dispose()
    return {
        "many": many,
        "filled_in_s": round(filled.seconds),
        "lives_when_empty": empty,
        "lives_at_many": full,
        "ratio_many_to_empty": round(full["lives_per_second"] / empty["lives_per_second"], 3),
        "list_50_of_many": listing,
        "asked_at_many": explain(config, lambda client: _live(_post_in_process(client, tokens), places[0])),
    }


def _switch_rules_on(database: Database) -> None:
    """A rule for each step that may go by itself, with all cases in its sample: each is weighed, none is taken."""
    with database.transaction() as session:
        administrator = find_viewer_by_username(session, "admin", clock.today())
        assert administrator is not None
        for step in AutoStep:
            switch_on(session, administrator, NewAutomation(step, sample_percent=100))


def _tokens(database: Database) -> dict[str, str]:
    names = {"inspector"} | {name for name, _, _ in ROAD}
    with database.transaction() as session:
        return {name: create_token(session, None, name) for name in names}


def _places(database: Database) -> list[Place]:
    with database.reading() as session:
        rows = session.execute(select(Component.lon, Component.lat).order_by(Component.id).limit(2_000))
        return [(row.lon, row.lat) for row in rows]


@contextmanager
def _serving(config: Config) -> Iterator[int]:
    """The web with its two workers; gives the process that started them."""
    environ = os.environ | {
        "CITYOPS_HOME": str(config.home),
        "DATABASE_URL": config.database_url,
        "CITYOPS_PORT": str(config.port),
        "CITYOPS_WEB_WORKERS": "2",
        "REDIS_URL": f"unix://{config.home}/none.sock",
    }
    web = subprocess.Popen([sys.executable, "-m", "cityops.serving.web"], env=environ)
    try:
        _wait(config.port)
        yield web.pid
    finally:
        web.terminate()
        web.wait(timeout=30)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/sign-in")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web does not answer")


@contextmanager
def _sweeping(config: Config) -> Iterator[None]:
    """The sweep of warnings: once to its end before, then oftener than the scheduler has it."""
    workshop, ended = Workshop(config), threading.Event()
    sweep(workshop)

    def go_on() -> None:
        while not ended.wait(SWEEP_EVERY_S):
            sweep(workshop)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        workshop.close()


def _lives(config: Config, tokens: dict[str, str], places: list[Place], database_pid: int) -> dict[str, Any]:
    with _serving(config) as web, _sweeping(config):
        processes = {"web": web, "database": database_pid, "clients": os.getpid()}
        _run_clients(tokens, places, 3)
        spent = {name: -_spent(pid) for name, pid in processes.items()}
        begun = time.perf_counter()
        times = _run_clients(tokens, places, SECONDS)
        took_s = time.perf_counter() - begun
        spent = {name: before + _spent(processes[name]) for name, before in spent.items()}
    calls = CALLS * len(times)
    return {
        "lives_per_second": round(len(times) / took_s, 1),
        "calls_per_second": round(calls / took_s, 1),
        "median_life_ms": round(statistics.median(times) * 1000, 1),
        "p95_life_ms": round(statistics.quantiles(times, n=20)[-1] * 1000, 1),
        "processor_ms_per_call": {name: round(seconds / calls * 1000, 2) for name, seconds in spent.items()},
    }


def _spent(pid: int) -> float:
    """Seconds of processor time; this process's own are the clients', whose children are counted by themselves."""
    return time.process_time() if pid == os.getpid() else processor.seconds(pid)


def _run_clients(tokens: dict[str, str], places: list[Place], seconds: float) -> list[float]:
    times: list[float] = []
    failures: list[str] = []
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        post = _post_over_http(tokens)
        turn = number
        try:
            while time.perf_counter() < until:
                begun = time.perf_counter()
                _live(post, places[turn * 37 % len(places)])
                times.append(time.perf_counter() - begun)
                turn += CLIENTS
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            failures.append(str(error))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(failures[0])
    return times


def _live(post: Post, place: Place) -> None:
    report = {"id": str(uuid4()), "source": "inspector", "kind": "component", "class_code": "01037"}
    report |= {"lon": place[0], "lat": place[1], "description": "路灯不亮"}
    case = post("/api/v1/reports", "inspector", report)["case"]
    for username, name, given in ROAD:
        body = {"step": name, "version": case["version"]} | given
        case = post(f"/api/v1/cases/{case['number']}/steps", username, body)


def _post_over_http(tokens: dict[str, str]) -> Post:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)

    def post(path: str, username: str, body: dict[str, Any]) -> dict[str, Any]:
        connection.request("POST", path, json.dumps(body), _headers(tokens[username]))
        answer = connection.getresponse()
        return _read(path, answer.status, answer.read())

    return post


def _post_in_process(client: FlaskClient, tokens: dict[str, str]) -> Post:
    def post(path: str, username: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post(path, data=json.dumps(body), headers=_headers(tokens[username]))
        return _read(path, answer.status_code, answer.data)

    return post


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": str(uuid4())}


def _read(path: str, status: int, data: bytes) -> dict[str, Any]:
    if status >= 300:
        raise RuntimeError(f"{path}: {status} {data[:300]!r}")
    told: dict[str, Any] = json.loads(data)
    return told


def _listing(database: Database) -> dict[str, Any]:
    """A list page of 50 by the service, beside the obvious way: the rows, and what they show asked for one by one."""
    with database.reading() as session:
        viewer = find_viewer_by_username(session, "supervisor", clock.today())
    assert viewer is not None
    newest = select(Case).order_by(Case.id.desc()).limit(50)
    ours = _time_list(
        database, lambda session: queries.list_cases(session, viewer, queries.CaseFilter(), size=50).cases
    )
    obvious = _time_list(database, lambda session: session.scalars(newest).all())
    return {"ours": ours, "obvious": obvious, "ratio": round(obvious["median_ms"] / ours["median_ms"], 1)}


def _time_list(database: Database, listed: Callable[[Session], Sequence[Case]]) -> dict[str, float]:
    asked: list[str] = []
    event.listen(database.reader, "before_cursor_execute", lambda *told: asked.append(told[2]))
    times = []
    for _ in range(30):
        with database.reading() as session:
            asked.clear()
            begun = time.perf_counter()
            for case in listed(session):
                _shown(case)
            times.append(time.perf_counter() - begun)
    return {"median_ms": round(statistics.median(times) * 1000, 2), "queries": len(asked)}


def _shown(case: Case) -> tuple[str | None, ...]:
    """What a row of the list shows."""
    return case.number, case.case_class.name, case.body and case.body.name, case.cell and case.cell.code


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False, indent=2))
