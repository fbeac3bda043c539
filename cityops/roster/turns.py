"""Shifts as stretches of time, and the days of a repeating pattern (pure)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Turn:
    """The minutes of a day from which and until which a shift lasts; over midnight where it ends before it begins.

    >>> Turn(23 * 60, 7 * 60).minutes
    480
    """

    start_minute: int
    end_minute: int

    @property
    def minutes(self) -> int:
        """How long it is; a shift that ends when it begins lasts a whole day."""
        return (self.end_minute - self.start_minute - 1) % 1440 + 1

    def begins_at(self, on: date, zone: ZoneInfo) -> datetime:
        """When the shift of a day begins."""
        return datetime(on.year, on.month, on.day, tzinfo=zone) + timedelta(minutes=self.start_minute)

    def day_at(self, moment: datetime, zone: ZoneInfo) -> date | None:
        """The day whose shift lasts at `moment`: that day or the one before; None where neither does."""
        today = moment.astimezone(zone).date()
        for on in (today, today - timedelta(days=1)):
            begin = self.begins_at(on, zone)
            if begin <= moment < begin + timedelta(minutes=self.minutes):
                return on
        return None


def day_of_cycle(from_on: date, cycle_days: int, on: date) -> int:
    """Which day of a pattern's cycle a day is, the first being 1.

    >>> day_of_cycle(date(2026, 11, 2), 7, date(2026, 11, 10))
    2
    """
    return (on - from_on).days % cycle_days + 1
