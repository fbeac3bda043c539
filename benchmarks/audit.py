"""Proving histories: the walk of `audit verify`, beside the obvious way: events as objects, one case after another.

Both prove the same simulated cases on both databases, and find nothing; what is compared is events a second.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops import clock, schema
from cityops.cases.chain import Head, Link, find_break
from cityops.cases.history import PROJECTED, Walked, find_broken, find_ties
from cityops.cases.models import Case, CaseEvent
from cityops.config import Config
from cityops.crypto import Keys
from cityops.db import Database
from cityops.demo.city import load_demo
from cityops.following import make_quiet_office
from cityops.simulation.services import simulate
from tests.postgres import PostgresServer

DAYS, PER_DAY = 5, 300
RUNS = 3


def run() -> dict[str, Any]:
    """Events proved in a second on both databases, and the ratio to the obvious way."""
    server = PostgresServer(durable=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            return {
                "sqlite": _measure(f"sqlite:///{folder}/city.sqlite3", home),
                "postgresql": _measure(server.create("audit"), home),
            }
    finally:
        server.stop()


def _measure(url: str, home: Path) -> dict[str, Any]:
    config = Config(home=home, database_url=url, keys_folder=home / "keys")
    keys, database = Keys.load(config.keys_folder, make=True), Database(url)
    schema.upgrade(url)
    load_demo(database, keys, config, lambda words: None, with_components=False)
    simulate(
        database,
        make_quiet_office(keys),
        config,
        days=DAYS,
        per_day=PER_DAY,
        seed=7,
        until=clock.now(),
        progress=lambda *told: None,
    )
    with database.reading() as session:
        events = session.scalars(select(func.count()).select_from(CaseEvent)).one()
        walk = min(_time(session, keys, _walk) for _ in range(RUNS))
        obvious = min(_time(session, keys, _one_by_one) for _ in range(RUNS))
    database.dispose()
    return {
        "events": events,
        "events_per_second": round(events / walk),
        "obvious_per_second": round(events / obvious),
        "ratio": round(obvious / walk, 1),
    }


def _time(session: Session, keys: Keys, proof: Callable[[Session, Keys], int]) -> float:
    session.expunge_all()
    begun = time.perf_counter()
    if proof(session, keys):
        raise AssertionError("a history that nobody touched is said to be broken")
    return time.perf_counter() - begun


def _walk(session: Session, keys: Keys) -> int:
    return sum(not isinstance(each, Walked) for each in find_broken(session, keys))


def _one_by_one(session: Session, keys: Keys) -> int:
    broken = 0
    for case_id in session.scalars(select(Case.id).order_by(Case.id)).all():
        case = session.get_one(Case, case_id)
        row = {name: getattr(case, name) for name in PROJECTED}
        head = Head(case.id, case.version, case.head_digest, row)
        ties = find_ties(session, keys, case_id=case.id).get(case.id, {})
        broken += find_break(keys, head, [_link(event) for event in case.events], ties) is not None
    return broken


def _link(event: CaseEvent) -> Link:
    return Link(**{name: getattr(event, name) for name in Link.__slots__})
