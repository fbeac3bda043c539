"""The answers owed to reporters (回访): declined, refused and closed cases are each told to who reported them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.cases.models import Report
from cityops.cases.names import StepName
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.words import N_

MAX_TRIES = 3
"""After so many calls that did not reach the reporter, the answer is owed no more."""

_OPEN = text("answered_at IS NULL")


class Outcome(StrEnum):
    """How a call back went."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    DISSATISFIED = "dissatisfied"


OUTCOME_LABELS = {
    Outcome.REACHED: N_("reached"),
    Outcome.NOT_REACHED: N_("not reached"),
    Outcome.DISSATISFIED: N_("dissatisfied"),
}


class ReporterAnswer(Base):
    """An answer owed to the reporter of a report, because of a step of its case.

    `tries` counts the calls made; one that did not reach him leaves the answer owed until the last try.
    """

    __tablename__ = "reporter_answers"
    __table_args__ = (Index("ix_reporter_answers_open", "owed_at", sqlite_where=_OPEN, postgresql_where=_OPEN),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"), index=True)
    step: Mapped[StepName] = mapped_column(words_enum(StepName))
    owed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    outcome: Mapped[Outcome | None] = mapped_column(words_enum(Outcome))
    tries: Mapped[int] = mapped_column(default=0)
    report: Mapped[Report] = relationship(viewonly=True)
