"""Calendars are changed by the city's administrators: hours by validity, days of their own, every change recorded."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from cityops.accounts.models import AuditAction, AuditEntry
from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound
from cityops.worktime import editing
from cityops.worktime.calendar import DayException, DayKind, DayRule, NoHolidayData, Spans
from cityops.worktime.editing import Terms
from cityops.worktime.hours import read_spans
from cityops.worktime.models import WorkDaySpan
from cityops.worktime.queries import get_calendar, list_calendars, load_calendar
from cityops.worktime.seed import seed_calendars
from cityops.worktime.services import announce_year

OFFICE_HOURS = read_spans("08:30-12:00;13:30-18:00")
SUMMER_HOURS = read_spans("08:00-11:30;14:30-18:00")
TERMS = Terms("夜班", "Night shift", 480, DayRule.NOMINAL, observes_holidays=False)
TYPHOON = DayException(DayKind.HOLIDAY, (), "typhoon", "台风")


def weekdays(spans: Spans) -> list[Spans]:
    """The same hours from Monday to Friday."""
    return [spans] * 5 + [(), ()]


@pytest.fixture
def seeded(db: Database) -> Database:
    """A database with the first calendars."""
    with db.transaction() as session:
        seed_calendars(session)
    return db


@pytest.fixture
def spans_on(seeded: Database) -> Callable[..., list[str]]:
    """The hours of a day on a calendar, as a process reads them that has read the calendar before."""

    def read(day: str, name: str = "office") -> list[str]:
        with seeded.reading() as session:
            return [str(span) for span in get_calendar(session, name).spans_on(date.fromisoformat(day))]

    return read


def test_hours_hold_from_their_day_on(seeded: Database, spans_on: Callable[..., list[str]]) -> None:
    assert spans_on("2026-12-01") == ["08:30-12:00", "13:30-18:00"]
    with seeded.transaction() as session:
        editing.set_hours(session, None, "office", weekdays(SUMMER_HOURS), date(2026, 12, 1))
    assert spans_on("2026-11-30") == ["08:30-12:00", "13:30-18:00"]
    assert spans_on("2026-12-01") == ["08:00-11:30", "14:30-18:00"]
    assert spans_on("2026-12-05") == []


def test_summer_hours_are_entered_ahead_and_end_by_themselves(
    seeded: Database, spans_on: Callable[..., list[str]]
) -> None:
    with seeded.transaction() as session:
        editing.set_hours(session, None, "office", weekdays(SUMMER_HOURS), date(2026, 6, 1), date(2026, 10, 1))
    assert [spans_on(day)[0] for day in ("2026-05-29", "2026-06-01", "2026-09-30", "2026-10-08")] == [
        "08:30-12:00",
        "08:00-11:30",
        "08:00-11:30",
        "08:30-12:00",
    ]


def test_other_hours_before_a_summer_leave_the_summer_as_it_was_entered(
    seeded: Database, spans_on: Callable[..., list[str]]
) -> None:
    with seeded.transaction() as session:
        editing.set_hours(session, None, "office", weekdays(SUMMER_HOURS), date(2026, 6, 1), date(2026, 10, 1))
        editing.set_hours(session, None, "office", weekdays(read_spans("09:00-17:00")), date(2026, 3, 2))
    assert spans_on("2026-02-27") == ["08:30-12:00", "13:30-18:00"]
    assert spans_on("2026-03-02") == ["09:00-17:00"]
    assert spans_on("2026-06-01") == ["08:00-11:30", "14:30-18:00"]
    assert spans_on("2026-10-08") == ["08:30-12:00", "13:30-18:00"]


def test_hours_across_several_changes_take_their_place(seeded: Database, spans_on: Callable[..., list[str]]) -> None:
    with seeded.transaction() as session:
        editing.set_hours(session, None, "office", weekdays(SUMMER_HOURS), date(2026, 6, 1), date(2026, 10, 1))
        editing.set_hours(
            session, None, "office", weekdays(read_spans("10:00-11:00")), date(2026, 5, 6), date(2026, 11, 2)
        )
    assert [spans_on(day)[0] for day in ("2026-04-30", "2026-05-06", "2026-06-01", "2026-10-30", "2026-11-02")] == [
        "08:30-12:00",
        "10:00-11:00",
        "10:00-11:00",
        "10:00-11:00",
        "08:30-12:00",
    ]


def test_the_same_hours_entered_twice_are_there_once(seeded: Database, spans_on: Callable[..., list[str]]) -> None:
    for _ in range(2):
        with seeded.transaction() as session:
            editing.set_hours(session, None, "office", weekdays(SUMMER_HOURS), date(2026, 12, 1))
    assert spans_on("2026-12-01") == ["08:00-11:30", "14:30-18:00"]


@pytest.mark.parametrize(
    ("week", "from_on", "until_on", "field"),
    [
        ([()] * 7, "2026-12-01", None, "hours_0"),
        ([read_spans("22:00-06:00"), read_spans("05:00-09:00"), *[()] * 5], "2026-12-01", None, "hours_1"),
        ([read_spans("05:00-09:00"), *[()] * 5, read_spans("22:00-06:00")], "2026-12-01", None, "hours_0"),
        (weekdays(OFFICE_HOURS), "2026-12-01", "2026-12-01", "until_on"),
        (weekdays(OFFICE_HOURS), "1800-01-01", None, "from_on"),
    ],
)
def test_hours_that_cannot_be_are_refused_beside_their_field(
    seeded: Database, week: list[Spans], from_on: str, until_on: str | None, field: str
) -> None:
    until = date.fromisoformat(until_on) if until_on else None
    with pytest.raises(Invalid) as refusal, seeded.transaction() as session:
        editing.set_hours(session, None, "office", week, date.fromisoformat(from_on), until)
    assert refusal.value.field == field


def test_a_night_shift_is_added_and_counts(seeded: Database, spans_on: Callable[..., list[str]]) -> None:
    with seeded.transaction() as session:
        editing.add_calendar(session, None, "night-shift", TERMS, [read_spans("22:00-06:00")] * 7)
    assert spans_on("2027-01-01", "night-shift") == ["22:00-06:00"]


@pytest.mark.parametrize("name", ["office", "Office", "", "a", "all", "夜班", "x" * 33, "night shift", "-a"])
def test_a_calendar_needs_a_short_name_of_its_own(seeded: Database, name: str) -> None:
    with pytest.raises(Invalid) as refusal, seeded.transaction() as session:
        editing.add_calendar(session, None, name, TERMS, [OFFICE_HOURS] * 7)
    assert refusal.value.field == "name"


def test_how_a_calendar_counts_is_changed(seeded: Database) -> None:
    terms = Terms("机关", "Offices", 420, DayRule.SAME_HOUR, observes_holidays=False)
    with seeded.transaction() as session:
        editing.set_terms(session, None, "office", terms)
    with seeded.reading() as session:
        calendar = get_calendar(session, "office")
    assert (calendar.nominal_minutes, calendar.day_rule, calendar.holiday_years) == (420, DayRule.SAME_HOUR, None)


@pytest.mark.parametrize(
    ("label", "minutes", "field"), [("", 480, "label_zh"), ("x" * 51, 480, "label_zh"), ("夜", 0, "nominal_minutes")]
)
def test_a_term_that_cannot_be_is_refused(seeded: Database, label: str, minutes: int, field: str) -> None:
    terms = Terms(label, "Offices", minutes, DayRule.NOMINAL, observes_holidays=True)
    with pytest.raises(Invalid) as refusal, seeded.transaction() as session:
        editing.set_terms(session, None, "office", terms)
    assert refusal.value.field == field


def test_a_day_of_one_calendar_goes_before_the_one_for_all(
    seeded: Database, spans_on: Callable[..., list[str]]
) -> None:
    duty = DayException(DayKind.SPECIAL, read_spans("09:00-12:00"), "duty", "值班")
    with seeded.transaction() as session:
        editing.add_day(session, None, date(2026, 10, 1), duty, "office")
    assert spans_on("2026-10-01") == ["09:00-12:00"]
    with seeded.transaction() as session:
        editing.remove_day(session, None, date(2026, 10, 1), "office")
    assert spans_on("2026-10-01") == []
    with seeded.reading() as session:
        assert session.scalars(select(WorkDaySpan)).all() == []


def test_a_day_for_all_reaches_the_calendars_that_observe_holidays(
    seeded: Database, spans_on: Callable[..., list[str]]
) -> None:
    with seeded.transaction() as session:
        editing.add_day(session, None, date(2026, 11, 27), TYPHOON, None)
    assert (spans_on("2026-11-27"), spans_on("2026-11-27", "street")) == ([], ["07:00-21:00"])
    with seeded.transaction() as session:
        editing.remove_day(session, None, date(2026, 11, 27), None)
    assert spans_on("2026-11-27") == ["08:30-12:00", "13:30-18:00"]


def test_offices_closed_from_two_keep_the_hours_before(seeded: Database, spans_on: Callable[..., list[str]]) -> None:
    with seeded.transaction() as session:
        closed = editing.close_from(session, None, date(2026, 11, 27), 14 * 60, ("台风", "typhoon"), "office")
    assert closed == ["office"]
    assert spans_on("2026-11-27") == ["08:30-12:00", "13:30-14:00"]


def test_closed_for_all_keeps_of_each_calendar_its_own_hours(
    seeded: Database, spans_on: Callable[..., list[str]]
) -> None:
    late = Terms("窗口", "Counters", 480, DayRule.NOMINAL, observes_holidays=True)
    with seeded.transaction() as session:
        editing.add_calendar(session, None, "counters", late, [read_spans("12:00-20:00")] * 7)
        editing.add_calendar(session, None, "evening", late, [read_spans("18:00-23:00")] * 7)
        closed = editing.close_from(session, None, date(2026, 11, 27), 14 * 60, ("台风", "typhoon"), None)
    assert closed == ["office", "counters", "evening"]
    assert spans_on("2026-11-27", "counters") == ["12:00-14:00"]
    assert spans_on("2026-11-27", "evening") == []
    assert spans_on("2026-11-27", "street") == ["07:00-21:00"]


@pytest.mark.parametrize(
    ("day", "minute", "name", "field"),
    [
        ("2026-11-28", 14 * 60, "office", "closed_from"),
        ("2026-11-27", 18 * 60, "office", "closed_from"),
        ("2026-11-27", 1440, "office", "closed_from"),
        ("2026-11-27", 14 * 60, "continuous", "calendar"),
        ("2027-11-26", 14 * 60, "office", "calendar"),
    ],
)
def test_what_cannot_be_closed_is_refused(seeded: Database, day: str, minute: int, name: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal, seeded.transaction() as session:
        editing.close_from(session, None, date.fromisoformat(day), minute, ("台风", "typhoon"), name)
    assert refusal.value.field == field
    assert isinstance(refusal.value, NoHolidayData) == day.startswith("2027")


def test_a_day_is_entered_once(seeded: Database) -> None:
    with seeded.transaction() as session:
        editing.add_day(session, None, date(2026, 11, 27), TYPHOON, "office")
    for name in ("office", None):
        day = date(2026, 11, 27) if name else date(2026, 10, 10)
        with pytest.raises(Invalid, match="already") as refusal, seeded.transaction() as session:
            editing.add_day(session, None, day, TYPHOON, name)
        assert refusal.value.field == "day"


@pytest.mark.parametrize(("kind", "hours"), [(DayKind.SPECIAL, ""), (DayKind.HOLIDAY, "09:00-10:00")])
def test_kind_and_hours_of_a_day_go_together(seeded: Database, kind: DayKind, hours: str) -> None:
    with pytest.raises(Invalid, match="needs them"), seeded.transaction() as session:
        editing.add_day(
            session, None, date(2026, 11, 27), DayException(kind, read_spans(hours), "typhoon", "台风"), "office"
        )


def test_a_day_that_is_none_cannot_be_taken_out(seeded: Database) -> None:
    with pytest.raises(NotFound), seeded.transaction() as session:
        editing.remove_day(session, None, date(2026, 11, 27), "office")
    with pytest.raises(NotFound), seeded.transaction() as session:
        editing.remove_day(session, None, date(2026, 10, 1), "office")


def test_every_change_is_recorded_and_gives_new_stamps_to_whom_it_concerns(seeded: Database) -> None:
    def stamps() -> dict[str, str]:
        with seeded.reading() as session:
            return {row.name: row.stamp for row in list_calendars(session)}

    changes: list[tuple[AuditAction, set[str], Callable[..., object]]] = [
        (
            AuditAction.CALENDAR_HOURS_SET,
            {"office"},
            lambda s: editing.set_hours(s, None, "office", weekdays(SUMMER_HOURS), date(2026, 12, 1)),
        ),
        (AuditAction.CALENDAR_TERMS_SET, {"street"}, lambda s: editing.set_terms(s, None, "street", TERMS)),
        (
            AuditAction.CALENDAR_DAY_ADDED,
            {"street"},
            lambda s: editing.add_day(s, None, date(2026, 11, 27), TYPHOON, "street"),
        ),
        (
            AuditAction.CALENDAR_DAY_REMOVED,
            {"street"},
            lambda s: editing.remove_day(s, None, date(2026, 11, 27), "street"),
        ),
        (
            AuditAction.CALENDAR_DAY_ADDED,
            {"office"},
            lambda s: editing.close_from(s, None, date(2026, 11, 27), 840, ("台风", "typhoon"), None),
        ),
        (
            AuditAction.HOLIDAYS_ANNOUNCED,
            {"office"},
            lambda s: announce_year(s, None, 2027, {date(2027, 1, 1): TYPHOON}, "notice"),
        ),
    ]
    for action, concerned, change in changes:
        before = stamps()
        with seeded.transaction() as session:
            change(session)
        after = stamps()
        assert {name for name in after if before[name] != after[name]} == concerned, action
        with seeded.reading() as session:
            entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
            assert entry is not None
            assert (entry.action, entry.person_id) == (action, None)


def test_only_administrators_of_the_whole_city_change_calendars(seeded: Database) -> None:
    def viewer(post: Post, *, is_city_wide: bool) -> Viewer:
        held = HeldPost(post, 1, "1/", (("330212000000", "330212999999"),), is_city_wide)
        return Viewer(1, "somebody", "某", "zh_CN", (held,))

    for somebody in (viewer(Post.DISPATCHER, is_city_wide=True), viewer(Post.ADMINISTRATOR, is_city_wide=False)):
        with pytest.raises(NotAllowed), seeded.transaction() as session:
            editing.add_day(session, somebody, date(2026, 11, 27), TYPHOON, "office")
    with seeded.reading() as session:
        assert date(2026, 11, 27) not in load_calendar(session, "office").days


def test_the_continuous_calendar_has_no_hours_to_change(seeded: Database) -> None:
    with pytest.raises(Invalid, match="day and night"), seeded.transaction() as session:
        editing.set_hours(session, None, "continuous", weekdays(OFFICE_HOURS), date(2026, 12, 1))
