"""A census beside what was read before it and what stands in the city: codes twice, twins, a shifted file."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops.errors import Invalid
from cityops.grid.census.near import find_twice
from cityops.grid.census.rows import LAYER, Book, Rows
from cityops.grid.checks import find_shift
from cityops.grid.findings import Finding
from cityops.grid.models import TOLERANCES_M, Accuracy, Component
from cityops.words import N_

ROWS_READ_AT_ONCE = 50_000
# A code is a division, a class, a sequence.
CLASSES = 100_000
SEQUENCES = 1_000_000
PER_DEGREE = 10_000_000
# How many components that stand here already are looked at to tell a shifted file.
SHIFT_SAMPLE = 500

Numbers = NDArray[np.int64]
Fixed = NDArray[np.int32]


@dataclass(slots=True)
class Places:
    """Components in the order of their codes: 16 bytes of each, and two for how exactly it was surveyed.

    Places are kept in ten-millionths of a degree, about a centimetre.
    """

    codes: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    lons: Fixed = field(default_factory=lambda: np.zeros(0, np.int32))
    lats: Fixed = field(default_factory=lambda: np.zeros(0, np.int32))
    tolerances_m: NDArray[np.float16] = field(default_factory=lambda: np.zeros(0, np.float16))

    @property
    def classes(self) -> Fixed:
        """The class in each code."""
        return (self.codes // SEQUENCES % CLASSES).astype(np.int32)

    def find(self, codes: Numbers) -> Numbers:
        """The position of each of these codes, -1 where it is not among them."""
        if not len(self.codes):
            return np.full(len(codes), -1)
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[at] == codes, at, -1)


@dataclass(slots=True)
class Standing(Places):
    """The components that are here already; `stands` says which of them have not ended."""

    stands: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    @classmethod
    def read(cls, session: Session) -> "Standing":
        """All of them, those that have ended too."""
        columns = (Component.code, Component.lon, Component.lat, Component.accuracy, Component.ended_on.is_(None))
        total = session.scalar(select(func.count()).select_from(Component)) or 0
        self = cls(
            np.zeros(total, np.int64),
            np.zeros(total, np.int32),
            np.zeros(total, np.int32),
            np.zeros(total, np.float16),
            np.zeros(total, np.bool_),
        )
        rows = session.execute(select(*columns).order_by(Component.code).execution_options(yield_per=ROWS_READ_AT_ONCE))
        for k, (code, lon, lat, accuracy, stands) in enumerate(rows):
            self.codes[k], self.stands[k] = int(code), stands
            self.lons[k], self.lats[k] = round(lon * PER_DEGREE), round(lat * PER_DEGREE)
            self.tolerances_m[k] = TOLERANCES_M[accuracy or Accuracy.A]
        return self


class Numbering:
    """Gives out the codes of a division that follow the last ones there."""

    def __init__(self, division: str, codes: Numbers) -> None:
        self._division = division
        self._codes = codes
        self._last: dict[str, int] = {}

    def give(self, class_code: str) -> str:
        """The next free code of a class.

        Raises:
            Invalid: field `division`; there is none left.
        """
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
class Seen(Places):
    """What was read of a census, with its lines; what has a fault in its code has the code 0."""

    lines: Fixed = field(default_factory=lambda: np.zeros(0, np.int32))

    def take(self, rows: Rows, book: Book) -> None:
        """Take a portion in, and tell of each code that was read before."""
        lons, lats = (np.round(np.array(rows.columns[name]) * PER_DEGREE).astype(np.int32) for name in ("lon", "lat"))
        first = rows.lines[0] if len(rows) else 0
        codes = np.concatenate([self.codes, rows.codes])
        order = np.argsort(codes, kind="stable")
        self.codes = codes[order]
        self.lines = np.concatenate([self.lines, np.array(rows.lines, dtype=np.int32)])[order]
        self.lons, self.lats = np.concatenate([self.lons, lons])[order], np.concatenate([self.lats, lats])[order]
        self.tolerances_m = np.concatenate([self.tolerances_m, rows.tolerances_m.astype(np.float16)])[order]
        for k in np.flatnonzero((self.codes[1:] == self.codes[:-1]) & (self.codes[1:] > 0)).tolist():
            # A code that stands a third time is told of when it comes.
            if self.lines[k + 1] >= first:
                reason = N_("the code stands already in line %(line)s")
                book.add(Finding(LAYER, int(self.lines[k + 1]), "code", reason, {"line": int(self.lines[k])}))


def tell_twins(seen: Seen, standing: Standing, book: Book) -> None:
    """Warn of each thing that may be one that the file, or the city, has already under another code.

    Class by class: what a class takes is all that stands in memory besides.
    """
    classes, here = seen.classes, standing.classes
    is_other = standing.stands & (seen.find(standing.codes) < 0)
    for each in np.unique(classes[seen.codes > 0]).tolist():
        others, mine = np.flatnonzero(is_other & (here == each)), np.flatnonzero(classes == each)
        _tell_twins_of_class(seen, mine[np.argsort(seen.lines[mine])], standing, others, book)


def _tell_twins_of_class(seen: Seen, mine: Numbers, standing: Standing, others: Numbers, book: Book) -> None:
    pairs = ((standing.lons, seen.lons), (standing.lats, seen.lats))
    lons, lats = (np.concatenate([old[others], new[mine]]) / PER_DEGREE for old, new in pairs)
    tolerances_m = np.concatenate([standing.tolerances_m[others], seen.tolerances_m[mine]]).astype(np.float64)
    codes = np.concatenate([standing.codes[others], seen.codes[mine]])
    reason = N_("it stands where component %(code)s of its class stands: is it the same one?")
    for position, other in sorted(find_twice(lons, lats, tolerances_m).items()):
        if position >= len(others):
            line = int(seen.lines[mine[position - len(others)]])
            place, code = shapely.Point(lons[position], lats[position]), str(codes[other]).zfill(17)
            book.add(Finding(LAYER, line, "geometry", reason, {"code": code}, is_error=False, place=place))


def tell_shift(seen: Seen, standing: Standing, book: Book) -> None:
    """Warn where the components that the file renews lie as far from where they stand as a web map shifts them."""
    at = standing.find(seen.codes)
    known = np.flatnonzero(at >= 0)[:SHIFT_SAMPLE]
    at = at[known]
    pairs = np.column_stack([seen.lons[known], seen.lats[known], standing.lons[at], standing.lats[at]]) / PER_DEGREE
    for finding in find_shift(LAYER, pairs):
        book.add(finding)
