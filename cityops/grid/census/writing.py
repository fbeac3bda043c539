"""The rows of a census, written: begun in one go, renewed by their codes."""

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Date, bindparam, case, func, insert, select, update
from sqlalchemy.orm import Session

from cityops.grid.census.history import PARTIES, WATCHED, Why, find_differences, row_of
from cityops.grid.census.models import ComponentChange
from cityops.grid.census.rows import Rows
from cityops.grid.models import Component

COMPONENTS = Component.metadata.tables["components"]
# A database takes so many codes in one question.
COMPARED_AT_ONCE = 5_000

# What a renewal leaves as it stands.
_KEPT = ("id", "code", "initial_on", "settled_on", "settled_by")
# What it leaves as it stands where the file does not say it.
_KEPT_UNLESS_SAID = ("changed_on", "put_up_on")
_ENDS, _SAID = bindparam("ended_on", type_=Date), bindparam("changed_on", type_=Date)
_RENEWED = (
    update(COMPONENTS)
    .where(COMPONENTS.c.code == bindparam("known"))
    .values({column.name: bindparam(column.name) for column in COMPONENTS.c if column.name not in _KEPT})
    .values({name: func.coalesce(bindparam(name), COMPONENTS.c[name]) for name in _KEPT_UNLESS_SAID})
    # What is said again to be no more ended when it did, unless the file tells the day.
    .values(ended_on=case((_ENDS.is_(None), None), else_=func.coalesce(_SAID, COMPONENTS.c.ended_on, _ENDS)))
)


def write(session: Session, rows: Rows, begun: NDArray[np.bool_], why: Why) -> None:
    """Begin the components of a portion that are `begun`, and renew the others; what differs has its row."""
    fresh = {name: list(compress(values, begun)) for name, values in rows.columns.items()}
    renewed = {name: list(compress(values, ~begun)) for name, values in rows.columns.items() if name != "initial_on"}
    if fresh["code"]:
        _insert(session.connection(), fresh)
    if renewed["code"]:
        renewed["known"] = renewed.pop("code")
        told = [dict(zip(renewed, row, strict=True)) for row in zip(*renewed.values(), strict=True)]
        for start in range(0, len(told), COMPARED_AT_ONCE):
            _compare(session, told[start : start + COMPARED_AT_ONCE], why)
        session.connection().execute(_RENEWED, told)


def _compare(session: Session, told: list[dict[str, Any]], why: Why) -> None:
    """Write down what the file tells otherwise than it stands; what was settled stays where the file names nobody."""
    coming = {facts["known"]: facts for facts in told}
    columns = [COMPONENTS.c[name] for name in ("id", "code", "settled_on", *WATCHED)]
    # Locked: what is settled before this is written would be lost else, and the history would not say so.
    locked = select(*columns).where(COMPONENTS.c.code.in_(coming)).with_for_update()
    standing = [dict(row) for row in session.execute(locked).mappings()]
    for each in standing:
        if each["settled_on"] is not None:
            _keep_settled(coming[each["code"]], each)
    rows = [
        row_of(each["id"], found, why) for each in standing for found in find_differences(each, coming[each["code"]])
    ]
    if rows:
        session.execute(insert(ComponentChange), rows)


def _keep_settled(coming: dict[str, Any], standing: Mapping[str, Any]) -> None:
    for names in (*PARTIES.values(), ("body_code",)):
        if not any(coming[name] for name in names):
            coming.update({name: standing[name] for name in names})


def _insert(connection: Connection, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows that are given column by column.

    SQLAlchemy looks at each value of each row on its way to the driver, which takes as long as all the rest; here each
    different value of a column is brought to the driver's form once.
    """
    dialect = connection.dialect
    statement = insert(COMPONENTS).compile(dialect=dialect, column_keys=list(columns))
    bound = {}
    for name, values in columns.items():
        process = COMPONENTS.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        if process is not None:
            known = {value: process(value) for value in set(values)}
            values = [known[value] for value in values]
        bound[name] = values
    rows = zip(*(bound[name] for name in statement.positiontup or bound), strict=True)
    told = list(rows) if statement.positional else [dict(zip(bound, row, strict=True)) for row in rows]
    connection.exec_driver_sql(str(statement), told)
