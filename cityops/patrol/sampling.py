"""Which closed cases are checked once more (抽查): some always, of the others a share or a number by lot.

Pure. The lot is a keyed digest over the sample's own seed, so nobody foresees it, and it can be drawn again afterwards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cityops.words import N_


class Drawn(StrEnum):
    """Why a closed case is in a sample; the kinds of which a share is drawn each have a lot of their own."""

    OWN_CASE = "own_case"
    FLAGGED = "flagged"
    WAIVED = "waived"
    SIMPLE = "simple"
    LOT = "lot"


DRAWN_LABELS: Mapping[Drawn, str] = {
    Drawn.OWN_CASE: N_("checked by who reported it"),
    Drawn.FLAGGED: N_("its check is flagged"),
    Drawn.WAIVED: N_("closed without a check, by lot"),
    Drawn.SIMPLE: N_("put right on the spot, by lot"),
    Drawn.LOT: N_("by lot"),
}

ALWAYS = frozenset({Drawn.OWN_CASE, Drawn.FLAGGED})


@dataclass(frozen=True)
class Closed:
    """A closed case that can be drawn.

    Attributes:
        kind: how it can come into a sample.
        is_drawn: whether it is in a sample already, at this closing.
    """

    case_id: int
    kind: Drawn
    is_drawn: bool = False


@dataclass(frozen=True)
class Wanted:
    """How much is drawn.

    Attributes:
        percent, number: of the cases that nothing sets apart: a share, or that many; at most one of the two.
        waived_percent, simple_percent: of the waived and the simple ones, what was drawn before counted in.
    """

    waived_percent: int
    simple_percent: int
    percent: int | None = None
    number: int | None = None

    def count(self, kind: Drawn, free: int, before: int) -> int:
        """How many are drawn by lot of a kind of which `free` can be drawn and `before` were.

        A share of something is at least one.

        >>> Wanted(20, 5, percent=10).count(Drawn.LOT, 41, 3)
        5
        >>> Wanted(20, 5).count(Drawn.WAIVED, 8, 2)
        0
        """
        if kind is Drawn.WAIVED or kind is Drawn.SIMPLE:
            percent = self.waived_percent if kind is Drawn.WAIVED else self.simple_percent
            return min(free, max(0, _share(percent, free + before) - before))
        if self.number is not None:
            return min(free, self.number)
        return _share(self.percent or 0, free)


@dataclass(frozen=True)
class KindDraw:
    """The lot of one kind: between which cases, and on which it fell."""

    between: tuple[int, ...]
    drawn: tuple[int, ...]


@dataclass(frozen=True)
class SampleDraw:
    """A whole draw: which cases are in by themselves, and the lots of the other kinds."""

    always: Mapping[Drawn, tuple[int, ...]]
    by_lot: Mapping[Drawn, KindDraw]

    def reasons(self) -> dict[int, Drawn]:
        """Every case in the sample, and why."""
        found = {case_id: kind for kind, case_ids in self.always.items() for case_id in case_ids}
        return found | {case_id: kind for kind, each in self.by_lot.items() for case_id in each.drawn}


def draw_sample(closed: Sequence[Closed], wanted: Wanted, lot: Callable[[int], str]) -> SampleDraw:
    """Draw a sample.

    Args:
        lot: the keyed digest of a case; the lowest are drawn.
    """
    always, by_lot = {}, {}
    for kind in Drawn:
        free = tuple(sorted(each.case_id for each in closed if each.kind is kind and not each.is_drawn))
        if kind in ALWAYS:
            always[kind] = free
            continue
        before = sum(each.kind is kind and each.is_drawn for each in closed)
        number = wanted.count(kind, len(free), before)
        by_lot[kind] = KindDraw(free, lowest(free, number, lot))
    return SampleDraw(always, by_lot)


def lowest(case_ids: Sequence[int], number: int, lot: Callable[[int], str]) -> tuple[int, ...]:
    """The cases with the lowest lots, that many of them."""
    return tuple(sorted(sorted(case_ids, key=lambda case_id: (lot(case_id), case_id))[:number]))


def lot_text(seed: str, case_id: int) -> str:
    """What a case's lot is the digest of."""
    return f"recheck\n{seed}\n{case_id}"


def _share(percent: int, of: int) -> int:
    return -(-percent * of // 100)
