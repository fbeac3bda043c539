"""A year's notice of holidays, read from a CSV file: day,kind,name_zh,name_en[,spans].

A notice is read to its end and taken whole: every bad row is found at once, with its line, its field and the reason.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from cityops.errors import Invalid
from cityops.words import N_
from cityops.worktime.calendar import DayException, DayKind, Spans
from cityops.worktime.hours import read_spans, write_spans

REQUIRED = ("day", "kind", "name_zh", "name_en")
COLUMNS = (*REQUIRED, "spans")
MOST_CHARACTERS = {"name_zh": 50, "name_en": 100}

Notice = Mapping[date, DayException]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one row of a notice."""

    line: int
    refusal: Invalid

    @property
    def field(self) -> str:
        """The column."""
        return self.refusal.field

    @property
    def reason(self) -> str:
        """Why, in English."""
        return str(self.refusal)


class BadNotice(Invalid):
    """A notice that cannot be entered; nothing of it was. `faults` lists every one in the order of the file."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("file", N_("%(faults)s faults: nothing was entered"), faults=len(faults))
        self.faults = faults


def read_notice(lines: Iterable[str], year: int) -> Notice:
    """The days of a notice, by day.

    Raises:
        BadNotice: a row is not a day of `year`, or the file is not a notice at all.
    """
    reader = csv.DictReader(lines)
    days: dict[date, DayException] = {}
    first_lines: dict[date, int] = {}
    faults: list[Fault] = []
    try:
        faults += _header_faults(reader.fieldnames or ())
        for row in () if faults else reader:
            try:
                day, exception = _day(row, year)
                _refuse_second(day, first_lines)
            except Invalid as refusal:
                faults.append(Fault(reader.line_num, refusal))
            else:
                days[day], first_lines[day] = exception, reader.line_num
    except UnicodeDecodeError:
        faults.append(_of_file(reader.line_num + 1, N_("The file is not written in UTF-8.")))
    except csv.Error as error:
        faults.append(_of_file(reader.line_num, N_("The line cannot be read as CSV: %(why)s"), why=error))
    if not days and not faults:
        faults.append(_of_file(1, N_("The file has no days.")))
    if faults:
        raise BadNotice(faults)
    return dict(sorted(days.items()))


def write_notice(notice: Notice) -> Iterator[tuple[str, ...]]:
    """The rows of a notice as `read_notice` takes them, the header first."""
    yield COLUMNS
    for day, each in notice.items():
        yield day.isoformat(), each.kind.value, each.name_zh, each.name_en, write_spans(each.spans)


def _header_faults(header: Iterable[str]) -> list[Fault]:
    names = list(header)
    missing = [Invalid(name, N_("The column is missing.")) for name in REQUIRED if name not in names]
    unknown = [Invalid(name, N_("The column is not known.")) for name in names if name not in COLUMNS]
    return [Fault(1, refusal) for refusal in missing + unknown]


def _of_file(line: int, message: str, **params: object) -> Fault:
    return Fault(line, Invalid("file", message, **params))


def _day(row: Mapping[str | None, str | list[str] | None], year: int) -> tuple[date, DayException]:
    if None in row:
        raise Invalid("spans", N_("The row has more cells than the header has columns."))
    cells = {name: str(row.get(name) or "").strip() for name in COLUMNS}
    day = _day_in(year, cells["day"])
    if cells["kind"] not in set(DayKind):
        raise Invalid("kind", N_("A kind is holiday, make_up or special, not “%(kind)s”."), kind=cells["kind"][:40])
    kind = DayKind(cells["kind"])
    for field in MOST_CHARACTERS:
        check_name(field, cells[field])
    return day, DayException(kind, _spans(kind, cells["spans"]), cells["name_en"], cells["name_zh"])


def check_name(field: str, text: str) -> str:
    """A day's name (`name_zh` or `name_en`), if it can be shown."""
    most = MOST_CHARACTERS[field]
    if not 0 < len(text) <= most or not text.isprintable():
        raise Invalid(field, N_("A name has 1 to %(most)s printable characters."), most=most)
    return text


def _day_in(year: int, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise Invalid("day", N_("“%(day)s” is not a day like 2026-11-23."), day=text[:40])
    if day.year != year:
        raise Invalid("day", N_("%(day)s does not lie in %(year)s: it belongs to its own year."), day=day, year=year)
    return day


def _spans(kind: DayKind, text: str) -> Spans:
    if bool(text) != (kind is DayKind.SPECIAL):
        raise Invalid("spans", N_("Special days need hours, like 08:30-12:00;13:30-17:00; other days have none here."))
    return read_spans(text)


def _refuse_second(day: date, first_lines: Mapping[date, int]) -> None:
    if day in first_lines:
        raise Invalid("day", N_("%(day)s stands in line %(line)s already."), day=day, line=first_lines[day])
