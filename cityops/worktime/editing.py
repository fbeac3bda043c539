"""The verbs of the calendars' administration: terms, weekly hours, days of their own.

Calendars are the whole city's, so they are changed by its administrators; `viewer` None is the command line. Every
change leaves an entry in the audit list and gives the calendars it concerns a new stamp. Due times that have been
counted stay as they are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts import administration, audit
from cityops.accounts.models import AuditAction
from cityops.accounts.viewer import Viewer
from cityops.errors import Invalid, NotAllowed, NotFound
from cityops.words import N_
from cityops.worktime.calendar import DAY_MINUTES, DayException, DayKind, DayRule, Span, Spans
from cityops.worktime.hours import refuse_run_over
from cityops.worktime.models import WorkCalendar, WorkDay, WorkSpan, day_row, new_stamp
from cityops.worktime.notices import check_name
from cityops.worktime.queries import NO_CALENDAR, load_calendar
from cityops.worktime.seed import SINCE
from cityops.worktime.timeline import FIRST_YEAR, LAST_YEAR

MOST_LABEL = 50
FOR_ALL = "all"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")


@dataclass(frozen=True)
class Terms:
    """What a calendar is called and how it counts, apart from its hours."""

    label_zh: str
    label_en: str
    nominal_minutes: int
    day_rule: DayRule
    observes_holidays: bool

    @classmethod
    def of(cls, row: WorkCalendar) -> Self:
        """What a calendar has."""
        return cls(row.label_zh, row.label_en, row.nominal_minutes, row.day_rule, row.observes_holidays)


def must_keep_calendars(viewer: Viewer | None) -> None:
    """Refuse who may not change calendars.

    Raises:
        NotAllowed: no administrator, or one of a part of the city.
    """
    administration.must_administer(viewer)
    if not administration.is_city_administrator(viewer):
        raise NotAllowed(N_("Calendars are the whole city's: ask the city's administrator."))


def record(session: Session, viewer: Viewer | None, action: AuditAction, subject: str) -> None:
    """Write into the audit list who changed what."""
    audit.record(session, viewer.person_id if viewer else None, action, subject)


def add_calendar(
    session: Session, viewer: Viewer | None, name: str, terms: Terms, week: Sequence[Spans]
) -> WorkCalendar:
    """Add a calendar whose hours hold from ever on.

    Raises:
        Invalid: a name that is taken or none, a term or hours that cannot be.
    """
    must_keep_calendars(viewer)
    if not _NAME.fullmatch(name) or name == FOR_ALL:
        raise Invalid("name", N_("A calendar's name is 2 to 32 small letters, digits or hyphens, as in night-shift."))
    if session.scalar(select(WorkCalendar.id).where(WorkCalendar.name == name)) is not None:
        raise Invalid("name", N_("There is a calendar of this name already."))
    _check_week(week)
    row = WorkCalendar(name=name)
    _apply(row, terms)
    row.spans = [_span_row(weekday, span, SINCE, None) for weekday, spans in enumerate(week) for span in spans]
    session.add(row)
    record(session, viewer, AuditAction.CALENDAR_ADDED, name)
    session.flush()
    return row


def set_terms(session: Session, viewer: Viewer | None, name: str, terms: Terms) -> None:
    """Give a calendar other names, nominal minutes, rule of days, or holidays to observe or not."""
    must_keep_calendars(viewer)
    row = _locked(session, name)
    _apply(row, terms)
    row.stamp = new_stamp()
    record(session, viewer, AuditAction.CALENDAR_TERMS_SET, name)


def set_hours(
    session: Session,
    viewer: Viewer | None,
    name: str,
    week: Sequence[Spans],
    from_on: date,
    until_on: date | None = None,
) -> None:
    """Give a calendar other weekly hours from a day on, until another day or until the next hours entered before.

    Args:
        week: the hours of Monday to Sunday.
        until_on: the first day on which the hours that held before hold again.

    Raises:
        Invalid: hours that overlap, no hours at all, days in the wrong order.
    """
    must_keep_calendars(viewer)
    row = _locked(session, name)
    _refuse_continuous(row)
    _check_day("from_on", from_on)
    if until_on is not None and until_on <= from_on:
        raise Invalid("until_on", N_("The last day lies before the first one."))
    _check_week(week)
    turns = {each.valid_from_on for each in row.spans} | {each.valid_until_on for each in row.spans}
    ends_on = until_on or min((turn for turn in turns if turn is not None and turn > from_on), default=None)
    kept = [part for each in row.spans for part in _around(each, from_on, ends_on)]
    given = [_span_row(weekday, span, from_on, ends_on) for weekday, spans in enumerate(week) for span in spans]
    for each in list(row.spans):
        session.delete(each)
    session.flush()
    session.expire(row, ["spans"])
    row.spans.extend(kept + given)
    row.stamp = new_stamp()
    record(session, viewer, AuditAction.CALENDAR_HOURS_SET, f"{name} {from_on}")
    session.flush()


def add_day(session: Session, viewer: Viewer | None, day: date, each: DayException, name: str | None) -> None:
    """Enter a day for one calendar, or (no name) for all that observe holidays.

    Raises:
        Invalid: the day is one already, or its kind and hours do not go together.
    """
    must_keep_calendars(viewer)
    _check_day("day", day)
    check_name("name_zh", each.name_zh)
    check_name("name_en", each.name_en)
    if (each.kind is DayKind.SPECIAL) != bool(each.spans):
        raise Invalid("hours", N_("A day with hours of its own needs them; other days have none here."))
    calendars = _concerned(session, name)
    calendar_id = calendars[0].id if name else None
    _refuse_taken(session, day, calendar_id, name)
    session.add(day_row(day, each, calendar_id))
    _mark(calendars)
    record(session, viewer, AuditAction.CALENDAR_DAY_ADDED, f"{name or FOR_ALL} {day} {each.name_zh}")
    session.flush()


def close_from(
    session: Session, viewer: Viewer | None, day: date, minute: int, names: tuple[str, str], name: str | None
) -> list[str]:
    """Close one calendar, or (no name) all that observe holidays, from a minute of a day on; which ones.

    Each keeps the hours of its own that come before, so each gets a day of its own.

    Args:
        names: what the day is called, in Chinese and English.

    Raises:
        Invalid: none of them is open then, or one has such a day already.
        NoHolidayData: the holidays of that year are not known.
    """
    must_keep_calendars(viewer)
    _check_day("day", day)
    if not 0 <= minute < DAY_MINUTES:
        raise Invalid("closed_from", N_("Write a time of day, like 14:00."))
    check_name("name_zh", names[0])
    check_name("name_en", names[1])
    calendars = _concerned(session, name)
    closed = []
    for row in calendars:
        before = load_calendar(session, row.name).spans_on(day)
        left = tuple(
            Span(each.start_minute, min(each.end_minute, minute)) for each in before if each.start_minute < minute
        )
        if left == before:
            continue
        _refuse_taken(session, day, row.id, row.name)
        kind = DayKind.SPECIAL if left else DayKind.HOLIDAY
        session.add(day_row(day, DayException(kind, left, names[1], names[0]), row.id))
        closed.append(row)
    if not closed:
        raise Invalid("closed_from", N_("None of these calendars is open after that time on %(day)s."), day=day)
    _mark(closed)
    for row in closed:
        record(session, viewer, AuditAction.CALENDAR_DAY_ADDED, f"{row.name} {day} {names[0]}")
    session.flush()
    return [row.name for row in closed]


def remove_day(session: Session, viewer: Viewer | None, day: date, name: str | None) -> None:
    """Take a day out of one calendar's own, or (no name) out of those for all.

    Raises:
        NotFound: there is no such day.
    """
    must_keep_calendars(viewer)
    calendars = _concerned(session, name)
    row = _find_day(session, day, calendars[0].id if name else None)
    if row is None:
        raise NotFound(N_("There is no such day in this calendar."))
    for span in list(row.spans):
        session.delete(span)
    session.flush()
    session.delete(row)
    _mark(calendars)
    record(session, viewer, AuditAction.CALENDAR_DAY_REMOVED, f"{name or FOR_ALL} {day} {row.name_zh}")
    session.flush()


def _find_day(session: Session, day: date, calendar_id: int | None) -> WorkDay | None:
    whose = WorkDay.calendar_id.is_(None) if calendar_id is None else WorkDay.calendar_id == calendar_id
    return session.scalar(select(WorkDay).where(WorkDay.day_on == day, whose))


def _refuse_taken(session: Session, day: date, calendar_id: int | None, name: str | None) -> None:
    taken = _find_day(session, day, calendar_id)
    if taken is None:
        return
    if name is None:
        message = N_("%(day)s is “%(what)s” for all already: enter it for each calendar, or remove that day first.")
        raise Invalid("day", message, day=day, what=taken.name_zh)
    raise Invalid(
        "day",
        N_("%(day)s is “%(what)s” in “%(calendar)s” already: remove that day first."),
        day=day,
        what=taken.name_zh,
        calendar=name,
    )


def _locked(session: Session, name: str) -> WorkCalendar:
    row = session.scalar(select(WorkCalendar).where(WorkCalendar.name == name).with_for_update())
    if row is None:
        raise NotFound(NO_CALENDAR, calendar=name[:32])
    return row


def _concerned(session: Session, name: str | None) -> Sequence[WorkCalendar]:
    """The calendar of this name, or all that observe holidays; locked in one order, so that two callers take turns."""
    if name is not None:
        row = _locked(session, name)
        _refuse_continuous(row)
        return [row]
    rows = session.scalars(select(WorkCalendar).order_by(WorkCalendar.id).with_for_update()).all()
    return [row for row in rows if row.observes_holidays and not row.is_continuous]


def _refuse_continuous(row: WorkCalendar) -> None:
    if row.is_continuous:
        raise Invalid("calendar", N_("This calendar runs day and night: it has no hours and no days of its own."))


def _mark(calendars: Sequence[WorkCalendar]) -> None:
    for row in calendars:
        row.stamp = new_stamp()


def _apply(row: WorkCalendar, terms: Terms) -> None:
    for field, label in (("label_zh", terms.label_zh), ("label_en", terms.label_en)):
        if not 0 < len(label) <= MOST_LABEL or not label.isprintable():
            raise Invalid(field, N_("A name has 1 to %(most)s printable characters."), most=MOST_LABEL)
    if not 1 <= terms.nominal_minutes <= DAY_MINUTES:
        raise Invalid("nominal_minutes", N_("A working day counts as 1 to 1440 minutes."))
    row.label_zh, row.label_en = terms.label_zh, terms.label_en
    row.nominal_minutes, row.day_rule = terms.nominal_minutes, terms.day_rule
    row.observes_holidays = terms.observes_holidays


def _check_week(week: Sequence[Spans]) -> None:
    if not any(week):
        raise Invalid("hours_0", N_("A week without any hours counts nothing: enter some."))
    refuse_run_over(week)


def _check_day(field: str, day: date) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Invalid(field, N_("Enter a day of the years %(first)s to %(last)s."), first=FIRST_YEAR, last=LAST_YEAR)


def _around(row: WorkSpan, from_on: date, ends_on: date | None) -> list[WorkSpan]:
    """What is left of hours when those of `from_on` until `ends_on` are taken out."""
    span, until_on = Span(row.start_minute, row.end_minute), row.valid_until_on
    parts: list[tuple[date, date | None]] = []
    if row.valid_from_on < from_on:
        parts.append((row.valid_from_on, from_on if until_on is None else min(from_on, until_on)))
    if ends_on is not None and (until_on is None or until_on > ends_on):
        parts.append((max(ends_on, row.valid_from_on), until_on))
    return [_span_row(row.weekday, span, begin, until) for begin, until in parts]


def _span_row(weekday: int, span: Span, from_on: date, until_on: date | None) -> WorkSpan:
    return WorkSpan(
        weekday=weekday,
        start_minute=span.start_minute,
        end_minute=span.end_minute,
        valid_from_on=from_on,
        valid_until_on=until_on,
    )
