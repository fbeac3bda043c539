"""A due time explains itself: what counted on the way to it, what was closed, what was paused, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from cityops.worktime.arithmetic import Pause, add, clock_calendar, stops
from cityops.worktime.calendar import Calendar, DayException, DayKind
from cityops.worktime.limits import MINUTE_US, Limit
from cityops.worktime.timeline import Interval, to_moment, to_us


class PieceKind(StrEnum):
    """Whether a piece of time ran on the clock, and if not, what stopped it."""

    COUNTED = "counted"
    CLOSED = "closed"
    PAUSED = "paused"


# English and Chinese side by side, as the calendars' own days have their names.
Why = tuple[str, str]

WORKING_HOURS: Why = ("working hours", "工作时间")
OUTSIDE_HOURS: Why = ("outside hours", "非工作时间")
WEEKEND: Why = ("weekend", "周末")
DAY_OFF: Why = ("day off", "休息日")
DAY_AND_NIGHT: Why = ("day and night", "昼夜连续")
PAUSED: Why = ("clock paused", "暂停计时")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time of one kind and one reason.

    Attributes:
        begin: its first moment, UTC.
        until: its end, UTC.
        why: the reason in English; for a holiday or special day its name as the calendar has it.
        why_zh: the same in Chinese.
        minutes: what of it counted.
    """

    begin: datetime
    until: datetime
    kind: PieceKind
    why: str
    why_zh: str
    minutes: float


def explain(calendar: Calendar, start: datetime, limit: Limit, pauses: Sequence[Pause] = ()) -> list[Piece]:
    """The way from the start to the due time, without a gap; the counted minutes add up to the limit.

    >>> from cityops.worktime.defaults import OFFICE
    >>> from cityops.worktime.limits import Unit
    >>> saturday = datetime.fromisoformat("2026-11-07T22:00+08:00")
    >>> for piece in explain(OFFICE, saturday, Limit(1, Unit.WORKING_HOUR)):
    ...     print(piece.until.astimezone(OFFICE.zone).isoformat(), piece.kind, piece.why, piece.minutes)
    2026-11-09T00:00:00+08:00 closed weekend 0.0
    2026-11-09T08:30:00+08:00 closed outside hours 0.0
    2026-11-09T09:30:00+08:00 counted working hours 60.0
    """
    return explain_between(clock_calendar(calendar, limit), start, add(calendar, start, limit, pauses), pauses)


def explain_between(calendar: Calendar, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> list[Piece]:
    """The way from `start` to `end`: of a clock that has stopped or is over its limit, for instance."""
    start_us, end_us = to_us(start), to_us(end, "end")
    paused = [(max(begin, start_us), min(until, end_us)) for begin, until in stops(pauses)]
    joined: list[tuple[int, int, PieceKind, Why]] = []
    for begin, until, kind, why in _stretches(calendar, start_us, end_us, paused):
        if joined and joined[-1][2:] == (kind, why):
            joined[-1] = (joined[-1][0], until, kind, why)
        else:
            joined.append((begin, until, kind, why))
    return [_piece(*stretch) for stretch in joined]


def _piece(begin: int, until: int, kind: PieceKind, why: Why) -> Piece:
    minutes = (until - begin) / MINUTE_US if kind is PieceKind.COUNTED else 0.0
    return Piece(to_moment(begin), to_moment(until), kind, *why, minutes)


def _stretches(
    calendar: Calendar, start: int, end: int, paused: list[Interval]
) -> Iterator[tuple[int, int, PieceKind, Why]]:
    """Cut each day where it opens, closes, pauses or resumes, and give each cut its reason."""
    line = calendar.covering(start, end)
    for day, begin, until in _days(calendar, start, end):
        opens = line.between(begin, until)
        stopped = [(a, b) for a, b in paused if a < until and b > begin]
        inner = (edge for interval in opens + stopped for edge in interval if begin < edge < until)
        edges = sorted({begin, until, *inner})
        for left, right in zip(edges, edges[1:], strict=False):
            if any(a <= left < b for a, b in stopped):
                yield left, right, PieceKind.PAUSED, PAUSED
            elif any(a <= left < b for a, b in opens):
                yield left, right, PieceKind.COUNTED, _why_open(calendar, day)
            else:
                yield left, right, PieceKind.CLOSED, _why_closed(calendar, day)


def _days(calendar: Calendar, start: int, end: int) -> Iterator[tuple[date, int, int]]:
    day = to_moment(start).astimezone(calendar.zone).date()
    if calendar.is_continuous:
        yield day, start, end
        return
    while (begin := max(start, calendar.wall(day))) < end:
        following = day + timedelta(days=1)
        yield day, begin, min(end, calendar.wall(following))
        day = following


def _why_open(calendar: Calendar, day: date) -> Why:
    if calendar.is_continuous:
        return DAY_AND_NIGHT
    exception = calendar.days.get(day)
    return _name(exception) if exception and exception.spans else WORKING_HOURS


def _why_closed(calendar: Calendar, day: date) -> Why:
    exception = calendar.days.get(day)
    if exception and (not exception.spans or exception.kind is DayKind.SPECIAL):
        return _name(exception)
    if calendar.is_working_day(day):
        return OUTSIDE_HOURS
    return WEEKEND if day.weekday() >= 5 else DAY_OFF


def _name(exception: DayException) -> Why:
    return exception.name_en, exception.name_zh
