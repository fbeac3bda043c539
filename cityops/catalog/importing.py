"""An Excel file into a draft: every line that cannot be taken is named, and then none is."""

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from cityops.accounts.viewer import Viewer
from cityops.catalog.drafts import DraftView, compare_entries, put_entries
from cityops.catalog.entries import BadEntries
from cityops.catalog.sheets import SHEETS, ReadSheets, SheetFault, fault_of
from cityops.errors import Invalid
from cityops.words import N_

MISSING = N_(
    "The file is of an earlier version and lacks columns (%(columns)s): what there is keeps what it has in them, "
    "what is added gets the default."
)


class BadSheets(Invalid):
    """An Excel file with lines that cannot be taken; `faults` are all of them, by sheet and line."""

    def __init__(self, faults: Sequence[SheetFault]) -> None:
        super().__init__("file", N_("%(n)s faults: nothing of the file was taken."), n=len(faults))
        order = list(SHEETS.values())
        self.faults = sorted(faults, key=lambda each: (order.index(each.sheet), each.line))


def columns_missing(found: ReadSheets) -> str:
    """The columns that the file lacks, by sheet: `conditions: phase_name, phase_name_en`."""
    return "; ".join(f"{sheet}: {', '.join(names)}" for sheet, names in found.missing.items())


def check_sheets(session: Session, view: DraftView, found: ReadSheets) -> int:
    """How many entries of a draft the file would change; nothing is written.

    Raises:
        BadSheets: lines that cannot be taken.
    """
    return _counted(found, lambda: len(compare_entries(session, view, found.wanted)))


def put_sheets(session: Session, viewer: Viewer | None, draft_id: int, seen: int, found: ReadSheets) -> int:
    """Write the entries of a file into a draft; how many it changed. Entries that the file does not name stay.

    Raises:
        BadSheets: lines that cannot be taken; none was.
        Conflict: as `put_entries`.
    """
    return _counted(found, lambda: put_entries(session, viewer, draft_id, seen, found.wanted))


def _counted(found: ReadSheets, work: Callable[[], int]) -> int:
    faults, number = list(found.faults), 0
    try:
        number = work()
    except BadEntries as error:
        faults += [fault_of(found, key, fault) for key, fault in error.faults]
    if faults:
        raise BadSheets(faults)
    return number
