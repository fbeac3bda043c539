"""Many cases: simulated ones, copied over the three years before until there are as many as a great city has.

A copy is a case of its own: keys, numbers and identifiers are new, its history is chained and signed anew. A closed
one lies whole weeks back, so that weekdays and hours stay what they were; its due times are moved with it, and are not
what the calendar would say in a week that had a holiday. An open one stays where it is.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from cityops import clock, locks
from cityops.accounts.models import Person
from cityops.cases import checkpoints
from cityops.cases.models import Case, CaseEvent, Report
from cityops.cases.office import CaseOffice
from cityops.cases.workflow import STEPS
from cityops.config import Config
from cityops.db import Database
from cityops.errors import BadSetting, Invalid, NotAllowed, WrongState
from cityops.patrol.recheck_models import Recheck
from cityops.simulation.lives import Run
from cityops.simulation.originals import Copy, Originals, Row, copy_uuid
from cityops.simulation.script import life_uuid
from cityops.simulation.services import simulate
from cityops.words import N_

SEED, DAYS, PER_DAY, FEW_PER_DAY = 7, 7, 200, 30
FEW = 10_000
"""So few cases are copies of fewer ones, which take less time to live."""
OPEN_SHARE = 0.03
WEEKS, STRIDE = 156, 61
"""How far back copies lie, and how far apart two in a row: no common divisor, so that every week has its turn."""
MOST = 100_000_000

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how many cases of how many are there."""


@dataclass(frozen=True)
class Filled:
    """What there is after copying: all cases, the open ones among them, and how many were added in what time."""

    cases: int
    open: int
    added: int
    seconds: float


def fill(database: Database, office: CaseOffice, config: Config, wanted: int, progress: Progress) -> Filled:
    """Bring a demo city to `wanted` cases: live a week, then copy it again and again.

    Each copy of the week is one transaction: an interruption leaves whole cases, and the same call goes on from there.

    Raises:
        NotAllowed: in production.
        WrongState: others than the demo's people have accounts here.
        Invalid: there are as many cases already, or the number is none.
        NotFound: there is no city.
        BadSetting: cityops or a simulation runs on this data folder.
    """
    begun = time.monotonic()
    with database.reading() as session:
        _refuse(session, config, wanted)
        before = _count(session)
    run = _live_a_week(database, office, config, wanted, progress)
    with _alone(config):
        with database.reading() as session:
            originals = Originals(session, office.keys, _lived(session, run))
            tally = _Tally(wanted, _count(session), _count(session, is_open=True))
        first = originals.first_report()
        for number in count():
            progress("copying", tally.cases, wanted)
            if tally.cases >= wanted:
                break
            with database.transaction() as session:
                if not _is_there(session, copy_uuid(first, number)):
                    _copy_once(session, originals, number, tally)
        _settle(database, office)
    return Filled(tally.cases, tally.open, tally.cases - before, time.monotonic() - begun)


@dataclass
class _Tally:
    """How many cases there are to be, are, and are open."""

    wanted: int
    cases: int
    open: int


def _refuse(session: Session, config: Config, wanted: int) -> None:
    if config.production:
        raise NotAllowed(N_("This is a production system: simulated cases have no place in it."))
    if session.scalar(select(Person.id).where(Person.is_demo.is_(False)).limit(1)) is not None:
        raise WrongState(N_("Others than the demo's people have accounts here: copied cases belong in a demo city."))
    have = _count(session)
    if not have < wanted <= MOST:
        words = N_("Ask for more than the %(have)s cases there are, and at most %(most)s.")
        raise Invalid("cases", words, have=have, most=MOST)
    if locks.is_held(config.home / locks.SERVING):
        raise BadSetting(N_("cityops runs on %(home)s: stop it first."), home=str(config.home))


def _live_a_week(database: Database, office: CaseOffice, config: Config, wanted: int, progress: Progress) -> Run:
    per_day = FEW_PER_DAY if wanted < FEW else PER_DAY

    def tell(cases: int, of: int, steps: int) -> None:
        progress("simulating", cases, of)

    lived = simulate(database, office, config, days=DAYS, per_day=per_day, seed=SEED, progress=tell)
    return Run(SEED, DAYS, per_day, lived.until)


@contextmanager
def _alone(config: Config) -> Iterator[None]:
    """Keep simulations out, and the scheduler's sweeps."""
    try:
        with locks.holding(config.home / locks.SIMULATING):
            yield
    except locks.Taken as taken:
        raise BadSetting(
            N_("Another simulation runs on %(home)s (process %(pid)s): wait until it has ended."),
            home=str(config.home),
            pid=taken.holder or "?",
        ) from None


def _lived(session: Session, run: Run) -> Sequence[int]:
    """The week's cases that stand for themselves: what another case or a sample hangs on cannot be copied alone."""
    uuids = [life_uuid(run, index) for index in range(run.cases)]
    between = select(CaseEvent.case_id).where(CaseEvent.step.in_([step for step in STEPS if STEPS[step].is_between]))
    alone = Report.case_id.not_in(between.union(select(Recheck.case_id)))
    return session.scalars(select(Report.case_id).where(Report.uuid.in_(uuids), alone)).all()


def _count(session: Session, *, is_open: bool = False) -> int:
    counted = select(func.count()).select_from(Case)
    return session.scalar(counted.where(Case.ended_at.is_(None)) if is_open else counted) or 0


def _is_there(session: Session, uuid: str) -> bool:
    return session.scalar(select(Report.id).where(Report.uuid == uuid)) is not None


def _copy_once(session: Session, originals: Originals, number: int, tally: _Tally) -> None:
    """Copy the week once: its closed cases, and its open ones as long as they are few beside the others."""
    closed = originals.closed[: tally.wanted - tally.cases]
    opened = originals.open[: tally.wanted - tally.cases - len(closed)]
    if tally.open + len(opened) > OPEN_SHARE * (tally.cases + len(closed) + len(opened)):
        opened = []
    tables = [shelf.table for shelf in originals.shelves.values()]
    free = {table.name: (session.scalar(select(func.max(table.c.id))) or 0) + 1 for table in tables}
    back = timedelta(weeks=1 + number * STRIDE % WEEKS)
    for cases, how_far in ((closed, back), (opened, timedelta(0))):
        copy = Copy(originals, number, how_far, free)
        for case in cases:
            copy.add(case)
        for table in tables:
            _write(session, table, copy.rows[table.name])
    _set_sequences(session, tables)
    tally.cases += len(closed) + len(opened)
    tally.open += len(opened)


def _write(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Hand rows to the driver as they are: what the ORM does for each row would take several times as long."""
    connection = session.connection()
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "sqlite":
        cursor.executemany(str(insert(table).compile(dialect=connection.dialect)), rows)
        return
    quoted = connection.dialect.identifier_preparer
    columns = ", ".join(quoted.quote(column.name) for column in table.c)
    with cursor.copy(f"COPY {quoted.format_table(table)} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _set_sequences(session: Session, tables: Sequence[Table]) -> None:
    """PostgreSQL's counters know nothing of keys that were given."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        top = func.coalesce(select(func.max(table.c.id)).scalar_subquery(), 1)
        session.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), top)))


def _settle(database: Database, office: CaseOffice) -> None:
    """Chain what was written into a checkpoint; and the planner's statistics are those of the week until now."""
    with database.reading() as session:
        # Nobody else writes: every event is settled.
        gathered = checkpoints.gather(session, until=clock.machine_now())
    with database.transaction() as session:
        checkpoints.add(session, office.keys, gathered)
        session.execute(text("ANALYZE"))
