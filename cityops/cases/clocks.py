"""When a stage's clock is due, from when it counts as near, and why."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum

from cityops import clock
from cityops.cases.models import StageClock
from cityops.errors import Invalid
from cityops.words import N_
from cityops.worktime.arithmetic import add, add_minutes, clock_calendar, counted, difference
from cityops.worktime.calendar import Calendar, NoHolidayData
from cityops.worktime.explanation import Piece, explain_between
from cityops.worktime.limits import Limit

Interval = tuple[datetime, datetime]

SHORT_LIMIT_MINUTES = 240


class Light(StrEnum):
    """The light of a clock: never by colour alone, so each has a word and a shape too."""

    ON_TIME = "on_time"
    NEAR = "near"
    OVER = "over"
    PAUSED = "paused"
    CLOSED = "closed"


LIGHT_LABELS = {
    Light.ON_TIME: N_("on time"),
    Light.NEAR: N_("near"),
    Light.OVER: N_("over"),
    Light.PAUSED: N_("paused"),
    Light.CLOSED: N_("closed"),
}


def due_and_warn(
    calendar: Calendar, start: datetime, limit: Limit, pauses: Sequence[Interval] = ()
) -> tuple[datetime, datetime]:
    """The due moment of a limit, and the moment from which it is near: 80 % of it, 50 % for limits under four hours."""
    minutes = counted(calendar, start, limit) / timedelta(minutes=1)
    share = 0.5 if minutes < SHORT_LIMIT_MINUTES else 0.8
    due = add(calendar, start, limit, pauses)
    return due, add_minutes(clock_calendar(calendar, limit), start, minutes * share, pauses)


def limit_of(row: StageClock) -> Limit:
    """What a clock counts: its limit, and what was granted on top."""
    return Limit(row.limit_value + row.extra_value, row.limit_unit)


def explain_clock(calendar: Calendar, row: StageClock) -> list[Piece]:
    """A clock's way to its due time, span by span; nothing where the holidays of a year on the way are not known.

    What is counted adds up to the limit, unless the calendar has changed since and was not counted anew.
    """
    try:
        running = clock_calendar(calendar, limit_of(row))
        return explain_between(running, row.started_at, row.due_at, closed_pauses(row))
    except NoHolidayData:
        return []


def due_now(calendar: Calendar, row: StageClock) -> datetime | None:
    """When a clock would be due by its calendar as it stands; None where that cannot be counted."""
    try:
        return add(calendar, row.started_at, limit_of(row), closed_pauses(row))
    except Invalid:
        return None


def find_other_due(calendar: Calendar, row: StageClock) -> datetime | None:
    """When a running clock would be due by its calendar as it stands, where that is another moment than it was given.

    A paused one is counted anew when it runs on.
    """
    is_running = row.stopped_at is None and all(pause.until_at is not None for pause in row.pauses)
    due = due_now(calendar, row) if is_running else None
    return due if due != row.due_at else None


def spent_minutes(calendar: Calendar, row: StageClock) -> float:
    """The counted time a clock has run until now or its stop, without its pauses.

    Nothing where the holidays of a year on the way are not known.
    """
    end = row.stopped_at or max(clock.now(), row.started_at)
    pauses = [(pause.from_at, pause.until_at or max(end, pause.from_at)) for pause in row.pauses]
    running = clock_calendar(calendar, limit_of(row))
    with suppress(NoHolidayData):
        return difference(running, row.started_at, end, pauses) / timedelta(minutes=1)
    return 0.0


def closed_pauses(row: StageClock) -> list[Interval]:
    """The pauses of a clock that have ended."""
    return [(pause.from_at, pause.until_at) for pause in row.pauses if pause.until_at is not None]


def light_of(row: StageClock) -> Light:
    """The light of one clock now; a stopped one shows how it ended."""
    if row.stopped_at is not None:
        return Light.OVER if row.stopped_at > row.due_at else Light.CLOSED
    if any(pause.until_at is None for pause in row.pauses):
        return Light.PAUSED
    return light(clock.now(), row.due_at, row.warn_at, is_open=True)


def light(now: datetime, due_at: datetime | None, warn_at: datetime | None, *, is_open: bool) -> Light:
    """The light of a case or clock at `now`; one without a due moment is paused."""
    if not is_open:
        return Light.CLOSED
    if due_at is None or warn_at is None:
        return Light.PAUSED
    if now > due_at:
        return Light.OVER
    return Light.NEAR if now >= warn_at else Light.ON_TIME
