"""The arithmetic of working time: when a limit is due, and how much of it has run.

Counting is exact to the microsecond. What ends at a closing time is due then, not at the next opening; what starts in
closed time begins to count at the next opening. Pauses may overlap, come in any order and lie in closed time: only the
open time they cover moves the due time. All answers are UTC.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from cityops.errors import Invalid
from cityops.words import N_
from cityops.worktime.calendar import CONTINUOUS, TOO_FEW_HOURS, Calendar, DayRule
from cityops.worktime.limits import MINUTE_US, MOST, Limit, Unit
from cityops.worktime.timeline import LAST_YEAR, Interval, Timeline, to_moment, to_us, union

Pause = tuple[datetime, datetime]


def add(calendar: Calendar, start: datetime, limit: Limit, pauses: Sequence[Pause] = ()) -> datetime:
    """When a limit that runs from `start` is due. A limit of 0 is due at once.

    Args:
        calendar: the hours that count; urgent hours run day and night on any calendar.
        pauses: (from, until) of the times in which the clock stood still.

    Raises:
        NoHolidayData: the clock would run into a year whose holidays are not known.
        Invalid: a moment has no time zone, or a pause ends before it begins.

    >>> from cityops.worktime.defaults import OFFICE
    >>> friday = datetime.fromisoformat("2026-11-06T17:30+08:00")
    >>> add(OFFICE, friday, Limit(1, Unit.WORKING_HOUR)).astimezone(OFFICE.zone).isoformat()
    '2026-11-09T09:00:00+08:00'
    """
    start_us = to_us(start)
    running = clock_calendar(calendar, limit)
    return to_moment(_due(running, start_us, _amount(running, start_us, limit), stops(pauses)))


def add_minutes(calendar: Calendar, start: datetime, minutes: float, pauses: Sequence[Pause] = ()) -> datetime:
    """When `minutes` of the calendar's open time have passed since `start`.

    Raises:
        Invalid: the minutes are negative, not a number or over ten years.
    """
    if not 0 <= minutes <= MOST[Unit.URGENT_HOUR] * 60:
        raise Invalid("minutes", N_("Minutes are a number from 0 to ten years' worth."))
    return to_moment(_due(calendar, to_us(start), round(minutes * MINUTE_US), stops(pauses)))


def difference(calendar: Calendar, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> timedelta:
    """The open time from `start` to `end` without the pauses; negative where `end` is the earlier.

    >>> from cityops.worktime.defaults import OFFICE
    >>> noon, monday = map(datetime.fromisoformat, ("2026-11-06T12:00+08:00", "2026-11-09T09:00+08:00"))
    >>> difference(OFFICE, noon, monday)
    datetime.timedelta(seconds=18000)
    """
    start_us, end_us = to_us(start), to_us(end, "end")
    if end_us < start_us:
        return -difference(calendar, end, start, pauses)
    line = calendar.covering(start_us, end_us)
    worked = line.worked(end_us) - line.worked(start_us)
    for begin, until in stops(pauses):
        if begin < end_us and until > start_us:
            worked -= line.worked(min(until, end_us)) - line.worked(max(begin, start_us))
    return timedelta(microseconds=worked)


def remaining(
    calendar: Calendar, start: datetime, limit: Limit, at: datetime, pauses: Sequence[Pause] = ()
) -> timedelta:
    """What is left of the limit at the moment `at`, in counted time; negative when it is over."""
    spent = difference(clock_calendar(calendar, limit), start, max(at, start), pauses)
    return counted(calendar, start, limit) - spent


def counted(calendar: Calendar, start: datetime, limit: Limit) -> timedelta:
    """How much open time the limit is worth; the start matters only where the calendar counts by the same hour."""
    return timedelta(microseconds=_amount(clock_calendar(calendar, limit), to_us(start), limit))


def clock_calendar(calendar: Calendar, limit: Limit) -> Calendar:
    """The calendar a limit runs on: urgent hours know no closing time."""
    return CONTINUOUS if limit.unit is Unit.URGENT_HOUR else calendar


def stops(pauses: Sequence[Pause]) -> list[Interval]:
    """The pauses in microseconds, in order and without overlap."""
    if not pauses:
        return []
    intervals = [(to_us(begin, "pause"), to_us(until, "pause")) for begin, until in pauses]
    if any(until < begin for begin, until in intervals):
        raise Invalid("pause", N_("A pause ends before it begins."))
    return union(intervals)


def _due(calendar: Calendar, start: int, amount: int, pauses: list[Interval]) -> int:
    if not amount:
        return start
    line = calendar.covering(start, start)
    while (target := _target(line, start, amount, pauses)) > line.total:
        line = calendar.years(line.first_year, line.last_year + 1)
    return line.reached(target)


def _target(line: Timeline, start: int, amount: int, pauses: list[Interval]) -> int:
    """What the line must have counted when the limit is due: each pause met on the way puts its open time on top.

    A pause beyond the line's end still lifts the target above the line's total, so the caller lengthens the line.
    """
    target = line.worked(start) + amount
    for begin, until in pauses:
        if until <= start:
            continue
        before = line.worked(max(begin, start))
        if before >= target:
            break
        target += line.worked(until) - before
    return target


def _amount(calendar: Calendar, start: int, limit: Limit) -> int:
    is_by_the_hour = calendar.day_rule is DayRule.SAME_HOUR and limit.unit is Unit.WORKING_DAY
    if not is_by_the_hour or limit.value < 1:
        return limit.microseconds(calendar.nominal_minutes)
    days = int(limit.value)
    part = Limit(limit.value - days, Unit.WORKING_DAY)
    return _same_hour(calendar, start, days) + part.microseconds(calendar.nominal_minutes)


def _same_hour(calendar: Calendar, start: int, days: int) -> int:
    """The open time until the same hour `days` working days later; from closed time the next opening's hour counts.

    Where that hour is closed on the later day, it is the last open time before it that counts.
    """
    opening = _first_open(calendar, start)
    day, into_day_us = _shift_of(calendar, opening)
    for _ in range(days):
        day = _next_working_day(calendar, day)
    end = calendar.wall(day) + into_day_us
    line = calendar.covering(start, end)
    return line.worked(end) - line.worked(start)


def _shift_of(calendar: Calendar, at: int) -> tuple[date, int]:
    """The day whose hours hold the open moment `at` (in a night shift it may be the day before), and how far in."""
    day = to_moment(at).astimezone(calendar.zone).date()
    spans = () if calendar.is_continuous else calendar.spans_on(day)
    holds = any(calendar.wall(day, span.start_minute) <= at < calendar.wall(day, span.end_minute) for span in spans)
    if not (holds or calendar.is_continuous):
        day -= timedelta(days=1)
    return day, at - calendar.wall(day)


def _next_working_day(calendar: Calendar, day: date) -> date:
    day += timedelta(days=1)
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
        if day.year > LAST_YEAR:
            raise Invalid("limit", TOO_FEW_HOURS, calendar=calendar.name)
    return day


def _first_open(calendar: Calendar, start: int) -> int:
    return _due(calendar, start, 1, []) - 1
