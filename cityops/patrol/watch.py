"""Hours of a day that somebody watches, and those that nobody does. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

MIDNIGHT = 24 * 60
DAYS = 7


class Span(NamedTuple):
    """Minutes after midnight, the end not included."""

    start: int
    end: int


def span_words(span: Span) -> str:
    """A span as hours of the day.

    >>> span_words(Span(420, 1440))
    '07:00-24:00'
    """
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span)


class WeekdaySpan(NamedTuple):
    """A span on a weekday (0 is Monday); `later` counts the days after the first that it begins."""

    weekday: int
    span: Span
    later: int = 0


def find_gaps(watched: Iterable[Span], whole: Span) -> list[Span]:
    """What of `whole` no span watches, in order.

    >>> find_gaps([Span(420, 840), Span(900, 1500)], Span(420, 1260))
    [Span(start=840, end=900)]
    """
    gaps, reached = [], whole.start
    for span in sorted(watched):
        if reached < min(span.start, whole.end):
            gaps.append(Span(reached, min(span.start, whole.end)))
        reached = max(reached, span.end)
    if reached < whole.end:
        gaps.append(Span(reached, whole.end))
    return gaps


def lay_out(weekdays: Iterable[int], start: int, end: int) -> list[WeekdaySpan]:
    """Hours on weekdays as spans within a day; hours that end before they begin go on after midnight.

    >>> [(each.weekday, tuple(each.span), each.later) for each in lay_out([6], 21 * 60, 7 * 60)]
    [(6, (1260, 1440), 0), (0, (0, 420), 1)]
    """
    if start < end:
        return [WeekdaySpan(weekday, Span(start, end)) for weekday in weekdays]
    found = []
    for weekday in weekdays:
        found.append(WeekdaySpan(weekday, Span(start, MIDNIGHT)))
        if end:
            found.append(WeekdaySpan((weekday + 1) % DAYS, Span(0, end), later=1))
    return found
