"""The values of each kind of entry, in one table: how a typed text is read, and what is wrong with it.

An entry is checked against what the city knows (calendars, bodies), wherever it comes from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cityops.accounts.models import RESPONSIBLE_KINDS, BodyKind
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.keys import PHASE_NUMBERS, Entry, class_key_of
from cityops.catalog.labels import CLOCK_LABELS
from cityops.catalog.models import CaseKind, ComponentFault
from cityops.catalog.phases import PhaseCheck
from cityops.errors import Invalid
from cityops.words import N_
from cityops.worktime.arithmetic import add
from cityops.worktime.calendar import Calendar, NoHolidayData
from cityops.worktime.limits import MOST, Limit, Unit

YES, NO = "yes", "no"
MOST_PHOTOS = 9

NOT_EMPTY = N_("This may not be empty.")


@dataclass(frozen=True)
class Known:
    """What entries are checked against: the city's calendars and the bodies that can be responsible, on a day."""

    today: date
    calendars: Mapping[str, Calendar]
    bodies: Mapping[str, BodyKind]


Read = Callable[[str, Known], str]


@dataclass(frozen=True)
class Column:
    """One value of an entry.

    Attributes:
        read: what makes a text into it or raises `Invalid`.
        default: what an added entry has where a file of an earlier version lacks the column; None where every file has
            it.
    """

    name: str
    label: str
    read: Read
    default: str | None = None


def completed(kind: EntryKind, raw: Entry, present: Entry | None) -> Entry:
    """A typed entry with what it lacks because its file is of an earlier version: as the entry is, else the default."""
    later = {column.name: column.default for column in COLUMNS[kind] if column.default is not None}
    return {**{name: (present or {}).get(name, default) for name, default in later.items()}, **raw}


def read_entry(kind: EntryKind, raw: Entry, known: Known) -> tuple[Entry, list[Invalid]]:
    """An entry as it is kept, and everything that is wrong with it."""
    entry, faults = {}, []
    for column in COLUMNS[kind]:
        try:
            entry[column.name] = column.read(raw.get(column.name, "").strip(), known)
        except Invalid as fault:
            faults.append(Invalid(column.name, fault.message, **fault.params))
    if not faults:
        faults = [each for each in (check(entry, known) for check in _CHECKS[kind]) if each is not None]
    return entry, faults


def _text(most: int, *, may_be_empty: bool = False) -> Read:
    def read(text: str, _known: Known) -> str:
        if not text and not may_be_empty:
            raise Invalid("", NOT_EMPTY)
        if len(text) > most:
            raise Invalid("", N_("At most %(most)s characters."), most=most)
        if not text.isprintable():
            raise Invalid("", N_("One line of plain text: no line breaks, tabs or control characters."))
        return text

    return read


def _digits(*lengths: int) -> Read:
    def read(text: str, _known: Known) -> str:
        if not (text.isascii() and text.isdecimal() and len(text) in lengths):
            wanted = "/".join(map(str, lengths))
            raise Invalid("", N_("“%(text)s” is not a number of %(n)s digits."), text=text[:20], n=wanted)
        return text

    return read


def _whole(least: int, most: int) -> Read:
    def read(text: str, _known: Known) -> str:
        if not (text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= most):
            raise Invalid(
                "",
                N_("“%(text)s” is not a whole number from %(least)s to %(most)s."),
                text=text[:20],
                least=least,
                most=most,
            )
        return str(int(text))

    return read


def _word(words: Sequence[str]) -> Read:
    def read(text: str, _known: Known) -> str:
        if text not in words:
            raise Invalid("", N_("“%(text)s” is none of: %(words)s."), text=text[:40], words=", ".join(words))
        return text

    return read


def _calendar(text: str, known: Known) -> str:
    if text not in known.calendars:
        words = ", ".join(known.calendars)
        raise Invalid("", N_("There is no calendar “%(text)s”; there are: %(words)s."), text=text[:40], words=words)
    return text


def _body(text: str, known: Known) -> str:
    if text and text not in known.bodies:
        raise Invalid("", N_("There is no responsible body with the code “%(text)s”."), text=text[:40])
    return text


def _condition_code(text: str, _known: Known) -> str:
    number = text.rpartition("-")[2]
    is_number = number.isascii() and number.isdecimal() and not number.startswith("0")
    if not (class_key_of(text) and is_number and len(text) <= 16 and text.isascii() and text.isprintable()):
        raise Invalid("", N_("A filing condition is named by letter, class and number: C01037-1."))
    return text


def _phase_code(text: str, known: Known) -> str:
    code, dot, number = text.partition(".")
    if not (dot and len(number) == 1 and number in PHASE_NUMBERS):
        raise Invalid("", N_("A further phase is named by its condition and a number from 2 to 9: C01037-1.2."))
    return f"{_condition_code(code, known)}.{number}"


def _limited_code(text: str, known: Known) -> str:
    return _phase_code(text, known) if "." in text else _condition_code(text, known)


def _check_limit(entry: Entry, known: Known) -> Invalid | None:
    """A limit has to fit into what its calendar knows, counted from this year's first day."""
    unit, value = Unit(entry["limit_unit"]), int(entry["limit_value"])
    if value > MOST[unit]:
        message = N_("“%(text)s” is not a whole number from %(least)s to %(most)s.")
        return Invalid("limit_value", message, text=value, least=1, most=MOST[unit])
    calendar = known.calendars[entry["calendar"]]
    try:
        add(calendar, datetime(known.today.year, 1, 1, tzinfo=calendar.zone), Limit(value, unit))
    except NoHolidayData as error:
        return Invalid(
            "limit_value",
            N_("The calendar “%(calendar)s” knows no holidays of %(year)s: a limit as long as this cannot be counted."),
            calendar=error.calendar,
            year=error.year,
        )
    except Invalid as error:
        return Invalid("limit_value", error.message, **error.params)
    return None


def _check_body(entry: Entry, known: Known) -> Invalid | None:
    code = entry["body_code"]
    if not entry["body_kind"]:
        return Invalid("body_code", N_("Where the same body goes on, none is named.")) if code else None
    kind = BodyKind(entry["body_kind"])
    if not code and kind is not BodyKind.STREET_OFFICE:
        return Invalid("body_code", N_("Name the body: only a street office is found by the place."))
    if code and known.bodies[code] is not kind:
        return Invalid("body_code", N_("The body “%(code)s” is not of this kind."), code=code)
    return None


def _check_major(entry: Entry, _known: Known) -> Invalid | None:
    if not entry["code"].startswith(entry["major_code"]):
        return Invalid("code", N_("The number of a class begins with that of its major class."))
    return None


_KINDS = [kind.value for kind in RESPONSIBLE_KINDS]


_LIMIT = (
    Column("limit_value", N_("Limit"), _whole(1, max(MOST.values()))),
    Column("limit_unit", N_("Unit"), _word([unit.value for unit in Unit])),
    Column("calendar", N_("Hours"), _calendar),
)


LIMIT_FIELDS = tuple(column.name for column in _LIMIT)


COLUMNS: Mapping[EntryKind, tuple[Column, ...]] = {
    EntryKind.CLASS: (
        Column("kind", N_("Kind"), _word([kind.value for kind in CaseKind])),
        Column("code", N_("Code"), _digits(4, 5)),
        Column("major_code", N_("Major class"), _digits(2)),
        Column("major_name", N_("Major class's name"), _text(50)),
        Column("major_name_en", N_("Major class's name in English"), _text(100, may_be_empty=True)),
        Column("name", N_("Name"), _text(50)),
        Column("name_en", N_("Name in English"), _text(100, may_be_empty=True)),
    ),
    EntryKind.CONDITION: (
        Column("code", N_("Code"), _condition_code),
        Column("text", N_("Filing condition"), _text(200)),
        Column("text_en", N_("Filing condition in English"), _text(200)),
        Column("closing", N_("Closing condition"), _text(200)),
        Column("closing_en", N_("Closing condition in English"), _text(200)),
        *_LIMIT,
        Column("body_kind", N_("Kind of body"), _word(_KINDS)),
        Column("body_code", N_("Responsible body"), _body),
        Column("is_simple_allowed", N_("Simple case"), _word([NO, YES])),
        Column("check_same_time", N_("Checked at the same time of day"), _word([NO, YES]), default=NO),
        Column("in_tier_2", N_("In grid tier 2"), _word([NO, YES]), default=YES),
        Column("component_state", N_("The component is"), _word(["", *(fault.value for fault in ComponentFault)])),
        Column("photos_before", N_("Photos to file"), _whole(0, MOST_PHOTOS)),
        Column("photos_after", N_("Photos to report back"), _whole(0, MOST_PHOTOS)),
        Column("basis", N_("Basis and version"), _text(100, may_be_empty=True)),
        Column("phase_name", N_("First phase"), _text(20, may_be_empty=True), default=""),
        Column("phase_name_en", N_("First phase in English"), _text(40, may_be_empty=True), default=""),
    ),
    EntryKind.PHASE: (
        Column("code", N_("Code"), _phase_code),
        Column("name", N_("Phase"), _text(20)),
        Column("name_en", N_("Phase in English"), _text(40)),
        Column("closing", N_("Closing condition"), _text(200)),
        Column("closing_en", N_("Closing condition in English"), _text(200)),
        *_LIMIT,
        Column("body_kind", N_("Kind of body"), _word(["", *_KINDS])),
        Column("body_code", N_("Responsible body"), _body),
        Column("check_before", N_("Check of the phase before"), _word([check.value for check in PhaseCheck])),
        Column("photos_after", N_("Photos to report back"), _whole(0, MOST_PHOTOS)),
    ),
    EntryKind.LIMIT: (
        Column("condition", N_("Filing condition"), _limited_code),
        Column("area_level", N_("Area level"), _whole(1, 3)),
        *_LIMIT,
    ),
    EntryKind.STAGE: (Column("clock", N_("Clock"), _word(list(CLOCK_LABELS))), *_LIMIT),
}


_CHECKS: Mapping[EntryKind, tuple[Callable[[Entry, Known], Invalid | None], ...]] = {
    EntryKind.CLASS: (_check_major,),
    EntryKind.CONDITION: (_check_limit, _check_body),
    EntryKind.PHASE: (_check_limit, _check_body),
    EntryKind.LIMIT: (_check_limit,),
    EntryKind.STAGE: (_check_limit,),
}
