"""The catalogue as an Excel file: five sheets, a line an entry, every value as the entries have it.

What comes in is hostile until it is read: the size packed and unpacked, the number of lines and the kind of every cell
are bounded, and what is no such file is refused in one sentence.
"""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook, load_workbook

from cityops.catalog.columns import COLUMNS, NO, YES
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.keys import Entries, Entry, Key, key_of
from cityops.errors import Invalid
from cityops.words import FORMULA_SIGNS, N_, harmless

SHEETS: Mapping[EntryKind, str] = {
    EntryKind.CLASS: "classes",
    EntryKind.CONDITION: "conditions",
    EntryKind.PHASE: "phases",
    EntryKind.LIMIT: "limits",
    EntryKind.STAGE: "stages",
}
END = "end"
"""The last column of every sheet: `yes` ends the line's entry."""

NUMBERS = frozenset({"limit_value", "area_level", "photos_before", "photos_after"})

MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED = 20 * 1024 * 1024
MOST_PARTS = 200
MOST_LINES = 20_000
MOST_COLUMNS = 50

NO_FILE = N_("This is no Excel file (.xlsx) that can be read: export the draft and change that file.")

_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError),
    *(ValueError, KeyError, TypeError, AttributeError, IndexError, SyntaxError),
)


@dataclass(frozen=True)
class SheetFault:
    """What is wrong, and where: the sheet, its line, the field."""

    sheet: str
    line: int
    field: str
    fault: Invalid


@dataclass
class ReadSheets:
    """The entries of a file, where each stands, and what could not be read.

    `missing` names the columns, by sheet, that an earlier version did not write.
    """

    wanted: dict[Key, Entry | None] = field(default_factory=dict)
    places: dict[Key, tuple[str, int]] = field(default_factory=dict)
    faults: list[SheetFault] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)


def write_sheets(entries: Entries, file: IO[bytes]) -> None:
    """Write entries as an Excel file that `read_sheets` takes; a text that looks like a formula is made harmless."""
    book = Workbook(write_only=True)
    for kind, title in SHEETS.items():
        sheet = book.create_sheet(title)
        sheet.append([*(column.name for column in COLUMNS[kind]), END])
        for (each, _), entry in sorted(entries.items(), key=lambda pair: pair[0][1]):
            if each is kind:
                sheet.append([_cell(column.name, entry[column.name]) for column in COLUMNS[kind]])
    book.save(file)


def read_sheets(data: bytes) -> ReadSheets:
    """The entries of an Excel file, each line read; nothing is checked yet but that it can be read.

    Raises:
        Invalid: it is no such file, or larger than a catalogue can be; the error names `file`.
    """
    _check_size(data)
    found = ReadSheets()
    try:
        book = load_workbook(BytesIO(data), read_only=True, keep_links=False)
        sheets = [(kind, book[title]) for kind, title in SHEETS.items() if title in book.sheetnames]
        for kind, sheet in sheets:
            _read_sheet(kind, sheet.iter_rows(max_col=MOST_COLUMNS), found)
    except Invalid:
        raise
    except _UNREADABLE as error:
        raise Invalid("file", NO_FILE) from error
    if not sheets:
        raise Invalid("file", N_("The file has none of the sheets %(sheets)s."), sheets=", ".join(SHEETS.values()))
    return found


def read_bounded(path: Path) -> bytes:
    """The bytes of a file, no more than one byte over what is taken."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _check_size(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise Invalid("file", N_("The file is larger than %(n)s MB."), n=MOST_BYTES // 1024**2)
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed:
            parts = packed.infolist()
    except _UNREADABLE as error:
        raise Invalid("file", NO_FILE) from error
    # Reading stops at the size a part says it has.
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Invalid("file", N_("Unpacked the file is larger than %(n)s MB."), n=MOST_UNPACKED // 1024**2)


def _read_sheet(kind: EntryKind, lines: Iterator[tuple[Any, ...]], found: ReadSheets) -> None:
    title, names = SHEETS[kind], [column.name for column in COLUMNS[kind]]
    header = [str(cell.value or "").strip() for cell in next(lines, ())]
    later = [column.name for column in COLUMNS[kind] if column.default is not None and column.name not in header]
    lacking = [name for name in names if name not in header and name not in later]
    found.faults += [SheetFault(title, 1, name, Invalid(name, N_("This column is missing."))) for name in lacking]
    if lacking:
        return
    if later:
        found.missing[title] = later
    for line, cells in enumerate(lines, 2):
        if line > MOST_LINES:
            raise Invalid("file", N_("A sheet has at most %(n)s lines."), n=MOST_LINES)
        pairs = zip(header, cells, strict=False)
        _read_line(kind, line, {name: cell for name, cell in pairs if name in names or name == END}, found)


def _read_line(kind: EntryKind, line: int, cells: Mapping[str, Any], found: ReadSheets) -> None:
    title, raw, faults = SHEETS[kind], {}, []
    for name, cell in cells.items():
        try:
            raw[name] = _text(cell)
        except Invalid as fault:
            faults.append(SheetFault(title, line, name, fault))
    found.faults += faults
    end = raw.pop(END, "")
    if faults or not any(raw.values()):
        return
    key = kind, key_of(kind, raw)
    if end not in ("", NO, YES):
        words = N_("“%(text)s” is none of: %(words)s.")
        found.faults.append(SheetFault(title, line, END, Invalid(END, words, text=end[:40], words=f"{YES}, {NO}")))
    elif key in found.wanted:
        twice = Invalid("", N_("Line %(line)s is about the same entry."), line=found.places[key][1])
        found.faults.append(SheetFault(title, line, COLUMNS[kind][0].name, twice))
    else:
        found.wanted[key] = None if end == YES else raw
        found.places[key] = title, line


def _text(cell: Any) -> str:
    """A cell as a text; Excel makes numbers of what looks like one, and truth values of some words."""
    value = cell.value
    if getattr(cell, "data_type", "n") == "f":
        raise Invalid("", N_("A formula is no value: paste its result."))
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_SIGNS) else text


def _cell(name: str, text: str) -> str | int:
    if name in NUMBERS and text.isdecimal():
        return int(text)
    return harmless(text)


def fault_of(found: ReadSheets, key: Key, fault: Invalid) -> SheetFault:
    """A fault of an entry, at the line it was read from."""
    sheet, line = found.places[key]
    return SheetFault(sheet, line, fault.field, fault)
