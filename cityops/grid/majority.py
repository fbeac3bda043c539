"""Which tier of the grid land belongs to by its cells. Pure."""

from collections.abc import Iterable, Mapping


def main_tier(parts: Iterable[Mapping[int, float]]) -> int | None:
    """The tier that most of some parts belongs to, tier 1 of two alike; None of nothing.

    >>> main_tier([{1: 9_000.0, 2: 500.0}, {2: 40_000.0}]), main_tier([])
    (2, None)
    """
    sums: dict[int, float] = {}
    for part in parts:
        for tier, size in part.items():
            sums[tier] = sums.get(tier, 0.0) + size
    return min(sums, key=lambda tier: (-sums[tier], tier)) if sums else None
