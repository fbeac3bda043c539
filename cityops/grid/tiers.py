"""The tiers of the grid: how large their cells may be, and which of them land belongs to by its cells."""

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops.grid.cell_checks import AREA_BANDS_M2, Band
from cityops.grid.coverage.models import GridTier
from cityops.grid.models import Cell
from cityops.grid.queries import in_force


def find_bands(session: Session) -> Mapping[int, Band]:
    """The least and the largest area of a cell by tier, outside of which a survey is warned of."""
    own = {row.tier: (float(row.low_m2), float(row.high_m2)) for row in session.scalars(select(GridTier))}
    return {**AREA_BANDS_M2, **own}


def measure_tiers(session: Session, on: date) -> dict[str, dict[int, float]]:
    """How many square metres the cells of each tier have in each community on a day, by the community's code."""
    rows = select(Cell.area_code, Cell.grid_tier, func.sum(Cell.area_m2)).where(in_force(Cell, on))
    found: dict[str, dict[int, float]] = {}
    for code, tier, area_m2 in session.execute(rows.group_by(Cell.area_code, Cell.grid_tier)):
        found.setdefault(code, {})[tier] = area_m2
    return found


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
