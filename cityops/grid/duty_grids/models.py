"""Rows of how duty grids change: the drafts with their day, and which cell belonged to which grid when."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.accounts.models import Person
from cityops.db import Base, UtcDateTime, words_enum
from cityops.grid.models import ACTIVE, VersionState

_PLANNED = text("state = 'planned'")


class DutyGridChange(Base):
    """A street's duty grids drawn anew, from a day on; one at a time waits for its day.

    `plan` is JSON: `grids`, each with code and names, and `cells`, the grid's code by the cell's.
    """

    __tablename__ = "duty_grid_changes"
    __table_args__ = (
        Index(
            "uq_duty_grid_changes_planned",
            "street_code",
            unique=True,
            postgresql_where=_PLANNED,
            sqlite_where=_PLANNED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    street_code: Mapped[str] = mapped_column(String(9))
    from_on: Mapped[date]
    state: Mapped[VersionState] = mapped_column(words_enum(VersionState))
    plan: Mapped[str] = mapped_column(Text)
    moved: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    maker: Mapped[Person | None] = relationship(foreign_keys=[made_by], viewonly=True)


class CellDutyGrid(Base):
    """That a cell belonged to a duty grid from a day on, until the day before `ended_on`; so that the past stays."""

    __tablename__ = "cell_duty_grids"
    __table_args__ = (
        Index("uq_cell_duty_grids_open", "cell_id", unique=True, postgresql_where=ACTIVE, sqlite_where=ACTIVE),
    )

    cell_id: Mapped[int] = mapped_column(ForeignKey("cells.id"), primary_key=True)
    from_on: Mapped[date] = mapped_column(primary_key=True)
    duty_grid_id: Mapped[int] = mapped_column(ForeignKey("duty_grids.id"), index=True)
    ended_on: Mapped[date | None]
