"""The rows of links between cases."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cityops.db import Base, BigKey, UtcDateTime, words_enum

MAX_REASON = 500


class LinkKind(StrEnum):
    """What two cases have to do with each other."""

    RELATED = "related"
    SPLIT = "split"


class CaseLink(Base):
    """Two cases that have to do with each other; of a split, `case_id` is the one that the other was split off from."""

    __tablename__ = "case_links"
    __table_args__ = (UniqueConstraint("case_id", "other_id"), CheckConstraint("case_id < other_id", name="in_order"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[LinkKind] = mapped_column(words_enum(LinkKind))
    reason: Mapped[str | None] = mapped_column(String(MAX_REASON))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
