"""What a calendar is, what it refuses, and what it does not know."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from cityops.errors import Invalid
from cityops.worktime.arithmetic import add, difference
from cityops.worktime.calendar import Calendar, NoHolidayData, Span, Week, every_day, monday_to_friday
from cityops.worktime.defaults import OFFICE, STREET
from cityops.worktime.holidays import ANNOUNCED_YEARS
from cityops.worktime.limits import Limit, Unit


@pytest.mark.parametrize(
    "text", ["", "8:30-12:00", "08:30", "08:60-12:00", "25:00-26:00", "08:30-24:01", "08:30 to 12:00"]
)
def test_hours_that_are_not_hours_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"Hours"):
        Span.parse(text)


@pytest.mark.parametrize("text", ["08:30-12:00", "00:00-24:00", "22:00-06:00", "20:00-24:00"])
def test_hours_are_written_as_they_are_read(text: str) -> None:
    assert str(Span.parse(text)) == text


@pytest.mark.parametrize(("start", "end"), [(-1, 60), (60, 60), (120, 60), (1440, 1500), (600, 2041)])
def test_minutes_that_make_no_hours_are_refused(start: int, end: int) -> None:
    with pytest.raises(Invalid, match="Hours begin within a day"):
        Span(start, end)


def test_hours_that_overlap_are_refused_by_name() -> None:
    with pytest.raises(Invalid, match=r"08:30-12:00 and 11:00-13:00 overlap"):
        every_day(Span.parse("11:00-13:00"), Span.parse("08:30-12:00"))


def test_the_night_before_is_not_counted_twice_where_it_meets_the_morning() -> None:
    calendar = Calendar("long", (every_day(Span.parse("08:00-20:00"), Span.parse("22:00-09:00")),))
    evening = datetime.fromisoformat("2026-11-04T20:00+08:00")
    assert add(calendar, evening, Limit(22, Unit.WORKING_HOUR)) == datetime.fromisoformat("2026-11-05T20:00+08:00")


def test_a_year_that_is_not_announced_is_said_not_guessed() -> None:
    last_day = datetime.fromisoformat("2026-12-31T17:00+08:00")
    with pytest.raises(NoHolidayData, match="no holidays for the year 2027") as refusal:
        add(OFFICE, last_day, Limit(2, Unit.WORKING_HOUR))
    assert (refusal.value.calendar, refusal.value.year) == ("office", 2027)


def test_a_refused_year_does_not_spoil_the_years_that_are_known() -> None:
    calendar = Calendar("office", OFFICE.weeks, OFFICE.days, holiday_years=OFFICE.holiday_years)
    last_day = datetime.fromisoformat("2026-12-31T17:00+08:00")
    for _ in range(2):
        with pytest.raises(NoHolidayData):
            add(calendar, last_day, Limit(2, Unit.WORKING_HOUR))
        assert add(calendar, last_day, Limit(1, Unit.WORKING_HOUR)) == datetime.fromisoformat("2026-12-31T18:00+08:00")


def test_a_pause_into_a_year_that_is_not_announced_is_said_too() -> None:
    last_day = datetime.fromisoformat("2026-12-31T17:00+08:00")
    pause = last_day, datetime.fromisoformat("2027-01-05T09:00+08:00")
    with pytest.raises(NoHolidayData):
        add(OFFICE, last_day, Limit(1, Unit.WORKING_HOUR), [pause])


def test_a_calendar_that_observes_no_holidays_needs_none() -> None:
    start = datetime.fromisoformat("2040-06-01T06:00+08:00")
    assert add(STREET, start, Limit(1, Unit.WORKING_HOUR)) == datetime.fromisoformat("2040-06-01T08:00+08:00")


def test_another_week_takes_over_on_its_day() -> None:
    winter = monday_to_friday(Span.parse("08:30-12:00"), Span.parse("13:30-18:00"))
    summer = Week(monday_to_friday(Span.parse("08:30-12:00"), Span.parse("14:00-18:30")).spans, date(2026, 7, 1))
    calendar = Calendar("seasons", (summer, winter))
    assert calendar.spans_on(date(2026, 6, 30))[1] == Span.parse("13:30-18:00")
    assert calendar.spans_on(date(2026, 7, 1))[1] == Span.parse("14:00-18:30")


def test_before_the_first_week_holds_everything_is_closed() -> None:
    calendar = Calendar("new", (Week(every_day(Span(0, 1440)).spans, date(2026, 7, 1)),))
    start = datetime.fromisoformat("2026-06-30T12:00+08:00")
    assert add(calendar, start, Limit(1, Unit.WORKING_HOUR)) == datetime.fromisoformat("2026-07-01T01:00+08:00")


def test_a_day_without_an_hour_is_an_hour_shorter_where_clocks_are_changed() -> None:
    calendar = Calendar("berlin", (every_day(Span(0, 1440)),), zone=ZoneInfo("Europe/Berlin"))
    midnights = [datetime(2026, 3, day, tzinfo=calendar.zone) for day in (28, 29, 30)]
    hours = [difference(calendar, a, b).total_seconds() / 3600 for a, b in zip(midnights, midnights[1:], strict=False)]
    assert hours == [24, 23]


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 10**400, 3661])
def test_a_value_that_is_no_limit_is_refused(value: float) -> None:
    with pytest.raises(Invalid, match="a number from 0 to 3660"):
        Limit(value, Unit.WORKING_DAY)


def test_a_moment_without_a_zone_is_refused() -> None:
    naive = datetime.fromisoformat("2026-11-04T09:00")
    with pytest.raises(Invalid, match="needs a time zone"):
        add(OFFICE, naive, Limit(1, Unit.WORKING_HOUR))


def test_the_announced_years_are_2004_to_2026() -> None:
    assert set(range(2004, 2027)) <= ANNOUNCED_YEARS


def test_the_working_days_of_2026_are_as_many_as_announced() -> None:
    days = (date.fromordinal(number) for number in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal()))
    assert sum(OFFICE.is_working_day(day) for day in days) == 248
