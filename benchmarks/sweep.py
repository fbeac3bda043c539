"""The sweep over 50,000 open clocks, beside the obvious way: a clock after another, asked for one by one.

Two sweeps are measured on both databases. The first finds a city that nobody has swept: a third of its clocks are over,
a sixth near. The second is an ordinary minute a little later: some hundred clocks have come to a rule since. The
obvious way is given the same minute and every tenth of the clocks; what is compared is the time for a clock.
"""

import json
import statistics
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from cityops import clock, schema
from cityops.accounts.models import Body
from cityops.cases.models import Case, ClockPause, StageClock
from cityops.cases.names import ClockName, Source, Stage
from cityops.catalog.models import FilingCondition
from cityops.config import Config
from cityops.crypto import Keys
from cityops.db import Database
from cityops.demo.city import load_demo
from cityops.grid.models import Cell
from cityops.notices.models import ClockWarning, Moment, Notice, WarningRule
from cityops.notices.recipients import POST_OF_CLOCK, Directory, Subject
from cityops.notices.sweeping import warn
from cityops.worktime.limits import Unit
from tests.postgres import PostgresServer

CLOCKS = 50_000
SHARE_OF_OBVIOUS = 10
BATCH = 5_000
AT = datetime(2026, 11, 9, 15, 0, tzinfo=clock.CITY_ZONE)
STAGES = (
    (ClockName.HANDLE, Stage.HANDLING, 60),
    (ClockName.SIGN, Stage.DISPATCHED, 15),
    (ClockName.DISPATCH, Stage.FILED, 10),
    (ClockName.FILE, Stage.ACCEPTED, 10),
    (ClockName.CLOSE, Stage.CLOSING, 5),
)


def run() -> dict[str, Any]:
    """Seconds of a first sweep and of an ordinary minute, and the ratio to the obvious way, on both databases."""
    server = PostgresServer(durable=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            return {
                "clocks": CLOCKS,
                "sqlite": _measure(f"sqlite:///{folder}/city.sqlite3", home),
                "postgresql": _measure(server.create("sweep"), home),
            }
    finally:
        server.stop()


def _measure(url: str, home: Path) -> dict[str, Any]:
    schema.upgrade(url)
    database, config = Database(url), Config(home=home, database_url=url, keys_folder=home / "keys")
    load_demo(database, Keys.load(config.keys_folder, make=True), config, lambda words: None, with_components=False)
    with database.transaction() as session:
        _fill(session)
    with database.transaction() as session:
        session.execute(text("ANALYZE"))
    first_s, first = _sweep(database, AT)
    minutes = [_sweep(database, AT + timedelta(minutes=minute)) for minute in range(1, 6)]
    ordinary_s = statistics.median(seconds for seconds, _ in minutes)
    obvious_s, asked = _obvious(database, AT + timedelta(minutes=6))
    with database.reading() as session:
        notices = session.scalar(select(func.count()).select_from(Notice))
    database.dispose()
    return {
        "first_sweep_s": round(first_s, 2),
        "first_sweep_warnings": first,
        "ordinary_minute_s": round(ordinary_s, 3),
        "ordinary_minute_warnings": [spoken for _, spoken in minutes],
        "notices_in_all": notices,
        "obvious_way_us_a_clock": round(obvious_s / asked * 1e6, 1),
        "ours_us_a_clock": round(ordinary_s / CLOCKS * 1e6, 2),
        "ratio": round(obvious_s / asked / (ordinary_s / CLOCKS), 1),
    }


def _fill(session: Session) -> None:
    """Open cases all over the city, each with a running clock; limits from an hour to three days, begun at random."""
    chance = Random(96_310)
    cells = session.execute(select(Cell.id, Cell.area_code)).all()
    bodies = session.scalars(select(Body.id).where(Body.kind.in_(("department", "street_office")))).all()
    conditions = session.execute(select(FilingCondition.id, FilingCondition.class_id)).all()
    cases, clocks = [], []
    for number in range(1, CLOCKS + 1):
        (name, stage, _), cell, condition = (
            chance.choices(STAGES, [each[2] for each in STAGES])[0],
            chance.choice(cells),
            chance.choice(conditions),
        )
        limit = timedelta(minutes=chance.randint(60, 4_320))
        started = AT - limit * chance.uniform(0, 1.5)
        due_at, warn_at = started + limit, started + limit * 0.8
        cases.append(
            {
                "id": number,
                "opened_at": started,
                "source": Source.INSPECTOR,
                "stage": stage,
                "version": 1,
                "head_digest": "",
                "kind": "component",
                "class_id": condition.class_id,
                "condition_id": condition.id,
                "lon": 121.5,
                "lat": 29.87,
                "quad": 0,
                "cell_id": cell.id,
                "area_code": cell.area_code,
                "address": "",
                "description": "",
                "body_id": chance.choice(bodies) if stage in {Stage.HANDLING, Stage.DISPATCHED} else None,
                "due_at": due_at,
                "warn_at": warn_at,
                "moved_at": started,
            }
        )
        clocks.append(
            {
                "id": number,
                "case_id": number,
                "name": name,
                "round": 1,
                "limit_value": 1,
                "limit_unit": Unit.WORKING_DAY,
                "calendar": "office",
                "started_at": started,
                "due_at": due_at,
                "warn_at": warn_at,
            }
        )
    session.execute(insert(Case), cases)
    session.execute(insert(StageClock), clocks)


def _sweep(database: Database, at: datetime) -> tuple[float, int]:
    """As the task sweeps: a batch a transaction."""
    begun, spoken = time.perf_counter(), 0
    with clock.running_at(at):
        while True:
            with database.transaction() as session:
                batch = warn(session, limit=BATCH)
            spoken += batch
            if batch < BATCH:
                return time.perf_counter() - begun, spoken


def _obvious(database: Database, at: datetime) -> tuple[float, int]:
    """Each open clock as a row: is it paused, which rules have come, have they spoken, and then whom to tell."""
    with clock.running_at(at), database.transaction() as session:
        rules = session.scalars(select(WarningRule)).all()
        begun, asked = time.perf_counter(), 0
        directory = Directory(session)
        open_clocks = select(StageClock).where(StageClock.stopped_at.is_(None), StageClock.id % SHARE_OF_OBVIOUS == 0)
        for row in session.scalars(open_clocks):
            asked += 1
            if session.scalar(
                select(ClockPause.id).where(ClockPause.clock_id == row.id, ClockPause.until_at.is_(None))
            ):
                continue
            for rule in rules:
                if _has_come(rule, row, at):
                    _speak(session, directory, rule, row, at)
        session.flush()
        seconds = time.perf_counter() - begun
        session.rollback()
    return seconds, asked


def _has_come(rule: WarningRule, row: StageClock, at: datetime) -> bool:
    if rule.owed is not None or rule.every_minutes is not None or rule.clock not in {None, row.name}:
        return False
    return row.due_at <= at if rule.moment is Moment.DUE else row.warn_at <= at < row.due_at


def _speak(session: Session, directory: Directory, rule: WarningRule, row: StageClock, at: datetime) -> None:
    spoken = select(ClockWarning.id).where(
        ClockWarning.clock_id == row.id, ClockWarning.rule_id == rule.id, ClockWarning.due_at == row.due_at
    )
    if session.scalar(spoken):
        return
    session.add(ClockWarning(clock_id=row.id, rule_id=rule.id, due_at=row.due_at, turn=0, made_at=at))
    case = session.get_one(Case, row.case_id)
    subject = Subject(case.area_code, case.body.path if case.body else None, POST_OF_CLOCK[row.name])
    for person_id in directory.find(rule.recipient, subject):
        facts = {"kind": "over", "case_id": case.id, "clock_id": row.id, "due_at": row.due_at, "turn": 1}
        session.add(Notice(person_id=person_id, is_urgent=False, made_at=at, show_at=at, **facts))


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False, indent=2))
