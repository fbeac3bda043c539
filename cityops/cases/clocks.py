"""When a stage's clock is due, and from when it counts as near (pure)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from cityops.words import N_
from cityops.worktime.arithmetic import add, add_minutes
from cityops.worktime.calendar import Calendar
from cityops.worktime.limits import Limit, Unit

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
    if limit.unit is Unit.WORKING_DAY:
        minutes = limit.value * calendar.nominal_minutes
    else:
        minutes = limit.value * 60
    share = 0.5 if minutes < SHORT_LIMIT_MINUTES else 0.8
    due = add(calendar, start, limit, pauses)
    if limit.unit is Unit.URGENT_HOUR:
        return due, due - timedelta(minutes=minutes * (1 - share))
    return due, add_minutes(calendar, start, minutes * share, pauses)


def light(now: datetime, due_at: datetime | None, warn_at: datetime | None, *, is_open: bool) -> Light:
    """The light of a case or clock at `now`; one without a due moment is paused."""
    if not is_open:
        return Light.CLOSED
    if due_at is None or warn_at is None:
        return Light.PAUSED
    if now > due_at:
        return Light.OVER
    return Light.NEAR if now >= warn_at else Light.ON_TIME
