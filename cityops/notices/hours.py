"""Quiet hours (pure): a notice that can wait is shown when they have ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Quiet:
    """From a minute of the day until another, the end not included; over midnight where the end lies before the begin.

    Two equal minutes are no quiet hours at all.
    """

    from_minute: int
    until_minute: int

    def shown_at(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """`moment`, or the end of the quiet hours in which it lies.

        >>> night, zone = Quiet(21 * 60, 7 * 60), ZoneInfo("Asia/Shanghai")
        >>> night.shown_at(datetime(2026, 11, 23, 22, 15, tzinfo=zone), zone).isoformat()
        '2026-11-24T07:00:00+08:00'
        """
        local = moment.astimezone(zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        # Either of the quiet hours that end today and tomorrow may hold it.
        for day in (0, 1):
            until = midnight + timedelta(days=day, minutes=self.until_minute)
            begin = until - timedelta(minutes=(self.until_minute - self.from_minute) % DAY_MINUTES)
            if begin <= local < until:
                return until
        return moment
