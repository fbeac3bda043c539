"""What is proposed to be changed of a component, by whom and why, and what became of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.accounts.models import Body, Person
from cityops.cases.models import Case
from cityops.db import Base, UtcDateTime, words_enum
from cityops.grid.census.models import ComponentFact
from cityops.grid.models import Component
from cityops.words import N_

_OPEN = text("state = 'open'")


class CorrectionKind(StrEnum):
    """What a component is said to be."""

    MISSING = "missing"
    MOVED = "moved"
    NEW = "new"
    REMOVED = "removed"
    OWNER = "owner"


CORRECTION_KIND_LABELS = {
    CorrectionKind.MISSING: N_("It is missing"),
    CorrectionKind.MOVED: N_("It stands elsewhere"),
    CorrectionKind.NEW: N_("It is not in the survey yet"),
    CorrectionKind.REMOVED: N_("It was taken away for good"),
    CorrectionKind.OWNER: N_("It is somebody else's"),
}
FACTS_OF = {
    CorrectionKind.MISSING: (ComponentFact.STATE,),
    CorrectionKind.MOVED: (ComponentFact.PLACE,),
    CorrectionKind.NEW: (),
    CorrectionKind.REMOVED: (ComponentFact.STATE,),
    CorrectionKind.OWNER: (ComponentFact.OWNER, ComponentFact.MAINTAINER, ComponentFact.BODY),
}
"""What a correction is about: once that has changed, it is overtaken."""


class CorrectionState(StrEnum):
    """What became of a correction."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


CORRECTION_STATE_LABELS = {
    CorrectionState.OPEN: N_("undecided"),
    CorrectionState.CONFIRMED: N_("confirmed"),
    CorrectionState.REFUSED: N_("refused"),
}


class Correction(Base):
    """A change of a component that was proposed.

    `component_id` is empty for a new component until it is confirmed; `area_code` is the community of where the
    component is or is said to be. `body_id` is who is said to own it. `seen_change_id` is the component's last change
    that the proposer can have known of. `uuid` is made by the page: the same form twice is one correction.
    """

    __tablename__ = "component_corrections"
    __table_args__ = (
        Index(
            "uq_component_corrections_open",
            "component_id",
            "kind",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        Index("ix_component_corrections_state_area_code", "state", "area_code"),
        CheckConstraint("kind = 'new' OR component_id IS NOT NULL", name="component"),
        CheckConstraint("kind NOT IN ('new', 'moved') OR (lon IS NOT NULL AND lat IS NOT NULL)", name="place"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    kind: Mapped[CorrectionKind] = mapped_column(words_enum(CorrectionKind))
    state: Mapped[CorrectionState] = mapped_column(words_enum(CorrectionState), default=CorrectionState.OPEN)
    component_id: Mapped[int | None] = mapped_column(ForeignKey("components.id"), index=True)
    class_code: Mapped[str] = mapped_column(String(5))
    area_code: Mapped[str | None] = mapped_column(String(12))
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    photo_sha256: Mapped[str | None] = mapped_column(String(64))
    photo_media_type: Mapped[str | None] = mapped_column(String(32))
    seen_change_id: Mapped[int] = mapped_column(BigInteger, default=0)
    proposed_by: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    because: Mapped[str] = mapped_column(String(500), default="")

    component: Mapped[Component | None] = relationship(viewonly=True)
    body: Mapped[Body | None] = relationship(viewonly=True)
    case: Mapped[Case | None] = relationship(viewonly=True)
    proposer: Mapped[Person] = relationship(viewonly=True, foreign_keys=[proposed_by])
    decider: Mapped[Person | None] = relationship(viewonly=True, foreign_keys=[decided_by])

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided yet."""
        return self.state is CorrectionState.OPEN
