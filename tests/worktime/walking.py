"""The obvious way to find a due time, a walk minute by minute over the wall clock: slow, and without a timeline."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from cityops.worktime.arithmetic import Pause
from cityops.worktime.calendar import DAY_MINUTES, Calendar

ONE_MINUTE, ONE_DAY = timedelta(minutes=1), timedelta(days=1)


def is_open(calendar: Calendar, moment: datetime, paused: Sequence[Pause] = ()) -> bool:
    """Whether the clock runs at `moment`."""
    local = moment.astimezone(calendar.zone)
    return _runs(_hours(calendar, local.date()), local, paused)


def due_by_walking(calendar: Calendar, start: datetime, minutes: float, paused: Sequence[Pause] = ()) -> datetime:
    """The moment at which `minutes` have been counted; everything must lie on the minute."""
    hours: dict[date, list[tuple[int, int]]] = {}
    moment = start.astimezone(calendar.zone)
    while minutes > 0:
        day = moment.date()
        if day not in hours:
            hours[day] = _hours(calendar, day)
        minutes -= _runs(hours[day], moment, paused)
        moment += ONE_MINUTE
    return moment


def _runs(hours: list[tuple[int, int]], moment: datetime, paused: Sequence[Pause]) -> bool:
    minute = moment.hour * 60 + moment.minute
    is_working = any(opens <= minute < closes for opens, closes in hours)
    return is_working and not any(begin <= moment < until for begin, until in paused)


def _hours(calendar: Calendar, day: date) -> list[tuple[int, int]]:
    """The open minutes of a day: its own, and what the night before left over."""
    if calendar.is_continuous:
        return [(0, DAY_MINUTES)]
    night = calendar.spans_on(day - ONE_DAY) if calendar.has_nights else ()
    left_over = [(span.start_minute - DAY_MINUTES, span.end_minute - DAY_MINUTES) for span in night]
    return left_over + [(span.start_minute, span.end_minute) for span in calendar.spans_on(day)]
