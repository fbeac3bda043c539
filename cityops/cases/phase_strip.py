"""The phases of a case's handling as its page shows them: what is done, what is under way, what is to come."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy.orm import Session

from cityops.cases.models import Case, StageClock
from cityops.cases.names import ClockName, StepName
from cityops.cases.proposals import Proposal, propose_for_phases
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
    level, told = case.cell.area_level if case.cell else None, _last_clocks(case, clocks)
    had = {row.phase: named(row.body) for row in case.assignments if row.phase in told}
    of_phases: dict[int, FilingCondition | ConditionPhase]
    of_phases = {FIRST_PHASE: condition, **{row.number: row for row in condition.phases}}
    to_come = [number for number, terms in of_phases.items() if number not in had and terms.body_kind is not None]
    proposed = propose_for_phases(session, case, to_come) if to_come else {}
    phases = []
    for number, terms in of_phases.items():
        clock = told.get(number)
        limit = clock.limit if clock is not None else limit_words(terms.limit_in(level).limit)
        body = had.get(number) or _body_to_come(terms, proposed.get(number))
        is_now = case.is_open and number == case.phase
        phases.append(ToldPhase(number, phase_words(terms), limit, body, _check(terms), clock, is_now))
    return phases


def _last_clocks(case: Case, clocks: Sequence[ToldClock]) -> dict[int, ToldClock]:
    """The last handling clock of each phase, since the case was filed or reopened."""
    begun_at = max((event.at for event in case.events if event.step is StepName.REOPEN), default=case.opened_at)

    def is_of_phase(row: StageClock) -> bool:
        return row.name is ClockName.HANDLE and row.started_at >= begun_at

    return {row.phase: told for row, told in zip(case.clocks, clocks, strict=True) if is_of_phase(row)}


def _body_to_come(terms: FilingCondition | ConditionPhase, proposal: Proposal | None) -> str:
    """Who is to have a phase, as a dispatcher would be proposed; several where the rules disagree."""
    if terms.body_kind is None:
        return str(gettext("the same body goes on"))
    if proposal is None:
        return str(gettext("street office of the place"))
    return ", ".join(named(body) for body in proposal.bodies)


def _check(terms: FilingCondition | ConditionPhase) -> str:
    return str(gettext(PHASE_CHECK_LABELS[terms.check_before])) if isinstance(terms, ConditionPhase) else ""
