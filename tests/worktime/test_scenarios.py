"""Dated scenarios: each due time was worked out by hand, and is found again by walking minute by minute.

By hand means: write down the open hours of each day on the way (the announced days of 2025 and 2026 lie open beside
it), take them off the limit until the rest fits into one day. The comment of each group says what one has to know.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from cityops.worktime.arithmetic import add, clock_calendar, counted
from cityops.worktime.calendar import (
    Calendar,
    DayException,
    DayKind,
    DayRule,
    Span,
    Spans,
    Week,
    every_day,
    monday_to_friday,
)
from cityops.worktime.defaults import OFFICE, STREET
from cityops.worktime.holidays import ANNOUNCED_YEARS, announced_days
from cityops.worktime.hours import read_spans
from cityops.worktime.limits import Limit, Unit
from tests.worktime.walking import due_by_walking

URGENT, HOUR, DAY = Unit.URGENT_HOUR, Unit.WORKING_HOUR, Unit.WORKING_DAY

Scenario = tuple[str, float, Unit, str]
Paused = tuple[str, float, Unit, Sequence[tuple[str, str]], str]

NIGHT = Calendar("night", (every_day(Span.parse("22:00-06:00")),))
_GUARD_WEEK = monday_to_friday(Span.parse("22:00-06:00"))
GUARD = Calendar("guard", (_GUARD_WEEK,), announced_days(_GUARD_WEEK), holiday_years=ANNOUNCED_YEARS)
PIECES = Calendar("pieces", (every_day(*read_spans("06:00-08:00;12:00-13:00;20:00-02:00")),))


def _special(spans: str) -> DayException:
    return DayException(DayKind.SPECIAL, read_spans(spans), "special", "特定日")


STORMS = {
    date(2026, 7, 15): _special("08:30-12:00"),
    date(2026, 10, 1): _special("09:00-12:00"),
    date(2026, 11, 27): _special("08:30-12:00;13:30-14:00"),
    date(2026, 12, 1): DayException(DayKind.HOLIDAY, (), "power cut", "停电"),
}
STORMY = Calendar("stormy", OFFICE.weeks, {**OFFICE.days, **STORMS}, holiday_years=ANNOUNCED_YEARS)


def _seasonal() -> Calendar:
    """Offices with summer hours from June to September; a make-up day has the hours of its season."""
    summer_spans: Spans = read_spans("08:00-11:30;14:30-18:00")
    summer = monday_to_friday(*summer_spans)
    winter = OFFICE.weeks[0]
    weeks = (winter, Week(summer.spans, date(2026, 6, 1)), Week(winter.spans, date(2026, 10, 1)))
    days = dict(OFFICE.days)
    for day, each in OFFICE.days.items():
        if each.kind is DayKind.MAKE_UP and date(2026, 6, 1) <= day < date(2026, 10, 1):
            days[day] = DayException(DayKind.MAKE_UP, summer_spans, each.name_en, each.name_zh)
    return Calendar("seasonal", weeks, days, holiday_years=ANNOUNCED_YEARS)


SEASONAL = _seasonal()


def at(text: str) -> datetime:
    """A moment in the city's time."""
    return datetime.fromisoformat(f"{text}+08:00")


def check(calendar: Calendar, start: str, limit: Limit, due: str, pauses: Sequence[tuple[str, str]] = ()) -> None:
    """The due time by hand, by arithmetic and by walking are one."""
    stops = [(at(begin), at(until)) for begin, until in pauses]
    assert add(calendar, at(start), limit, stops) == at(due)
    minutes = counted(calendar, at(start), limit) / timedelta(minutes=1)
    assert due_by_walking(clock_calendar(calendar, limit), at(start), minutes, stops) == at(due)


# Office hours, 2025: an open day is 3.5 h + 4.5 h. Closed 01-01, 01-28–02-04, 04-04–04-06, 05-01–05-05, 05-31–06-02,
# 10-01–10-08; worked Sun 01-26, Sat 02-08, Sun 04-27, Sun 09-28, Sat 10-11.
OFFICE_2025: list[Scenario] = [
    ("2024-12-31T17:00", 2, HOUR, "2025-01-02T09:30"),
    ("2025-01-24T16:00", 1, DAY, "2025-01-26T16:00"),
    ("2025-01-24T16:00", 2, DAY, "2025-01-27T16:00"),
    ("2025-01-27T17:00", 2, HOUR, "2025-02-05T09:30"),
    ("2025-02-07T17:00", 1, DAY, "2025-02-08T17:00"),
    ("2025-02-08T17:00", 1, DAY, "2025-02-10T17:00"),
    ("2025-04-03T17:30", 1, HOUR, "2025-04-07T09:00"),
    ("2025-04-26T10:00", 1, HOUR, "2025-04-27T09:30"),
    ("2025-04-30T08:30", 2, DAY, "2025-05-06T18:00"),
    ("2025-05-30T13:30", 1, DAY, "2025-06-03T12:00"),
    ("2025-09-26T09:00", 3, DAY, "2025-09-30T09:00"),
    ("2025-09-30T16:00", 2, DAY, "2025-10-10T16:00"),
    ("2025-09-30T16:00", 3, DAY, "2025-10-11T16:00"),
    ("2025-09-30T16:00", 4, DAY, "2025-10-13T16:00"),
    ("2025-12-31T13:30", 1, DAY, "2026-01-04T12:00"),
]

# Office hours, 2026: closed 01-01–01-03, 02-15–02-23, 04-04–04-06, 05-01–05-05, 06-19–06-21, 09-25–09-27, 10-01–10-07;
# worked Sun 01-04, Sat 02-14, Sat 02-28, Sat 05-09, Sun 09-20, Sat 10-10.
OFFICE_2026: list[Scenario] = [
    ("2026-01-04T08:30", 1, DAY, "2026-01-04T18:00"),
    ("2026-01-04T18:00", 1, HOUR, "2026-01-05T09:30"),
    ("2026-02-13T13:30", 2, DAY, "2026-02-24T12:00"),
    ("2026-02-16T10:00", 0.5, DAY, "2026-02-24T14:00"),
    ("2026-02-27T10:00", 5, DAY, "2026-03-05T10:00"),
    ("2026-04-03T18:00", 1, HOUR, "2026-04-07T09:30"),
    ("2026-04-30T12:00", 1, DAY, "2026-05-06T12:00"),
    ("2026-05-08T17:00", 2, DAY, "2026-05-11T17:00"),
    ("2026-06-18T17:59", 2, HOUR, "2026-06-22T10:29"),
    ("2026-09-19T00:00", 1, DAY, "2026-09-20T18:00"),
    ("2026-09-24T12:00", 2, DAY, "2026-09-29T12:00"),
    ("2026-10-07T23:59", 1, HOUR, "2026-10-08T09:30"),
    ("2026-10-09T18:00", 1, DAY, "2026-10-10T18:00"),
    ("2026-10-10T18:00", 1, DAY, "2026-10-12T18:00"),
    ("2026-10-10T18:00", 0, DAY, "2026-10-10T18:00"),
]

# Street hours: 07:00–21:00 every day, holidays too, so 14 h a day; a working day is 8 h all the same.
STREET_HOURS: list[Scenario] = [
    ("2025-10-01T20:00", 2, HOUR, "2025-10-02T08:00"),
    ("2026-02-17T06:00", 1, DAY, "2026-02-17T15:00"),
    ("2026-02-17T15:00", 2, DAY, "2026-02-18T17:00"),
    ("2025-12-31T21:00", 1, HOUR, "2026-01-01T08:00"),
    ("2026-07-04T20:59", 3, HOUR, "2026-07-05T09:59"),
    ("2026-07-04T22:00", 0, HOUR, "2026-07-04T22:00"),
]

# Urgent hours are added on the wall clock, whatever the calendar; 2024 has a 29 February, 2026 none.
URGENT_HOURS: list[Scenario] = [
    ("2026-02-14T23:30", 2, URGENT, "2026-02-15T01:30"),
    ("2025-10-01T03:00", 24, URGENT, "2025-10-02T03:00"),
    ("2026-02-28T23:00", 2, URGENT, "2026-03-01T01:00"),
    ("2024-02-28T23:00", 48, URGENT, "2024-03-01T23:00"),
    ("2026-12-31T23:50", 0.25, URGENT, "2027-01-01T00:05"),
    ("2027-06-01T12:00", 1, URGENT, "2027-06-01T13:00"),
]

# A night shift every day, 22:00–06:00: a shift is 8 h, and a gap of 16 h follows it.
NIGHTS: list[Scenario] = [
    ("2026-11-04T22:00", 1, DAY, "2026-11-05T06:00"),
    ("2026-11-04T12:00", 1, HOUR, "2026-11-04T23:00"),
    ("2026-11-05T05:30", 1, HOUR, "2026-11-05T22:30"),
    ("2026-12-31T23:30", 1, DAY, "2027-01-01T23:30"),
    ("2026-02-28T23:00", 2, HOUR, "2026-03-01T01:00"),
    ("2024-02-29T05:00", 2, HOUR, "2024-02-29T23:00"),
]

# Nights from Monday to Friday with holidays and make-up days: a night belongs to the day on which it begins. That of
# 30 September is worked to its end on the holiday, that of 7 October is not begun, that of a make-up day is.
GUARDED: list[Scenario] = [
    ("2026-09-30T23:00", 8, HOUR, "2026-10-08T23:00"),
    ("2026-10-08T05:00", 1, HOUR, "2026-10-08T23:00"),
    ("2026-10-09T23:00", 8, HOUR, "2026-10-10T23:00"),
    ("2026-10-11T03:00", 4, HOUR, "2026-10-12T23:00"),
    ("2025-09-28T21:00", 1, DAY, "2025-09-29T06:00"),
    ("2025-01-27T22:00", 2, DAY, "2025-02-06T06:00"),
]

# Three spans a day, the last over midnight: 2 h + 1 h + 6 h.
IN_PIECES: list[Scenario] = [
    ("2026-11-04T06:30", 4, HOUR, "2026-11-04T21:30"),
    ("2026-11-04T21:00", 6, HOUR, "2026-11-05T07:00"),
    ("2026-11-04T01:00", 2, HOUR, "2026-11-04T07:00"),
    ("2026-11-04T02:00", 1, DAY, "2026-11-05T01:00"),
]

# Summer hours from 1 June to 30 September 2026: 3.5 h + 3.5 h, so 7 h a day; a working day stays 8 h.
SEASONS: list[Scenario] = [
    ("2026-05-29T17:00", 1, DAY, "2026-06-01T18:00"),
    ("2026-05-29T17:00", 2, DAY, "2026-06-03T09:00"),
    ("2026-05-31T23:00", 1, HOUR, "2026-06-01T09:00"),
    ("2026-06-01T11:00", 1, HOUR, "2026-06-01T15:00"),
    ("2026-06-01T08:00", 7, HOUR, "2026-06-01T18:00"),
    ("2026-06-18T17:00", 4, HOUR, "2026-06-22T11:00"),
    ("2026-09-19T12:00", 1, DAY, "2026-09-21T09:00"),
    ("2026-09-30T08:00", 2, DAY, "2026-10-09T09:30"),
    ("2026-09-30T17:30", 1, HOUR, "2026-10-08T09:00"),
]

# Days of their own: a morning on 07-15, a duty of 3 h on National Day, closed from 14:00 on 11-27 (3.5 h + 0.5 h),
# closed on 12-01.
SPECIAL_DAYS: list[Scenario] = [
    ("2026-07-14T17:00", 1, DAY, "2026-07-16T12:00"),
    ("2026-09-30T17:00", 3, HOUR, "2026-10-01T11:00"),
    ("2026-11-26T16:00", 1, DAY, "2026-11-30T10:30"),
    ("2026-11-27T11:00", 2, HOUR, "2026-11-30T09:00"),
    ("2026-11-27T13:30", 0.5, HOUR, "2026-11-27T14:00"),
    ("2026-11-27T14:00", 1, HOUR, "2026-11-30T09:30"),
    ("2026-11-27T13:30", 2, URGENT, "2026-11-27T15:30"),
    ("2026-11-30T17:00", 2, HOUR, "2026-12-02T09:30"),
]

# Pauses: the due time moves by the open time that the pauses cover together.
PAUSED: list[tuple[Calendar, Paused]] = [
    (OFFICE, ("2026-09-30T16:00", 2, DAY, [("2026-10-08T10:00", "2026-10-09T10:00")], "2026-10-10T16:00")),
    (OFFICE, ("2026-09-30T16:00", 2, DAY, [("2026-10-01T00:00", "2026-10-07T00:00")], "2026-10-09T16:00")),
    (OFFICE, ("2026-11-06T16:00", 4, HOUR, [("2026-11-06T17:00", "2026-11-09T09:00")], "2026-11-09T12:00")),
    (
        OFFICE,
        (
            "2026-11-04T09:00",
            4,
            HOUR,
            [("2026-11-04T11:00", "2026-11-04T14:30"), ("2026-11-04T10:00", "2026-11-04T11:30")],
            "2026-11-04T17:30",
        ),
    ),
    (OFFICE, ("2026-11-04T09:00", 3, HOUR, [("2026-11-04T12:00", "2026-11-04T15:00")], "2026-11-04T12:00")),
    (OFFICE, ("2025-12-30T16:00", 1, DAY, [("2025-12-31T09:00", "2026-01-04T09:00")], "2026-01-04T16:00")),
    (OFFICE, ("2026-10-01T02:00", 4, URGENT, [("2026-10-01T03:00", "2026-10-01T09:00")], "2026-10-01T12:00")),
    (NIGHT, ("2026-11-04T22:00", 4, HOUR, [("2026-11-04T23:00", "2026-11-05T01:00")], "2026-11-05T04:00")),
    (STREET, ("2025-10-01T07:00", 1, DAY, [("2025-10-01T12:00", "2025-10-03T08:00")], "2025-10-03T11:00")),
    (STORMY, ("2026-11-27T09:00", 6, HOUR, [("2026-11-27T10:00", "2026-11-30T10:00")], "2026-11-30T16:30")),
    (SEASONAL, ("2026-05-29T17:00", 1, DAY, [("2026-06-01T08:00", "2026-06-01T11:30")], "2026-06-02T11:30")),
]

GROUPS: list[tuple[Calendar, list[Scenario]]] = [
    (OFFICE, OFFICE_2025),
    (OFFICE, OFFICE_2026),
    (STREET, STREET_HOURS),
    (OFFICE, URGENT_HOURS),
    (NIGHT, NIGHTS),
    (GUARD, GUARDED),
    (PIECES, IN_PIECES),
    (SEASONAL, SEASONS),
    (STORMY, SPECIAL_DAYS),
]


@pytest.mark.parametrize(
    ("calendar", "scenario"),
    [(calendar, scenario) for calendar, group in GROUPS for scenario in group],
    ids=lambda each: each.name if isinstance(each, Calendar) else f"{each[0]}+{each[1]} {each[2]}",
)
def test_a_limit_is_due_when_it_was_worked_out_to_be(calendar: Calendar, scenario: Scenario) -> None:
    start, value, unit, due = scenario
    check(calendar, start, Limit(value, unit), due)


@pytest.mark.parametrize(("calendar", "scenario"), PAUSED)
def test_a_paused_limit_is_due_when_it_was_worked_out_to_be(calendar: Calendar, scenario: Paused) -> None:
    start, value, unit, pauses, due = scenario
    check(calendar, start, Limit(value, unit), due, pauses)


# A typhoon is announced on the 26th: what was counted before, and what is counted anew afterwards.
@pytest.mark.parametrize(
    ("start", "value", "unit", "before", "after"),
    [
        ("2026-11-26T16:00", 1, DAY, "2026-11-27T16:00", "2026-11-30T10:30"),
        ("2026-11-25T14:00", 2, DAY, "2026-11-27T14:00", "2026-11-27T14:00"),
        ("2026-11-25T16:00", 2, DAY, "2026-11-27T16:00", "2026-11-30T10:30"),
        ("2026-11-27T09:00", 2, HOUR, "2026-11-27T11:00", "2026-11-27T11:00"),
        ("2026-11-30T09:00", 1, DAY, "2026-12-01T09:00", "2026-12-02T09:00"),
    ],
)
def test_a_change_of_the_calendar_moves_what_runs_into_it(
    start: str, value: float, unit: Unit, before: str, after: str
) -> None:
    check(OFFICE, start, Limit(value, unit), before)
    check(STORMY, start, Limit(value, unit), after)


# By the same hour: count working days on the calendar, keep the clock time; where it is closed then, the last open
# moment before it. From closed time the next opening is the hour.
@pytest.mark.parametrize(
    ("calendar", "start", "days", "due"),
    [
        (OFFICE, "2025-09-30T16:00", 2, "2025-10-10T16:00"),
        (OFFICE, "2025-09-30T16:00", 3, "2025-10-11T16:00"),
        (OFFICE, "2026-02-13T11:00", 2, "2026-02-24T11:00"),
        (OFFICE, "2026-02-14T18:30", 1, "2026-02-24T18:00"),
        (STORMY, "2026-11-26T16:00", 1, "2026-11-27T14:00"),
        (NIGHT, "2026-11-05T02:00", 1, "2026-11-06T02:00"),
        (SEASONAL, "2026-09-30T17:00", 1, "2026-10-08T17:00"),
    ],
)
def test_a_day_by_the_same_hour_is_due_when_it_was_worked_out_to_be(
    calendar: Calendar, start: str, days: int, due: str
) -> None:
    by_the_hour = Calendar(
        calendar.name,
        calendar.weeks,
        calendar.days,
        day_rule=DayRule.SAME_HOUR,
        holiday_years=calendar.holiday_years,
    )
    assert add(by_the_hour, at(start), Limit(days, DAY)) == at(due)


def test_there_are_enough_of_them() -> None:
    assert sum(len(group) for _, group in GROUPS) + len(PAUSED) >= 80
