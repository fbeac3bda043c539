"""Which inspector gets a task (pure)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cityops.words import N_


class Why(StrEnum):
    """Why an inspector was chosen."""

    ON_DUTY_IN_GRID = "on_duty_in_grid"
    ON_DUTY_IN_STREET = "on_duty_in_street"
    ON_DUTY_IN_DISTRICT = "on_duty_in_district"
    OWN_GRID = "own_grid"


WHY_LABELS = {
    Why.ON_DUTY_IN_GRID: N_("on duty in this duty grid"),
    Why.ON_DUTY_IN_STREET: N_("on duty in this street"),
    Why.ON_DUTY_IN_DISTRICT: N_("on duty in this district"),
    Why.OWN_GRID: N_("the duty grid's own; nobody is on duty now"),
}

_NEARNESS = {why: place for place, why in enumerate(Why)}


@dataclass(frozen=True)
class Candidate:
    """An inspector who could take the task, and how near he stands."""

    person_id: int
    why: Why


def choose(case_id: int, candidates: Iterable[Candidate], not_these: Iterable[int]) -> Candidate | None:
    """The nearest candidate, another than `not_these` where there is one.

    Among equals a digest of case and person decides: it spreads the work, and can be worked out again later.
    """
    barred = frozenset(not_these)
    return min(
        candidates,
        key=lambda each: (each.person_id in barred, _NEARNESS[each.why], _lot(case_id, each.person_id)),
        default=None,
    )


def _lot(case_id: int, person_id: int) -> bytes:
    return hashlib.sha256(f"{case_id}/{person_id}".encode()).digest()
