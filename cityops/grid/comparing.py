"""The cells of a survey beside those that stand: which go on, which end, which begin, and who takes over from whom."""

from dataclasses import dataclass

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload, undefer

from cityops.grid.ancestry import Descent, trace
from cityops.grid.models import Cell
from cityops.grid.records import CellRecord, GridData


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a survey does to the cells of its communities, all by code.

    Attributes:
        coming: the cells of the survey.
        standing: the cells that stand in its communities; those of them that `ended` do not go on as they are.
        begun: the cells of the survey that are not as they stood.
    """

    coming: dict[str, CellRecord]
    standing: dict[str, Cell]
    ended: dict[str, Cell]
    begun: dict[str, CellRecord]
    descent: Descent

    @property
    def kept(self) -> int:
        """How many cells go on as they stand."""
        return len(self.standing) - len(self.ended)

    def find_ancestor(self, code: str) -> Cell | None:
        """The cell that a new one goes on in the duty grid of: who left it most land, if in the same street."""
        before = self.ended.get(self.descent.heir_of(code) or "")
        return before if before is not None and before.code[:9] == code[:9] else None


def compare(session: Session, data: GridData) -> Comparison:
    """Compare; nothing is changed."""
    coming = {cell.code: cell for cell in data.cells}
    active = select(Cell).where(Cell.ended_on.is_(None), Cell.area_code.in_(data.communities))
    rows = session.scalars(active.options(undefer(Cell.boundary), selectinload(Cell.duty_grid)))
    standing = {cell.code: cell for cell in rows}
    ended = {code: old for code, old in standing.items() if code not in coming or not _is_same(old, coming[code])}
    begun = {code: record for code, record in coming.items() if code not in standing or code in ended}
    descent = trace(
        {code: old.boundary for code, old in ended.items()}, {code: record.boundary for code, record in begun.items()}
    )
    return Comparison(coming, standing, ended, begun, descent)


def _is_same(old: Cell, record: CellRecord) -> bool:
    levels_stay = (old.grid_tier, old.area_level) == (record.grid_tier, record.area_level)
    return levels_stay and bool(shapely.equals(old.boundary, record.boundary))
