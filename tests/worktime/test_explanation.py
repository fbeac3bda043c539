"""A due time explains itself without a gap and adds up."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityops.worktime.arithmetic import Pause, add, difference
from cityops.worktime.calendar import Calendar, DayException, DayKind, Span
from cityops.worktime.defaults import OFFICE
from cityops.worktime.explanation import Piece, PieceKind, explain, explain_between
from cityops.worktime.limits import Limit, Unit
from tests.worktime.strategies import calendars, moments, pauses
from tests.worktime.walking import is_open


def at(text: str) -> datetime:
    """A moment in the city's time."""
    return datetime.fromisoformat(f"{text}+08:00")


def told(pieces: list[Piece]) -> list[tuple[str, str, str, float]]:
    """The pieces as a person reads them."""
    return [
        (f"{piece.until.astimezone(OFFICE.zone):%m-%d %H:%M}", piece.kind.value, piece.why, piece.minutes)
        for piece in pieces
    ]


def test_two_days_over_national_day() -> None:
    assert told(explain(OFFICE, at("2026-09-30T16:00"), Limit(2, Unit.WORKING_DAY))) == [
        ("09-30 18:00", "counted", "working hours", 120),
        ("10-01 00:00", "closed", "outside hours", 0),
        ("10-08 00:00", "closed", "National Day", 0),
        ("10-08 08:30", "closed", "outside hours", 0),
        ("10-08 12:00", "counted", "working hours", 210),
        ("10-08 13:30", "closed", "outside hours", 0),
        ("10-08 18:00", "counted", "working hours", 270),
        ("10-09 08:30", "closed", "outside hours", 0),
        ("10-09 12:00", "counted", "working hours", 210),
        ("10-09 13:30", "closed", "outside hours", 0),
        ("10-09 16:00", "counted", "working hours", 150),
    ]


def test_a_make_up_day_and_a_pause_are_named() -> None:
    pause = at("2026-10-10T09:00"), at("2026-10-10T10:00")
    pieces = explain(OFFICE, at("2026-10-09T17:00"), Limit(3, Unit.WORKING_HOUR), [pause])
    assert told(pieces) == [
        ("10-09 18:00", "counted", "working hours", 60),
        ("10-10 08:30", "closed", "outside hours", 0),
        ("10-10 09:00", "counted", "make-up day (National Day)", 30),
        ("10-10 10:00", "paused", "clock paused", 0),
        ("10-10 11:30", "counted", "make-up day (National Day)", 90),
    ]
    assert pieces[2].why_zh == "调休上班（国庆节）"


def test_a_special_day_gives_its_name_as_the_reason() -> None:
    typhoon = DayException(DayKind.SPECIAL, (Span.parse("08:30-12:00"),), "typhoon", "台风停工")
    calendar = Calendar("office", OFFICE.weeks, {date(2026, 11, 4): typhoon})
    assert told(explain(calendar, at("2026-11-04T11:00"), Limit(2, Unit.WORKING_HOUR))) == [
        ("11-04 12:00", "counted", "typhoon", 60),
        ("11-05 00:00", "closed", "typhoon", 0),
        ("11-05 08:30", "closed", "outside hours", 0),
        ("11-05 09:30", "counted", "working hours", 60),
    ]


def test_an_urgent_limit_runs_day_and_night() -> None:
    pieces = explain(OFFICE, at("2026-10-01T23:00"), Limit(2, Unit.URGENT_HOUR))
    assert told(pieces) == [("10-02 01:00", "counted", "day and night", 120)]


def test_a_limit_of_nothing_has_nothing_to_explain() -> None:
    assert explain(OFFICE, at("2026-10-01T23:00"), Limit(0, Unit.WORKING_DAY)) == []


@settings(max_examples=60, deadline=None)
@given(calendars(), moments(), st.integers(1, 30), st.sampled_from(Unit), pauses(moments()))
def test_the_pieces_join_add_up_and_tell_the_truth(
    calendar: Calendar, start: datetime, value: int, unit: Unit, paused: list[Pause]
) -> None:
    limit = Limit(value, unit)
    pieces = explain(calendar, start, limit, paused)
    edges = [start, *(piece.until for piece in pieces)]
    assert [piece.begin for piece in pieces] == edges[:-1]
    assert edges[-1] == add(calendar, start, limit, paused)
    whole = limit.microseconds(calendar.nominal_minutes) / 60_000_000
    assert sum(piece.minutes for piece in pieces) == pytest.approx(whole)
    for piece in pieces:
        is_counted = piece.kind is PieceKind.COUNTED
        middle = piece.begin + (piece.until - piece.begin) / 2
        clock_runs = unit is Unit.URGENT_HOUR or is_open(calendar, middle)
        is_paused = any(begin <= middle < until for begin, until in paused)
        assert is_counted == (clock_runs and not is_paused)


@settings(max_examples=60, deadline=None)
@given(calendars(), moments(), moments(), pauses(moments()))
def test_any_two_moments_can_be_explained(
    calendar: Calendar, one: datetime, other: datetime, paused: list[Pause]
) -> None:
    start, end = sorted((one, other))
    pieces = explain_between(calendar, start, end, paused)
    minutes = sum(piece.minutes for piece in pieces)
    assert minutes == pytest.approx(difference(calendar, start, end, paused) / timedelta(minutes=1))
