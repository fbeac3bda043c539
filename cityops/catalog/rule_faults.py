"""What is wrong with the responsibility rules that hold or will."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cityops import clock
from cityops.accounts import administration
from cityops.accounts.bodies import is_responsible
from cityops.accounts.viewer import Viewer
from cityops.catalog import duties, queries
from cityops.catalog.models import CaseClass, ResponsibilityRule
from cityops.catalog.rules import lasts_until


@dataclass(frozen=True)
class Faults:
    """What is wrong.

    Attributes:
        closed: rules that name a body that is closed, or no responsible one; they are passed over.
        contradicting: pairs that leave the choice to a person.
        uncovered: classes with filing conditions that no rule in force names.
    """

    closed: Sequence[ResponsibilityRule]
    contradicting: Sequence[tuple[ResponsibilityRule, ResponsibilityRule]]
    uncovered: Sequence[CaseClass]

    @property
    def count(self) -> int:
        """How many faults there are in all."""
        return len(self.closed) + len(self.contradicting) + len(self.uncovered)


def list_faults(session: Session, viewer: Viewer) -> Faults:
    """What is wrong with the rules that hold today or will: every rule of the city is looked at."""
    administration.must_administer(viewer)
    today = clock.today()
    query = select(ResponsibilityRule).where(lasts_until(today)).options(joinedload(ResponsibilityRule.body))
    lasting = session.scalars(query.order_by(ResponsibilityRule.id)).all()
    closed = [rule for rule in lasting if not is_responsible(rule.body, today)]
    sound = [rule for rule in lasting if is_responsible(rule.body, today)]
    named = {rule.class_key for rule in sound if duties.is_in_force(rule, today)}
    return Faults(closed, duties.contradictions(sound), _uncovered(session, named, today))


def _uncovered(session: Session, named: Collection[str], on: date) -> list[CaseClass]:
    if "" in named:
        return []
    conditions = queries.list_conditions_in_force(session, on)
    classes = {condition.case_class.key: condition.case_class for condition in conditions}
    return [each for key, each in sorted(classes.items()) if key not in named]
