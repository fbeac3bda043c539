"""Due times worked out by hand, with the announced days of their years."""

from datetime import date, datetime, timedelta

import pytest

from cityops.worktime.arithmetic import add, difference, remaining
from cityops.worktime.calendar import Calendar, DayException, DayKind, DayRule, Span, every_day
from cityops.worktime.defaults import DEFAULT_CALENDARS, OFFICE
from cityops.worktime.limits import Limit, Unit

URGENT, HOUR, DAY = Unit.URGENT_HOUR, Unit.WORKING_HOUR, Unit.WORKING_DAY


def at(text: str) -> datetime:
    """A moment in the city's time."""
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("start", "value", "unit", "due", "why"),
    [
        ("2026-11-04T09:00", 1, HOUR, "2026-11-04T10:00", "within the morning"),
        ("2026-11-04T11:30", 1, HOUR, "2026-11-04T14:00", "over lunch"),
        ("2026-11-04T11:00", 1, HOUR, "2026-11-04T12:00", "ends with the morning, not after lunch"),
        ("2026-11-04T17:00", 1, HOUR, "2026-11-04T18:00", "ends with the day, not the next morning"),
        ("2026-11-04T12:00", 1, HOUR, "2026-11-04T14:30", "starts as lunch begins"),
        ("2026-11-04T12:15", 1, HOUR, "2026-11-04T14:30", "starts during lunch"),
        ("2026-11-04T13:30", 1, HOUR, "2026-11-04T14:30", "starts as lunch ends"),
        ("2026-11-04T08:30", 8, HOUR, "2026-11-04T18:00", "a whole day"),
        ("2026-11-04T08:30", 1, DAY, "2026-11-04T18:00", "a working day is the day's eight hours"),
        ("2026-11-04T08:30", 0.5, DAY, "2026-11-04T14:00", "half a day"),
        ("2026-11-04T18:00", 1, DAY, "2026-11-05T18:00", "starts as the day ends"),
        ("2026-11-04T03:00", 1, DAY, "2026-11-04T18:00", "reported at night"),
        ("2026-11-06T17:30", 1, HOUR, "2026-11-09T09:00", "Friday evening"),
        ("2026-11-06T19:00", 1, HOUR, "2026-11-09T09:30", "Friday night"),
        ("2026-11-06T17:30", 1, DAY, "2026-11-09T17:30", "Friday evening, a day"),
        ("2026-11-07T12:00", 2, DAY, "2026-11-10T18:00", "Saturday"),
        ("2026-09-30T16:00", 2, DAY, "2026-10-09T16:00", "over National Day"),
        ("2026-09-30T16:00", 3, DAY, "2026-10-10T16:00", "to the make-up Saturday after National Day"),
        ("2026-09-30T16:00", 4, DAY, "2026-10-12T16:00", "past the make-up Saturday, over its Sunday"),
        ("2026-09-15T10:00", 15, DAY, "2026-10-12T10:00", "make-up Sunday, Mid-autumn, National Day, make-up Saturday"),
        ("2026-09-19T10:00", 1, HOUR, "2026-09-20T09:30", "Saturday before a make-up Sunday"),
        ("2026-02-13T17:00", 2, HOUR, "2026-02-14T09:30", "Friday into a make-up Saturday"),
        ("2026-02-14T17:00", 2, HOUR, "2026-02-24T09:30", "over Spring Festival"),
        ("2026-02-27T18:00", 1, HOUR, "2026-02-28T09:30", "make-up Saturday after Spring Festival"),
        ("2026-04-30T17:00", 1, DAY, "2026-05-06T17:00", "over Labour Day"),
        ("2026-05-08T13:30", 1, DAY, "2026-05-09T12:00", "into the make-up Saturday of Labour Day"),
        ("2025-12-31T17:00", 2, HOUR, "2026-01-04T09:30", "over New Year to a make-up Sunday"),
        ("2015-09-02T17:00", 2, HOUR, "2015-09-06T09:30", "the holiday of 2015 alone, with its make-up Sunday"),
        ("2026-10-01T02:00", 2, URGENT, "2026-10-01T04:00", "urgent runs on a holiday night"),
        ("2026-12-31T23:00", 2, URGENT, "2027-01-01T01:00", "urgent needs no holidays of the next year"),
        ("2026-10-01T02:00", 0, DAY, "2026-10-01T02:00", "nothing to do is due at once"),
        ("2026-12-31T17:00", 1, HOUR, "2026-12-31T18:00", "the last hour of the last year known"),
    ],
)
def test_office_hours(start: str, value: float, unit: Unit, due: str, why: str) -> None:
    assert add(OFFICE, at(start), Limit(value, unit)) == at(due), why


@pytest.mark.parametrize(
    ("calendar", "start", "value", "unit", "due"),
    [
        ("street", "2026-10-01T20:30", 1, HOUR, "2026-10-02T07:30"),
        ("street", "2026-11-07T07:00", 1, DAY, "2026-11-07T15:00"),
        ("street", "2026-11-07T20:00", 2, DAY, "2026-11-09T08:00"),
        ("street", "2026-12-31T20:00", 2, HOUR, "2027-01-01T08:00"),
        ("continuous", "2026-10-01T20:30", 5, HOUR, "2026-10-02T01:30"),
        ("continuous", "2026-10-01T20:30", 1, DAY, "2026-10-02T20:30"),
    ],
)
def test_other_calendars(calendar: str, start: str, value: float, unit: Unit, due: str) -> None:
    assert add(DEFAULT_CALENDARS[calendar], at(start), Limit(value, unit)) == at(due)


@pytest.mark.parametrize(
    ("pauses", "due"),
    [
        ([("2026-11-04T10:00", "2026-11-04T11:00")], "2026-11-04T15:30"),
        ([("2026-11-04T12:00", "2026-11-04T13:30")], "2026-11-04T14:30"),
        ([("2026-11-04T08:00", "2026-11-04T09:00")], "2026-11-04T14:30"),
        ([("2026-11-04T08:00", "2026-11-04T09:30")], "2026-11-04T15:00"),
        ([("2026-11-04T14:30", "2026-11-04T15:30")], "2026-11-04T14:30"),
        ([("2026-11-04T14:00", "2026-11-05T09:00")], "2026-11-05T09:30"),
        ([("2026-11-04T11:30", "2026-11-04T13:45"), ("2026-11-04T11:00", "2026-11-04T12:00")], "2026-11-04T15:45"),
        ([("2026-11-06T00:00", "2026-11-07T00:00")], "2026-11-04T14:30"),
    ],
)
def test_pauses_of_a_limit_of_four_hours_from_nine_on(pauses: list[tuple[str, str]], due: str) -> None:
    start = at("2026-11-04T09:00")
    intervals = [(at(begin), at(until)) for begin, until in pauses]
    assert add(OFFICE, start, Limit(4, HOUR), intervals) == at(due)


def test_an_urgent_limit_pauses_too() -> None:
    pause = at("2026-10-01T02:30"), at("2026-10-01T03:00")
    assert add(OFFICE, at("2026-10-01T02:00"), Limit(2, URGENT), [pause]) == at("2026-10-01T04:30")


def test_what_is_over_its_limit_remains_as_a_negative() -> None:
    left = remaining(OFFICE, at("2026-11-06T17:00"), Limit(1, HOUR), at("2026-11-09T09:00"))
    assert left == timedelta(minutes=-30)


def test_before_its_start_the_whole_limit_remains() -> None:
    assert remaining(OFFICE, at("2026-11-06T17:00"), Limit(1, HOUR), at("2026-11-06T10:00")) == timedelta(hours=1)


def test_a_start_in_another_zone_is_the_same_moment() -> None:
    start = datetime.fromisoformat("2026-11-04T00:30+00:00")
    assert add(OFFICE, start, Limit(1, HOUR)) == at("2026-11-04T09:30")


def test_the_answer_is_exact_to_the_microsecond() -> None:
    start = at("2026-11-04T11:59:59.000001")
    assert add(OFFICE, start, Limit(1, HOUR)) == at("2026-11-04T14:29:59.000001")
    assert difference(OFFICE, start, at("2026-11-04T13:30")) == timedelta(microseconds=999_999)


NIGHT = Calendar("night", (every_day(Span.parse("22:00-06:00")),))


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-04T23:00", 2, "2026-11-05T01:00"),
        ("2026-11-05T05:00", 1, "2026-11-05T06:00"),
        ("2026-11-05T05:00", 2, "2026-11-05T23:00"),
        ("2026-12-31T23:00", 2, "2027-01-01T01:00"),
        ("2027-01-01T05:30", 1, "2027-01-01T22:30"),
    ],
)
def test_hours_over_midnight(start: str, hours: int, due: str) -> None:
    assert add(NIGHT, at(start), Limit(hours, HOUR)) == at(due)


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    holiday = DayException(DayKind.HOLIDAY, (), "National Day", "国庆节")
    calendar = Calendar("night", NIGHT.weeks, {date(2026, 10, 1): holiday})
    assert add(calendar, at("2026-10-01T05:00"), Limit(2, HOUR)) == at("2026-10-02T23:00")


def same_hour(days: dict[date, DayException] | None = None) -> Calendar:
    """Office hours by the rule of the same hour."""
    return Calendar(
        "office",
        OFFICE.weeks,
        {**OFFICE.days, **(days or {})},
        day_rule=DayRule.SAME_HOUR,
        holiday_years=OFFICE.holiday_years,
    )


@pytest.mark.parametrize(
    ("start", "value", "due"),
    [
        ("2026-11-06T16:00", 1, "2026-11-09T16:00"),
        ("2026-09-30T16:00", 2, "2026-10-09T16:00"),
        ("2026-11-06T12:30", 1, "2026-11-09T12:00"),
        ("2026-11-07T10:00", 1, "2026-11-09T18:00"),
    ],
)
def test_by_the_rule_of_the_same_hour(start: str, value: float, due: str) -> None:
    assert add(same_hour(), at(start), Limit(value, DAY)) == at(due)


def test_the_same_hour_of_a_short_day_is_its_closing() -> None:
    typhoon = DayException(DayKind.SPECIAL, (Span.parse("08:30-12:00"), Span.parse("13:30-14:00")), "typhoon", "台风")
    calendar = same_hour({date(2026, 11, 9): typhoon})
    assert add(calendar, at("2026-11-06T16:00"), Limit(1, DAY)) == at("2026-11-09T14:00")
    assert add(OFFICE, at("2026-11-06T16:00"), Limit(1, DAY)) == at("2026-11-09T16:00")


def test_a_pause_moves_the_same_hour_by_its_open_time() -> None:
    pause = at("2026-11-06T16:30"), at("2026-11-06T17:30")
    assert add(same_hour(), at("2026-11-06T16:00"), Limit(1, DAY), [pause]) == at("2026-11-09T17:00")
