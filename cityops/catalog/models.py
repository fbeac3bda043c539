"""What counts: standards, classes, filing conditions with their limits, the stages' limits; and who is responsible."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.accounts.models import Body, BodyKind
from cityops.catalog.phases import FIRST_PHASE, PhaseCheck
from cityops.db import Base, words_enum
from cityops.words import N_
from cityops.worktime.limits import Limit, Unit


class CaseKind(StrEnum):
    """部件 or 事项: the two share five-digit numbers, so a class is (standard, kind, code)."""

    COMPONENT = "component"
    MATTER = "matter"


CASE_KIND_LABELS = {CaseKind.COMPONENT: N_("component"), CaseKind.MATTER: N_("matter")}
KIND_LETTERS = {CaseKind.COMPONENT: "C", CaseKind.MATTER: "M"}


class ComponentFault(StrEnum):
    """What a filing says of the component it is about; words of the grid's component states."""

    DAMAGED = "damaged"
    MISSING = "missing"


COMPONENT_FAULT_LABELS = {ComponentFault.DAMAGED: N_("damaged"), ComponentFault.MISSING: N_("missing")}


class Standard(Base):
    """A published standard, and the days on which it is in force (both included).

    `parent_id` is the standard above it (nation, province, city), which it may make stricter and may add to.
    """

    __tablename__ = "standards"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str | None] = mapped_column(String(200))
    valid_from_on: Mapped[date]
    valid_until_on: Mapped[date | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("standards.id"), index=True)

    def title_in(self, *, english: bool) -> str:
        """The title in the reader's language; Chinese where there is no English."""
        return self.title_en or self.title if english else self.title


class CaseClass(Base):
    """A class (小类) of components or matters under one standard.

    `begun_on` is its first day, where that is not the standard's; `ended_on` the first day without it.
    """

    __tablename__ = "case_classes"
    __table_args__ = (UniqueConstraint("standard_id", "kind", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    standard_id: Mapped[int] = mapped_column(ForeignKey("standards.id"))
    kind: Mapped[CaseKind] = mapped_column(words_enum(CaseKind))
    code: Mapped[str] = mapped_column(String(5), index=True)
    major_code: Mapped[str] = mapped_column(String(2))
    major_name: Mapped[str] = mapped_column(String(50))
    major_name_en: Mapped[str | None] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(50))
    name_en: Mapped[str | None] = mapped_column(String(100))
    begun_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    standard: Mapped[Standard] = relationship()

    @property
    def key(self) -> str:
        """The class under whatever standard: its kind's letter and its code, `C01037`."""
        return KIND_LETTERS[self.kind] + self.code

    def is_in_force(self, on: date) -> bool:
        """Whether the class and its standard are valid on a day."""
        standard = self.standard
        if on < standard.valid_from_on or (standard.valid_until_on is not None and standard.valid_until_on < on):
            return False
        return (self.begun_on is None or self.begun_on <= on) and (self.ended_on is None or on < self.ended_on)

    def name_in(self, *, english: bool) -> str:
        """The name in the reader's language; Chinese where there is no English."""
        return self.name_en or self.name if english else self.name

    def major_in(self, *, english: bool) -> str:
        """The major class's name in the reader's language."""
        return self.major_name_en or self.major_name if english else self.major_name


class HasLimit:
    """What a row with a limit is asked for: how long, and in the hours of which calendar."""

    limit_value: Mapped[int]
    limit_unit: Mapped[Unit] = mapped_column(words_enum(Unit))
    calendar: Mapped[str] = mapped_column(String(32))

    @property
    def limit(self) -> Limit:
        """The limit as the arithmetic takes it."""
        return Limit(self.limit_value, self.limit_unit)


class LevelLimit(HasLimit):
    """The limit in the areas of one level (一、二、三类区域), where it is one of its own."""

    area_level: Mapped[int] = mapped_column(SmallInteger)


class HasTerms(HasLimit):
    """What holds in a phase of handling: its limit, by level of area too, and what has to be done and shown."""

    closing: Mapped[str] = mapped_column(String(200))
    closing_en: Mapped[str] = mapped_column(String(200))
    photos_after: Mapped[int] = mapped_column(SmallInteger, default=0)

    if TYPE_CHECKING:
        limits: Mapped[Any]

    def closing_in(self, *, english: bool) -> str:
        """What the place must look like when it is done, in the reader's language."""
        return self.closing_en if english else self.closing

    def limit_in(self, area_level: int | None) -> HasLimit:
        """What says how long handling may take in an area of this level; outside every cell (None) its own limit."""
        own: HasLimit | None = next((row for row in self.limits if row.area_level == area_level), None)
        return own or self


class FilingCondition(HasTerms, Base):
    """A filing condition (立案条件) of a class: its limit, calendar, closing condition and usual responsible body.

    `code` is the class with its kind's letter and a number: `C01037-1`. A row is never changed once a case names it: a
    change ends it and begins another (`valid_from_on` and `valid_until_on` are both included). `calendar` names the
    hours its limit runs in; `body_code` is empty where the street office of the place is responsible.
    `is_simple_allowed`: an inspector may put it right on the spot (简易案件). `check_same_time`: it is checked at the
    time of day of the report (夜间噪声). `in_tier_2`: it counts in cells of grid tier 2 (二类网格) too.
    `photos_before` and `photos_after`: how many photos filing and reporting back need. `basis`: the rule and version it
    was taken from, where that is not the class's standard.
    `component_state`: what the component of a case filed under it is until the case ends; empty where the fault leaves
    it whole.
    `phases`: the further phases of handling (安全防护、修复、恢复), where there are any; then the condition itself is
    the first one, called `phase_name`.
    """

    __tablename__ = "filing_conditions"
    __table_args__ = (
        UniqueConstraint("code", "class_id", "valid_from_on"),
        CheckConstraint("limit_value > 0", name="limit_positive"),
        CheckConstraint("photos_before >= 0 AND photos_after >= 0", name="photos"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("case_classes.id"), index=True)
    code: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(String(200))
    text_en: Mapped[str] = mapped_column(String(200))
    body_kind: Mapped[BodyKind] = mapped_column(words_enum(BodyKind))
    body_code: Mapped[str | None] = mapped_column(String(32))
    is_simple_allowed: Mapped[bool] = mapped_column(default=False)
    check_same_time: Mapped[bool] = mapped_column(default=False)
    in_tier_2: Mapped[bool] = mapped_column(default=True)
    photos_before: Mapped[int] = mapped_column(SmallInteger, default=0)
    basis: Mapped[str | None] = mapped_column(String(100))
    component_state: Mapped[ComponentFault | None] = mapped_column(words_enum(ComponentFault))
    phase_name: Mapped[str | None] = mapped_column(String(20))
    phase_name_en: Mapped[str | None] = mapped_column(String(40))
    valid_from_on: Mapped[date]
    valid_until_on: Mapped[date | None]
    case_class: Mapped[CaseClass] = relationship()
    limits: Mapped[list["ConditionLimit"]] = relationship(order_by="ConditionLimit.area_level")
    phases: Mapped[list["ConditionPhase"]] = relationship(order_by="ConditionPhase.number")

    def text_in(self, *, english: bool) -> str:
        """The condition in the reader's language."""
        return self.text_en if english else self.text

    def phase_in(self, *, english: bool) -> str:
        """What the first phase is called, in the reader's language; empty where no other follows."""
        return (self.phase_name_en if english else None) or self.phase_name or ""

    def terms_of(self, phase: int) -> "FilingCondition | ConditionPhase":
        """What holds in a phase: in the first, and where there is no such phase, the condition itself."""
        further = self.phases if phase > FIRST_PHASE else ()
        return next((row for row in further if row.number == phase), self)

    def find_phase_after(self, phase: int) -> "ConditionPhase | None":
        """The phase that follows; None where it is the last, as where a condition has no phases at all."""
        further = self.phases if self.phase_name else ()
        return next((row for row in further if row.number > phase), None)


class ConditionPhase(HasTerms, Base):
    """A further phase of handling under a filing condition, with a clock, a handler and a check of its own.

    `number` is 2 for the first of them: phase 1 is the condition itself. It is checked as `check_before` says whether
    the phase before is done. `body_kind` is empty where the same body goes on; a street office without a code is that
    of the place. It belongs to its condition: a change of it ends the condition's row and begins another.
    """

    __tablename__ = "condition_phases"
    __table_args__ = (
        UniqueConstraint("condition_id", "number"),
        CheckConstraint("number BETWEEN 2 AND 9", name="number"),
        CheckConstraint("limit_value > 0", name="limit_positive"),
        CheckConstraint("photos_after >= 0", name="photos"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    condition_id: Mapped[int] = mapped_column(ForeignKey("filing_conditions.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(String(20))
    name_en: Mapped[str] = mapped_column(String(40))
    check_before: Mapped[PhaseCheck] = mapped_column(words_enum(PhaseCheck))
    body_kind: Mapped[BodyKind | None] = mapped_column(words_enum(BodyKind))
    body_code: Mapped[str | None] = mapped_column(String(32))
    limits: Mapped[list["PhaseLimit"]] = relationship(order_by="PhaseLimit.area_level", lazy="selectin")

    def name_in(self, *, english: bool) -> str:
        """The name in the reader's language."""
        return self.name_en if english else self.name


class PhaseLimit(LevelLimit, Base):
    """The limit of a further phase in the areas of one level."""

    __tablename__ = "phase_limits"
    __table_args__ = (
        UniqueConstraint("phase_id", "area_level"),
        CheckConstraint("area_level IN (1, 2, 3)", name="area_level"),
        CheckConstraint("limit_value > 0", name="limit_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    phase_id: Mapped[int] = mapped_column(ForeignKey("condition_phases.id"))


class ConditionLimit(LevelLimit, Base):
    """The limit of a filing condition in the areas of one level (一、二、三类区域), where it has one of its own.

    It belongs to its condition: a change of it ends the condition's row and begins another.
    """

    __tablename__ = "condition_limits"
    __table_args__ = (
        UniqueConstraint("condition_id", "area_level"),
        CheckConstraint("area_level IN (1, 2, 3)", name="area_level"),
        CheckConstraint("limit_value > 0", name="limit_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    condition_id: Mapped[int] = mapped_column(ForeignKey("filing_conditions.id"))


class StageLimit(HasLimit, Base):
    """The limit of a stage's clock, where the filing condition does not set it; its days are both included."""

    __tablename__ = "stage_limits"
    __table_args__ = (UniqueConstraint("clock", "valid_from_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    clock: Mapped[str] = mapped_column(String(16))
    valid_from_on: Mapped[date]
    valid_until_on: Mapped[date | None]


class ResponsibilityRule(Base):
    """Who is responsible for what, where: a class, one of its filing conditions, or a phase of one, is a body's.

    The row's key is the rule's number. `class_key` (`C01037`) and `condition_code` are empty for all, as `area_prefix`,
    the beginning of a community code, is for everywhere: words instead of rows, so that a rule outlives an edition of
    the standard. `phase` is one phase of handling under the condition; without it the rule is about all. Both days are
    included. A rule is never changed: it ends, and another begins.
    """

    __tablename__ = "responsibility_rules"
    __table_args__ = (
        Index("ix_responsibility_rules_class_key_area_prefix", "class_key", "area_prefix"),
        CheckConstraint("condition_code = '' OR class_key <> ''", name="condition_of_class"),
        CheckConstraint("phase IS NULL OR (phase BETWEEN 1 AND 9 AND condition_code <> '')", name="phase_of_condition"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    class_key: Mapped[str] = mapped_column(String(6))
    condition_code: Mapped[str] = mapped_column(String(16))
    phase: Mapped[int | None] = mapped_column(SmallInteger)
    area_prefix: Mapped[str] = mapped_column(String(12))
    body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    valid_from_on: Mapped[date]
    valid_until_on: Mapped[date | None]
    reference: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(String(200))
    body: Mapped[Body] = relationship()

    @property
    def phase_code(self) -> str:
        """The code of the condition, with the phase the rule is about, as the catalogue writes it: `C01037-3.2`."""
        return self.condition_code if self.phase is None else f"{self.condition_code}.{self.phase}"
