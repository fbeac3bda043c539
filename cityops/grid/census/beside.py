"""A census beside what was read before it and what stands in the city: codes twice, twins, a shifted file."""

from dataclasses import dataclass, field
from typing import Any

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
SEQUENCES = 1_000_000
# How many components that stand here already are looked at to tell a shifted file.
SHIFT_SAMPLE = 500

Numbers = NDArray[np.int64]


@dataclass(slots=True)
class Standing:
    """The components that are here already, in the order of their codes."""

    codes: Numbers
    classes: Numbers
    lons: NDArray[np.float64]
    lats: NDArray[np.float64]
    tolerances_m: NDArray[np.float64]
    stands: NDArray[np.bool_]

    @classmethod
    def read(cls, session: Session) -> "Standing":
        """All of them, those that have ended too."""
        columns = (Component.code, Component.lon, Component.lat, Component.accuracy, Component.ended_on.is_(None))
        total = session.scalar(select(func.count()).select_from(Component)) or 0
        self = cls(*(np.zeros(total, kind) for kind in (np.int64, np.int64, float, float, float, bool)))
        rows = session.execute(select(*columns).order_by(Component.code).execution_options(yield_per=ROWS_READ_AT_ONCE))
        for k, (code, lon, lat, accuracy, stands) in enumerate(rows):
            self.codes[k], self.classes[k], self.stands[k] = int(code), int(code[6:11]), stands
            self.lons[k], self.lats[k], self.tolerances_m[k] = lon, lat, TOLERANCES_M[accuracy or Accuracy.A]
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
class Seen:
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


def tell_twins(seen: Seen, standing: Standing, book: Book) -> None:
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


def tell_shift(seen: Seen, standing: Standing, book: Book) -> None:
    """Warn where the components that the file renews lie as far from where they stand as a web map shifts them."""
    if not seen.portions:
        return
    codes, _, lons, lats, _, _ = seen.portions[0]
    known = np.flatnonzero(np.isin(codes, standing.codes))[:SHIFT_SAMPLE]
    at = np.searchsorted(standing.codes, codes[known])
    pairs = np.column_stack([lons[known], lats[known], standing.lons[at], standing.lats[at]])
    for finding in find_shift(LAYER, pairs):
        book.add(finding)
