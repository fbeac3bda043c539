"""Entering what the State Council has announced for a year."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cityops.accounts.models import AuditAction
from cityops.accounts.viewer import Viewer
from cityops.errors import Invalid, WrongState
from cityops.words import N_
from cityops.worktime.calendar import DayException
from cityops.worktime.editing import must_keep_calendars, record
from cityops.worktime.models import WorkCalendar, WorkDay, WorkDaySpan, WorkYear, day_row, new_stamp
from cityops.worktime.notices import Notice
from cityops.worktime.queries import days_for_all, find_year, list_announced

MOST_SOURCE = 200


@dataclass(frozen=True, slots=True)
class Changes:
    """What a notice changes about a year; a day whose hours or names change is both removed and added.

    Attributes:
        known_from: the source from which the year was known before; None for a year that is new.
        is_known: whether the year is known, or has days already.
    """

    added: Mapping[date, DayException]
    removed: Mapping[date, DayException]
    known_from: str | None
    is_known: bool


def compare_year(session: Session, year: int, notice: Notice) -> Changes:
    """What `announce_year` would change; nothing is written."""
    before = list_announced(session, year)
    known = find_year(session, year)
    return Changes(
        added={day: each for day, each in notice.items() if before.get(day) != each},
        removed={day: each for day, each in before.items() if notice.get(day) != each},
        known_from=known.source if known else None,
        is_known=bool(known or before),
    )


def announce_year(
    session: Session, viewer: Viewer | None, year: int, notice: Notice, source: str, *, replaces: bool = False
) -> Changes:
    """Enter the days of a year for all calendars, in place of those it had, and say that they are all there.

    A calendar's own days stay. Every calendar that observes holidays gets a new stamp, so that running processes read
    it anew. Due times that have been counted stay as they are.

    Raises:
        WrongState: the year has days or is known already, and `replaces` was not said.
    """
    must_keep_calendars(viewer)
    if not 0 < len(source) <= MOST_SOURCE or not source.isprintable():
        raise Invalid("source", N_("A source has 1 to %(most)s characters."), most=MOST_SOURCE)
    calendars = session.scalars(select(WorkCalendar).order_by(WorkCalendar.id).with_for_update()).all()
    changes = compare_year(session, year, notice)
    if changes.is_known and not replaces:
        raise WrongState(
            N_("The year %(year)s has been entered already (%(source)s): give --replace to put this in its place."),
            year=year,
            source=changes.known_from or "-",
        )
    old = days_for_all(year)
    session.execute(delete(WorkDaySpan).where(WorkDaySpan.day_id.in_(select(WorkDay.id).where(*old))))
    session.execute(delete(WorkDay).where(*old))
    session.add_all(day_row(day, each) for day, each in notice.items())
    session.merge(WorkYear(year=year, source=source))
    for calendar in calendars:
        if calendar.observes_holidays:
            calendar.stamp = new_stamp()
    record(session, viewer, AuditAction.HOLIDAYS_ANNOUNCED, f"{year} {source}")
    session.flush()
    return changes
