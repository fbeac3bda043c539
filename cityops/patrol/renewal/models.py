"""A renewal of the census: the campaign, its streets with their figures, samples and checks; what was seen on site."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.accounts.models import Body, Person
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.grid.models import Component
from cityops.patrol.draw_models import SignedDraw
from cityops.patrol.renewal.rules import Level
from cityops.words import N_

_OPEN = text("checked_at IS NULL")


class RenewalCampaign(Base):
    """A renewal of the census from a day to a day: which major classes of which streets `body` surveys again.

    `majors` names the major classes by their two digits with commas between; empty, it is all of them. A street may be
    sampled once `least_seen_percent` of it is seen, and is accepted with at most `most_faulty_percent` of its sample at
    fault. `counted_at` is when the worker last counted what is seen.
    """

    __tablename__ = "renewal_campaigns"
    __table_args__ = (
        CheckConstraint("begins_on <= ends_on", name="days"),
        CheckConstraint("most_faulty_percent BETWEEN 0 AND 100", name="most_faulty"),
        CheckConstraint("least_seen_percent BETWEEN 0 AND 100", name="least_seen"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    begins_on: Mapped[date]
    ends_on: Mapped[date]
    body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    majors: Mapped[str] = mapped_column(String(60))
    level: Mapped[Level] = mapped_column(words_enum(Level))
    most_faulty_percent: Mapped[float]
    least_seen_percent: Mapped[float]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    body: Mapped[Body] = relationship(viewonly=True)
    maker: Mapped[Person] = relationship(foreign_keys=[made_by], viewonly=True)
    closer: Mapped[Person | None] = relationship(foreign_keys=[closed_by], viewonly=True)

    def covers(self, class_code: str) -> bool:
        """Whether components of this class are renewed."""
        return not self.majors or class_code[:2] in self.majors.split(",")


class StreetState(StrEnum):
    """How far a street of a renewal has come."""

    SURVEYED = "surveyed"
    SAMPLED = "sampled"
    ACCEPTED = "accepted"
    SENT_BACK = "sent_back"


STREET_STATE_LABELS = {
    StreetState.SURVEYED: N_("being surveyed"),
    StreetState.SAMPLED: N_("its sample is being checked"),
    StreetState.ACCEPTED: N_("accepted"),
    StreetState.SENT_BACK: N_("sent back"),
}


class RenewalStreet(Base):
    """A street of a renewal. What is seen from `since_on` on counts: the beginning, or the day after it was sent back.

    `first_area` and `last_area` are the ends of its communities' codes, by which jurisdictions are told.
    """

    __tablename__ = "renewal_streets"
    __table_args__ = (UniqueConstraint("campaign_id", "street_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("renewal_campaigns.id"))
    street_code: Mapped[str] = mapped_column(String(9))
    first_area: Mapped[str] = mapped_column(String(12))
    last_area: Mapped[str] = mapped_column(String(12))
    since_on: Mapped[date]
    state: Mapped[StreetState] = mapped_column(words_enum(StreetState))
    campaign: Mapped[RenewalCampaign] = relationship(viewonly=True)


class RenewalFigure(Base):
    """Of a major class in a street: how many stood at the beginning, how many of them are seen, how many came new."""

    __tablename__ = "renewal_figures"

    street_id: Mapped[int] = mapped_column(ForeignKey("renewal_streets.id"), primary_key=True)
    major: Mapped[str] = mapped_column(String(2), primary_key=True)
    standing: Mapped[int]
    seen: Mapped[int]
    added: Mapped[int]


class RenewalSample(SignedDraw, Base):
    """The acceptance sample of a street: drawn from `lot_count` components seen, with the terms of its day.

    Decided, it holds how many were at fault, and whether the street was accepted.
    """

    __tablename__ = "renewal_samples"
    __table_args__ = (Index("ix_renewal_samples_street_id_id", "street_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    street_id: Mapped[int] = mapped_column(ForeignKey("renewal_streets.id"))
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)
    drawn_by: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    lot_count: Mapped[int]
    number: Mapped[int]
    level: Mapped[Level] = mapped_column(words_enum(Level))
    most_faulty_percent: Mapped[float]
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    faulty: Mapped[int | None]
    is_accepted: Mapped[bool | None]
    note: Mapped[str] = mapped_column(String(500), default="")
    street: Mapped[RenewalStreet] = relationship(viewonly=True)
    drawer: Mapped[Person] = relationship(foreign_keys=[drawn_by], viewonly=True)
    decider: Mapped[Person | None] = relationship(foreign_keys=[decided_by], viewonly=True)

    @property
    def asked(self) -> tuple[str, ...]:
        """The street, the lot and the terms."""
        return ("renewal sample", *map(str, (self.street_id, self.lot_count, self.number, self.level)))


class RenewalCheck(Base):
    """One component of a sample, looked at on site; what could not be judged as it was not found is empty."""

    __tablename__ = "renewal_checks"
    __table_args__ = (
        UniqueConstraint("sample_id", "component_id"),
        Index("ix_renewal_checks_open", "sample_id", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("renewal_samples.id"))
    component_id: Mapped[int] = mapped_column(ForeignKey("components.id"), index=True)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    is_found: Mapped[bool | None]
    is_class_right: Mapped[bool | None]
    is_place_right: Mapped[bool | None]
    is_state_right: Mapped[bool | None]
    is_owner_right: Mapped[bool | None]
    note: Mapped[str] = mapped_column(String(500), default="")
    sample: Mapped[RenewalSample] = relationship(viewonly=True)
    component: Mapped[Component] = relationship(viewonly=True)
    checker: Mapped[Person | None] = relationship(viewonly=True)

    @property
    def is_faulty(self) -> bool:
        """Whether something about it was not as the census says."""
        judged = (self.is_class_right, self.is_place_right, self.is_state_right, self.is_owner_right)
        return self.checked_at is not None and not (self.is_found and all(judged))


class ComponentSighting(Base):
    """That somebody stood before a component and found it as it is written down, once a day."""

    __tablename__ = "component_sightings"
    __table_args__ = (UniqueConstraint("component_id", "seen_by", "seen_on"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("components.id"))
    seen_on: Mapped[date]
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_by: Mapped[int] = mapped_column(ForeignKey("persons.id"))
