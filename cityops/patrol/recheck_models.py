"""Samples of closed cases, and the re-check of each case drawn (抽查, 复核)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.accounts.models import Body, Person
from cityops.cases.at_place import Manner
from cityops.cases.models import Case
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.patrol.draw_models import SignedDraw
from cityops.patrol.models import InspectorTask
from cityops.patrol.sampling import Drawn
from cityops.words import N_

_NO_ANSWER = text("ended_at IS NULL")


class RecheckSample(SignedDraw, Base):
    """A sample of the cases closed from one city day to another (both included), narrowed where something is given.

    `drawn_by` is null for what the city's rule draws by itself. `closed_count` is how many cases there were to draw
    from.
    """

    __tablename__ = "recheck_samples"
    __table_args__ = (
        CheckConstraint("from_on <= until_on", name="days"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="share"),
        CheckConstraint("number >= 0", name="number_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)
    drawn_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date]
    area_prefix: Mapped[str] = mapped_column(String(12))
    class_key: Mapped[str] = mapped_column(String(6))
    body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    manner: Mapped[Manner | None] = mapped_column(words_enum(Manner))
    percent: Mapped[int | None]
    number: Mapped[int | None]
    waived_percent: Mapped[int]
    simple_percent: Mapped[int]
    closed_count: Mapped[int]
    person: Mapped[Person | None] = relationship(viewonly=True)
    body: Mapped[Body | None] = relationship(viewonly=True)

    @property
    def asked(self) -> tuple[str, ...]:
        """The days and what they were narrowed to, and how many cases there were."""
        days, narrowed = (self.from_on, self.until_on), (self.area_prefix, self.class_key, self.body_id, self.manner)
        return ("recheck sample", *map(str, (*days, *narrowed, self.closed_count)))


class RecheckEnd(StrEnum):
    """What a re-check came to; it lapses where the case was reopened before anybody looked."""

    UPHELD = "upheld"
    NOT_UPHELD = "not_upheld"
    LAPSED = "lapsed"


RECHECK_END_LABELS = {
    RecheckEnd.UPHELD: N_("upheld"),
    RecheckEnd.NOT_UPHELD: N_("not upheld"),
    RecheckEnd.LAPSED: N_("reopened before"),
}


class Recheck(Base):
    """One case of a sample, once for each of its closings (`closed_seq`, its event's).

    `body_id` carried the case, `judged_by` checked it (or put it right himself) and `manner` is how he did, as they
    stood when it was drawn. Not upheld, it is booked on `at_fault_id`, the body whose phase is at fault; null where
    nobody handled the case. `answered_seq` and `reopened_seq` are the events that answered it and reopened the case.
    """

    __tablename__ = "rechecks"
    __table_args__ = (
        UniqueConstraint("case_id", "closed_seq"),
        Index("ix_rechecks_open", "case_id", sqlite_where=_NO_ANSWER, postgresql_where=_NO_ANSWER),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("recheck_samples.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    closed_seq: Mapped[int]
    drawn_because: Mapped[Drawn] = mapped_column(words_enum(Drawn))
    body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    judged_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    manner: Mapped[Manner | None] = mapped_column(words_enum(Manner))
    task_id: Mapped[int] = mapped_column(ForeignKey("inspector_tasks.id"), unique=True)
    end: Mapped[RecheckEnd | None] = mapped_column(words_enum(RecheckEnd))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    at_fault_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    answered_seq: Mapped[int | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    reopened_seq: Mapped[int | None]
    case: Mapped[Case] = relationship(viewonly=True)
    task: Mapped[InspectorTask] = relationship(viewonly=True)
    body: Mapped[Body | None] = relationship(foreign_keys=[body_id], viewonly=True)
    at_fault: Mapped[Body | None] = relationship(foreign_keys=[at_fault_id], viewonly=True)
    judge: Mapped[Person | None] = relationship(foreign_keys=[judged_by], viewonly=True)
    answerer: Mapped[Person | None] = relationship(foreign_keys=[answered_by], viewonly=True)
