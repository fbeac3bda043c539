"""A year that has been announced becomes known to every calendar and process."""

from datetime import date, datetime

import pytest

from cityops.db import Database
from cityops.errors import Invalid, WrongState
from cityops.worktime.arithmetic import add
from cityops.worktime.calendar import Calendar, DayException, DayKind, NoHolidayData, Span
from cityops.worktime.limits import Limit, Unit
from cityops.worktime.models import WorkDay
from cityops.worktime.queries import find_year, get_calendar, list_announced, list_calendars
from cityops.worktime.seed import seed_calendars
from cityops.worktime.services import announce_year, compare_year

NEW_YEAR = DayException(DayKind.HOLIDAY, (), "New Year", "元旦")
HEAT = DayException(DayKind.SPECIAL, (Span.parse("08:30-12:00"),), "heat", "高温")
NOTICE = {date(2027, 1, 1): NEW_YEAR, date(2027, 6, 18): HEAT}


@pytest.fixture
def seeded(db: Database) -> Database:
    """A database with the first calendars, which end in 2026."""
    with db.transaction() as session:
        seed_calendars(session)
    return db


def read(database: Database, name: str = "office") -> Calendar:
    with database.reading() as session:
        return get_calendar(session, name)


def test_an_announced_year_is_counted_through_by_a_process_that_had_read_the_calendar(seeded: Database) -> None:
    start, limit = datetime.fromisoformat("2026-12-31T17:00+08:00"), Limit(2, Unit.WORKING_HOUR)
    with pytest.raises(NoHolidayData):
        add(read(seeded), start, limit)
    with seeded.transaction() as session:
        changes = announce_year(session, None, 2027, NOTICE, "notice")
    assert (changes.added, changes.removed, changes.known_from) == (NOTICE, {}, None)
    assert add(read(seeded), start, limit) == datetime.fromisoformat("2027-01-04T09:30+08:00")
    assert read(seeded).spans_on(date(2027, 6, 18)) == HEAT.spans


def test_only_calendars_that_observe_holidays_get_a_new_stamp(seeded: Database) -> None:
    def stamps() -> dict[str, str]:
        with seeded.reading() as session:
            return {row.name: row.stamp for row in list_calendars(session)}

    before = stamps()
    with seeded.transaction() as session:
        announce_year(session, None, 2027, NOTICE, "notice")
    after = stamps()
    assert {name for name in before if before[name] != after[name]} == {"office"}


def test_a_known_year_is_replaced_only_when_told_to(seeded: Database) -> None:
    with seeded.transaction() as session:
        announce_year(session, None, 2027, NOTICE, "first")
    refusal = r"2027 has been entered already \(first\): give --replace"
    with pytest.raises(WrongState, match=refusal), seeded.transaction() as session:
        announce_year(session, None, 2027, {date(2027, 1, 1): NEW_YEAR}, "second")
    later = {date(2027, 1, 1): NEW_YEAR, date(2027, 1, 4): NEW_YEAR}
    with seeded.transaction() as session:
        changes = announce_year(session, None, 2027, later, "second", replaces=True)
    assert (list(changes.added), list(changes.removed)) == ([date(2027, 1, 4)], [date(2027, 6, 18)])
    assert changes.known_from == "first"
    with seeded.reading() as session:
        assert list_announced(session, 2027) == later
        known = find_year(session, 2027)
        assert known is not None
        assert known.source == "second"
        assert len(list_announced(session, 2026)) > 20


def test_days_entered_without_their_year_are_not_replaced_unasked(seeded: Database) -> None:
    with seeded.transaction() as session:
        session.add(WorkDay(day_on=date(2027, 1, 1), kind=DayKind.HOLIDAY, name_zh="元旦", name_en="New Year"))
    with pytest.raises(WrongState), seeded.transaction() as session:
        announce_year(session, None, 2027, NOTICE, "notice")


def test_a_calendars_own_day_stays(seeded: Database) -> None:
    with seeded.transaction() as session:
        office = next(row for row in list_calendars(session) if row.name == "office")
        own = WorkDay(
            calendar_id=office.id, day_on=date(2027, 1, 1), kind=DayKind.MAKE_UP, name_zh="班", name_en="duty"
        )
        session.add(own)
    with seeded.transaction() as session:
        announce_year(session, None, 2027, NOTICE, "notice", replaces=True)
    assert read(seeded).spans_on(date(2027, 1, 1)) != ()


def test_comparing_writes_nothing(seeded: Database) -> None:
    with seeded.reading() as session:
        changes = compare_year(session, 2027, NOTICE)
    assert changes.added == NOTICE
    with seeded.reading() as session:
        assert find_year(session, 2027) is None
        assert list_announced(session, 2027) == {}


@pytest.mark.parametrize("source", ["", "x" * 201])
def test_a_year_says_where_it_is_from(seeded: Database, source: str) -> None:
    with pytest.raises(Invalid, match="source"), seeded.transaction() as session:
        announce_year(session, None, 2027, NOTICE, source)
