"""Working calendars as rows: their weekly hours, the days that are exceptions, the years that have been announced."""

from datetime import date
from uuid import uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.db import Base, words_enum
from cityops.worktime.calendar import NOMINAL_MINUTES, DayException, DayKind, DayRule

_FOR_ALL = text("calendar_id IS NULL")
_HOURS = "start_minute >= 0 AND start_minute < 1440 AND end_minute > start_minute AND end_minute <= start_minute + 1440"


def new_stamp() -> str:
    """A mark that no earlier state of a calendar has had."""
    return uuid4().hex


class WorkCalendar(Base):
    """A named calendar.

    `stamp` changes whenever anything about the calendar does, its days and the days of all calendars included: it tells
    a process whether what it has read still holds. `observes_holidays` calendars follow the days that are for all.
    """

    __tablename__ = "work_calendars"
    __table_args__ = (CheckConstraint("nominal_minutes BETWEEN 1 AND 1440", name="nominal_minutes_of_a_day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    label_zh: Mapped[str] = mapped_column(String(50))
    label_en: Mapped[str] = mapped_column(String(50))
    nominal_minutes: Mapped[int] = mapped_column(default=NOMINAL_MINUTES)
    day_rule: Mapped[DayRule] = mapped_column(words_enum(DayRule), default=DayRule.NOMINAL)
    is_continuous: Mapped[bool] = mapped_column(default=False)
    observes_holidays: Mapped[bool] = mapped_column(default=True)
    stamp: Mapped[str] = mapped_column(String(32), default=new_stamp)
    spans: Mapped[list["WorkSpan"]] = relationship(order_by="WorkSpan.start_minute")


class WorkSpan(Base):
    """Open hours of a weekday (0 is Monday), while they are valid; over 1440 minutes they run past midnight."""

    __tablename__ = "work_spans"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_of_a_week"),
        CheckConstraint(_HOURS, name="hours_in_order"),
        CheckConstraint("valid_until_on > valid_from_on", name="validity_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("work_calendars.id"), index=True)
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    valid_from_on: Mapped[date]
    valid_until_on: Mapped[date | None]


class WorkDay(Base):
    """A holiday, make-up day or special day, of one calendar or (no calendar) of all that observe holidays.

    A calendar's own row goes before the one for all. A make-up day without hours has those of the first weekday that
    has any.
    """

    __tablename__ = "work_days"
    __table_args__ = (
        UniqueConstraint("calendar_id", "day_on"),
        Index("uq_work_days_for_all", "day_on", unique=True, postgresql_where=_FOR_ALL, sqlite_where=_FOR_ALL),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("work_calendars.id"))
    day_on: Mapped[date]
    kind: Mapped[DayKind] = mapped_column(words_enum(DayKind))
    name_zh: Mapped[str] = mapped_column(String(50))
    name_en: Mapped[str] = mapped_column(String(100))
    spans: Mapped[list["WorkDaySpan"]] = relationship(order_by="WorkDaySpan.start_minute")


class WorkDaySpan(Base):
    """Open hours of one special or make-up day."""

    __tablename__ = "work_day_spans"
    __table_args__ = (CheckConstraint(_HOURS, name="hours_in_order"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day_id: Mapped[int] = mapped_column(ForeignKey("work_days.id", ondelete="CASCADE"), index=True)
    start_minute: Mapped[int]
    end_minute: Mapped[int]


class WorkYear(Base):
    """A year whose holidays have been announced and entered whole: before that, nothing is counted through it."""

    __tablename__ = "work_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(200))


def day_row(day: date, each: DayException, calendar_id: int | None = None) -> WorkDay:
    """The row of a day with its hours."""
    spans = [WorkDaySpan(start_minute=span.start_minute, end_minute=span.end_minute) for span in each.spans]
    return WorkDay(
        calendar_id=calendar_id,
        day_on=day,
        kind=each.kind,
        name_zh=each.name_zh,
        name_en=each.name_en,
        spans=spans,
    )
