"""Rows of co-handling: who helps the lead with a case, with what, until when, and what came of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.accounts.models import Body
from cityops.cases.models import Attachment, Case
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.words import N_
from cityops.worktime.limits import Limit, Unit

MAX_TASK = 500
_OPEN = text("ended_at IS NULL")


class CoKind(StrEnum):
    """Why somebody handles beside the lead."""

    HELP = "help"
    MAKE_SAFE = "make_safe"


CO_KIND_LABELS = {CoKind.HELP: N_("co-handler"), CoKind.MAKE_SAFE: N_("makes it safe")}


class CoEnd(StrEnum):
    """How a co-handling ended; it lapses with its case."""

    REPORTED = "reported"
    EXCUSED = "excused"
    LAPSED = "lapsed"


CO_END_LABELS = {CoEnd.REPORTED: N_("done"), CoEnd.EXCUSED: N_("excused"), CoEnd.LAPSED: N_("lapsed")}


class CoHandling(Base):
    """A body's own task in a case that another leads, with its own limit.

    Its words, who gave it and who answered stand in the case's events `given_seq` and `ended_seq`. `cost_yuan` is what
    making safe cost, as the body reported it.
    """

    __tablename__ = "co_handlings"
    __table_args__ = (
        Index("uq_co_handlings_open", "case_id", "body_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_co_handlings_body_id_due_at", "body_id", "due_at"),
        Index("ix_co_handlings_case_id", "case_id"),
        CheckConstraint("limit_value > 0", name="limit_positive"),
        CheckConstraint("cost_yuan >= 0", name="cost_not_negative"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"))
    kind: Mapped[CoKind] = mapped_column(words_enum(CoKind))
    task: Mapped[str] = mapped_column(String(MAX_TASK))
    limit_value: Mapped[int]
    limit_unit: Mapped[Unit] = mapped_column(words_enum(Unit))
    calendar: Mapped[str] = mapped_column(String(32))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    given_seq: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    warn_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_seq: Mapped[int | None]
    end: Mapped[CoEnd | None] = mapped_column(words_enum(CoEnd))
    result: Mapped[str | None] = mapped_column(String(MAX_TASK))
    cost_yuan: Mapped[int | None]
    case: Mapped[Case] = relationship(viewonly=True)
    body: Mapped[Body] = relationship(viewonly=True)
    photos: Mapped[list[Attachment]] = relationship(order_by=Attachment.id, viewonly=True)

    @property
    def limit(self) -> Limit:
        """Its own limit."""
        return Limit(self.limit_value, self.limit_unit)

    @property
    def photos_missing(self) -> int:
        """How many photos of what was done it still lacks to be reported done."""
        return max(0, self.case.photos_to_report - len({photo.sha256 for photo in self.photos}))

    @property
    def is_on_time(self) -> bool:
        """Whether it was done within its limit."""
        return self.end is CoEnd.REPORTED and self.ended_at is not None and self.ended_at <= self.due_at
