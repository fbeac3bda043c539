"""Which body a dispatcher is proposed for a case, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.models import RESPONSIBLE_KINDS, Body, BodyKind
from cityops.cases.models import Case
from cityops.grid.models import Component
from cityops.words import N_

STREET_CODE_LENGTH = 9

KEEPS_COMPONENT = N_("keeps up this component")
NAMED_BY_CONDITION = N_("named by the filing condition")
OFFICE_OF_STREET = N_("street office of the place")


@dataclass(frozen=True)
class Proposal:
    """A body proposed for a case; `why` is an English msgid."""

    body: Body
    why: str


def propose_bodies(session: Session, cases: Sequence[Case]) -> dict[int, Proposal]:
    """The proposed body of each case by the case's key, in two queries; a case nobody is proposed for is missing.

    Who keeps up the component goes before who the filing condition names, and that before the street's office, which
    is proposed where the condition leaves a kind of body to the street and no other is named.
    """
    keepers = _keepers(session, cases)
    wishes = {case.id: _wishes(case, keepers) for case in cases}
    codes = {code for wished in wishes.values() for code, _ in wished}
    found = select(Body).where(Body.code.in_(codes), Body.ended_on.is_(None), Body.kind.in_(RESPONSIBLE_KINDS))
    bodies = {body.code: body for body in session.scalars(found)}
    proposals: dict[int, Proposal] = {}
    for case_id, wished in wishes.items():
        first = next(((code, why) for code, why in wished if code in bodies), None)
        if first is not None:
            proposals[case_id] = Proposal(bodies[first[0]], first[1])
    return proposals


def _keepers(session: Session, cases: Sequence[Case]) -> dict[int, str | None]:
    ids = {case.component_id for case in cases if case.component_id is not None}
    rows = session.execute(select(Component.id, Component.body_code).where(Component.id.in_(ids)))
    return {row.id: row.body_code for row in rows}


def _wishes(case: Case, keepers: dict[int, str | None]) -> list[tuple[str, str]]:
    """The codes that come into question, the best first."""
    wished = [(keepers.get(case.component_id or 0), KEEPS_COMPONENT)]
    condition = case.condition
    if condition is not None:
        wished.append((condition.body_code, NAMED_BY_CONDITION))
    if case.area_code and (condition is None or condition.body_kind is BodyKind.STREET_OFFICE):
        wished.append((case.area_code[:STREET_CODE_LENGTH], OFFICE_OF_STREET))
    return [(code, why) for code, why in wished if code]
