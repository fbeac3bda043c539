"""A case told to people: sentences, lengths, and the strip of days that shows how a due time was counted."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask, g
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases.clocks import Light, explain_clock
from cityops.cases.models import ClockPause, StageClock
from cityops.cases.names import ClockName
from cityops.cases.telling import length_words, limit_words, tell_clock, tell_events
from cityops.worktime.arithmetic import add
from cityops.worktime.calendar import Calendar, DayException, DayKind
from cityops.worktime.defaults import OFFICE
from cityops.worktime.hours import read_spans
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.factories import People


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def make_clock(start: str, value: int, unit: Unit) -> StageClock:
    due_at = add(OFFICE, at(start), Limit(value, unit))
    return StageClock(
        name=ClockName.HANDLE,
        round=1,
        limit_value=value,
        limit_unit=unit,
        extra_value=0,
        calendar="office",
        started_at=at(start),
        due_at=due_at,
        warn_at=due_at,
        stopped_at=None,
        pauses=[],
    )


@pytest.fixture
def speaking(app: Flask):
    """Words need an application to be said in; without a request's language they are Chinese."""
    with app.test_request_context():
        yield


@pytest.mark.parametrize(("minutes", "english"), [(20, "20 min"), (60, "1 h"), (80, "1 h 20 min"), (-35, "35 min")])
def test_a_length_is_said_in_hours_and_minutes(minutes: int, english: str, speaking: None) -> None:
    g.language = "en"
    assert length_words(minutes) == english
    assert limit_words(Limit(2, Unit.WORKING_DAY)) == "2 working days"


def test_the_strip_counts_exactly_the_limit_over_a_weekend(speaking: None) -> None:
    row = make_clock("2026-11-06T16:00", 2, Unit.WORKING_DAY)
    with clock.running_at(at("2026-11-09T10:00")):
        told = tell_clock(row, OFFICE, "office")
    assert sum(until - begin for day in told.days for begin, until in day.counted) == 960
    assert [day.label[:5] for day in told.days] == ["11-06", "11-07", "11-08", "11-09", "11-10"]
    assert told.days[1].counted == told.days[2].open == []
    assert told.days[1].foot
    assert told.days[3].now_minute == 600
    assert told.days[4].due_minute is not None
    assert not any(day.over for day in told.days)
    assert told.left


def test_what_runs_over_the_limit_is_shown_apart(speaking: None) -> None:
    row = make_clock("2026-11-09T09:00", 1, Unit.WORKING_HOUR)
    with clock.running_at(at("2026-11-09T11:30")):
        told = tell_clock(row, OFFICE, "office")
    (day,) = told.days
    assert (day.counted, day.over) == ([(540, 600)], [(600, 690)])
    assert told.light is Light.OVER


def test_a_pause_is_laid_over_its_days(speaking: None) -> None:
    row = make_clock("2026-11-09T09:00", 4, Unit.WORKING_HOUR)
    row.pauses = [ClockPause(from_at=at("2026-11-09T10:00"), until_at=None)]
    with clock.running_at(at("2026-11-09T11:00")):
        told = tell_clock(row, OFFICE, "office")
    assert told.light is Light.PAUSED
    assert told.days[0].paused == [(600, 660)]


def test_a_night_over_midnight_is_cut_at_midnight(speaking: None) -> None:
    row = make_clock("2026-11-09T22:00", 4, Unit.URGENT_HOUR)
    with clock.running_at(at("2026-11-09T23:00")):
        told = tell_clock(row, OFFICE, "office")
    assert [day.counted for day in told.days] == [[(1320, 1440)], [(0, 120)]]


def test_a_year_whose_holidays_are_unknown_does_not_hide_the_case(speaking: None) -> None:
    row = make_clock("2026-11-09T09:00", 1, Unit.WORKING_DAY)
    far = max(OFFICE.holiday_years or {2026}) + 5
    with clock.running_at(datetime(far, 3, 1, tzinfo=clock.CITY_ZONE)):
        told = tell_clock(row, OFFICE, "office")
    assert told.pieces and told.days


def test_the_history_says_who_did_what_under_which_post(session: Session, people: People, speaking: None) -> None:
    case = factories.make_report(session, people.inspector).case
    factories.bring_to(session, people, case, "accept", "file", "dispatch", "report_back")
    told = tell_events(case)
    assert len(told) == 5
    assert "dispatcher 某" in told[3].sentence and "lamps" in told[3].sentence
    assert told[4].why == "原因"


def test_a_month_long_clock_shows_at_most_a_month(speaking: None) -> None:
    row = make_clock("2026-09-01T09:00", 5, Unit.WORKING_DAY)
    with clock.running_at(at("2026-09-01T09:00") + timedelta(days=90)):
        assert len(tell_clock(row, OFFICE, "office").days) == 31


def test_a_clock_that_cannot_be_explained_still_says_when_it_is_due(speaking: None) -> None:
    row = make_clock("2026-12-31T16:00", 1, Unit.WORKING_HOUR)
    row.due_at = row.warn_at = at("2027-01-05T10:00")
    with clock.running_at(at("2027-01-04T10:00")):
        told = tell_clock(row, OFFICE, "office")
    assert told.due_at == at("2027-01-05T10:00")
    assert (told.pieces, told.left) == ([], "")
    assert [day.open for day in told.days[1:]] == [[]] * 5
    assert told.days[-1].due_minute == 600


def test_a_clock_that_cannot_be_counted_has_no_way_to_explain() -> None:
    row = make_clock("2026-12-31T16:00", 1, Unit.WORKING_HOUR)
    assert explain_clock(OFFICE, row)
    row.due_at = datetime(2027, 1, 5, 10, 0, tzinfo=clock.CITY_ZONE)
    assert explain_clock(OFFICE, row) == []


def test_a_day_with_hours_of_its_own_shows_its_reason_on_the_strip(speaking: None) -> None:
    typhoon = DayException(DayKind.SPECIAL, read_spans("08:30-12:00;13:30-14:00"), "typhoon", "台风")
    holiday = DayException(DayKind.HOLIDAY, (), "power cut", "停电")
    days = {**OFFICE.days, date(2026, 11, 10): typhoon, date(2026, 11, 11): holiday}
    calendar = Calendar("office", OFFICE.weeks, days, holiday_years=OFFICE.holiday_years)
    with clock.running_at(at("2026-11-09T16:00")):
        row = make_clock("2026-11-09T16:00", 1, Unit.WORKING_DAY)
        row.due_at = add(calendar, row.started_at, Limit(1, Unit.WORKING_DAY))
        told = tell_clock(row, calendar, "")
    shown = [(day.name, day.foot) for day in told.days]
    assert shown == [("", "2 小时"), ("台风", "4 小时"), ("", "停电"), ("", "10:30 截止")]
