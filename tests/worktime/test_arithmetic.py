"""Laws of working time that hold on every calendar."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityops.errors import Invalid
from cityops.worktime.arithmetic import Pause, add, add_minutes, counted, difference, remaining
from cityops.worktime.calendar import Calendar
from cityops.worktime.defaults import OFFICE
from cityops.worktime.limits import Limit, Unit
from tests.worktime.strategies import calendars, minutes_sharp, moments, pauses
from tests.worktime.walking import due_by_walking, is_open

TICK = timedelta(microseconds=1)
SECONDS = st.integers(0, 3 * 86_400)

thorough = settings(max_examples=100, deadline=None)


@thorough
@given(calendars(), moments(), SECONDS.filter(bool), pauses(moments()))
def test_a_limit_is_never_due_in_closed_time(
    calendar: Calendar, start: datetime, seconds: int, paused: list[Pause]
) -> None:
    due = add_minutes(calendar, start, seconds / 60, paused)
    assert due > start
    assert is_open(calendar, due - TICK, paused)


@thorough
@given(calendars(), moments(), SECONDS, pauses(moments()))
def test_the_time_until_the_due_time_is_the_limit(
    calendar: Calendar, start: datetime, seconds: int, paused: list[Pause]
) -> None:
    due = add_minutes(calendar, start, seconds / 60, paused)
    assert difference(calendar, start, due, paused) == timedelta(seconds=seconds)
    assert difference(calendar, due, start, paused) == -timedelta(seconds=seconds)


@thorough
@given(calendars(), moments(), SECONDS, SECONDS, pauses(moments()))
def test_two_limits_one_after_the_other_are_their_sum(
    calendar: Calendar, start: datetime, one: int, other: int, paused: list[Pause]
) -> None:
    first = add_minutes(calendar, start, one / 60, paused)
    assert add_minutes(calendar, first, other / 60, paused) == add_minutes(calendar, start, (one + other) / 60, paused)


@thorough
@given(calendars(), moments(), SECONDS.filter(bool), st.data())
def test_a_pause_moves_the_due_time_by_the_open_time_it_covers(
    calendar: Calendar, start: datetime, seconds: int, data: st.DataObject
) -> None:
    before = data.draw(st.integers(0, seconds - 1))
    begin = add_minutes(calendar, start, before / 60)
    until = begin + timedelta(seconds=data.draw(SECONDS))
    lost = difference(calendar, begin, until)
    moved = add_minutes(calendar, start, (timedelta(seconds=seconds) + lost) / timedelta(minutes=1))
    assert add_minutes(calendar, start, seconds / 60, [(begin, until)]) == moved


@thorough
@given(calendars(), moments(), SECONDS, pauses(moments()), st.randoms(use_true_random=False))
def test_order_overlap_and_cutting_of_pauses_do_not_matter(
    calendar: Calendar, start: datetime, seconds: int, paused: list[Pause], random: Random
) -> None:
    pieces = list(paused)
    for begin, until in paused:
        middle = begin + (until - begin) / 3
        pieces += [(begin, middle), (middle, until)]
    random.shuffle(pieces)
    assert add_minutes(calendar, start, seconds / 60, pieces) == add_minutes(calendar, start, seconds / 60, paused)


@settings(max_examples=60, deadline=None)
@given(calendars(), minutes_sharp(), st.integers(0, 1500), pauses(minutes_sharp()))
def test_the_due_time_is_the_one_found_by_counting_minutes(
    calendar: Calendar, start: datetime, minutes: int, paused: list[Pause]
) -> None:
    assert add_minutes(calendar, start, minutes, paused) == due_by_walking(calendar, start, minutes, paused)


@thorough
@given(calendars(), moments(), moments(), SECONDS)
def test_what_starts_later_is_never_due_earlier(
    calendar: Calendar, one: datetime, other: datetime, seconds: int
) -> None:
    earlier, later = sorted((one, other))
    assert add_minutes(calendar, earlier, seconds / 60) <= add_minutes(calendar, later, seconds / 60)


@thorough
@given(calendars(), moments(), st.integers(0, 20), st.sampled_from(Unit), moments(), pauses(moments()))
def test_what_remains_and_what_has_run_are_the_limit(
    calendar: Calendar, start: datetime, value: int, unit: Unit, at: datetime, paused: list[Pause]
) -> None:
    limit = Limit(value, unit)
    left = remaining(calendar, start, limit, at, paused)
    due = add(calendar, start, limit, paused)
    assert left <= counted(calendar, start, limit)
    assert (left > timedelta(0)) == (max(at, start) < due)


@given(st.lists(moments(3000), min_size=2, max_size=6))
def test_the_order_in_which_years_are_asked_for_does_not_matter(starts: list[datetime]) -> None:
    def fresh() -> Calendar:
        return Calendar("fresh", OFFICE.weeks)

    limit = Limit(3, Unit.WORKING_DAY)
    shared = fresh()
    assert [add(shared, start, limit) for start in starts] == [add(fresh(), start, limit) for start in starts]


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    morning = datetime.fromisoformat("2026-11-04T09:00+08:00")
    with pytest.raises(Invalid, match="ends before it begins"):
        add(OFFICE, morning, Limit(1, Unit.WORKING_HOUR), [(morning, morning - TICK)])


@pytest.mark.parametrize("minutes", [-1, float("nan"), float("inf"), 10**9])
def test_minutes_that_are_no_limit_are_refused(minutes: float) -> None:
    with pytest.raises(Invalid, match="Minutes are a number"):
        add_minutes(OFFICE, datetime.fromisoformat("2026-11-04T09:00+08:00"), minutes)


def test_a_calendar_without_any_hours_says_so_and_does_not_search_for_ever() -> None:
    with pytest.raises(Invalid, match="too few hours"):
        add(Calendar("empty"), datetime.fromisoformat("2026-11-04T09:00+08:00"), Limit(1, Unit.WORKING_HOUR))
