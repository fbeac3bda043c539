"""A case's whole life over HTTP, in seven calls: lives a second at an empty database and at 100,000 cases.

The web is the one that serves: gunicorn with two workers, PostgreSQL with fsync on, eight clients, all on this machine.
The 100,000 are skewed as a city's are: copies of simulated cases, 3 % of them open, and ANALYZEd. Beside the figures
stand the plans of the queries that could grow with the table.
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
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Interval, event, func, literal, select, text
from sqlalchemy.orm import Session

from cityops import clock, schema
from cityops.accounts.queries import find_viewer_by_username
from cityops.accounts.tokens import create_token
from cityops.cases import queries
from cityops.cases.models import Assignment, Case, CaseEvent, ClockPause, Report, StageClock
from cityops.config import Config
from cityops.crypto import Keys
from cityops.db import Base, Database
from cityops.demo.city import load_demo
from cityops.following import make_office
from cityops.grid.models import Component
from cityops.patrol.models import InspectorTask
from cityops.simulation.services import simulate
from tests.postgres import PostgresServer

CLIENTS = 8
SECONDS = 20
MANY = 100_000
OPEN_SHARE = 0.03
PORT = 8399
ROAD: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("operator", "accept", {}),
    ("dutyleader", "file", {"condition": "C01037-1"}),
    ("dispatcher", "dispatch", {"body": "lamps"}),
    ("handler", "report_back", {"note": "已更换灯泡"}),
    ("inspector2", "check", {"result": "passed"}),
    ("dutyleader", "close", {}),
)


def run() -> dict[str, Any]:
    """Lives a second when empty and at 100,000 cases, the time of a list page at the latter, and the plans."""
    server = PostgresServer(durable=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _measure(server.create("lives"), Path(folder))
    finally:
        server.stop()


def _measure(url: str, home: Path) -> dict[str, Any]:
    schema.upgrade(url)
    config = Config(home=home, database_url=url, keys_folder=home / "keys", port=PORT)
    keys, database = Keys.load(config.keys_folder, make=True), Database(url)
    load_demo(database, keys, config, lambda words: None)
    tokens, places = _tokens(database), _places(database)
    with _serving(config):
        empty = _lives(tokens, places)
    _fill(database, keys, config)
    with _serving(config):
        full = _lives(tokens, places)
    listing = _listing(database)
    database.dispose()
    return {
        "lives_per_second_empty": empty,
        "lives_per_second_at_100000": full,
        "ratio_full_to_empty": round(full["lives_per_second"] / empty["lives_per_second"], 3),
        "list_50_of_100000": listing,
        "plans": _plans(Database(url)),
    }


def _tokens(database: Database) -> dict[str, str]:
    names = {"inspector"} | {name for name, _, _ in ROAD}
    with database.transaction() as session:
        return {name: create_token(session, None, name) for name in names}


def _places(database: Database) -> list[tuple[float, float]]:
    with database.reading() as session:
        rows = session.execute(select(Component.lon, Component.lat).order_by(Component.id).limit(2_000))
        return [(row.lon, row.lat) for row in rows]


@contextmanager
def _serving(config: Config) -> Iterator[None]:
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
        yield
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


def _lives(tokens: dict[str, str], places: list[tuple[float, float]]) -> dict[str, Any]:
    _run_clients(tokens, places, 3)
    times = _run_clients(tokens, places, SECONDS)
    return {
        "lives_per_second": round(len(times) / SECONDS, 1),
        "calls_per_second": round(7 * len(times) / SECONDS, 1),
        "median_life_ms": round(statistics.median(times) * 1000, 1),
        "p95_life_ms": round(statistics.quantiles(times, n=20)[-1] * 1000, 1),
    }


def _run_clients(tokens: dict[str, str], places: list[tuple[float, float]], seconds: float) -> list[float]:
    times: list[float] = []
    failures: list[str] = []
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        turn = number
        try:
            while time.perf_counter() < until:
                begun = time.perf_counter()
                _live(connection, tokens, places[turn * 37 % len(places)])
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


def _live(connection: http.client.HTTPConnection, tokens: dict[str, str], place: tuple[float, float]) -> None:
    report = {"id": str(uuid4()), "source": "inspector", "kind": "component", "class_code": "01037"}
    report |= {"lon": place[0], "lat": place[1], "description": "路灯不亮"}
    case = _post(connection, "/api/v1/reports", tokens["inspector"], report)["case"]
    for username, name, given in ROAD:
        body = {"step": name, "version": case["version"]} | given
        case = _post(connection, f"/api/v1/cases/{case['number']}/steps", tokens[username], body)


def _post(connection: http.client.HTTPConnection, path: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    data = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{path}: {answer.status} {data[:300]!r}")
    told: dict[str, Any] = json.loads(data)
    return told


def _fill(database: Database, keys: Keys, config: Config) -> None:
    """Bring the table to 100,000 cases: simulated ones, copied, the open ones up to their share and no further."""
    office, until = make_office(keys), clock.now()
    simulate(database, office, config, days=10, per_day=100, seed=7, until=until, progress=lambda *told: None)
    with database.transaction() as session:
        closed = session.scalars(select(Case.id).where(Case.ended_at.is_not(None))).all()
        still_open = session.scalars(select(Case.id).where(Case.ended_at.is_(None))).all()
        top = session.scalar(select(func.max(Case.id))) or 0
        wanted_open = int(MANY * OPEN_SHARE)
        have = len(closed) + len(still_open)
        for shift in range(1, 1_000):
            some = still_open if len(still_open) * (shift + 1) <= wanted_open else []
            if have >= MANY:
                break
            _copy(session, [*closed, *some], shift, top)
            have += len(closed) + len(some)
        for model in (Case, Report, CaseEvent, StageClock, ClockPause, Assignment, InspectorTask):
            name = model.__tablename__
            highest = f"(SELECT max(id) FROM {name})"
            session.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {highest})"))
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _copy(session: Session, ids: list[int], shift: int, top: int) -> None:
    for model in (Case, Report, CaseEvent, StageClock, Assignment, InspectorTask):
        _copy_rows(session, model, ids, shift, top)


def _copy_rows(session: Session, model: type[Base], ids: list[int], shift: int, top: int) -> None:
    table = model.__table__
    highest = session.info.setdefault(table.name, session.scalar(select(func.max(table.c.id))) or 0)
    moved: dict[str, Any] = {"id": table.c.id + shift * highest}
    if "case_id" in table.c:
        moved["case_id"] = table.c.case_id + shift * top
    if "uuid" in table.c:
        moved["uuid"] = func.gen_random_uuid().cast(table.c.uuid.type)
    if "opened_at" in table.c:
        moved["opened_at"] = table.c.opened_at - literal(timedelta(days=shift), Interval())
    chosen = table.c.case_id if "case_id" in table.c else table.c.id
    columns = [moved.get(column.name, column) for column in table.c]
    rows = select(*columns).where(chosen == func.any(ids), table.c.id <= highest)
    session.execute(table.insert().from_select([column.name for column in table.c], rows))


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


def _plans(database: Database) -> dict[str, list[str]]:
    asked = {
        "open cases of a stage, most pressing first": (
            "SELECT id FROM cases WHERE ended_at IS NULL AND stage = 'filed' ORDER BY due_at LIMIT 50"
        ),
        "the newest cases": "SELECT id FROM cases ORDER BY id DESC LIMIT 50",
        "a case's last event": "SELECT * FROM case_events WHERE case_id = 4711 ORDER BY seq DESC LIMIT 1",
    }
    with database.reading() as session:
        plans = {name: [row[0] for row in session.execute(text(f"EXPLAIN {query}"))] for name, query in asked.items()}
    database.dispose()
    return plans


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False, indent=2))
