"""Which inspector gets a task: barred are those who may not judge, between the others near the place a lot decides.

Pure. The lot is a keyed digest (`lot_text` says of what), so nobody without the key knows it beforehand, and whoever
has the key can work it out again afterwards.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from cityops.words import N_


class Why(StrEnum):
    """Why an inspector was chosen; from near to far."""

    ON_DUTY_IN_GRID = "on_duty_in_grid"
    ON_DUTY_IN_STREET = "on_duty_in_street"
    ON_DUTY_NEAR = "on_duty_near"
    ON_DUTY_IN_DISTRICT = "on_duty_in_district"
    OWN_GRID = "own_grid"


WHY_LABELS = {
    Why.ON_DUTY_IN_GRID: N_("on duty in this duty grid"),
    Why.ON_DUTY_IN_STREET: N_("on duty in this street"),
    Why.ON_DUTY_NEAR: N_("on duty within reach"),
    Why.ON_DUTY_IN_DISTRICT: N_("on duty in this district"),
    Why.OWN_GRID: N_("the duty grid's own; nobody is on duty now"),
}

NEAR = frozenset({Why.ON_DUTY_IN_GRID, Why.ON_DUTY_IN_STREET, Why.ON_DUTY_NEAR})
ON_DUTY = NEAR | {Why.ON_DUTY_IN_DISTRICT}
_NEARNESS = {why: place for place, why in enumerate(Why)}


class Bar(StrEnum):
    """Why an inspector should not get a task."""

    INVOLVED = "involved"
    HANDLES = "handles"
    PAIR_WITH_BODY = "pair_with_body"
    PAIR_WITH_REPORTER = "pair_with_reporter"


BAR_LABELS = {
    Bar.INVOLVED: N_("reported or judged this case before"),
    Bar.HANDLES: N_("works for the body that handles it"),
    Bar.PAIR_WITH_BODY: N_("has checked this body too often of late"),
    Bar.PAIR_WITH_REPORTER: N_("has checked this reporter too often of late"),
}

PAIRS = frozenset({Bar.PAIR_WITH_BODY, Bar.PAIR_WITH_REPORTER})


class Wait(StrEnum):
    """Why a task has nobody yet."""

    NEW = "new"
    NOT_YET = "not_yet"
    OUTSIDE = "outside"
    NOBODY_ON_DUTY = "nobody_on_duty"
    ALL_BARRED = "all_barred"


WAIT_LABELS = {
    Wait.NEW: N_("is given within minutes"),
    Wait.NOT_YET: N_("is given at the time of day at which it was reported"),
    Wait.OUTSIDE: N_("the place lies outside every cell"),
    Wait.NOBODY_ON_DUTY: N_("nobody is on duty there, and the duty grid has nobody of its own"),
    Wait.ALL_BARRED: N_("whoever is there reported or judged it, or works for the body that handles it"),
}


class Flag(StrEnum):
    """Why a task or its answer is looked at again."""

    OWN_CASE = "own_case"
    PAIR_TOO_OFTEN = "pair_too_often"
    FAR_AWAY = "far_away"
    NO_POSITION = "no_position"
    SAME_POSITION = "same_position"
    WAIVED = "waived"
    OTHER_TIME = "other_time"


FLAG_LABELS = {
    Flag.OWN_CASE: N_("judged by who reported or judged it before"),
    Flag.PAIR_TOO_OFTEN: N_("the same pair too often of late"),
    Flag.FAR_AWAY: N_("answered far from the place"),
    Flag.NO_POSITION: N_("answered without a position"),
    Flag.SAME_POSITION: N_("the very position and moment of another answer"),
    Flag.WAIVED: N_("waived"),
    Flag.OTHER_TIME: N_("at another time of day than it was reported"),
}


@dataclass(frozen=True)
class Rules:
    """What the city has set.

    Attributes:
        reach_m: how far an inspector gets in 15 minutes, from his duty grid's middle.
        pair_most, pair_of: of the last `pair_of` checks of one body (or of one reporter's cases), one inspector gets at
            most `pair_most`.
        simple_percent: how many of a hundred cases put right on the spot are checked once more (复核).
        waived_percent: how many of a hundred cases closed without a check are.
        recheck_days: within how many days a re-check is to be done.
        watch_from_hour, watch_until_hour: the hours of a day in which no duty grid may be without an inspector.
    """

    reach_m: int = 3_000
    pair_most: int = 3
    pair_of: int = 10
    simple_percent: int = 5
    waived_percent: int = 20
    recheck_days: int = 7
    watch_from_hour: int = 7
    watch_until_hour: int = 21


@dataclass(frozen=True)
class Candidate:
    """An inspector who could take a task, how near he stands, and what speaks against it."""

    person_id: int
    why: Why
    bars: frozenset[Bar] = frozenset()


@dataclass(frozen=True)
class Draw:
    """How a task was given: the chosen one, between whom the lot decided, and who was passed over though as near."""

    chosen: Candidate
    pool: tuple[Candidate, ...]
    passed_over: tuple[Candidate, ...]
    flags: frozenset[Flag]


@dataclass(frozen=True)
class _Tier:
    """Whom the lot may fall on, where nobody of the tier before is there."""

    places: frozenset[Why]
    may_have: frozenset[Bar] = frozenset()
    must_have: frozenset[Bar] = frozenset()

    def holds(self, each: Candidate) -> bool:
        return each.why in self.places and self.must_have <= each.bars <= self.may_have | self.must_have


_INVOLVED = frozenset({Bar.INVOLVED})
_TIERS = (
    _Tier(NEAR),
    _Tier(NEAR, PAIRS),
    # The one who reported it, if he is there, before one who would have to come from far.
    _Tier(ON_DUTY, PAIRS, _INVOLVED),
    _Tier(ON_DUTY, PAIRS),
    _Tier(frozenset(Why), PAIRS),
    _Tier(frozenset(Why), PAIRS, _INVOLVED),
)


def draw(candidates: Iterable[Candidate], lot: Callable[[int], str], *, always_another: bool = False) -> Draw | None:
    """Draw an inspector; None where nobody may take the task.

    Args:
        lot: the keyed digest of a person; the lowest gets the task.
        always_another: nobody who reported or judged the case, even if nobody else is near.
    """
    everybody = _each_once(candidates)
    for tier in _TIERS:
        if always_another and tier.must_have:
            continue
        pool = [each for each in everybody if tier.holds(each)]
        if pool:
            chosen = min(pool, key=lambda each: (lot(each.person_id), each.person_id))
            passed_over = [each for each in everybody if each.why in tier.places and each not in pool]
            return Draw(chosen, tuple(pool), tuple(passed_over), _flags(chosen))
    return None


def lot_text(case_id: int, kind: str, version: int, turn: int, person_id: int) -> str:
    """What a lot is the digest of.

    Args:
        version: the case's version when the task was asked for.
        turn: how many times the task has been drawn, this one included.
    """
    return f"draw\n{case_id}\n{kind}\n{version}\n{turn}\n{person_id}"


def too_often(earlier: Iterable[int], rules: Rules) -> frozenset[int]:
    """Who has had his share of the last checks.

    Args:
        earlier: who got the last checks, of which at most `rules.pair_of` count.

    >>> sorted(too_often([7, 7, 8, 7, 9], Rules(pair_most=3, pair_of=5)))
    [7]
    """
    last = list(earlier)[: rules.pair_of]
    return frozenset(person for person in last if last.count(person) >= rules.pair_most)


def _each_once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each person where he stands nearest, in an order that does not depend on how they came."""
    nearest: dict[int, Candidate] = {}
    for each in candidates:
        known = nearest.get(each.person_id)
        if known is None or _NEARNESS[each.why] < _NEARNESS[known.why]:
            nearest[each.person_id] = each
    return [nearest[key] for key in sorted(nearest)]


def _flags(chosen: Candidate) -> frozenset[Flag]:
    flags = set()
    if Bar.INVOLVED in chosen.bars:
        flags.add(Flag.OWN_CASE)
    if chosen.bars & PAIRS:
        flags.add(Flag.PAIR_TOO_OFTEN)
    return frozenset(flags)
