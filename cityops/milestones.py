"""Moments that the system keeps for itself: when a scheduled task runs next, when the demo city began to be loaded."""

from datetime import datetime

from sqlalchemy import String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from cityops.db import Base, UtcDateTime, insert_once, rows_matched


class Milestone(Base):
    """A named moment."""

    __tablename__ = "milestones"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def find_milestone(session: Session, name: str) -> datetime | None:
    """The moment kept under `name`, if there is one."""
    return session.scalar(select(Milestone.at).where(Milestone.name == name))


def keep(session: Session, name: str, at: datetime) -> None:
    """Keep a moment under a new name; where there is one already it stays as it is, whoever was first."""
    session.execute(insert_once(session, Milestone).values(name=name, at=at).on_conflict_do_nothing())


def move_on(session: Session, name: str, *, due_by: datetime, to: datetime) -> bool:
    """Move a milestone that has come (`at <= due_by`) to its next moment: True for one caller, however many try."""
    moved = session.execute(update(Milestone).where(Milestone.name == name, Milestone.at <= due_by).values(at=to))
    return rows_matched(moved) == 1


def bring_forward(session: Session, name: str, to: datetime) -> None:
    """Move a milestone that lies later than `to` there; an earlier one stays as it is."""
    session.execute(update(Milestone).where(Milestone.name == name, Milestone.at > to).values(at=to))


def drop(session: Session, name: str) -> None:
    """Forget a milestone."""
    session.execute(delete(Milestone).where(Milestone.name == name))
