"""Rows of the case room. Only `cases/acting.py` and `cases/effects.py` write a case's stage, version and clocks."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops import clock
from cityops.accounts.models import Body, Person
from cityops.accounts.posts import Post
from cityops.cases import numbers
from cityops.cases.names import FINAL_STAGES, ClockName, Source, Stage, StepName
from cityops.cases.steps import Mark
from cityops.catalog.models import CaseClass, CaseKind, ConditionPhase, FilingCondition, HasTerms
from cityops.catalog.phases import FIRST_PHASE, PhaseCheck
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.grid.models import Cell, Component
from cityops.words import N_
from cityops.worktime.limits import Unit

_OPEN, _ENDED = text("ended_at IS NULL"), text("ended_at IS NOT NULL")
_RUNS = text("stopped_at IS NULL")
_SUSPENDED = text("suspended_until_at IS NOT NULL")
_DISPUTED = text("arbitration_since_at IS NOT NULL")


class Case(Base):
    """A case from its report to its end: the projection of its events, kept for lists and locks.

    `occurred_at` is when a report came in that was entered later; clocks and scores go by `opened_at` all the same.
    `version` is the last event's seq; `due_at` and `warn_at` (80 % of the limit) are the running stage clock's.
    `handle_due_at` is the handling clock's, which the scores read. `cell_id` and `area_code` are those of its day.
    `open_requests` counts what was asked for it and is not decided, `open_co_handlings` the tasks of others that are
    not answered, `hop_count` how far below its lead the case is. `arbitration_since_at` is since when it has to be
    decided whose it is. `phase` is the phase of handling it stands at, of those its filing condition has.
    `merged_into_id` is the main case of a merged one, and `merged_count` says how many were merged into this.
    """

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_open_area", "area_code", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_cases_open_stage", "stage", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_cases_open_body", "body_id", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_cases_quad_open", "quad", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_cases_quad_ended", "quad", "ended_at", sqlite_where=_ENDED, postgresql_where=_ENDED),
        Index("ix_cases_area_code_id", "area_code", "id"),
        Index("ix_cases_body_id_handle_due_at", "body_id", "handle_due_at"),
        Index("ix_cases_area_code_handle_due_at", "area_code", "handle_due_at"),
        Index("ix_cases_filed_at", "filed_at"),
        Index("ix_cases_disputed", "arbitration_since_at", sqlite_where=_DISPUTED, postgresql_where=_DISPUTED),
        Index("ix_cases_suspended", "suspended_until_at", sqlite_where=_SUSPENDED, postgresql_where=_SUSPENDED),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    occurred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    source: Mapped[Source] = mapped_column(words_enum(Source))
    stage: Mapped[Stage] = mapped_column(words_enum(Stage))
    version: Mapped[int]
    head_digest: Mapped[str] = mapped_column(String(120))
    kind: Mapped[CaseKind] = mapped_column(words_enum(CaseKind))
    class_id: Mapped[int] = mapped_column(ForeignKey("case_classes.id"), index=True)
    condition_id: Mapped[int | None] = mapped_column(ForeignKey("filing_conditions.id"), index=True)
    component_id: Mapped[int | None] = mapped_column(ForeignKey("components.id"), index=True)
    lon: Mapped[float] = mapped_column(Float)
    lat: Mapped[float] = mapped_column(Float)
    quad: Mapped[int] = mapped_column(BigKey)
    cell_id: Mapped[int | None] = mapped_column(ForeignKey("cells.id"), index=True)
    area_code: Mapped[str | None] = mapped_column(String(12))
    address: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    is_simple: Mapped[bool] = mapped_column(default=False)
    body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"))
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    desk_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    desk_hops: Mapped[int] = mapped_column(default=0)
    desk_since_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verify_result: Mapped[str | None] = mapped_column(String(16))
    rework_count: Mapped[int] = mapped_column(default=0)
    send_back_count: Mapped[int] = mapped_column(default=0)
    reopen_count: Mapped[int] = mapped_column(default=0)
    open_requests: Mapped[int] = mapped_column(default=0)
    open_co_handlings: Mapped[int] = mapped_column(default=0)
    hop_count: Mapped[int] = mapped_column(default=0)
    phase: Mapped[int] = mapped_column(SmallInteger, default=FIRST_PHASE)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    merged_count: Mapped[int] = mapped_column(default=0)
    arbitration_since_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suspended_until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handle_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    filed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reported_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    passed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    case_class: Mapped[CaseClass] = relationship(viewonly=True)
    condition: Mapped[FilingCondition | None] = relationship(viewonly=True)
    body: Mapped[Body | None] = relationship(foreign_keys=[body_id], viewonly=True)
    centre: Mapped[Body | None] = relationship(foreign_keys=[centre_id], viewonly=True)
    desk: Mapped[Body | None] = relationship(foreign_keys=[desk_id], viewonly=True)
    cell: Mapped[Cell | None] = relationship(viewonly=True)
    component: Mapped[Component | None] = relationship(viewonly=True)
    merged_into: Mapped["Case | None"] = relationship(remote_side="Case.id", viewonly=True)
    events: Mapped[list["CaseEvent"]] = relationship(order_by="CaseEvent.seq", viewonly=True)
    clocks: Mapped[list["StageClock"]] = relationship(order_by="StageClock.id")
    assignments: Mapped[list["Assignment"]] = relationship(order_by="Assignment.id")
    attachments: Mapped[list["Attachment"]] = relationship(order_by="Attachment.id")
    reports: Mapped[list["Report"]] = relationship(back_populates="case", order_by="Report.id")

    @property
    def number(self) -> str:
        """The case number, made of the city day, the row's key and a check digit."""
        return numbers.case_number(clock.city_day(self.opened_at), self.id)

    @property
    def is_waiting(self) -> bool:
        """Whether the lead has reported and the case waits for its co-handlers."""
        return self.stage is Stage.HANDLING and self.reported_back_at is not None

    @property
    def marks(self) -> frozenset[Mark]:
        """What is true of the case beside its stage."""
        held = {
            Mark.SUSPENDED: self.suspended_until_at is not None,
            Mark.DISPUTED: self.arbitration_since_at is not None,
            Mark.WAITING: self.is_waiting,
            Mark.PASSED_ON: self.hop_count > 0,
            Mark.HANDED_DOWN: self.desk_hops > 0,
            Mark.UNSIGNED: self.desk_since_at is not None,
        }
        return frozenset(mark for mark, is_held in held.items() if is_held)

    def count_sent_back(self, phase: int) -> int:
        """How often it was sent back in a phase of handling: each phase has a body of its own."""
        return sum(each.phase == phase and each.end is AssignmentEnd.SENT_BACK for each in self.assignments)

    @property
    def terms(self) -> HasTerms | None:
        """What holds in the phase of handling it stands at; None before a condition is known."""
        return self.condition.terms_of(self.phase) if self.condition is not None else None

    @property
    def next_phase(self) -> ConditionPhase | None:
        """The phase of handling that follows; None where it stands at the last."""
        return self.condition.find_phase_after(self.phase) if self.condition is not None else None

    @property
    def phase_check(self) -> PhaseCheck:
        """How it is checked that the phase of handling it stands at is done."""
        following = self.next_phase
        return following.check_before if following is not None else PhaseCheck.ON_THE_SPOT

    @property
    def photos_to_report(self) -> int:
        """How many photos of what was done whoever reports it has to give; what is judged by its photos needs one."""
        terms = self.terms
        return (terms.photos_after if terms is not None else 0) or int(self.phase_check is PhaseCheck.BY_PHOTO)

    @property
    def reported_at(self) -> datetime:
        """When its first report came in, also where that was typed later."""
        return self.occurred_at or self.opened_at

    @property
    def is_checked_at_its_hour(self) -> bool:
        """Whether its filing condition wants the check at the place at the time of day of the report."""
        wants = self.condition is not None and self.condition.check_same_time
        return wants and self.phase_check is PhaseCheck.ON_THE_SPOT

    @property
    def is_checked_by_photo(self) -> bool:
        """Whether it waits for a check for which nobody has to go there."""
        return self.stage is Stage.CHECKING and self.phase_check is PhaseCheck.BY_PHOTO

    @property
    def is_urgent(self) -> bool:
        """Whether the limit of the phase of handling it stands at runs day and night; `queries.is_urgent` in SQL."""
        terms = self.terms
        return terms is not None and terms.limit_unit is Unit.URGENT_HOUR

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.stage not in FINAL_STAGES


class Report(Base):
    """What came in: a reporter's words and place, and the case it belongs to. Name and phone are sealed.

    It stays with its case where that is merged into another.

    `reported_at` is when it was typed; `occurred_at` when it came in, where that was earlier (补录), with the reason.
    """

    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    source: Mapped[Source] = mapped_column(words_enum(Source))
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    occurred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    late_reason: Mapped[str | None] = mapped_column(String(200))
    entered_by: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    description: Mapped[str] = mapped_column(Text)
    reporter_name_sealed: Mapped[str | None] = mapped_column(Text)
    reporter_phone_sealed: Mapped[str | None] = mapped_column(Text)
    reporter_phone_lookup: Mapped[str | None] = mapped_column(String(64), index=True)
    wants_answer: Mapped[bool] = mapped_column(default=False)
    case: Mapped[Case] = relationship(back_populates="reports")

    @property
    def number(self) -> str:
        """The report's number: what an operator reads out to the caller."""
        return numbers.report_number(clock.city_day(self.reported_at), self.id)


class CaseEvent(Base):
    """One step of a case: append-only, chained by an HMAC over case, seq, the previous digest and the payload's text.

    `payload` holds ids and words of tables, never personal data; `note` is what a person typed, of which the payload
    holds the digest. A step that a rule took has no person and no post. `written_at` is the machine's moment, by which
    checkpoints know the events they cover; a simulated step's `at` may lie weeks before it.
    """

    __tablename__ = "case_events"
    __table_args__ = (UniqueConstraint("case_id", "seq"), Index("ix_case_events_person_id_at", "person_id", "at"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    seq: Mapped[int]
    step: Mapped[StepName] = mapped_column(words_enum(StepName))
    result: Mapped[str] = mapped_column(String(16))
    from_stage: Mapped[Stage | None] = mapped_column(words_enum(Stage))
    to_stage: Mapped[Stage] = mapped_column(words_enum(Stage))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    post: Mapped[Post | None] = mapped_column(words_enum(Post))
    body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    note: Mapped[str | None] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)
    previous_digest: Mapped[str] = mapped_column(String(120))
    digest: Mapped[str] = mapped_column(String(120))
    case: Mapped[Case] = relationship(viewonly=True)
    person: Mapped[Person | None] = relationship(viewonly=True)
    body: Mapped[Body | None] = relationship(viewonly=True)


class StageClock(Base):
    """A clock of one stage: its limit, when it ran, when it is due. Pauses are intervals of their own.

    `round` counts the times a clock of this name was started for the case; `extra_value` is what was granted on top of
    the limit, in the limit's unit. `phase` is the phase of handling in which it was started.
    """

    __tablename__ = "stage_clocks"
    __table_args__ = (
        UniqueConstraint("case_id", "name", "round"),
        Index("ix_stage_clocks_open_warn_at", "warn_at", sqlite_where=_RUNS, postgresql_where=_RUNS),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    name: Mapped[ClockName] = mapped_column(words_enum(ClockName))
    round: Mapped[int]
    phase: Mapped[int] = mapped_column(SmallInteger, default=FIRST_PHASE)
    limit_value: Mapped[int]
    limit_unit: Mapped[Unit] = mapped_column(words_enum(Unit))
    extra_value: Mapped[int] = mapped_column(default=0)
    calendar: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    warn_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pauses: Mapped[list["ClockPause"]] = relationship(order_by="ClockPause.id")


class ClockPause(Base):
    """An interval in which a clock did not run; open while `until_at` is null."""

    __tablename__ = "clock_pauses"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("stage_clocks.id"), index=True)
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AssignmentEnd(StrEnum):
    """How an assignment ended."""

    PASSED = "passed"
    SENT_BACK = "sent_back"
    VOIDED = "voided"
    FORCED = "forced"


# The word stands in the text: PostgreSQL takes no parameter in an index's condition.
_SENT_BACK = text("\"end\" = 'sent_back'")


class Assignment(Base):
    """A case given to a responsible body: from the dispatch until it passed the check, was sent back or was ended.

    Each phase of handling is an assignment of its own, in which the body is on time or late by itself. Where a case
    counts once, `stands_for_case` says by which: the first that was late, else the last.

    The scores of bodies read these: `due_at` is the handling clock's, `on_time` means reported back in time and passed.
    One that an arbitration made is binding and cannot be sent back. An upheld appeal sets `exempted_at`: the mark
    stays, and does not count.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        Index("ix_assignments_body_id_due_at", "body_id", "due_at"),
        Index("ix_assignments_due_at", "due_at"),
        Index("ix_assignments_sent_back", "ended_at", sqlite_where=_SENT_BACK, postgresql_where=_SENT_BACK),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"))
    dispatched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reported_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rework_count: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end: Mapped[AssignmentEnd | None] = mapped_column(words_enum(AssignmentEnd))
    on_time: Mapped[bool | None]
    exempted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_binding: Mapped[bool] = mapped_column(default=False)
    phase: Mapped[int] = mapped_column(SmallInteger, default=FIRST_PHASE)
    stands_for_case: Mapped[bool] = mapped_column(default=True)
    body: Mapped[Body] = relationship(viewonly=True)


class AttachmentKind(StrEnum):
    """What a photo shows."""

    SCENE = "scene"
    BEFORE = "before"
    AFTER = "after"
    VERIFY = "verify"
    CHECK = "check"
    PROOF = "proof"
    RECHECK = "recheck"


ATTACHMENT_LABELS = {
    AttachmentKind.SCENE: N_("scene"),
    AttachmentKind.BEFORE: N_("before"),
    AttachmentKind.AFTER: N_("after"),
    AttachmentKind.VERIFY: N_("at verification"),
    AttachmentKind.CHECK: N_("at the check"),
    AttachmentKind.PROOF: N_("proof"),
    AttachmentKind.RECHECK: N_("at the re-check"),
}


class Attachment(Base):
    """A photo of a case. The file lies under its SHA-256.

    Position and time are read from the picture, then removed from what is shown. One of what a co-handler did is that
    task's (`co_handling_id`), and counts for nobody else.
    """

    __tablename__ = "attachments"
    __table_args__ = (CheckConstraint("co_handling_id IS NULL OR kind = 'after'", name="of_what_was_done"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    co_handling_id: Mapped[int | None] = mapped_column(ForeignKey("co_handlings.id"), index=True)
    kind: Mapped[AttachmentKind] = mapped_column(words_enum(AttachmentKind))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    media_type: Mapped[str] = mapped_column(String(40))
    size_bytes: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    added_by: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    has_thumbnail: Mapped[bool] = mapped_column(default=False)


class Checkpoint(Base):
    """What was written into the histories since the checkpoint before, as one digest chained to that checkpoint.

    `events_digest` is over the events written from the `until_at` of the checkpoint before until this one's; the counts
    are of everything written before `until_at`.
    """

    __tablename__ = "checkpoints"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    on: Mapped[date] = mapped_column("city_day")
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    case_count: Mapped[int]
    event_count: Mapped[int]
    events_digest: Mapped[str] = mapped_column(String(64))
    previous_digest: Mapped[str] = mapped_column(String(120))
    digest: Mapped[str] = mapped_column(String(120))
