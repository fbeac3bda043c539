"""A standard beside the one above it (nation, province, city): where its limits are looser, which classes it lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from cityops.catalog.columns import Known
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.keys import Entries, Entry
from cityops.catalog.labels import LEVEL_LABELS
from cityops.worktime.arrays import NO_ANSWER, due_many
from cityops.worktime.calendar import Calendar
from cityops.worktime.limits import Unit
from cityops.worktime.timeline import us_of

# An ordinary week: limits are compared by when they are due for what begins at nine on each of its days.
WEEK_MONTH, WEEK_HOUR = 3, 9

_LIMITED = (EntryKind.CONDITION, EntryKind.PHASE)


@dataclass(frozen=True)
class Looser:
    """A condition, or a phase of one, whose limit leaves more time than the parent's.

    `area_level` is the level of the areas where it does; None is outside every level.
    """

    code: str
    area_level: int | None
    own: Entry
    parents: Entry


@dataclass(frozen=True)
class Comparison:
    """What a standard lets pass that its parent does not, and the classes of its parent that it lacks."""

    looser: list[Looser]
    lacking: list[Entry]


def compare(own: Entries, parents: Entries, known: Known) -> Comparison:
    """Compare two standards: conditions and phases of the same code, by each level of area; classes by kind and number.

    A limit is looser where it is due later on any day of an ordinary week.
    """
    codes = sorted(key for kind, key in own.keys() & parents.keys() if kind in _LIMITED)
    looser = []
    for code in codes:
        pairs = [(level, limit_at(own, code, level), limit_at(parents, code, level)) for level in (None, *LEVEL_LABELS)]
        found = [Looser(code, *pair) for pair in pairs if is_looser(pair[1], pair[2], known)]
        # Without limits of the levels' own it is said once.
        looser += found if has_levels(own, code) or has_levels(parents, code) else found[:1]
    missing = sorted(key for kind, key in parents.keys() - own.keys() if kind is EntryKind.CLASS)
    return Comparison(looser, [parents[EntryKind.CLASS, key] for key in missing])


def limit_at(entries: Entries, code: str, level: int | None) -> Entry:
    """The limit of a condition or phase in areas of a level: its own there, else the condition's or phase's."""
    above = entries[EntryKind.PHASE if "." in code else EntryKind.CONDITION, code]
    return entries.get((EntryKind.LIMIT, f"{code}/{level}"), above)


def has_levels(entries: Entries, code: str) -> bool:
    """Whether a condition or phase has a limit of its own for any level of area."""
    return any((EntryKind.LIMIT, f"{code}/{level}") in entries for level in LEVEL_LABELS)


def is_looser(own: Entry, parents: Entry, known: Known) -> bool:
    """Whether a limit is due later than another on any day of an ordinary week; one that cannot be counted is not."""
    first, second = (_dues(each, known.calendars, known.today.year) for each in (own, parents))
    if first is None or second is None:
        return False
    is_known = (first != NO_ANSWER) & (second != NO_ANSWER)
    return bool((is_known & (first > second)).any())


def _dues(entry: Entry, calendars: Mapping[str, Calendar], year: int) -> np.ndarray | None:
    calendar = calendars.get(entry["calendar"])
    if calendar is None:
        return None
    nine = datetime(year, WEEK_MONTH, 1, WEEK_HOUR, tzinfo=calendar.zone)
    starts = np.array([us_of(nine + timedelta(days=day)) for day in range(7)], np.int64)
    return due_many(calendar, starts, int(entry["limit_value"]), Unit(entry["limit_unit"]))
