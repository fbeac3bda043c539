"""Drafts of the catalogue as rows: what is to change, before it counts."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.catalog.models import Standard
from cityops.db import Base, UtcDateTime, words_enum


class EntryKind(StrEnum):
    """What a catalogue is made of, from what stands alone to what hangs on it."""

    CLASS = "class"
    CONDITION = "condition"
    PHASE = "phase"
    LIMIT = "limit"
    STAGE = "stage"


class DraftState(StrEnum):
    """What has become of a draft."""

    OPEN = "open"
    PUBLISHED = "published"
    DROPPED = "dropped"


_IS_OPEN = text("state = 'open'")


class CatalogDraft(Base):
    """A draft edition of one standard: what is to change, from a day that is given when it is published.

    `edits` counts how often it was changed, so that nobody publishes what he has not seen. A standard has one open
    draft at most.
    """

    __tablename__ = "catalog_drafts"
    __table_args__ = (
        Index("uq_catalog_drafts_open", "standard_id", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    standard_id: Mapped[int] = mapped_column(ForeignKey("standards.id"), index=True)
    state: Mapped[DraftState] = mapped_column(words_enum(DraftState), default=DraftState.OPEN)
    edits: Mapped[int] = mapped_column(default=0)
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_from_on: Mapped[date | None]
    standard: Mapped[Standard] = relationship()
    changes: Mapped[list["CatalogChange"]] = relationship(order_by="CatalogChange.id", cascade="all, delete-orphan")


class CatalogChange(Base):
    """What one entry of the catalogue is to become: `wanted` as JSON, without it the entry ends.

    `based_on` is the row in force when the change was made; `edit` the number of the edit that made it last.
    """

    __tablename__ = "catalog_changes"
    __table_args__ = (UniqueConstraint("draft_id", "kind", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("catalog_drafts.id"))
    kind: Mapped[EntryKind] = mapped_column(words_enum(EntryKind))
    key: Mapped[str] = mapped_column(String(24))
    based_on: Mapped[int | None]
    wanted: Mapped[str | None] = mapped_column(Text)
    edit: Mapped[int]
