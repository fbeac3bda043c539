"""The rows of some cases, in all tables that hang on cases by foreign keys, and copies of them.

Rows are kept as the driver takes them, and a copy changes only what has to be its own: keys, identifiers, moments, and
the chain of its events.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Date, Dialect, Table, or_, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases.chain import GENESIS, canonical, link_digest
from cityops.crypto import Keys
from cityops.db import Base, UtcDateTime

NAMESPACE = UUID("0e4a7a52-98c3-5d0e-8f0f-c09196310c09")
ROOT, HISTORY = "cases", "case_events"
KEYS_TOLD: Mapping[str, str] = {"request": "case_requests", "co_handling": "co_handlings"}
"""Facts of an event's payload that are keys of rows of the case, and of which table."""
CHANGING = {"at", "occurred", "until", "report", "lapsed", *KEYS_TOLD}

Row = list[Any]
Bind = Callable[[Any], Any]


def copy_uuid(uuid: str, number: int) -> str:
    """The identifier that copy `number` has in place of this one: the same each time."""
    return str(uuid5(NAMESPACE, f"{uuid}:{number}"))


@dataclass(frozen=True)
class Told:
    """An event's payload, and the facts in it that are a copy's own: name, value, and the text of each alone."""

    text: str
    changing: tuple[tuple[str, Any, str], ...]

    @classmethod
    def of(cls, text: str) -> "Told":
        """The payload of this text; as its keys are unique, so is the text of each fact."""
        facts = [(name, value) for name, value in json.loads(text).items() if name in CHANGING and value is not None]
        return cls(text, tuple((name, value, _alone(name, value)) for name, value in facts))


@dataclass(frozen=True)
class Shelf:
    """One table: the rows of each case, and where in a row stands what a copy changes."""

    table: Table
    places: Mapping[str, int]
    refers: tuple[tuple[int, str], ...]
    moments: tuple[int, ...]
    days: tuple[int, ...]
    uuid: int | None
    rows: dict[int, list[Row]]


class Originals:
    """The cases of these ids, ready to be copied; `closed` and `open` are their ids.

    A table that comes to hang on cases is copied like the others: which they are is read from the foreign keys.
    """

    def __init__(self, session: Session, keys: Keys, ids: Sequence[int]) -> None:
        self.keys, dialect = keys, session.get_bind().dialect
        self.bind = _binding(UtcDateTime(), dialect)
        self.shelves = _read(session, ids, dialect)
        cases = self.shelves[ROOT]
        ended = cases.places["ended_at"]
        self.closed = [case for case, rows in cases.rows.items() if rows[0][ended] is not None]
        self.open = [case for case, rows in cases.rows.items() if rows[0][ended] is None]

    def first_report(self) -> str:
        """The identifier of the first closed case's report."""
        reports = self.shelves["reports"]
        uuid: str = reports.rows[self.closed[0]][0][reports.places["uuid"]]
        return uuid


class Copy:
    """Copy `number` of some cases, all of them so far back.

    Args:
        free: the next free key of each table; counted on by what is taken.
    """

    def __init__(self, originals: Originals, number: int, back: timedelta, free: dict[str, int]) -> None:
        self._originals, self._number, self._back, self._free = originals, number, back, free
        self._written_at = originals.bind(clock.machine_now())
        # A case has one moment in many rows.
        self._moved: dict[datetime | None, Any] = {None: None}
        self._new: dict[tuple[str, int], int] = {}
        self.rows: dict[str, list[Row]] = {name: [] for name in originals.shelves}

    def add(self, case: int) -> None:
        """Copy one case with all that hangs on it."""
        for name, shelf in self._originals.shelves.items():
            originals = shelf.rows.get(case)
            if originals:
                self.rows[name] += [self._copy_row(shelf, row) for row in originals]
        self._chain(len(self._originals.shelves[HISTORY].rows[case]))

    def _copy_row(self, shelf: Shelf, row: Row) -> Row:
        row, name = row.copy(), shelf.table.name
        key = self._free[name]
        self._new[name, row[0]] = row[0] = key
        self._free[name] = key + 1
        for place, referred in shelf.refers:
            row[place] = self._new.get((referred, row[place]), row[place])
        for place in shelf.moments:
            row[place] = self._move(row[place])
        for place in shelf.days:
            row[place] = None if row[place] is None else row[place] - self._back
        if shelf.uuid is not None:
            row[shelf.uuid] = copy_uuid(row[shelf.uuid], self._number)
        return row

    def _move(self, moment: datetime | None) -> Any:
        if moment not in self._moved:
            self._moved[moment] = None if moment is None else self._originals.bind(moment - self._back)
        return self._moved[moment]

    def _chain(self, length: int) -> None:
        """Sign the last case's events anew, each over the one before, and tell its row where the history ends."""
        shelves, case, digest = self._originals.shelves, self.rows[ROOT][-1], GENESIS
        places = shelves[HISTORY].places
        seq, payload, before, signed, written = (
            places[name] for name in ("seq", "payload", "previous_digest", "digest", "written_at")
        )
        for event in self.rows[HISTORY][-length:]:
            event[payload], event[before] = self._retell(event[payload]), digest
            digest = link_digest(self._originals.keys, case[0], event[seq], digest, event[payload])
            event[signed], event[written] = digest, self._written_at
        case[shelves[ROOT].places["head_digest"]] = digest

    def _retell(self, told: Told) -> str:
        text = told.text
        for name, value, alone in told.changing:
            text = text.replace(alone, _alone(name, self._own(name, value)), 1)
        return text

    def _own(self, name: str, value: Any) -> Any:
        if name == "report":
            return copy_uuid(value, self._number)
        if name == "lapsed":
            return [self._new["case_requests", key] for key in value]
        if name in KEYS_TOLD:
            return self._new[KEYS_TOLD[name], value]
        moved = datetime.fromisoformat(value) - self._back
        return moved.date().isoformat() if name == "until" else moved.isoformat()


def _alone(name: str, value: Any) -> str:
    return canonical({name: value})[1:-1]


def _read(session: Session, ids: Sequence[int], dialect: Dialect) -> dict[str, Shelf]:
    """The cases' rows in all tables that refer to cases, directly or by other such tables, those referred to first."""
    shelves: dict[str, Shelf] = {}
    case_of: dict[str, dict[int, int]] = {}
    for table in Base.metadata.sorted_tables:
        refers = _refers(table, case_of.keys() | {table.name})
        if table.name != ROOT and not any(referred in case_of for _, referred in refers):
            continue
        shelf = _empty(table, refers)
        case_of[table.name] = owners = {}
        for row in _rows(session, shelf, ids, case_of, dialect):
            case = row[0] if table.name == ROOT else _owner(shelf, row, case_of)
            owners[row[0]] = case
            shelf.rows.setdefault(case, []).append(row)
        shelves[table.name] = shelf
    return shelves


def _refers(table: Table, known: set[str]) -> tuple[tuple[int, str], ...]:
    found = [(place, key.column.table.name) for place, column in enumerate(table.c) for key in column.foreign_keys]
    return tuple((place, referred) for place, referred in found if referred in known)


def _empty(table: Table, refers: tuple[tuple[int, str], ...]) -> Shelf:
    columns = list(enumerate(table.c))
    return Shelf(
        table=table,
        places={column.name: place for place, column in columns},
        refers=refers,
        moments=tuple(place for place, column in columns if isinstance(column.type, UtcDateTime)),
        days=tuple(place for place, column in columns if isinstance(column.type, Date)),
        uuid=next((place for place, column in columns if column.name == "uuid"), None),
        rows={},
    )


def _rows(
    session: Session, shelf: Shelf, ids: Sequence[int], case_of: Mapping[str, Mapping[int, int]], dialect: Dialect
) -> Iterator[Row]:
    """A table's rows in the order of their keys: what copies leave alone bound already, the rest as it is."""
    columns = list(shelf.table.c)
    if shelf.table.name == ROOT:
        theirs: ColumnElement[bool] = shelf.table.c.id.in_(ids)
    else:
        known = [(columns[place], case_of[referred]) for place, referred in shelf.refers if referred in case_of]
        theirs = or_(*(column.in_(list(keys)) for column, keys in known))
    kept_raw = {*shelf.moments, *shelf.days}
    binds = [(place, _binding(column.type, dialect)) for place, column in enumerate(columns) if place not in kept_raw]
    for found in session.execute(select(shelf.table).where(theirs).order_by(shelf.table.c.id)):
        row = list(found)
        for place, bind in binds:
            row[place] = bind(row[place])
        if shelf.table.name == HISTORY:
            row[shelf.places["payload"]] = Told.of(row[shelf.places["payload"]])
        yield row


def _owner(shelf: Shelf, row: Row, case_of: Mapping[str, Mapping[int, int]]) -> int:
    """The case on which a row hangs."""
    return next(case_of[referred][row[place]] for place, referred in shelf.refers if row[place] in case_of[referred])


def _binding(kind: Any, dialect: Dialect) -> Bind:
    """How a value of this type is handed to the driver."""
    bind: Bind | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return bind or (lambda value: value)
