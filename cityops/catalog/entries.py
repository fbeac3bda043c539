"""The catalogue as entries: what a draft, a form and a sheet of Excel all hold, each value written as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from cityops.catalog.columns import COLUMNS, Column
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.keys import ORDER, Entries, Entry, Key, over
from cityops.errors import Invalid
from cityops.words import N_


class BadEntries(Invalid):
    """Entries that cannot be taken, each fault with the entry and the field it is about."""

    def __init__(self, faults: Sequence[tuple[Key, Invalid]]) -> None:
        first = faults[0][1]
        super().__init__(first.field, first.message, **first.params)
        self.faults = faults


def without_orphans(entries: Entries) -> dict[Key, Entry]:
    """The entries without those whose condition or class is not among them."""
    kept: dict[Key, Entry] = {}
    for (kind, key), entry in sorted(entries.items(), key=lambda pair: ORDER[pair[0][0]]):
        above = over(kind, key)
        if above is None or above in kept:
            kept[kind, key] = entry
    return kept


@dataclass(frozen=True)
class Difference:
    """What becomes of one entry: `before` is None for one that is added, `after` for one that is ended."""

    kind: EntryKind
    key: str
    before: Entry | None
    after: Entry | None

    @property
    def act(self) -> str:
        """`added`, `ended` or `changed`."""
        if self.before is None:
            return "added"
        return "ended" if self.after is None else "changed"

    @property
    def fields(self) -> list[tuple[Column, str, str]]:
        """The values that differ: column, before, after."""
        before, after = self.before or {}, self.after or {}
        pairs = ((column, before.get(column.name, ""), after.get(column.name, "")) for column in COLUMNS[self.kind])
        return [(column, old, new) for column, old, new in pairs if old != new]


def differences(before: Entries, after: Entries) -> list[Difference]:
    """What has to be added, ended and changed to come from the one to the other: classes first, by key."""
    keys = sorted(before.keys() | after.keys(), key=lambda each: (ORDER[each[0]], each[1]))
    found = (Difference(kind, key, before.get((kind, key)), after.get((kind, key))) for kind, key in keys)
    return [each for each in found if each.before != each.after]


def next_local_code(major_code: str, used: Sequence[str], digits: int = 3) -> str:
    """The number of the next local class of a major class: downwards from the highest, none used twice.

    Args:
        used: every number there ever was under the standard, of ended classes too.
        digits: how many the small class has: three in GB/T 47678.5, two in the editions before it.

    Raises:
        Invalid: every number of the major class has been used.

    >>> next_local_code("01", ["01001", "01999"])
    '01998'
    """
    taken = set(used)
    free = (f"{major_code}{number:0{digits}}" for number in range(10**digits - 1, 0, -1))
    code = next((each for each in free if each not in taken), None)
    if code is None:
        raise Invalid("major_code", N_("Every number of this major class has been used."))
    return code
