"""Inspectors' shifts and the verify, check and re-check tasks given to them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops import clock
from cityops.accounts.models import Person
from cityops.cases.models import Case, CaseEvent
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.patrol.choosing import Flag, Rules, Wait, Why
from cityops.patrol.rhythm import Rhythm
from cityops.words import N_

_OPEN = text("done_at IS NULL")
_WAITS = text("done_at IS NULL AND waits_because IS NOT NULL")


class InspectorShift(Base):
    """An inspector's weekly shift in a duty grid: minutes after midnight in the city's zone, the end not included.

    It holds from a day on until the day before `ended_on`, and no longer than its duty grid.
    """

    __tablename__ = "inspector_shifts"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6 AND 0 <= start_minute AND start_minute < end_minute", name="span"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    duty_grid_id: Mapped[int] = mapped_column(ForeignKey("duty_grids.id"), index=True)
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    from_on: Mapped[date] = mapped_column(default=clock.today)
    ended_on: Mapped[date | None]
    person: Mapped[Person] = relationship(viewonly=True)


class InspectorAbsence(Base):
    """Days on which an inspector is away, the last included: he is on duty nowhere then."""

    __tablename__ = "inspector_absences"
    __table_args__ = (CheckConstraint("from_on <= until_on", name="days"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    person: Mapped[Person] = relationship(foreign_keys=[person_id], viewonly=True)


class PatrolRhythm(Base):
    """How often a cell of a tier is to be visited in so many days, from a day on until the next such row."""

    __tablename__ = "patrol_rhythms"
    __table_args__ = (
        CheckConstraint("tier IN (1, 2)", name="tier"),
        CheckConstraint("visits > 0 AND days > 0", name="rhythm"),
    )

    tier: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    from_on: Mapped[date] = mapped_column(primary_key=True)
    visits: Mapped[int]
    days: Mapped[int]

    @property
    def rhythm(self) -> Rhythm:
        """As the pure rules take it."""
        return Rhythm(self.visits, self.days)


class TaskKind(StrEnum):
    """核实 before filing, 核查 after handling, 复核 of a closed case that was drawn for it."""

    VERIFY = "verify"
    CHECK = "check"
    RECHECK = "recheck"


class PatrolRules(Base):
    """The one row (id 1) of what the city has set about who checks; without it the defaults of `Rules` hold."""

    __tablename__ = "patrol_rules"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    reach_m: Mapped[int]
    pair_most: Mapped[int]
    pair_of: Mapped[int]
    simple_percent: Mapped[int]
    waived_percent: Mapped[int]
    recheck_days: Mapped[int]
    watch_from_hour: Mapped[int] = mapped_column(default=7)
    watch_until_hour: Mapped[int] = mapped_column(default=21)

    @property
    def rules(self) -> Rules:
        """As the pure rules take them."""
        return Rules(
            reach_m=self.reach_m,
            pair_most=self.pair_most,
            pair_of=self.pair_of,
            simple_percent=self.simple_percent,
            waived_percent=self.waived_percent,
            recheck_days=self.recheck_days,
            watch_from_hour=self.watch_from_hour,
            watch_until_hour=self.watch_until_hour,
        )


TASK_LABELS = {TaskKind.VERIFY: N_("verify"), TaskKind.CHECK: N_("check"), TaskKind.RECHECK: N_("re-check")}


class InspectorTask(Base):
    """A verify, check or re-check task given to an inspector; done by the case's own step.

    While nobody may be given it, `waits_because` says why, and `person_id` is null or of one who has left; `tried_at`
    is when somebody was looked for last; before `not_before_at` nobody is.

    `case_version` is the case's when the task was asked for, `turn` counts its draws. `body_id` is the body that
    handled the case, `reporter_id` the inspector who reported it. `draw` tells in JSON how the lot fell (`drawing.py`),
    signed by `draw_digest`; tasks given before lots were drawn have none.
    """

    __tablename__ = "inspector_tasks"
    __table_args__ = (
        Index("ix_inspector_tasks_open", "person_id", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_inspector_tasks_waiting", "id", sqlite_where=_WAITS, postgresql_where=_WAITS),
        Index("ix_inspector_tasks_body_id_id", "body_id", "id"),
        Index("ix_inspector_tasks_reporter_id_id", "reporter_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[TaskKind] = mapped_column(words_enum(TaskKind))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    chosen_because: Mapped[Why | None] = mapped_column(words_enum(Why))
    waits_because: Mapped[Wait | None] = mapped_column(words_enum(Wait))
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    not_before_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    case_version: Mapped[int]
    turn: Mapped[int] = mapped_column(default=1)
    body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"))
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    draw: Mapped[str | None] = mapped_column(Text)
    draw_digest: Mapped[str | None] = mapped_column(String(120))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    case: Mapped[Case] = relationship(viewonly=True)
    person: Mapped[Person | None] = relationship(foreign_keys=[person_id], viewonly=True)


class CheckFlag(Base):
    """Something about a verify or check that has it looked at again; raised by the step that answers the task."""

    __tablename__ = "check_flags"
    __table_args__ = (UniqueConstraint("event_id", "flag"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("case_events.id"))
    flag: Mapped[Flag] = mapped_column(words_enum(Flag))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    case: Mapped[Case] = relationship(viewonly=True)
    event: Mapped[CaseEvent] = relationship(viewonly=True)
