"""Whole arrays are counted as each of their limits alone."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityops.errors import Invalid
from cityops.worktime.arithmetic import add
from cityops.worktime.arrays import NO_ANSWER, due_many
from cityops.worktime.calendar import CONTINUOUS, Calendar, DayRule, Span, every_day, monday_to_friday
from cityops.worktime.defaults import OFFICE
from cityops.worktime.limits import Limit, Unit
from cityops.worktime.timeline import to_moment, us_of
from tests.worktime.strategies import calendars, moments

OFFICE_WEEK = monday_to_friday(Span.parse("08:30-12:00"), Span.parse("13:30-18:00"))


def alone(calendar: Calendar, starts: list[datetime], values: list[float], unit: Unit) -> list[datetime | None]:
    """Each limit by itself, on a calendar that has not been asked before; None where it is refused."""
    answers: list[datetime | None] = []
    for start, value in zip(starts, values, strict=True):
        try:
            answers.append(add(calendar, start, Limit(value, unit)))
        except Invalid:
            answers.append(None)
    return answers


def together(calendar: Calendar, starts: list[datetime], values: list[float], unit: Unit) -> list[datetime | None]:
    """The same limits as one array."""
    due = due_many(calendar, np.array([us_of(start) for start in starts], np.int64), np.array(values), unit)
    return [None if each == NO_ANSWER else to_moment(int(each)) for each in due]


@settings(max_examples=60)
@given(
    calendars(),
    st.lists(st.tuples(moments(), st.floats(0, 40, allow_nan=False)), min_size=1, max_size=12),
    st.sampled_from(Unit),
)
def test_an_array_is_due_when_each_of_it_is(
    calendar: Calendar, asked: list[tuple[datetime, float]], unit: Unit
) -> None:
    starts, values = [start for start, _ in asked], [value for _, value in asked]
    assert together(calendar, starts, values, unit) == alone(calendar, starts, values, unit)


@pytest.mark.parametrize("hours", ["08:30-18:00", "22:00-06:00"])
@pytest.mark.parametrize("known", [frozenset({2024, 2026, 2028, 2029}), frozenset[int](), None])
def test_years_that_are_not_known_are_said_one_by_one(hours: str, known: frozenset[int] | None) -> None:
    def fresh() -> Calendar:
        return Calendar("made up", (every_day(Span.parse(hours)),), holiday_years=known)

    first = datetime(2023, 11, 20, 3, tzinfo=UTC)
    starts = [first + timedelta(days=47 * number) for number in range(60)]
    for value in (0.0, 9.0, 60.0):
        values = [value] * len(starts)
        each_alone = [alone(fresh(), [start], [value], Unit.WORKING_DAY)[0] for start in starts]
        assert together(fresh(), starts, values, Unit.WORKING_DAY) == each_alone
        assert alone(fresh(), starts, values, Unit.WORKING_DAY) == each_alone


def test_working_days_by_the_same_hour_are_counted_too() -> None:
    calendar = Calendar(
        "office", OFFICE.weeks, OFFICE.days, day_rule=DayRule.SAME_HOUR, holiday_years=OFFICE.holiday_years
    )
    starts = [datetime(2026, 9, 20, 1, tzinfo=UTC) + timedelta(hours=7 * number) for number in range(60)]
    assert together(calendar, starts, [2.0] * 60, Unit.WORKING_DAY) == alone(
        calendar, starts, [2.0] * 60, Unit.WORKING_DAY
    )
    last = [datetime(2026, 12, 31, 1, tzinfo=UTC)]
    assert together(calendar, last, [2.0], Unit.WORKING_DAY) == [None]


def test_a_calendar_without_hours_has_no_answer_but_at_once() -> None:
    start = [datetime(2026, 11, 4, 1, tzinfo=UTC)]
    assert together(Calendar("empty"), start * 2, [0.0, 1.0], Unit.WORKING_HOUR) == [start[0], None]


def test_ten_years_are_counted_and_the_end_of_time_is_no_answer() -> None:
    starts = [datetime(2026, 11, 4, 1, tzinfo=UTC), datetime(2195, 1, 1, tzinfo=UTC)]
    every = Calendar("every", (every_day(Span(0, 1440)),))
    for calendar in (CONTINUOUS, every):
        assert together(calendar, starts, [87_840.0] * 2, Unit.WORKING_HOUR) == [
            starts[0] + timedelta(hours=87_840),
            None,
        ]


def test_nothing_is_due_of_nothing() -> None:
    assert due_many(OFFICE, np.array([], np.int64), 2, Unit.WORKING_DAY).size == 0


@pytest.mark.parametrize("value", [-1, float("nan"), 3_661])
def test_a_value_that_is_no_limit_is_refused(value: float) -> None:
    starts = np.array([us_of(datetime(2026, 11, 4, tzinfo=UTC))] * 2)
    with pytest.raises(Invalid, match="A limit in this unit"):
        due_many(OFFICE, starts, np.array([1, value]), Unit.WORKING_DAY)


def test_a_year_known_after_a_gap_is_counted_whatever_was_asked_before() -> None:
    calendar = Calendar("office", (OFFICE_WEEK,), holiday_years=frozenset({2026, 2028}))
    starts = [datetime(2026, 3, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, 1, tzinfo=UTC)]
    assert [add(calendar, start, Limit(1, Unit.WORKING_DAY)) - start for start in starts * 2] == [timedelta(days=1)] * 4
    assert not calendar.knows_years(2026, 2028)
    assert calendar.knows_years(2028, 2028)
