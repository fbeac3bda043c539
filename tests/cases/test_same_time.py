"""When a check at the time of day of the report begins, and which moments are at it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityops import clock
from cityops.cases.same_time import WINDOW, begins_at, is_same_time

FIRST = datetime(2026, 1, 1, tzinfo=clock.CITY_ZONE)
MOMENTS = st.integers(0, 525_600).map(lambda minutes: FIRST + timedelta(minutes=minutes))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}+08:00")


@pytest.mark.parametrize(
    ("reported", "asked", "begins"),
    [
        ("09T23:00", "10T16:00", "10T22:30"),
        ("09T06:00", "10T10:00", "11T05:30"),
        ("09T06:00", "10T06:20", "10T06:20"),
        ("09T06:00", "10T05:40", "10T05:40"),
        ("09T06:00", "10T06:31", "11T05:30"),
        ("09T00:10", "10T23:50", "10T23:50"),
        ("09T00:10", "10T12:00", "10T23:40"),
        ("09T23:50", "10T00:10", "10T00:10"),
    ],
)
def test_it_begins_half_an_hour_before_the_next_time_the_hour_comes(reported: str, asked: str, begins: str) -> None:
    assert begins_at(at(reported), at(asked)) == at(begins)


@given(MOMENTS, MOMENTS)
def test_it_begins_inside_the_hour_within_a_day(reported: datetime, asked: datetime) -> None:
    begins = begins_at(reported, asked)
    assert asked <= begins < asked + timedelta(days=1)
    assert is_same_time(reported, begins)
    assert begins == asked or not is_same_time(reported, asked)
    assert timedelta(hours=12) > WINDOW
