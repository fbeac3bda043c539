"""What tells an entry of the catalogue from the others, and what it hangs on."""

from collections.abc import Mapping

from cityops.catalog.draft_models import EntryKind
from cityops.catalog.models import CaseKind

Entry = Mapping[str, str]
Key = tuple[EntryKind, str]
Entries = Mapping[Key, Entry]

ORDER = {kind: place for place, kind in enumerate(EntryKind)}
PHASE_NUMBERS = "23456789"
LETTERS = {"C": CaseKind.COMPONENT, "M": CaseKind.MATTER}
"""What the code of a filing condition begins with."""


def key_of(kind: EntryKind, entry: Entry) -> str:
    """What tells an entry from the others of its kind.

    `component-01037` a class, `C01037-1` a condition, `C01037-1.2` its second phase, `C01037-1/3` and `C01037-1.2/3`
    the limit of either in areas of the third level, `verify` a stage.
    """
    if kind is EntryKind.CLASS:
        return f"{entry.get('kind', '')}-{entry.get('code', '')}"
    if kind is EntryKind.LIMIT:
        return f"{entry.get('condition', '')}/{entry.get('area_level', '')}"
    return entry.get("clock" if kind is EntryKind.STAGE else "code", "")


def condition_of(key: str) -> str:
    """The filing condition that an entry belongs to: it, a further phase of it, or a limit of either.

    >>> condition_of("C01037-1.2/3")
    'C01037-1'
    """
    return key.partition("/")[0].partition(".")[0]


def class_key_of(condition_code: str) -> str:
    """The class whose letter and number the code of a filing condition bears; empty where it bears none.

    >>> class_key_of("C01037-1")
    'component-01037'
    """
    kind, number = LETTERS.get(condition_code[:1]), condition_code[1:].rpartition("-")[0]
    return f"{kind}-{number}" if kind and number else ""


def over(kind: EntryKind, key: str) -> Key | None:
    """The entry an entry hangs on and ends with: a limit on its condition or phase, either on what is above it."""
    if kind is EntryKind.LIMIT:
        code = key.partition("/")[0]
        return EntryKind.PHASE if "." in code else EntryKind.CONDITION, code
    if kind is EntryKind.PHASE:
        return EntryKind.CONDITION, condition_of(key)
    return (EntryKind.CLASS, class_key_of(key)) if kind is EntryKind.CONDITION else None
