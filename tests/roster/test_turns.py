"""Shifts over midnight, and the days of a pattern."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cityops.clock import CITY_ZONE
from cityops.roster.turns import Turn, day_of_cycle

minutes = st.integers(0, 1439)
NOON = datetime(2026, 11, 23, 12, tzinfo=CITY_ZONE)
NIGHT = Turn(23 * 60, 7 * 60)


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    assert NIGHT.day_at(datetime(2026, 11, 23, 23, tzinfo=CITY_ZONE), CITY_ZONE) == date(2026, 11, 23)
    assert NIGHT.day_at(datetime(2026, 11, 24, 6, 59, tzinfo=CITY_ZONE), CITY_ZONE) == date(2026, 11, 23)
    assert NIGHT.day_at(datetime(2026, 11, 24, 7, tzinfo=CITY_ZONE), CITY_ZONE) is None


@given(cuts=st.lists(minutes, min_size=1, max_size=5, unique=True), after=st.integers(0, 3 * 1440))
def test_shifts_that_follow_each_other_leave_no_moment_out_and_share_none(cuts: list[int], after: int) -> None:
    cuts = sorted(cuts)
    turns = [Turn(begin, end) for begin, end in zip(cuts, [*cuts[1:], cuts[0]], strict=True)]
    moment = NOON + timedelta(minutes=after)
    assert sum(turn.day_at(moment, CITY_ZONE) is not None for turn in turns) == 1


@given(cycle=st.integers(1, 56), after=st.integers(0, 800))
def test_a_pattern_comes_back_after_its_cycle(cycle: int, after: int) -> None:
    begin = date(2026, 11, 2)
    on = begin + timedelta(days=after)
    day = day_of_cycle(begin, cycle, on)
    assert 1 <= day <= cycle
    assert day_of_cycle(begin, cycle, on + timedelta(days=cycle)) == day
