"""Working calendars: which hours of which days count.

A calendar has weekly hours (with a day from which they hold: many cities keep summer hours), days that are exceptions
(holidays, make-up days 调休, special days), and the years for which the holidays have been announced. About any other
year it says nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain, pairwise
from typing import Self
from zoneinfo import ZoneInfo

from cityops.clock import CITY_ZONE
from cityops.errors import Invalid
from cityops.words import N_
from cityops.worktime.timeline import FIRST_YEAR, LAST_YEAR, Interval, Timeline, to_moment, union, us_of

DAY_MINUTES = 24 * 60
NOMINAL_MINUTES = 480

TOO_FEW_HOURS = N_("The calendar “%(calendar)s” has too few hours for this.")

_SPAN = re.compile(r"(\d\d):([0-5]\d)[-–](\d\d):([0-5]\d)")
_DAY = timedelta(days=1)


class NoHolidayData(Invalid):
    """The holidays of a year that counts have not been announced to this calendar: the answer is not known."""

    def __init__(self, calendar: str, year: int) -> None:
        super().__init__(
            "calendar",
            N_(
                "The calendar “%(calendar)s” has no holidays for the year %(year)s yet, so the time cannot be counted; "
                "enter them with: cityops worktime announce %(year)s FILE.csv"
            ),
            calendar=calendar,
            year=year,
        )
        self.calendar = calendar
        self.year = year


class DayKind(StrEnum):
    """Why a day is not like its weekday."""

    HOLIDAY = "holiday"
    MAKE_UP = "make_up"
    SPECIAL = "special"


class DayRule(StrEnum):
    """What n working days mean: n times the nominal minutes, or the same hour n working days later."""

    NOMINAL = "nominal"
    SAME_HOUR = "same_hour"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open hours in minutes after midnight; over 1440 where they run past midnight.

    >>> Span.parse("22:00-06:00")
    Span(start_minute=1320, end_minute=1800)
    >>> str(Span(0, 1440))
    '00:00-24:00'
    """

    start_minute: int
    end_minute: int

    def __post_init__(self) -> None:
        """Refuse hours that are empty, begin on another day or last longer than one."""
        is_in_day = 0 <= self.start_minute < DAY_MINUTES
        if not is_in_day or not self.start_minute < self.end_minute <= self.start_minute + DAY_MINUTES:
            raise Invalid("hours", N_("Hours begin within a day, end after they begin and last at most 24 hours."))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `HH:MM-HH:MM`; an end not after the start is on the next day."""
        match = _SPAN.fullmatch(text.strip())
        if not match:
            raise Invalid("hours", N_("Hours are written like 08:30-12:00."))
        hour, minute, end_hour, end_minute = map(int, match.groups())
        start, end = hour * 60 + minute, end_hour * 60 + end_minute
        if end > DAY_MINUTES:
            raise Invalid("hours", N_("Hours are written like 08:30-12:00."))
        return cls(start, end if end > start else end + DAY_MINUTES)

    def __str__(self) -> str:
        """The hours as they are written."""
        end = self.end_minute if self.end_minute <= DAY_MINUTES else self.end_minute - DAY_MINUTES
        return f"{self.start_minute // 60:02}:{self.start_minute % 60:02}-{end // 60:02}:{end % 60:02}"


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """The hours of each weekday, Monday first, from `valid_from_on` until another week takes over."""

    spans: tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]
    valid_from_on: date = date.min

    def __post_init__(self) -> None:
        """Refuse hours that overlap."""
        for spans in self.spans:
            refuse_overlap(spans)

    @property
    def make_up_spans(self) -> Spans:
        """The hours of a make-up day: those of the first weekday that has any."""
        return next((spans for spans in self.spans if spans), ())


@dataclass(frozen=True, slots=True)
class DayException:
    """A day with hours of its own: none on a holiday."""

    kind: DayKind
    spans: Spans
    name_en: str
    name_zh: str

    def __post_init__(self) -> None:
        """Refuse hours that overlap."""
        refuse_overlap(self.spans)


class _Cache:
    """What a calendar has worked out so far."""

    def __init__(self) -> None:
        self.years: dict[int, list[Interval]] = {}
        self.timeline: Timeline | None = None


@dataclass(frozen=True)
class Calendar:
    """A named working calendar. It never changes: a change makes another.

    Attributes:
        weeks: the weekly hours, by the day from which they hold.
        days: the days that are exceptions.
        nominal_minutes: what one 工作日 counts as, whatever hours a day has.
        holiday_years: years whose holidays are known; None where the calendar observes none and needs none.
        is_continuous: open day and night; weeks and days are then without meaning.
    """

    name: str
    weeks: tuple[Week, ...] = ()
    days: Mapping[date, DayException] = field(default_factory=dict)
    nominal_minutes: int = NOMINAL_MINUTES
    day_rule: DayRule = DayRule.NOMINAL
    holiday_years: frozenset[int] | None = None
    is_continuous: bool = False
    zone: ZoneInfo = CITY_ZONE
    _cache: _Cache = field(default_factory=_Cache, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keep the weeks in the order of their days."""
        object.__setattr__(self, "weeks", tuple(sorted(self.weeks, key=lambda week: week.valid_from_on)))

    def week_on(self, day: date) -> Week | None:
        """The weekly hours that hold on `day`."""
        return next((week for week in reversed(self.weeks) if week.valid_from_on <= day), None)

    def spans_on(self, day: date) -> Spans:
        """The hours that begin on `day`.

        Raises:
            NoHolidayData: the holidays of that year are not known.
        """
        self.require_year(day.year)
        exception = self.days.get(day)
        if exception is not None:
            return exception.spans
        week = self.week_on(day)
        return week.spans[day.weekday()] if week else ()

    def is_working_day(self, day: date) -> bool:
        """Whether any hours begin on `day`."""
        return self.is_continuous or bool(self.spans_on(day))

    def require_year(self, year: int) -> None:
        """Raise NoHolidayData where the holidays of `year` are not known."""
        if self.holiday_years is not None and year not in self.holiday_years:
            raise NoHolidayData(self.name, year)

    def knows_years(self, first_year: int, last_year: int) -> bool:
        """Whether the holidays of each of these years are known, or not needed."""
        return self.holiday_years is None or self.holiday_years.issuperset(range(first_year, last_year + 1))

    def wall(self, day: date, minute: int = 0) -> int:
        """The microseconds of `minute` minutes after midnight on `day`, by the clock on the calendar's wall."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return us_of(midnight + timedelta(minutes=minute))

    def covering(self, start: int, end: int) -> Timeline:
        """The open time of at least the years in which the moments `start` and `end` lie.

        Raises:
            NoHolidayData: the holidays of one of the years are not known.
        """
        known = self._cache.timeline
        if known and known.begins <= start and end < known.ends:
            return known
        return self.years(self._year_of(start), self._year_of(end))

    def years(self, first_year: int, last_year: int) -> Timeline:
        """The open time of at least these years, kept for the next caller.

        Raises:
            NoHolidayData: the holidays of one of the years are not known.
            Invalid: the years lie outside 1900–2199.
        """
        known = self._cache.timeline
        if known:
            joined = min(first_year, known.first_year), max(last_year, known.last_year)
            if joined == (known.first_year, known.last_year):
                return known
            if self.knows_years(*joined):
                first_year, last_year = joined
        if first_year < FIRST_YEAR or last_year > LAST_YEAR:
            raise Invalid("limit", TOO_FEW_HOURS, calendar=self.name)
        self._cache.timeline = built = self._timeline(first_year, last_year)
        return built

    def _timeline(self, first_year: int, last_year: int) -> Timeline:
        if self.is_continuous:
            first_year, last_year = FIRST_YEAR, LAST_YEAR
        bounds = self.wall(date(first_year, 1, 1)), self.wall(date(last_year + 1, 1, 1))
        if self.is_continuous:
            return Timeline.of(first_year, last_year, bounds, [bounds])
        years = range(first_year, last_year + 1)
        return Timeline.of(first_year, last_year, bounds, chain.from_iterable(map(self._year, years)))

    def _year_of(self, at: int) -> int:
        return to_moment(at).astimezone(self.zone).year

    def _year(self, year: int) -> list[Interval]:
        known = self._cache.years.get(year)
        if known is None:
            known = self._cache.years[year] = list(self._open_in(year))
        return known

    def _open_in(self, year: int) -> Iterator[Interval]:
        """Yield the open time of each day of `year`, with what the night before left over."""
        self.require_year(year)
        day = date(year, 1, 1)
        left_over = self._past_midnight(day - _DAY) if self.has_nights else []
        while day.year == year:
            midnight = self.wall(day, DAY_MINUTES)
            own = [(self.wall(day, span.start_minute), self.wall(day, span.end_minute)) for span in self.spans_on(day)]
            yield from union(left_over + [(start, min(end, midnight)) for start, end in own])
            left_over = [(midnight, end) for _, end in own if end > midnight]
            day += _DAY

    def _past_midnight(self, day: date) -> list[Interval]:
        midnight = self.wall(day, DAY_MINUTES)
        return [(midnight, self.wall(day, span.end_minute)) for span in self.spans_on(day)]

    @property
    def has_nights(self) -> bool:
        """Whether any hours run past midnight, so that a year begins with what the one before left over."""
        weekly = (spans for week in self.weeks for spans in week.spans)
        special = (exception.spans for exception in self.days.values())
        return any(span.end_minute > DAY_MINUTES for span in chain.from_iterable(chain(weekly, special)))


def every_day(*spans: Span) -> Week:
    """A week with the same hours on all seven days.

    >>> every_day(Span.parse("07:00-21:00")).spans[6]
    (Span(start_minute=420, end_minute=1260),)
    """
    return Week((spans,) * 7)


def monday_to_friday(*spans: Span) -> Week:
    """A week with the same hours from Monday to Friday, and a free weekend."""
    return Week((spans, spans, spans, spans, spans, (), ()))


def refuse_overlap(spans: Spans) -> None:
    """Refuse hours of one day that overlap."""
    for earlier, later in pairwise(sorted(spans)):
        if later.start_minute < earlier.end_minute:
            raise Invalid("hours", N_("The hours %(one)s and %(other)s overlap."), one=earlier, other=later)


CONTINUOUS = Calendar("continuous", nominal_minutes=DAY_MINUTES, is_continuous=True)
