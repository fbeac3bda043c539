"""Months of the city, and the moments up to which their figures count (pure)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cityops.clock import CITY_ZONE, city_day
from cityops.errors import Invalid
from cityops.words import N_


@dataclass(frozen=True, order=True)
class Month:
    """A month in the city's zone.

    >>> str(Month(2026, 1).before), str(Month(2026, 12).after)
    ('2025-12', '2027-01')
    """

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def first_day(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.after.first_day - timedelta(days=1)

    @property
    def before(self) -> "Month":
        """The month before."""
        return Month(self.year - 1, 12) if self.number == 1 else Month(self.year, self.number - 1)

    @property
    def after(self) -> "Month":
        """The month after."""
        return Month(self.year + 1, 1) if self.number == 12 else Month(self.year, self.number + 1)

    @property
    def from_at(self) -> datetime:
        """Its first moment, in UTC."""
        return datetime(self.year, self.number, 1, tzinfo=CITY_ZONE).astimezone(UTC)

    def span(self, now: datetime) -> "Span":
        """What of the month is over at `now`: a past month whole, the running one up to now."""
        return Span(self.from_at, min(self.after.from_at, now))


@dataclass(frozen=True)
class Span:
    """Moments from `from_at` (included) until `until_at` (not included), which is also the moment figures are as of."""

    from_at: datetime
    until_at: datetime


def month_of(moment: datetime) -> Month:
    """The month of a moment in the city's zone.

    >>> str(month_of(datetime(2026, 10, 31, 16, 0, tzinfo=UTC)))
    '2026-11'
    """
    day = city_day(moment)
    return Month(day.year, day.month)


def read_month(text: str | None, now: datetime) -> Month:
    """The month written as `2026-11`; without one, the running month.

    Raises:
        Invalid: it is no month, or one that has not begun.
    """
    running = month_of(now)
    if not text:
        return running
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text) or text < "1970":
        raise Invalid("period", N_("A period is a month, written as 2026-11."))
    month = Month(int(text[:4]), int(text[5:]))
    if month > running:
        raise Invalid("period", N_("This month has not begun yet."))
    return month
