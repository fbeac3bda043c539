"""Which body a dispatcher is proposed for a case, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.bodies import responsible
from cityops.accounts.models import Body, BodyKind
from cityops.cases.models import Case
from cityops.catalog import rules
from cityops.catalog.duties import Matter
from cityops.catalog.models import ConditionPhase, FilingCondition, ResponsibilityRule
from cityops.catalog.phases import FIRST_PHASE
from cityops.grid import queries as grid
from cityops.grid.models import Area, Component
from cityops.words import N_

STREET_CODE_LENGTH = 9

KEEPS_COMPONENT = N_("keeps up this component")
NAMED_BY_PHASE = N_("named by the phase of handling")
NAMED_BY_CONDITION = N_("named by the filing condition")
OFFICE_OF_STREET = N_("street office of the place")


@dataclass(frozen=True)
class FoundRule:
    """A rule that fits a case, with the area it is about; None for everywhere, or an area that is no more."""

    rule: ResponsibilityRule
    area: Area | None


@dataclass(frozen=True)
class Proposal:
    """Who is proposed for a case.

    Attributes:
        bodies: the one body; several where equally particular rules name different ones, and a person has to choose.
        why: an English msgid; empty where rules say it.
        rules: the rule that names the body, or those that disagree.
    """

    bodies: tuple[Body, ...]
    why: str = ""
    rules: tuple[FoundRule, ...] = ()

    @property
    def body(self) -> Body | None:
        """The proposed body, where there is one."""
        return self.bodies[0] if len(self.bodies) == 1 else None


def propose_bodies(session: Session, cases: Sequence[Case]) -> dict[int, Proposal]:
    """The proposal for each case by the case's key, in at most five queries; a case nobody is proposed for is missing.

    In a further phase of handling it is the body that the phase names. Else who keeps up the component goes before
    whom the city's rules name, those before who the filing condition names, and that before the street's office, which
    is proposed where the condition leaves a kind of body to the street.
    """
    keepers = _keepers(session, cases)
    winning = rules.find_winning(session, {case.id: _matter(case) for case in cases}, clock.today())
    areas = grid.find_areas(session, {rule.area_prefix for won in winning.values() for rule in won} - {""})
    wishes = {case.id: list_wishes(case.condition, case.area_code) for case in cases}
    phased = _bodies_of_phases(session, cases)
    codes = {code for wished in wishes.values() for code, _ in wished} | {*keepers.values(), *phased.values()}
    found = select(Body).where(Body.code.in_(codes), responsible(clock.today()))
    bodies = {body.code: body for body in session.scalars(found)}
    picked = {
        case.id: pick(
            bodies.get(keepers.get(case.component_id or 0, "")),
            winning.get(case.id, ()),
            wishes[case.id],
            bodies,
            areas,
        )
        for case in cases
    }
    picked |= {key: Proposal((bodies[code],), NAMED_BY_PHASE) for key, code in phased.items() if code in bodies}
    return {case_id: proposal for case_id, proposal in picked.items() if proposal is not None}


def pick(
    keeper: Body | None,
    won: Sequence[ResponsibilityRule],
    wished: Sequence[tuple[str, str]],
    bodies: Mapping[str, Body],
    areas: Mapping[str, Area],
) -> Proposal | None:
    """The proposal by who keeps up the component, else by the rules that won, else by the first wish that is open."""
    if keeper is not None:
        return Proposal((keeper,), KEEPS_COMPONENT)
    if won:
        found = tuple(FoundRule(rule, areas.get(rule.area_prefix)) for rule in won)
        return Proposal(tuple(rule.body for rule in won), rules=found)
    return next((Proposal((bodies[code],), why) for code, why in wished if code in bodies), None)


def find_duties(session: Session, case: Case, body_id: int) -> list[int]:
    """The numbers of the rules by which a case is this body's: one, or none where they disagree or name another."""
    won = rules.find_winning(session, {case.id: _matter(case)}, clock.today()).get(case.id, [])
    return [rule.id for rule in won if rule.body_id == body_id and len(won) == 1]


def _keepers(session: Session, cases: Sequence[Case]) -> dict[int, str]:
    ids = {case.component_id for case in cases if case.component_id is not None}
    if not ids:
        return {}
    rows = session.execute(select(Component.id, Component.body_code).where(Component.id.in_(ids)))
    return {row.id: row.body_code for row in rows if row.body_code}


def _bodies_of_phases(session: Session, cases: Sequence[Case]) -> dict[int, str]:
    """The code of the body that the phase names at which a case stands, by the case's key."""
    later = [case for case in cases if case.phase != FIRST_PHASE]
    if not later:
        return {}
    rows = select(ConditionPhase.condition_id, ConditionPhase.number, ConditionPhase.body_code)
    ids = {case.condition_id for case in later}
    rows = rows.where(ConditionPhase.condition_id.in_(ids), ConditionPhase.body_kind.is_not(None))
    named = {(row.condition_id, row.number): row.body_code for row in session.execute(rows)}
    of_phase = [(case, named[key]) for case in later if (key := (case.condition_id, case.phase)) in named]
    return {case.id: code or (case.area_code or "")[:STREET_CODE_LENGTH] for case, code in of_phase}


def _matter(case: Case) -> Matter:
    return Matter(case.case_class.key, case.condition.code if case.condition else "", case.area_code or "")


def list_wishes(condition: FilingCondition | None, area_code: str | None) -> list[tuple[str, str]]:
    """The codes of bodies that come into question where no rule fits, the best first, each with why."""
    wished = []
    if condition is not None and condition.body_code:
        wished.append((condition.body_code, NAMED_BY_CONDITION))
    if area_code and (condition is None or condition.body_kind is BodyKind.STREET_OFFICE):
        wished.append((area_code[:STREET_CODE_LENGTH], OFFICE_OF_STREET))
    return wished
