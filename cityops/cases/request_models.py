"""Rows of what is asked for a case, and of the city's numbers for it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, and_, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from cityops.accounts.models import Body
from cityops.cases.models import Assignment, Case, CaseEvent
from cityops.cases.requests import RequestKind, RequestState
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.worktime.limits import Limit, Unit

# The word stands in the text: PostgreSQL takes no parameter in an index's condition.
_UNDECIDED = text("state = 'open'")


class CaseRequest(Base):
    """Something asked for a case, and what became of it.

    Who asked and decided, when and in which words stands in the case's events `asked_seq` and `decided_seq`; a lapsed
    request names the event that ended it. `body_id` is the body for which it was asked, `more_value` more time in the
    unit of the limit, `due_at` by when it has to be decided.
    """

    __tablename__ = "case_requests"
    __table_args__ = (
        Index(
            "uq_case_requests_open",
            "case_id",
            "kind",
            unique=True,
            sqlite_where=_UNDECIDED,
            postgresql_where=_UNDECIDED,
        ),
        Index("ix_case_requests_due", "due_at", sqlite_where=_UNDECIDED, postgresql_where=_UNDECIDED),
        Index("ix_case_requests_body_id_decided_at", "body_id", "decided_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[RequestKind] = mapped_column(words_enum(RequestKind))
    state: Mapped[RequestState] = mapped_column(words_enum(RequestState))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignments.id"), index=True)
    body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"))
    asked_seq: Mapped[int]
    decided_seq: Mapped[int | None]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    more_value: Mapped[int | None]
    until_on: Mapped[date | None]
    suggested_body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    case: Mapped[Case] = relationship(viewonly=True)
    assignment: Mapped[Assignment | None] = relationship(viewonly=True)
    body: Mapped[Body | None] = relationship(foreign_keys=[body_id], viewonly=True)
    suggested_body: Mapped[Body | None] = relationship(foreign_keys=[suggested_body_id], viewonly=True)
    asked: Mapped[CaseEvent] = relationship(
        primaryjoin=lambda: and_(
            foreign(CaseRequest.case_id) == CaseEvent.case_id, foreign(CaseRequest.asked_seq) == CaseEvent.seq
        ),
        viewonly=True,
    )
    decided: Mapped[CaseEvent | None] = relationship(
        primaryjoin=lambda: and_(
            foreign(CaseRequest.case_id) == CaseEvent.case_id, foreign(CaseRequest.decided_seq) == CaseEvent.seq
        ),
        viewonly=True,
    )


class RequestTerms(Base):
    """The city's own numbers for a kind of request, in place of the defaults (`requests.Terms` says what they mean)."""

    __tablename__ = "request_terms"
    __table_args__ = (
        CheckConstraint("decide_value > 0", name="decide_positive"),
        CheckConstraint("most_times > 0", name="times_positive"),
        CheckConstraint("most_days > 0", name="days_positive"),
        CheckConstraint("share > 0 AND share <= 10", name="share_of_a_limit"),
        CheckConstraint("month_share > 0 AND month_share <= 1", name="share_of_a_month"),
    )

    kind: Mapped[RequestKind] = mapped_column(words_enum(RequestKind), primary_key=True)
    most_times: Mapped[int | None]
    share: Mapped[float | None]
    most_days: Mapped[int | None]
    month_share: Mapped[float | None]
    decide_value: Mapped[int]
    decide_unit: Mapped[Unit] = mapped_column(words_enum(Unit))
    calendar: Mapped[str] = mapped_column(String(32))

    @property
    def decide(self) -> Limit:
        """Within what it has to be decided."""
        return Limit(self.decide_value, self.decide_unit)
