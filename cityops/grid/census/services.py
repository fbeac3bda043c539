"""Taking in a census of components: read in portions, checked as a whole, written all or not at all.

Of what was read only numbers stay in memory: a component's code, class, place and accuracy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from cityops.accounts import queries as accounts
from cityops.accounts.audit import record
from cityops.accounts.models import AuditAction
from cityops.clock import today
from cityops.errors import Invalid
from cityops.grid.census.classes import ClassBook
from cityops.grid.census.near import find_twice
from cityops.grid.census.rows import LAYER, Book, Desk, Rows
from cityops.grid.findings import Finding
from cityops.grid.models import TOLERANCES_M, Accuracy, Component, GridRevision
from cityops.grid.queries import current_index
from cityops.grid.records import SaidOfFile
from cityops.grid.revisions import bump
from cityops.grid.services import lock_revision
from cityops.grid.sources import Features, count_features, read_features
from cityops.words import N_

PORTION = 50_000
SEQUENCES = 1_000_000
COMPONENTS = Component.metadata.tables["components"]

Numbers = NDArray[np.int64]


class BadCensus(Invalid):
    """A census that cannot be taken in as it is: it has faults, or warnings that nobody signs; nothing was written."""

    def __init__(self, census: "Census") -> None:
        book = census.book
        if book.errors:
            super().__init__("file", N_("%(errors)s faults: nothing was loaded"), errors=book.errors)
        else:
            reason = N_("%(warnings)s warnings: look at them, and say why they are accepted")
            super().__init__("because", reason, warnings=book.warnings)
        self.census = census


@dataclass(slots=True)
class Census:
    """What became of a census: components begun and renewed, left out on purpose, and what was found."""

    book: Book
    classes: ClassBook
    begun: int = 0
    renewed: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class CensusTerms:
    """What a person says about a census.

    Attributes:
        division: six digits; what has a class and no code gets the next free codes in it.
        accuracy: of what does not say how exactly it was surveyed.
        because: why the warnings are accepted.
        title: what the record of the city's changes calls it.
    """

    division: str | None = None
    accuracy: Accuracy = Accuracy.A
    because: str = ""
    title: str = ""


def read_portions(path: Path, asked: SaidOfFile, portion: int = PORTION) -> Iterator[Features]:
    """The features of a file, a portion at a time.

    Raises:
        Invalid: as `sources.read_features` does.
    """
    total = count_features(path, asked.layer)
    for before in range(0, total, portion):
        yield read_features(
            path,
            layer=asked.layer,
            crs=asked.crs,
            mapping=asked.mapping,
            encoding=asked.encoding,
            before=before,
            at_most=portion,
        )


def take_in(
    session: Session,
    portions: Iterable[Features],
    classes: ClassBook,
    terms: CensusTerms,
    *,
    is_rehearsal: bool = False,
    told: Callable[[int], None] = lambda _: None,
) -> Census:
    """Check a census and begin or renew its components by their codes; those that it does not name stay as they are.

    Args:
        is_rehearsal: look at all of it and write nothing, not even where nothing is wrong.
        told: called with the number of features read so far.

    Raises:
        BadCensus: with all that was found; nothing is written.
    """
    if not is_rehearsal:
        lock_revision(session)
    standing = _Standing.read(session)
    if terms.division is not None and not (len(terms.division) == 6 and terms.division.isdecimal()):
        raise Invalid("division", N_("a division has six digits (GB/T 2260)"))
    desk = Desk(
        classes,
        current_index(session),
        _bodies_by_name(session),
        today(),
        terms.accuracy,
        None if terms.division is None else _Numbering(terms.division, standing.codes).give,
    )
    census = Census(desk.book, classes)
    seen, warned, read = _Seen(), set[str](), 0
    for features in portions:
        for warning in features.warnings:
            if warning.reason not in warned:
                desk.book.add(warning)
            warned.add(warning.reason)
        rows = desk.read(features)
        seen.take(rows, desk.book)
        begun = ~np.isin(rows.codes, standing.codes)
        census.begun += int(begun.sum())
        census.renewed += int((~begun).sum())
        if not is_rehearsal and not desk.book.errors:
            _write(session, rows, begun)
        read += len(features)
        told(read)
    census.left_out = desk.left_out
    _tell_twins(seen, standing, desk.book)
    if not is_rehearsal:
        if desk.book.errors or (desk.book.warnings and not terms.because.strip()):
            raise BadCensus(census)
        record(session, None, AuditAction.GRID_LOADED, terms.title)
        bump(session, GridRevision)
    return census


def _bodies_by_name(session: Session) -> dict[str, str]:
    bodies = accounts.list_bodies(session)
    return {call: body.code for body in bodies for call in (body.name_en, body.name, body.code)}


@dataclass(slots=True)
class _Standing:
    """The components that are here already, in the order of their codes."""

    codes: Numbers
    classes: Numbers
    lons: NDArray[np.float64]
    lats: NDArray[np.float64]
    tolerances_m: NDArray[np.float64]
    stands: NDArray[np.bool_]

    @classmethod
    def read(cls, session: Session) -> "_Standing":
        columns = (Component.code, Component.lon, Component.lat, Component.accuracy, Component.ended_on.is_(None))
        total = session.scalar(select(func.count()).select_from(Component)) or 0
        self = cls(*(np.zeros(total, kind) for kind in (np.int64, np.int64, float, float, float, bool)))
        rows = session.execute(select(*columns).order_by(Component.code).execution_options(yield_per=PORTION))
        for k, (code, lon, lat, accuracy, stands) in enumerate(rows):
            self.codes[k], self.classes[k], self.stands[k] = int(code), int(code[6:11]), stands
            self.lons[k], self.lats[k], self.tolerances_m[k] = lon, lat, TOLERANCES_M[accuracy or Accuracy.A]
        return self


class _Numbering:
    """Gives out the codes of a division that follow the last ones there."""

    def __init__(self, division: str, codes: Numbers) -> None:
        self._division = division
        self._codes = codes
        self._last: dict[str, int] = {}

    def give(self, class_code: str) -> str:
        first = int(f"{self._division}{class_code}") * SEQUENCES
        if class_code not in self._last:
            position = int(np.searchsorted(self._codes, first + SEQUENCES))
            last = int(self._codes[position - 1]) if position else 0
            self._last[class_code] = max(last - first, 0)
        self._last[class_code] += 1
        if self._last[class_code] >= SEQUENCES:
            reason = N_("division %(division)s has no free codes of class %(code)s left")
            raise Invalid("division", reason, division=self._division, code=class_code)
        return str(first + self._last[class_code]).zfill(17)


@dataclass(slots=True)
class _Seen:
    """The numbers of what was read: codes to meet again, places to look for twins among."""

    codes: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    lines: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    portions: list[tuple[Any, ...]] = field(default_factory=list)

    def take(self, rows: Rows, book: Book) -> None:
        """Take a portion in, and tell of each code that was read before."""
        lines = np.array(rows.lines, dtype=np.int64)
        codes = np.concatenate([self.codes, rows.codes])
        both = np.concatenate([self.lines, lines])
        order = np.argsort(codes, kind="stable")
        codes, both = codes[order], both[order]
        again = np.flatnonzero((codes[1:] == codes[:-1]) & (codes[1:] > 0))
        for k in again.tolist():
            # A code that stands a third time is told of when it comes.
            if both[k + 1] >= (lines[0] if len(lines) else 0):
                reason = N_("the code stands already in line %(line)s")
                book.add(Finding(LAYER, int(both[k + 1]), "code", reason, {"line": int(both[k])}))
        self.codes, self.lines = codes, both
        lons, lats = (np.array(rows.columns[name], dtype=np.float64) for name in ("lon", "lat"))
        self.portions.append((rows.codes, rows.codes // SEQUENCES % 100_000, lons, lats, rows.tolerances_m, lines))


def _tell_twins(seen: _Seen, standing: _Standing, book: Book) -> None:
    """Warn of each thing that may be one that the file, or the city, has already under another code."""
    if not seen.portions:
        return
    codes, classes, lons, lats, tolerances_m, lines = (
        np.concatenate(part) for part in zip(*seen.portions, strict=True)
    )
    others = standing.stands & ~np.isin(standing.codes, codes)
    before = int(others.sum())
    all_codes = np.concatenate([standing.codes[others], codes])
    twins = find_twice(
        np.concatenate([standing.classes[others], classes]),
        np.concatenate([standing.lons[others], lons]),
        np.concatenate([standing.lats[others], lats]),
        np.concatenate([standing.tolerances_m[others], tolerances_m]),
    )
    reason = N_("it stands where component %(code)s of its class stands: is it the same one?")
    for position, other in sorted(twins.items()):
        if position >= before and all_codes[position] > 0:
            code = str(all_codes[other]).zfill(17)
            nth = position - before
            place = shapely.Point(lons[nth], lats[nth])
            book.add(Finding(LAYER, int(lines[nth]), "geometry", reason, {"code": code}, is_error=False, place=place))


# What a renewal leaves as it stands.
_KEPT = ("id", "code", "initial_on", "changed_on")
_RENEWED = (
    update(COMPONENTS)
    .where(COMPONENTS.c.code == bindparam("known"))
    .values({column.name: bindparam(column.name) for column in COMPONENTS.c if column.name not in _KEPT})
    .values(changed_on=func.coalesce(bindparam("changed_on"), COMPONENTS.c.changed_on))
)


def _write(session: Session, rows: Rows, begun: NDArray[np.bool_]) -> None:
    fresh = {name: list(compress(values, begun)) for name, values in rows.columns.items()}
    renewed = {name: list(compress(values, ~begun)) for name, values in rows.columns.items() if name != "initial_on"}
    if fresh["code"]:
        _insert(session.connection(), fresh)
    if renewed["code"]:
        renewed["known"] = renewed.pop("code")
        values = zip(*renewed.values(), strict=True)
        session.connection().execute(_RENEWED, [dict(zip(renewed, row, strict=True)) for row in values])


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
