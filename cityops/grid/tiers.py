"""How large the cells of each tier may be: the standard's numbers, or the city's own."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.grid.cell_checks import AREA_BANDS_M2, Band
from cityops.grid.coverage.models import GridTier


def find_bands(session: Session) -> Mapping[int, Band]:
    """The least and the largest area of a cell by tier, outside of which a survey is warned of."""
    own = {row.tier: (float(row.low_m2), float(row.high_m2)) for row in session.scalars(select(GridTier))}
    return {**AREA_BANDS_M2, **own}
