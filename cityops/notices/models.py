"""Rows of the notices: what is told to whom, the rules of warning, and what has been warned of."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.cases.co_models import CoHandling
from cityops.cases.models import Case, CaseEvent, StageClock
from cityops.cases.names import ClockName
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.patrol.models import InspectorTask


class NoticeKind(StrEnum):
    """What a notice is about: a clock that nobody stops, that is near its limit or over it; or a step of the case."""

    WAITING = "waiting"
    NEAR = "near"
    OVER = "over"
    STEP = "step"


class Moment(StrEnum):
    """From which moment of a clock a rule counts."""

    STARTED = "started"
    NEAR = "near"
    DUE = "due"


class Owed(StrEnum):
    """What has a limit beside the clocks of a case: a re-check, and a task beside the lead."""

    RECHECK = "recheck"
    CO_HANDLING = "co_handling"


class Recipient(StrEnum):
    """Whom a rule or a step turns to."""

    HOLDER = "holder"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    DUTY_LEADER = "duty_leader"
    HANDLER = "handler"
    BODY_ABOVE = "body_above"
    DUTY_LIST = "duty_list"
    SUPERVISOR = "supervisor"


class WarningRule(Base):
    """A rule of warning: which clock (none: every one), how long after which of its moments, and who is told.

    With `owed` it speaks of that instead of clocks.
    With `every_minutes` the rule speaks again, each time to the next of its recipients (a turn).
    An `is_urgent_only` rule is for cases whose filing condition counts in urgent hours, and ignores quiet hours.
    """

    __tablename__ = "warning_rules"
    __table_args__ = (
        CheckConstraint("after_minutes >= 0 AND every_minutes > 0", name="minutes"),
        CheckConstraint("clock IS NULL OR owed IS NULL", name="of_one"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    clock: Mapped[ClockName | None] = mapped_column(words_enum(ClockName))
    owed: Mapped[Owed | None] = mapped_column(words_enum(Owed))
    moment: Mapped[Moment] = mapped_column(words_enum(Moment))
    after_minutes: Mapped[int]
    every_minutes: Mapped[int | None]
    recipient: Mapped[Recipient] = mapped_column(words_enum(Recipient))
    is_urgent_only: Mapped[bool]
    is_active: Mapped[bool]

    @property
    def watches(self) -> ClockName | Owed | None:
        """What it speaks of; None is every clock."""
        return self.owed or self.clock


class QuietHours(Base):
    """When notices that can wait are held back: minutes after midnight in the city's zone; the city has one row."""

    __tablename__ = "quiet_hours"
    __table_args__ = (
        CheckConstraint("from_minute BETWEEN 0 AND 1439 AND until_minute BETWEEN 0 AND 1439", name="minutes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    from_minute: Mapped[int]
    until_minute: Mapped[int]


class ClockWarning(Base):
    """That a rule has spoken of a clock, re-check or task with this due time: once, or once a turn if it speaks again.

    A clock that is given more time has another due time, and is warned of anew.
    """

    __tablename__ = "clock_warnings"
    __table_args__ = (
        UniqueConstraint("clock_id", "rule_id", "due_at", "turn"),
        UniqueConstraint("task_id", "rule_id", "due_at", "turn"),
        UniqueConstraint("co_handling_id", "rule_id", "due_at", "turn"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    clock_id: Mapped[int | None] = mapped_column(ForeignKey("stage_clocks.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("inspector_tasks.id"))
    co_handling_id: Mapped[int | None] = mapped_column(ForeignKey("co_handlings.id"))
    rule_id: Mapped[int] = mapped_column(ForeignKey("warning_rules.id"), index=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    turn: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


# What still asks for somebody's eyes.
_OPEN = text("read_at IS NULL AND settled_at IS NULL")


class Notice(Base):
    """Something told to a person about a case: by a warning of a clock, a re-check or a task, or by a step of the case.

    Shown from `show_at` on; `call` names whom the duty list says to call. `settled_at` is set when the case has moved
    on: then nobody need read it any more.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("person_id", "clock_id", "kind", "due_at", "turn"),
        UniqueConstraint("person_id", "task_id", "kind", "due_at", "turn"),
        UniqueConstraint("person_id", "co_handling_id", "kind", "due_at", "turn"),
        UniqueConstraint("person_id", "event_id"),
        Index("ix_notices_open_person_id_show_at", "person_id", "show_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_notices_person_id_show_at", "person_id", "show_at"),
        Index("ix_notices_open_case_id", "case_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[NoticeKind] = mapped_column(words_enum(NoticeKind))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    clock_id: Mapped[int | None] = mapped_column(ForeignKey("stage_clocks.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("inspector_tasks.id"), index=True)
    co_handling_id: Mapped[int | None] = mapped_column(ForeignKey("co_handlings.id"), index=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("case_events.id"), index=True)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    turn: Mapped[int]
    is_urgent: Mapped[bool]
    call: Mapped[str | None] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    show_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    case: Mapped[Case] = relationship(viewonly=True)
    clock: Mapped[StageClock | None] = relationship(viewonly=True)
    task: Mapped[InspectorTask | None] = relationship(viewonly=True)
    co_handling: Mapped[CoHandling | None] = relationship(viewonly=True)
    event: Mapped[CaseEvent | None] = relationship(viewonly=True)

    @property
    def owed(self) -> Owed | None:
        """What it warns of beside the clocks."""
        if self.task_id is not None:
            return Owed.RECHECK
        return Owed.CO_HANDLING if self.co_handling_id is not None else None
