"""What an administrator's hand or a machine's clock may hand in, and what comes out."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cityops.errors import Invalid
from cityops.worktime.arithmetic import add, counted, difference
from cityops.worktime.calendar import CONTINUOUS, Calendar, DayException, DayKind, NoHolidayData, Span, Week
from cityops.worktime.defaults import DEFAULT_CALENDARS, OFFICE, STREET
from cityops.worktime.explanation import explain
from cityops.worktime.limits import MOST, Limit, Unit
from cityops.worktime.month import month_of

START = datetime(2026, 11, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("calendar", [*DEFAULT_CALENDARS.values(), Calendar("empty")], ids=lambda each: each.name)
def test_a_limit_of_nothing_is_due_at_once_and_has_no_way(calendar: Calendar, unit: Unit) -> None:
    assert add(calendar, START, Limit(0, unit)) == START
    assert explain(calendar, START, Limit(0, unit)) == []


@pytest.mark.parametrize("calendar", [STREET, CONTINUOUS], ids=lambda each: each.name)
def test_ten_years_are_counted(calendar: Calendar) -> None:
    limit = Limit(MOST[Unit.WORKING_DAY], Unit.WORKING_DAY)
    due = add(calendar, START, limit)
    assert due > START + timedelta(days=2_000)
    assert difference(calendar, START, due) == counted(calendar, START, limit)


def test_ten_years_of_office_hours_are_refused_with_the_year_that_is_not_known() -> None:
    with pytest.raises(NoHolidayData) as refusal:
        add(OFFICE, START, Limit(MOST[Unit.WORKING_DAY], Unit.WORKING_DAY))
    assert (refusal.value.calendar, refusal.value.year) == ("office", 2027)


@pytest.mark.parametrize(
    ("value", "unit"), [(3_661, Unit.WORKING_DAY), (87_841, Unit.URGENT_HOUR), (-1, Unit.WORKING_DAY)]
)
def test_more_than_ten_years_and_less_than_nothing_are_refused(value: float, unit: Unit) -> None:
    with pytest.raises(Invalid, match="A limit in this unit"):
        Limit(value, unit)


def test_a_pause_into_a_year_that_is_not_known_is_refused_only_where_it_matters() -> None:
    """A pause that begins after the due time never moved it."""
    later = datetime(2026, 12, 31, 1, tzinfo=UTC), datetime(2027, 1, 5, tzinfo=UTC)
    assert add(OFFICE, START, Limit(1, Unit.WORKING_HOUR), [later]) == START + timedelta(hours=1)
    with pytest.raises(NoHolidayData):
        add(OFFICE, datetime(2026, 12, 31, 0, 30, tzinfo=UTC), Limit(1, Unit.WORKING_HOUR), [later])


def test_hours_that_overlap_are_no_week_and_no_day() -> None:
    overlapping = (Span.parse("08:30-12:00"), Span.parse("11:00-13:00"))
    with pytest.raises(Invalid, match="overlap"):
        Week((overlapping, (), (), (), (), (), ()))
    with pytest.raises(Invalid, match="overlap"):
        DayException(DayKind.SPECIAL, overlapping, "typhoon", "台风")


def test_a_night_that_reaches_into_the_next_days_hours_is_counted_once() -> None:
    """The pages refuse such hours; a special day may still bring them about."""
    night, early = (Span.parse("22:00-06:00"),), (Span.parse("05:00-09:00"),)
    calendar = Calendar("both", (Week((night, early, (), (), (), (), ())),))
    monday = datetime(2026, 11, 2, 14, tzinfo=UTC)
    assert difference(calendar, monday, monday + timedelta(days=1)) == timedelta(hours=11)


def test_a_calendar_without_hours_has_an_empty_month_and_counts_nothing() -> None:
    empty = Calendar("empty")
    assert month_of(empty, 2026, 11).working_days == 0
    assert difference(empty, START, START + timedelta(days=30)) == timedelta(0)
    with pytest.raises(Invalid, match="too few hours"):
        add(empty, START, Limit(1, Unit.WORKING_DAY))


def test_a_month_of_a_year_that_is_not_known_says_so_day_by_day() -> None:
    days = list(month_of(OFFICE, 2027, 2).days)
    assert [day.is_known for day in days] == [False] * 28
    assert [day.day for day in days][::27] == [date(2027, 2, 1), date(2027, 2, 28)]
