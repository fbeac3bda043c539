"""A month of a calendar, day by day: what its page shows."""

from calendar import Calendar as WeeksOfMonth
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from cityops.worktime.calendar import DAY_MINUTES, Calendar, DayException, NoHolidayData, Span, Spans


@dataclass(frozen=True, slots=True)
class ShownDay:
    """A day with the hours that begin on it.

    Attributes:
        exception: the day of its own that it is, where it is one.
        is_known: whether the holidays of its year are.
    """

    day: date
    spans: Spans
    exception: DayException | None
    is_known: bool

    @property
    def minutes(self) -> int:
        """How long the hours are together."""
        return sum(span.end_minute - span.start_minute for span in self.spans)


@dataclass(frozen=True, slots=True)
class Month:
    """A month in weeks from Monday to Sunday; the days of other months in the first and last week are None."""

    weeks: Sequence[Sequence[ShownDay | None]]

    @property
    def days(self) -> Iterator[ShownDay]:
        """Its days, the first one first."""
        return (day for week in self.weeks for day in week if day is not None)

    @property
    def working_days(self) -> int:
        """How many days have hours."""
        return sum(bool(day.spans) for day in self.days)

    @property
    def minutes(self) -> int:
        """How long it is open."""
        return sum(day.minutes for day in self.days)


def month_of(calendar: Calendar, year: int, month: int) -> Month:
    """The month as the calendar has it; days of a year that is not known have no hours.

    >>> from cityops.worktime.defaults import OFFICE
    >>> october = month_of(OFFICE, 2026, 10)
    >>> october.working_days, october.minutes // 60
    (18, 144)
    """
    weeks = WeeksOfMonth().monthdatescalendar(year, month)
    return Month([[_shown(calendar, day) if day.month == month else None for day in week] for week in weeks])


def _shown(calendar: Calendar, day: date) -> ShownDay:
    if calendar.is_continuous:
        return ShownDay(day, (Span(0, DAY_MINUTES),), None, is_known=True)
    try:
        return ShownDay(day, calendar.spans_on(day), calendar.days.get(day), is_known=True)
    except NoHolidayData:
        return ShownDay(day, (), calendar.days.get(day), is_known=False)
