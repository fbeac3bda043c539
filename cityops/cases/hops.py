"""A case passed on within a body's own tree: from the lead down to its teams and contractors, hop by hop.

The lead carries the score; who has the case at the moment is the case's own body, and signs for it by a clock of its
own. What is reported back goes straight to the check: the lead sees it in the history, and every hop more would only
cost the time of whoever waits for the place to be put right.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from cityops.accounts.models import Body
from cityops.cases.models import Assignment, Case
from cityops.db import Base, BigKey, UtcDateTime


class Hop(Base):
    """One hop of an assignment, from a body to one below it, until it was handed up again or the assignment ended."""

    __tablename__ = "assignment_hops"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"), index=True)
    from_body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    to_body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    passed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    from_body: Mapped[Body] = relationship(foreign_keys=[from_body_id], viewonly=True)
    to_body: Mapped[Body] = relationship(foreign_keys=[to_body_id], viewonly=True)


def list_of(session: Session, case: Case) -> Sequence[Hop]:
    """The hops of all assignments of a case, the oldest first, with their bodies."""
    rows = select(Hop).join(Assignment, Assignment.id == Hop.assignment_id).where(Assignment.case_id == case.id)
    bodies = joinedload(Hop.from_body), joinedload(Hop.to_body)
    return session.scalars(rows.order_by(Hop.id).options(*bodies)).all()


def list_open(session: Session, assignment: Assignment) -> Sequence[Hop]:
    """The hops by which the case came down to where it is, the first one first."""
    rows = select(Hop).where(Hop.assignment_id == assignment.id, Hop.ended_at.is_(None)).order_by(Hop.id)
    return session.scalars(rows).all()


def lies_below(body: Body, case: Case) -> bool:
    """Whether a body stands below the one that has the case."""
    return case.body is not None and body.id != case.body_id and body.path.startswith(case.body.path)
