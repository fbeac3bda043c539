"""Calendars out of the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from cityops.clock import CITY_ZONE
from cityops.db import setting
from cityops.errors import NotFound
from cityops.words import N_
from cityops.worktime.calendar import Calendar, DayException, DayKind, Span, Spans, Week
from cityops.worktime.models import WorkCalendar, WorkDay, WorkDaySpan, WorkSpan, WorkYear

NO_CALENDAR = N_("There is no working calendar “%(calendar)s”.")

# Built once: putting a statement together takes longer than running it.
_STAMP = select(WorkCalendar.stamp).where(WorkCalendar.name == bindparam("name"))
# The State Council announces a year in the November before; from this month on its absence is said.
SAID_FROM_MONTH = 9

# By name; a stamp is like no other, whatever database it comes from.
_read: dict[str, tuple[str, Calendar]] = {}


def get_calendar(session: Session, name: str) -> Calendar:
    """The calendar as it stands, read once a process and again when its stamp has changed.

    Raises:
        NotFound: there is no calendar of that name.
    """
    return setting(session, ("calendar", name), lambda: _as_it_stands(session, name))


def _as_it_stands(session: Session, name: str) -> Calendar:
    stamp = session.scalar(_STAMP, {"name": name})
    if stamp is None:
        raise NotFound(NO_CALENDAR, calendar=name)
    known = _read.get(name)
    if known is None or known[0] != stamp:
        known = _read[name] = stamp, load_calendar(session, name)
    return known[1]


def load_calendar(session: Session, name: str) -> Calendar:
    """The calendar read anew, in a fixed number of queries.

    Raises:
        NotFound: there is no calendar of that name.
    """
    row = get_calendar_row(session, name)
    weeks = weeks_of(row)
    years = frozenset(session.scalars(select(WorkYear.year))) if row.observes_holidays else None
    return Calendar(
        row.name,
        weeks,
        _days(session, row, weeks),
        nominal_minutes=row.nominal_minutes,
        day_rule=row.day_rule,
        holiday_years=years,
        is_continuous=row.is_continuous,
        zone=CITY_ZONE,
    )


def get_calendar_row(session: Session, name: str) -> WorkCalendar:
    """The row of a calendar, with the rows of its weekly hours.

    Raises:
        NotFound: there is no calendar of that name.
    """
    whole = select(WorkCalendar).where(WorkCalendar.name == name).options(selectinload(WorkCalendar.spans))
    row = session.scalar(whole)
    if row is None:
        raise NotFound(NO_CALENDAR, calendar=name[:32])
    return row


def list_calendars(session: Session) -> Sequence[WorkCalendar]:
    """All calendars by name, with the rows of their weekly hours: two queries."""
    whole = select(WorkCalendar).order_by(WorkCalendar.name).options(selectinload(WorkCalendar.spans))
    return session.scalars(whole).all()


def list_days(session: Session, calendar: WorkCalendar, year: int) -> Sequence[WorkDay]:
    """The days of a year that a calendar follows, its own and those for all, with their hours."""
    within = WorkDay.day_on.between(date(year, 1, 1), date(year, 12, 31))
    found = select(WorkDay).where(within, _followed(calendar)).options(joinedload(WorkDay.spans))
    return session.scalars(found.order_by(WorkDay.day_on, WorkDay.id)).unique().all()


@dataclass(frozen=True, slots=True)
class MissingYears:
    """Years whose holidays should be known by now, and the calendars that cannot be counted through them.

    Attributes:
        calendars: their names in Chinese and in English.
    """

    years: tuple[int, ...]
    calendars: tuple[tuple[str, str], ...]


def find_missing_years(session: Session, today: date) -> MissingYears | None:
    """This year, and from September on the next, where nobody has entered them; None where nothing is missing."""
    due = {today.year} | ({today.year + 1} if today.month >= SAID_FROM_MONTH else set())
    years = due - set(session.scalars(select(WorkYear.year).where(WorkYear.year.in_(due))))
    if not years:
        return None
    observing = select(WorkCalendar).where(WorkCalendar.observes_holidays, WorkCalendar.is_continuous.is_(False))
    calendars = session.scalars(observing.order_by(WorkCalendar.name)).all()
    names = tuple((row.label_zh, row.label_en) for row in calendars)
    return MissingYears(tuple(sorted(years)), names) if names else None


def days_for_all(year: int) -> tuple[ColumnElement[bool], ...]:
    """What holds of a year's days that belong to no calendar."""
    return WorkDay.calendar_id.is_(None), WorkDay.day_on.between(date(year, 1, 1), date(year, 12, 31))


def list_announced(session: Session, year: int) -> dict[date, DayException]:
    """The days of a year that hold for all calendars, as they were entered: a make-up day may be without hours."""
    wanted = select(WorkDay).where(*days_for_all(year)).order_by(WorkDay.day_on).options(selectinload(WorkDay.spans))
    return {
        row.day_on: DayException(row.kind, spans_of(row.spans), row.name_en, row.name_zh)
        for row in session.scalars(wanted)
    }


def find_year(session: Session, year: int) -> WorkYear | None:
    """A year whose holidays have been entered whole."""
    return session.scalar(select(WorkYear).where(WorkYear.year == year))


def list_years(session: Session) -> Sequence[WorkYear]:
    """The years whose holidays have been entered, the first one first."""
    return session.scalars(select(WorkYear).order_by(WorkYear.year)).all()


def weeks_of(calendar: WorkCalendar) -> tuple[Week, ...]:
    """One week from each day on which hours begin or end to be valid, the first one first."""
    rows = calendar.spans
    turns = {row.valid_from_on for row in rows} | {row.valid_until_on for row in rows if row.valid_until_on}
    return tuple(_week(rows, turn) for turn in sorted(turns))


def _week(rows: Sequence[WorkSpan], day: date) -> Week:
    valid = [row for row in rows if row.valid_from_on <= day and (not row.valid_until_on or day < row.valid_until_on)]
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (
        spans_of([row for row in valid if row.weekday == weekday]) for weekday in range(7)
    )
    return Week((monday, tuesday, wednesday, thursday, friday, saturday, sunday), day)


def _days(session: Session, calendar: WorkCalendar, weeks: tuple[Week, ...]) -> dict[date, DayException]:
    rows = session.scalars(select(WorkDay).where(_followed(calendar)).options(joinedload(WorkDay.spans))).unique()
    # The calendar's own rows come last, so that they go before those for all.
    return {row.day_on: _exception(row, weeks) for row in sorted(rows, key=lambda row: row.calendar_id is not None)}


def _followed(calendar: WorkCalendar) -> ColumnElement[bool]:
    own = WorkDay.calendar_id == calendar.id
    return or_(own, WorkDay.calendar_id.is_(None)) if calendar.observes_holidays else own


def _exception(row: WorkDay, weeks: tuple[Week, ...]) -> DayException:
    spans = spans_of(row.spans)
    if row.kind is DayKind.MAKE_UP and not spans:
        week = next((week for week in reversed(weeks) if week.valid_from_on <= row.day_on), None)
        spans = week.make_up_spans if week else ()
    return DayException(row.kind, spans, row.name_en, row.name_zh)


def spans_of(rows: Sequence[WorkSpan] | Sequence[WorkDaySpan]) -> Spans:
    """The hours of these rows."""
    return tuple(Span(row.start_minute, row.end_minute) for row in rows)
