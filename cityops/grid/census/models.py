"""What has become of components: each change of a fact as a row, whatever caused it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.words import N_


class ComponentFact(StrEnum):
    """What of a component can change; its class is a part of its code and changes with it alone."""

    STATE = "state"
    PLACE = "place"
    DEPARTMENT = "department"
    OWNER = "owner"
    MAINTAINER = "maintainer"
    BODY = "body"


COMPONENT_FACT_LABELS = {
    ComponentFact.STATE: N_("State"),
    ComponentFact.PLACE: N_("Place"),
    ComponentFact.DEPARTMENT: N_("Department in charge"),
    ComponentFact.OWNER: N_("Owned by"),
    ComponentFact.MAINTAINER: N_("Maintained by"),
    ComponentFact.BODY: N_("Answering body"),
}


class ChangeCause(StrEnum):
    """What changed a component: a step of a case, a census, an office's decision."""

    CASE = "case"
    CENSUS = "census"
    OFFICE = "office"


CHANGE_CAUSE_LABELS = {
    ChangeCause.CASE: N_("by a case"),
    ChangeCause.CENSUS: N_("by a census"),
    ChangeCause.OFFICE: N_("by an office"),
}


class ComponentChange(Base):
    """A fact of a component before and after a change; append-only.

    A state is its word, a place its longitude and latitude, a party its name and code, a body its code. The end of a
    case that took in others may change several components by one event. `because` is the census's title, or what the
    office gave as its reason.
    """

    __tablename__ = "component_changes"
    __table_args__ = (UniqueConstraint("event_id", "component_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("components.id"), index=True)
    fact: Mapped[ComponentFact] = mapped_column(words_enum(ComponentFact))
    before: Mapped[str | None] = mapped_column(String(120))
    after: Mapped[str | None] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    cause: Mapped[ChangeCause] = mapped_column(words_enum(ChangeCause))
    because: Mapped[str] = mapped_column(String(500), default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("case_events.id"))
