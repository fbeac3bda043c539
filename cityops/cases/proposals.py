"""Which body a dispatcher is proposed for a case, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from cityops import clock
from cityops.accounts.bodies import find_responsible
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
FOR_ORPHANS = N_("street office of the place: nobody is known to answer for this component")


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
    """The proposal for each case by the case's key, in a fixed number of queries; without a proposal it is missing.

    Whom a rule names for the phase of handling goes before all, then whom the catalogue names for it, where it is a
    further one. Then who keeps up the component goes before whom the city's other rules name, those before who the
    filing condition names, and that before the street's office, which is proposed where the condition leaves a kind of
    body to the street, or nobody is known to answer for the component. Where a body that is named has closed, it is the
    one that has its work.
    """
    return _propose(session, {case.id: (case, case.phase) for case in cases})


def propose_for_phases(session: Session, case: Case, phases: Collection[int]) -> dict[int, Proposal]:
    """The proposal for each of these phases of a case's handling by the phase, as `propose_bodies`."""
    return _propose(session, {phase: (case, phase) for phase in phases})


def _propose(session: Session, wanted: Mapping[int, tuple[Case, int]]) -> dict[int, Proposal]:
    """The proposals for cases, each in a phase, by a key."""
    keepers = _keepers(session, [case for case, _ in wanted.values()])
    winning = rules.find_winning(session, {key: _matter(*each) for key, each in wanted.items()}, clock.today())
    areas = grid.find_areas(session, {rule.area_prefix for won in winning.values() for rule in won} - {""})
    wishes = {
        key: list_wishes(case.condition, case.area_code, is_orphans=keepers.get(case.component_id or 0) == "")
        for key, (case, _) in wanted.items()
    }
    phased = _bodies_of_phases(session, wanted)
    codes = {code for wished in wishes.values() for code, _ in wished} | {*keepers.values(), *phased.values()}
    bodies = find_responsible(session, clock.today(), codes)
    picked = {
        key: pick(
            bodies.get(keepers.get(case.component_id or 0, "")),
            bodies.get(phased.get(key, "")),
            winning.get(key, ()),
            wishes[key],
            bodies,
            areas,
        )
        for key, (case, _) in wanted.items()
    }
    return {key: proposal for key, proposal in picked.items() if proposal is not None}


def pick(
    keeper: Body | None,
    of_phase: Body | None,
    won: Sequence[ResponsibilityRule],
    wished: Sequence[tuple[str, str]],
    bodies: Mapping[str, Body],
    areas: Mapping[str, Area],
) -> Proposal | None:
    """The proposal by rules for the phase of handling, else by the body it names, by who keeps up the component, by
    the other rules, by the first wish that is open.
    """
    names_phase = bool(won) and won[0].phase is not None
    if of_phase is not None and not names_phase:
        return Proposal((of_phase,), NAMED_BY_PHASE)
    if keeper is not None and not names_phase:
        return Proposal((keeper,), KEEPS_COMPONENT)
    if won:
        found = tuple(FoundRule(rule, areas.get(rule.area_prefix)) for rule in won)
        return Proposal(tuple(rule.body for rule in won), rules=found)
    return next((Proposal((bodies[code],), why) for code, why in wished if code in bodies), None)


def find_duties(session: Session, case: Case, body_id: int) -> list[int]:
    """The numbers of the rules by which a case is this body's: one, or none where they disagree or name another."""
    won = rules.find_winning(session, {case.id: _matter(case, case.phase)}, clock.today()).get(case.id, [])
    return [rule.id for rule in won if rule.body_id == body_id and len(won) == 1]


def _keepers(session: Session, cases: Sequence[Case]) -> dict[int, str]:
    """The code of the body that keeps up each component, empty for an orphan, by the component's key."""
    ids = {case.component_id for case in cases if case.component_id is not None}
    if not ids:
        return {}
    rows = session.execute(select(Component.id, Component.body_code).where(Component.id.in_(ids)))
    return {row.id: row.body_code or "" for row in rows}


def _bodies_of_phases(session: Session, wanted: Mapping[int, tuple[Case, int]]) -> dict[int, str]:
    """The code of the body that each further phase names, by the key."""
    later = {key: (case, phase) for key, (case, phase) in wanted.items() if phase != FIRST_PHASE}
    if not later:
        return {}
    ids = {case.condition_id for case, _ in later.values()}
    whole = select(FilingCondition).where(FilingCondition.id.in_(ids)).options(selectinload(FilingCondition.phases))
    conditions = {row.id: row for row in session.scalars(whole)}
    found = {
        key: body_of_phase(conditions[case.condition_id], phase, case.area_code or "")
        for key, (case, phase) in later.items()
        if case.condition_id is not None
    }
    return {key: code for key, code in found.items() if code}


def body_of_phase(condition: FilingCondition, phase: int, area_code: str) -> str:
    """The code of the body that a further phase names; empty where the same body goes on, as in the first phase."""
    terms = condition.terms_of(phase)
    if not isinstance(terms, ConditionPhase) or terms.body_kind is None:
        return ""
    return terms.body_code or area_code[:STREET_CODE_LENGTH]


def _matter(case: Case, phase: int) -> Matter:
    condition_code = case.condition.code if case.condition else ""
    return Matter(case.case_class.key, condition_code, case.area_code or "", phase)


def list_wishes(
    condition: FilingCondition | None, area_code: str | None, *, is_orphans: bool = False
) -> list[tuple[str, str]]:
    """The codes of bodies that come into question where no rule fits, the best first, each with why."""
    wished = []
    if condition is not None and condition.body_code:
        wished.append((condition.body_code, NAMED_BY_CONDITION))
    if area_code and (condition is None or condition.body_kind is BodyKind.STREET_OFFICE):
        wished.append((area_code[:STREET_CODE_LENGTH], OFFICE_OF_STREET))
    elif area_code and is_orphans:
        wished.append((area_code[:STREET_CODE_LENGTH], FOR_ORPHANS))
    return wished
