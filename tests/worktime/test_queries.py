"""Calendars that live in the database."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from cityops.db import Database
from cityops.errors import NotFound
from cityops.worktime.arithmetic import add
from cityops.worktime.calendar import DayKind, NoHolidayData
from cityops.worktime.defaults import DEFAULT_CALENDARS
from cityops.worktime.limits import Limit, Unit
from cityops.worktime.models import WorkCalendar, WorkDay, WorkDaySpan, WorkSpan, WorkYear, new_stamp
from cityops.worktime.queries import get_calendar, list_calendars, load_calendar
from cityops.worktime.seed import seed_calendars


@pytest.fixture
def seeded(db: Database) -> Database:
    """A database with the first calendars."""
    with db.transaction() as session:
        seed_calendars(session)
    return db


def test_the_seeded_calendars_are_the_built_in_ones(seeded: Database) -> None:
    with seeded.reading() as session:
        assert [row.name for row in list_calendars(session)] == ["continuous", "office", "street"]
        for name, built_in in DEFAULT_CALENDARS.items():
            read = load_calendar(session, name)
            days = [
                date.fromordinal(number) for number in range(date(2024, 1, 1).toordinal(), date(2027, 1, 1).toordinal())
            ]
            assert [read.spans_on(day) for day in days] == [built_in.spans_on(day) for day in days]
            assert read.nominal_minutes == built_in.nominal_minutes
            assert read.is_continuous == built_in.is_continuous
            assert read.holiday_years == built_in.holiday_years


def test_seeding_twice_changes_nothing(seeded: Database) -> None:
    tables = (WorkCalendar, WorkSpan, WorkDay, WorkYear)

    def counts() -> list[int]:
        with seeded.reading() as session:
            return [len(session.scalars(select(table)).all()) for table in tables]

    before = counts()
    with seeded.transaction() as session:
        seed_calendars(session)
    assert counts() == before
    assert min(before) > 0


def test_a_name_without_a_calendar_is_not_found(seeded: Database) -> None:
    with seeded.reading() as session, pytest.raises(NotFound, match="no working calendar “moon”"):
        get_calendar(session, "moon")


def test_a_calendar_is_read_once_and_again_when_its_stamp_changes(seeded: Database) -> None:
    with seeded.reading() as session:
        first = get_calendar(session, "office")
        assert get_calendar(session, "office") is first
    with seeded.transaction() as session:
        office = session.scalars(select(WorkCalendar).where(WorkCalendar.name == "office")).one()
        spans = [WorkDaySpan(start_minute=510, end_minute=720)]
        session.add(
            WorkDay(
                calendar_id=office.id,
                day_on=date(2026, 11, 4),
                kind=DayKind.SPECIAL,
                name_zh="台风",
                name_en="typhoon",
                spans=spans,
            )
        )
        office.stamp = new_stamp()
    with seeded.reading() as session:
        again = get_calendar(session, "office")
    start = datetime.fromisoformat("2026-11-04T11:00+08:00")
    assert add(first, start, Limit(2, Unit.WORKING_HOUR)) == datetime.fromisoformat("2026-11-04T14:30+08:00")
    assert add(again, start, Limit(2, Unit.WORKING_HOUR)) == datetime.fromisoformat("2026-11-05T09:30+08:00")


def test_a_calendars_own_day_goes_before_the_day_of_all(seeded: Database) -> None:
    with seeded.transaction() as session:
        office = session.scalars(select(WorkCalendar).where(WorkCalendar.name == "office")).one()
        session.add(
            WorkDay(
                calendar_id=office.id, day_on=date(2026, 10, 1), kind=DayKind.MAKE_UP, name_zh="值班", name_en="duty"
            )
        )
    with seeded.reading() as session:
        assert load_calendar(session, "office").spans_on(date(2026, 10, 1)) != ()


def test_a_year_entered_later_becomes_known(seeded: Database) -> None:
    start = datetime.fromisoformat("2027-06-01T09:00+08:00")
    with seeded.reading() as session, pytest.raises(NoHolidayData):
        add(load_calendar(session, "office"), start, Limit(1, Unit.WORKING_HOUR))
    with seeded.transaction() as session:
        session.add(WorkYear(year=2027, source="test"))
    with seeded.reading() as session:
        due = add(load_calendar(session, "office"), start, Limit(1, Unit.WORKING_HOUR))
    assert due == datetime.fromisoformat("2027-06-01T10:00+08:00")


def test_hours_hold_while_they_are_valid(seeded: Database) -> None:
    with seeded.transaction() as session:
        street = session.scalars(select(WorkCalendar).where(WorkCalendar.name == "street")).one()
        for span in street.spans:
            span.valid_until_on = date(2026, 7, 1)
        session.add(
            WorkSpan(calendar_id=street.id, weekday=2, start_minute=300, end_minute=400, valid_from_on=date(2026, 7, 1))
        )
    with seeded.reading() as session:
        read = load_calendar(session, "street")
    assert [str(span) for span in read.spans_on(date(2026, 6, 30))] == ["07:00-21:00"]
    assert [str(span) for span in read.spans_on(date(2026, 7, 1))] == ["05:00-06:40"]
    assert read.spans_on(date(2026, 7, 2)) == ()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE work_spans SET end_minute = start_minute",
        "UPDATE work_spans SET weekday = 7",
        "UPDATE work_spans SET valid_until_on = valid_from_on",
        "UPDATE work_calendars SET nominal_minutes = 0",
        "UPDATE work_days SET kind = 'strike'",
        "INSERT INTO work_days (day_on, kind, name_zh, name_en) VALUES ('2026-10-01', 'holiday', 'x', 'x')",
    ],
)
def test_the_database_itself_refuses_rows_that_make_no_calendar(seeded: Database, change: str) -> None:
    with pytest.raises(IntegrityError), seeded.transaction() as session:
        session.execute(text(change))


def test_reading_a_calendar_takes_a_fixed_number_of_queries(seeded: Database) -> None:
    def queries(work: Callable[[], object]) -> int:
        asked: list[str] = []
        engine = session.get_bind().engine

        def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        work()
        event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    with seeded.reading() as session:
        get_calendar(session, "office")
        assert queries(lambda: load_calendar(session, "office")) == 4
        assert queries(lambda: get_calendar(session, "office")) == 1
