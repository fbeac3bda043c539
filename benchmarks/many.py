"""Many cases: simulated ones, copied until the tables are as full as a city's, over the years before."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Interval, func, literal, select, text
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases.models import Assignment, Case, CaseEvent, ClockPause, Report, StageClock
from cityops.config import Config
from cityops.crypto import Keys
from cityops.db import Base, Database, UtcDateTime
from cityops.following import make_quiet_office
from cityops.patrol.models import InspectorTask
from cityops.simulation.services import simulate

OPEN_SHARE = 0.03
DAYS = 10
COPIED: tuple[type[Base], ...] = (Case, Report, CaseEvent, StageClock, ClockPause, Assignment, InspectorTask)


def fill(database: Database, keys: Keys, config: Config, wanted: int) -> None:
    """Bring a PostgreSQL database to so many cases, the open ones to their share and no further, and ANALYZE it.

    Every copy of a closed case lies ten days before the last, so that 100,000 cases fill three years; open ones stay
    where they are. 10 % of the cells hold half the cases, as the simulation has it.
    """
    simulate(
        database,
        make_quiet_office(keys),
        config,
        days=DAYS,
        per_day=100,
        seed=7,
        until=clock.now(),
        progress=lambda *told: None,
    )
    with database.transaction() as session:
        closed = list(session.scalars(select(Case.id).where(Case.ended_at.is_not(None))))
        still_open = list(session.scalars(select(Case.id).where(Case.ended_at.is_(None))))
        highest = {model.__tablename__: session.scalar(select(func.max(_key(model)))) or 0 for model in COPIED}
        have, shift = len(closed) + len(still_open), 1
        while have < wanted:
            _copy(session, closed, shift, highest, timedelta(days=DAYS * shift))
            have += len(closed)
            if len(still_open) * (shift + 1) <= wanted * OPEN_SHARE:
                _copy(session, still_open, shift, highest, timedelta(0))
                have += len(still_open)
            shift += 1
        for name in highest:
            top = f"(SELECT max(id) FROM {name})"
            session.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {top})"))
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _key(model: type[Base]) -> Any:
    return model.__table__.c.id


def _copy(session: Session, ids: list[int], shift: int, highest: dict[str, int], back: timedelta) -> None:
    for model in COPIED:
        table = model.__table__
        rows = select(*(_moved(column, shift, highest, back) for column in table.c))
        rows = rows.where(_of_cases(table, ids), table.c.id <= highest[table.name])
        session.execute(table.insert().from_select([column.name for column in table.c], rows))


def _of_cases(table: Any, ids: list[int]) -> Any:
    if "clock_id" in table.c:
        return table.c.clock_id.in_(select(StageClock.id).where(StageClock.case_id == func.any(ids)))
    return (table.c.case_id if "case_id" in table.c else table.c.id) == func.any(ids)


def _moved(column: Any, shift: int, highest: dict[str, int], back: timedelta) -> Any:
    """A copy's value of a column: keys lie beyond those that were there, moments as far back as the copy."""
    refers = {"id": column.table.name, "case_id": Case.__tablename__, "clock_id": StageClock.__tablename__}
    if column.name in refers:
        return column + shift * highest[refers[column.name]]
    if column.name == "uuid":
        return func.gen_random_uuid().cast(column.type)
    return column - literal(back, Interval()) if isinstance(column.type, UtcDateTime) else column
