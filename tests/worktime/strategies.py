"""Calendars, moments and pauses made up by hypothesis."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from cityops.worktime.arithmetic import Pause
from cityops.worktime.calendar import Calendar, DayException, DayKind, Span, Spans, Week

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
KNOWN_YEARS = frozenset(range(2024, 2060))


@st.composite
def hours(draw: st.DrawFn, least: int = 0) -> Spans:
    """Up to three spans of a day, at odd minutes; the last may run past midnight, into the next day's own hours."""
    count = draw(st.integers(least, 3))
    edges = sorted(draw(st.lists(st.integers(0, 1439), min_size=count * 2, max_size=count * 2, unique=True)))
    spans = [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    if spans and draw(st.booleans()):
        last = spans.pop()
        spans.append(Span(last.start_minute, draw(st.integers(last.end_minute, last.start_minute + 1440))))
    return tuple(spans)


@st.composite
def weeks(draw: st.DrawFn, valid_from_on: date) -> Week:
    """A week with hours on its first day at least, so that time passes at all."""
    first = draw(hours(least=1))
    rest = [draw(hours()) for _ in range(6)]
    return Week((first, *rest), valid_from_on)  # type: ignore[arg-type] - seven, but mypy cannot count a list


@st.composite
def exceptions(draw: st.DrawFn) -> dict[date, DayException]:
    """Holidays, make-up days and special days in the weeks around `FIRST`."""
    days = draw(st.lists(st.integers(-3, 40), max_size=8, unique=True))
    made = {}
    for offset in days:
        kind = draw(st.sampled_from(list(DayKind)))
        spans = () if kind is DayKind.HOLIDAY else draw(hours())
        made[FIRST.date() + timedelta(days=offset)] = DayException(kind, spans, kind.value, kind.value)
    return made


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """A calendar of one or two weekly patterns with exceptions."""
    patterns = [draw(weeks(date(2024, 1, 1)))]
    if draw(st.booleans()):
        patterns.append(draw(weeks(FIRST.date() + timedelta(days=draw(st.integers(0, 20))))))
    return Calendar("made up", tuple(patterns), draw(exceptions()), holiday_years=KNOWN_YEARS)


def moments(days: int = 30) -> st.SearchStrategy[datetime]:
    """Moments to the microsecond within `days` of `FIRST`."""
    return st.integers(0, days * 86_400_000_000).map(lambda us: FIRST + timedelta(microseconds=us))


def minutes_sharp(days: int = 10) -> st.SearchStrategy[datetime]:
    """Moments on the minute."""
    return st.integers(0, days * 1440).map(lambda minute: FIRST + timedelta(minutes=minute))


def pauses(moment: st.SearchStrategy[datetime]) -> st.SearchStrategy[list[Pause]]:
    """Up to four pauses, in any order, overlapping or not."""
    pair = st.tuples(moment, moment).map(lambda two: (min(two), max(two)))
    return st.lists(pair, max_size=4)
