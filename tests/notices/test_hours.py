"""Quiet hours: what falls into them is held back to their end, and nothing else is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cityops.clock import CITY_ZONE
from cityops.notices.hours import DAY_MINUTES, Quiet

moments = st.integers(0, 6 * 365 * DAY_MINUTES * 60).map(
    lambda s: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
minutes = st.integers(0, DAY_MINUTES - 1)
NIGHT = Quiet(21 * 60, 7 * 60)


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CITY_ZONE)


def is_quiet(quiet: Quiet, moment: datetime) -> bool:
    """Whether a moment is quiet, by walking the circle of the day from its beginning."""
    local = moment.astimezone(CITY_ZONE)
    since = (local - local.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(minutes=1)
    return (since - quiet.from_minute) % DAY_MINUTES < (quiet.until_minute - quiet.from_minute) % DAY_MINUTES


def test_a_night_is_held_back_to_the_morning() -> None:
    assert NIGHT.shown_at(at(20, 59), CITY_ZONE) == at(20, 59)
    assert NIGHT.shown_at(at(21), CITY_ZONE) == at(7, day=24)
    assert NIGHT.shown_at(at(3, day=24), CITY_ZONE) == at(7, day=24)
    assert NIGHT.shown_at(at(7, day=24), CITY_ZONE) == at(7, day=24)


def test_a_break_at_noon_lies_within_a_day() -> None:
    assert Quiet(12 * 60, 13 * 60).shown_at(at(12, 30), CITY_ZONE) == at(13)
    assert Quiet(12 * 60, 13 * 60).shown_at(at(13), CITY_ZONE) == at(13)


@given(moment=moments, begin=minutes, end=minutes)
def test_nothing_is_shown_in_quiet_hours_nor_held_back_outside_them(moment: datetime, begin: int, end: int) -> None:
    quiet = Quiet(begin, end)
    shown = quiet.shown_at(moment, CITY_ZONE)
    assert timedelta(0) <= shown - moment < timedelta(days=1)
    assert not is_quiet(quiet, shown)
    assert (shown == moment) is (not is_quiet(quiet, moment))


@given(moment=moments, begin=minutes)
def test_equal_hours_are_no_quiet_hours(moment: datetime, begin: int) -> None:
    assert Quiet(begin, begin).shown_at(moment, CITY_ZONE) == moment
