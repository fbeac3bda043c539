"""Which responsibility rules fit a case, which of them win, and which contradict each other. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from math import inf
from typing import Generic, Protocol, TypeVar

from cityops.catalog.phases import FIRST_PHASE


class Rule(Protocol):
    """What the choice asks of a rule; an empty word means all of them, as no phase does all of a condition."""

    id: int
    class_key: str
    condition_code: str
    phase: int | None
    area_prefix: str
    body_id: int
    valid_from_on: date
    valid_until_on: date | None


_R = TypeVar("_R", bound=Rule)


@dataclass(frozen=True, slots=True)
class Matter:
    """What somebody has to be responsible for.

    Attributes:
        condition_code: empty while the case has none.
        area_code: the community's; empty outside every cell.
        phase: of handling, under the condition.
    """

    class_key: str
    condition_code: str
    area_code: str
    phase: int = FIRST_PHASE


Subject = tuple[str, str, int | None, str]
"""What a rule is about: class, condition, phase, area."""


def subject_of(rule: Rule) -> Subject:
    """What a rule is about: of two with one subject neither is the more particular."""
    return rule.class_key, rule.condition_code, rule.phase, rule.area_prefix


def is_in_force(rule: Rule, on: date) -> bool:
    """Whether a rule holds on a day; its first and last day are included."""
    return rule.valid_from_on <= on and (rule.valid_until_on is None or on <= rule.valid_until_on)


class RuleBook(Generic[_R]):
    """The rules in force on a day, laid out so that those that win are found without looking at each of them."""

    def __init__(self, rules: Iterable[_R], on: date) -> None:
        self._rules: dict[Subject, list[_R]] = {}
        # A rule that is only being tried has no number yet: it is the youngest.
        for rule in sorted(rules, key=lambda rule: rule.id or inf):
            if is_in_force(rule, on):
                self._rules.setdefault(subject_of(rule), []).append(rule)
        self._lengths = sorted({len(area) for *_, area in self._rules}, reverse=True)

    def choose(self, matter: Matter) -> list[_R]:
        """The rules that win, one for each body they name: more than one where equally particular rules disagree.

        The most particular ones win: a phase before a condition before a class before all classes, then the smaller
        area.
        """
        class_key, condition, area = matter.class_key, matter.condition_code, matter.area_code
        of_condition = ((class_key, condition, matter.phase), (class_key, condition, None))
        for subject in dict.fromkeys((*of_condition, (class_key, "", None), ("", "", None))):
            for length in self._lengths:
                found = self._rules.get((*subject, area[:length]))
                if found:
                    by_body: dict[int, _R] = {}
                    for rule in found:
                        by_body.setdefault(rule.body_id, rule)
                    return list(by_body.values())
        return []


def contradictions(rules: Iterable[_R]) -> list[tuple[_R, _R]]:
    """The pairs of rules that say of the same matter, in the same area, on the same day, that it is another body's."""
    alike: dict[Subject, list[_R]] = {}
    for rule in sorted(rules, key=lambda rule: rule.id):
        alike.setdefault(subject_of(rule), []).append(rule)
    return [pair for group in alike.values() for pair in _disagreeing(group)]


def overlap(one: Rule, other: Rule) -> bool:
    """Whether there is a day on which both rules hold."""
    first = max(one.valid_from_on, other.valid_from_on)
    return is_in_force(one, first) and is_in_force(other, first)


def _disagreeing(group: Sequence[_R]) -> list[tuple[_R, _R]]:
    pairs = combinations(group, 2)
    return [(one, other) for one, other in pairs if one.body_id != other.body_id and overlap(one, other)]
