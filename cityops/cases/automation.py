"""What a city leaves to its rules: which steps, for which cases, with which sample; switched on, off, and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, bindparam, func, select, text
from sqlalchemy.orm import Mapped, Session, contains_eager, joinedload, mapped_column, relationship

from cityops import clock
from cityops.accounts import administration, audit
from cityops.accounts.models import AuditAction
from cityops.accounts.viewer import Viewer
from cityops.cases import queries
from cityops.cases.models import Case
from cityops.cases.names import Source
from cityops.cases.plain_cases import AutoStep, Held
from cityops.catalog import rules
from cityops.db import Base, BigKey, UtcDateTime, setting, words_enum
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.words import N_

MAX_NOTE = 200
_ON = text("ended_at IS NULL")


class AutomationRule(Base):
    """A step that goes by itself, for a class, area and source (empty: all), with the share a person looks at.

    The row's key is the rule's number. It is never changed: switched off, and another switched on.
    """

    __tablename__ = "automation_rules"
    __table_args__ = (
        Index(
            "uq_automation_rules_on",
            "step",
            "class_key",
            "area_prefix",
            "source",
            unique=True,
            sqlite_where=_ON,
            postgresql_where=_ON,
        ),
        CheckConstraint("sample_percent BETWEEN 0 AND 100", name="share"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[AutoStep] = mapped_column(words_enum(AutoStep))
    class_key: Mapped[str] = mapped_column(String(6))
    area_prefix: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(32))
    sample_percent: Mapped[int]
    with_urgent: Mapped[bool]
    note: Mapped[str] = mapped_column(String(MAX_NOTE))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def covers(self, case: Case) -> bool:
        """Whether the rule is about this case."""
        return (
            self.class_key in ("", case.case_class.key)
            and (case.area_code or "").startswith(self.area_prefix)
            and self.source in ("", case.source.value)
        )


class AutomationEntry(Base):
    """What a rule did with a case at one version of it: took the step (`held` is null), or left it to a person."""

    __tablename__ = "automation_entries"
    __table_args__ = (UniqueConstraint("case_id", "version"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    version: Mapped[int]
    rule_id: Mapped[int] = mapped_column(ForeignKey("automation_rules.id"), index=True)
    held: Mapped[Held | None] = mapped_column(words_enum(Held))
    draw: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    rule: Mapped[AutomationRule] = relationship(viewonly=True)
    case: Mapped[Case] = relationship(viewonly=True)


@dataclass(frozen=True)
class NewAutomation:
    """A rule to switch on; an empty class, area or source stands for all."""

    step: AutoStep
    sample_percent: int
    class_key: str = ""
    area_prefix: str = ""
    source: str = ""
    with_urgent: bool = False
    note: str = ""


# Built once: putting a statement together takes longer than running it.
_SWITCHED_ON = select(AutomationRule).where(
    AutomationRule.step == bindparam("step", type_=AutomationRule.step.type), AutomationRule.ended_at.is_(None)
)


def find_rule(session: Session, step: AutoStep, case: Case) -> AutomationRule | None:
    """The rule that takes this step on this case: the most particular one that is on, by class, area and source."""
    rules_on = setting(session, ("automation", step), lambda: session.scalars(_SWITCHED_ON, {"step": step}).all())
    covering = [rule for rule in rules_on if rule.covers(case)]
    return max(covering, default=None, key=lambda rule: (bool(rule.class_key), len(rule.area_prefix), rule.source))


def find_entry(session: Session, case: Case) -> AutomationEntry | None:
    """Why the case, as it stands, was left to a person; None where no rule is about it."""
    entry = select(AutomationEntry).where(AutomationEntry.case_id == case.id, AutomationEntry.version == case.version)
    return session.scalar(entry.where(AutomationEntry.held.is_not(None)))


def list_rules(session: Session, viewer: Viewer) -> Sequence[AutomationRule]:
    """The rules that are on by step and number, then those switched off, the last first."""
    administration.must_administer(viewer)
    order = AutomationRule.ended_at.is_not(None), AutomationRule.ended_at.desc(), AutomationRule.step, AutomationRule.id
    return session.scalars(select(AutomationRule).order_by(*order).limit(queries.MAX_PAGE)).all()


def tally_today(session: Session, viewer: Viewer) -> dict[int, dict[Held | None, int]]:
    """How many cases of the viewer's area each rule has taken (None) or left to a person today, by the reason."""
    administration.must_administer(viewer)
    counts = select(AutomationEntry.rule_id, AutomationEntry.held, func.count()).join(AutomationEntry.case)
    counts = counts.where(
        AutomationEntry.at >= datetime.combine(clock.today(), time.min, clock.CITY_ZONE), queries.scope(viewer)
    )
    found: dict[int, dict[Held | None, int]] = {}
    for rule_id, held, number in session.execute(counts.group_by(AutomationEntry.rule_id, AutomationEntry.held)):
        found.setdefault(rule_id, {})[held] = number
    return found


def list_entries(
    session: Session, viewer: Viewer, *, held: Held | None = None, before: int | None = None, limit: int = 50
) -> Sequence[AutomationEntry]:
    """What the rules did with cases of the viewer's area, newest first, with rule and case."""
    administration.must_administer(viewer)
    entries = select(AutomationEntry).join(AutomationEntry.case).where(queries.scope(viewer))
    if held is not None:
        entries = entries.where(AutomationEntry.held == held)
    if before is not None:
        entries = entries.where(AutomationEntry.id < before)
    whole = contains_eager(AutomationEntry.case).options(joinedload(Case.case_class), joinedload(Case.condition))
    entries = entries.options(whole, joinedload(AutomationEntry.rule))
    return session.scalars(entries.order_by(AutomationEntry.id.desc()).limit(limit)).all()


def switch_on(session: Session, viewer: Viewer, new: NewAutomation) -> AutomationRule:
    """Let a step go by itself from now on.

    Raises:
        NotAllowed: no administrator, or of another area.
        Invalid: a class, area, source or share that cannot be, or a rule for the same that is on.
    """
    _must_change(viewer, new.area_prefix)
    rules.check_subject(session, new.class_key, new.area_prefix, clock.today())
    if new.source and new.source not in set(Source):
        raise Invalid("source", N_("Choose where the report came from."))
    if not 0 <= new.sample_percent <= 100:
        raise Invalid("sample_percent", N_("A share is 0 to 100 percent."))
    if len(new.note) > MAX_NOTE or not new.note.isprintable():
        raise Invalid("note", N_("Write at most %(longest)s characters."), longest=MAX_NOTE)
    _refuse_twin(session, new)
    rule = AutomationRule(
        step=new.step,
        class_key=new.class_key,
        area_prefix=new.area_prefix,
        source=new.source,
        sample_percent=new.sample_percent,
        with_urgent=new.with_urgent,
        note=new.note.strip(),
        begun_at=clock.now(),
    )
    session.add(rule)
    session.flush()
    words = f"#{rule.id}: {rule.step} {rule.class_key or '*'} @ {rule.area_prefix or '*'} {rule.sample_percent} %"
    audit.record(session, viewer.person_id, AuditAction.AUTOMATION_ON, words)
    return rule


def switch_off(session: Session, viewer: Viewer, number: int) -> AutomationRule:
    """Leave the step to persons again, at once.

    Raises:
        NotFound: there is no such rule.
        NotAllowed: no administrator, or of another area.
        WrongState: it is off.
    """
    administration.must_administer(viewer)
    query = select(AutomationRule).where(AutomationRule.id == number).with_for_update()
    rule = session.scalar(query.execution_options(populate_existing=True))
    if rule is None:
        raise NotFound(N_("There is no rule #%(number)s."), number=number)
    _must_change(viewer, rule.area_prefix)
    if rule.ended_at is not None:
        raise WrongState(N_("Rule #%(number)s is switched off already."), number=number)
    rule.ended_at = clock.now()
    audit.record(session, viewer.person_id, AuditAction.AUTOMATION_OFF, f"#{rule.id}")
    return rule


def _must_change(viewer: Viewer, area_prefix: str) -> None:
    administration.must_administer(viewer)
    if not rules.may_change(viewer, area_prefix):
        raise NotAllowed(N_("The rules of this area are the city administrator's."))


def _refuse_twin(session: Session, new: NewAutomation) -> None:
    twin = select(AutomationRule.id).where(
        AutomationRule.step == new.step,
        AutomationRule.class_key == new.class_key,
        AutomationRule.area_prefix == new.area_prefix,
        AutomationRule.source == new.source,
        AutomationRule.ended_at.is_(None),
    )
    number = session.scalar(twin)
    if number is not None:
        raise Invalid("step", N_("Rule #%(number)s is on for the same: switch it off first."), number=number)
