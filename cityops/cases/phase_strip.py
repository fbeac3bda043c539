"""The phases of a case's handling as its page shows them: what is done, what is under way, what is to come."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.bodies import find_heirs
from cityops.accounts.models import Body
from cityops.cases.models import Case, StageClock
from cityops.cases.names import ClockName, StepName
from cityops.cases.telling import ToldClock, named
from cityops.catalog.labels import limit_words, phase_words
from cityops.catalog.models import ConditionPhase, FilingCondition
from cityops.catalog.phases import FIRST_PHASE, PHASE_CHECK_LABELS


@dataclass(frozen=True)
class ToldPhase:
    """A phase of handling.

    Attributes:
        clock: its handling clock, from when a body has it; None before.
        check: how it is checked that the phase before is done; empty for the first.
    """

    number: int
    name: str
    limit: str
    body: str
    check: str
    clock: ToldClock | None
    is_now: bool


def tell_phases(session: Session, case: Case, clocks: Sequence[ToldClock]) -> list[ToldPhase]:
    """The phases of a filed case in their order; none where its condition has but one.

    Args:
        clocks: the case's clocks, told.
    """
    condition = case.condition
    if condition is None or not condition.phase_name or case.filed_at is None:
        return []
    bodies = _bodies(session, condition)
    level, told = case.cell.area_level if case.cell else None, _last_clocks(case, clocks)
    had = {row.phase: named(row.body) for row in case.assignments}
    of_phases: tuple[FilingCondition | ConditionPhase, ...] = (condition, *condition.phases)
    phases = []
    for terms in of_phases:
        number = FIRST_PHASE if isinstance(terms, FilingCondition) else terms.number
        clock = told.get(number)
        limit = clock.limit if clock is not None else limit_words(terms.limit_in(level).limit)
        body = had[number] if clock is not None and number in had else _body_to_come(terms, bodies)
        is_now = case.is_open and number == case.phase
        phases.append(ToldPhase(number, phase_words(terms), limit, body, _check(terms), clock, is_now))
    return phases


def _last_clocks(case: Case, clocks: Sequence[ToldClock]) -> dict[int, ToldClock]:
    """The last handling clock of each phase, since the case was filed or reopened."""
    begun_at = max((event.at for event in case.events if event.step is StepName.REOPEN), default=case.opened_at)

    def is_of_phase(row: StageClock) -> bool:
        return row.name is ClockName.HANDLE and row.started_at >= begun_at

    return {row.phase: told for row, told in zip(case.clocks, clocks, strict=True) if is_of_phase(row)}


def _bodies(session: Session, condition: FilingCondition) -> dict[str, str]:
    codes = {phase.body_code for phase in condition.phases} | {condition.body_code}
    bodies = session.scalars(select(Body).where(Body.code.in_(codes - {None}))).all()
    heirs = find_heirs(session, bodies, clock.today())
    return {body.code: named(heirs[body.id]) for body in bodies}


def _body_to_come(terms: FilingCondition | ConditionPhase, bodies: dict[str, str]) -> str:
    if terms.body_kind is None:
        return str(gettext("the same body goes on"))
    return bodies.get(terms.body_code or "") or str(gettext("street office of the place"))


def _check(terms: FilingCondition | ConditionPhase) -> str:
    return str(gettext(PHASE_CHECK_LABELS[terms.check_before])) if isinstance(terms, ConditionPhase) else ""
