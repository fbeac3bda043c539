"""The tiers of the grid: how large their cells may be, and how much land each has."""

from collections.abc import Mapping
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
