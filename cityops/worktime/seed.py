"""The first calendars of a city, with the holidays the State Council has announced."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.worktime.calendar import Calendar
from cityops.worktime.defaults import DEFAULT_CALENDARS, OFFICE
from cityops.worktime.models import WorkCalendar, WorkDay, WorkSpan, WorkYear, new_stamp

LABELS = {
    "office": ("机关工作时间", "Office hours"),
    "street": ("街面作业时间", "Street hours"),
    "continuous": ("全天候", "Round the clock"),
}
SOURCE = "国务院办公厅关于节假日安排的通知 (chinesecalendar)"
SINCE = date(2000, 1, 1)


def seed_calendars(session: Session) -> None:
    """Write what is missing of the default calendars and the announced years; what is there stays as it is."""
    known = set(session.scalars(select(WorkCalendar.name)))
    session.add_all(_calendar_row(calendar) for name, calendar in DEFAULT_CALENDARS.items() if name not in known)
    _announce_years(session)
    session.flush()


def _announce_years(session: Session) -> None:
    """Enter the years that are missing, and mark the calendars that follow them as changed."""
    years = (OFFICE.holiday_years or frozenset()) - set(session.scalars(select(WorkYear.year)))
    if not years:
        return
    session.add_all(WorkYear(year=year, source=SOURCE) for year in sorted(years))
    entered = set(session.scalars(select(WorkDay.day_on).where(WorkDay.calendar_id.is_(None))))
    session.add_all(
        WorkDay(day_on=day, kind=exception.kind, name_zh=exception.name_zh, name_en=exception.name_en)
        for day, exception in sorted(OFFICE.days.items())
        if day.year in years and day not in entered
    )
    for calendar in session.scalars(select(WorkCalendar).where(WorkCalendar.observes_holidays)):
        calendar.stamp = new_stamp()


def _calendar_row(calendar: Calendar) -> WorkCalendar:
    label_zh, label_en = LABELS[calendar.name]
    return WorkCalendar(
        name=calendar.name,
        label_zh=label_zh,
        label_en=label_en,
        nominal_minutes=calendar.nominal_minutes,
        day_rule=calendar.day_rule,
        is_continuous=calendar.is_continuous,
        observes_holidays=calendar.holiday_years is not None,
        spans=[
            WorkSpan(weekday=weekday, start_minute=span.start_minute, end_minute=span.end_minute, valid_from_on=SINCE)
            for week in calendar.weeks
            for weekday, spans in enumerate(week.spans)
            for span in spans
        ],
    )
