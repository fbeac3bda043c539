"""A check at the time of day of the report (夜间噪声, 早市占道): when it begins, and whether one was. Pure."""

from datetime import datetime, timedelta

from cityops import clock

WINDOW = timedelta(minutes=30)
"""How far before and after its time of day a check still is at it."""
_DAY = timedelta(days=1)


def begins_at(reported_at: datetime, moment: datetime) -> datetime:
    """When a check that is asked for at a moment may begin: at once inside the hour, else when it comes next.

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 9, 15, tzinfo=UTC)
    >>> str(begins_at(at, datetime(2026, 11, 11, 4, tzinfo=UTC)))
    '2026-11-11 22:30:00+08:00'
    """
    local = reported_at.astimezone(clock.CITY_ZONE)
    today = datetime.combine(moment.astimezone(clock.CITY_ZONE), local.timetz())
    nearest = min((today - _DAY, today, today + _DAY), key=lambda each: abs(each - moment))
    if abs(nearest - moment) <= WINDOW:
        return moment
    return next(each for each in (today - _DAY, today, today + _DAY) if each > moment) - WINDOW


def is_same_time(reported_at: datetime, moment: datetime) -> bool:
    """Whether a moment lies at the time of day of another, half an hour more or less."""
    away = (moment - reported_at) % _DAY
    return min(away, _DAY - away) <= WINDOW
