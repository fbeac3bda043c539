"""Inspectors' shifts and the verify and check tasks given to them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.accounts.models import Person
from cityops.cases.models import Case
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.patrol.choosing import Why
from cityops.words import N_

_OPEN = text("done_at IS NULL")


class InspectorShift(Base):
    """An inspector's weekly shift in a duty grid: minutes after midnight in the city's zone, the end not included."""

    __tablename__ = "inspector_shifts"
    __table_args__ = (
        UniqueConstraint("person_id", "weekday", "start_minute"),
        CheckConstraint("weekday BETWEEN 0 AND 6 AND 0 <= start_minute AND start_minute < end_minute", name="span"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    duty_grid_id: Mapped[int] = mapped_column(ForeignKey("duty_grids.id"), index=True)
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]


class TaskKind(StrEnum):
    """核实 before filing, 核查 after handling."""

    VERIFY = "verify"
    CHECK = "check"


TASK_LABELS = {TaskKind.VERIFY: N_("verify"), TaskKind.CHECK: N_("check")}


class InspectorTask(Base):
    """A verify or check task given to an inspector; done by the case's own step."""

    __tablename__ = "inspector_tasks"
    __table_args__ = (
        Index("ix_inspector_tasks_open", "person_id", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[TaskKind] = mapped_column(words_enum(TaskKind))
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    chosen_because: Mapped[Why] = mapped_column(words_enum(Why))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    case: Mapped[Case] = relationship(viewonly=True)
    person: Mapped[Person] = relationship(foreign_keys=[person_id], viewonly=True)
