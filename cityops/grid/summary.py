"""The grid in figures: how many cells and components each street has, and how many components no cell holds."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops.grid.models import Area, AreaLevel, Cell, Component, ComponentState


@dataclass(frozen=True, slots=True)
class StreetFigures:
    """A street's grid: `cells_m2` is the area that its cells cover, of `area_m2` in all."""

    code: str
    name: str
    name_en: str
    district_code: str | None
    cells: int
    components: int
    damaged: int
    missing: int
    area_m2: float
    cells_m2: float

    @property
    def share_in_cells(self) -> float:
        """The share of the street that cells cover, 0 to 1."""
        return self.cells_m2 / self.area_m2 if self.area_m2 else 0.0


def list_streets(session: Session) -> list[StreetFigures]:
    """All active streets in order of their codes; three queries."""
    street = func.substr(Cell.area_code, 1, 9)
    cells = {
        code: (count, size)
        for code, count, size in session.execute(
            select(street, func.count(), func.sum(Cell.area_m2)).where(Cell.ended_on.is_(None)).group_by(street)
        )
    }
    components = _count_by_street(session)
    columns = (Area.code, Area.name, Area.name_en, Area.parent_code, Area.area_m2)
    rows = select(*columns).where(Area.level == AreaLevel.STREET, Area.ended_on.is_(None)).order_by(Area.code)
    figures = []
    for code, name, name_en, district_code, area_m2 in session.execute(rows):
        count, size = cells.get(code, (0, 0.0))
        found = components.get(code, Counter())
        damaged, missing = found[ComponentState.DAMAGED], found[ComponentState.MISSING]
        figures.append(
            StreetFigures(code, name, name_en, district_code, count, found.total(), damaged, missing, area_m2, size)
        )
    return figures


def _count_by_street(session: Session) -> dict[str, Counter[ComponentState]]:
    street = func.substr(Component.area_code, 1, 9)
    standing = (Component.ended_on.is_(None), Component.cell_id.is_not(None))
    rows = select(street, Component.state, func.count()).where(*standing).group_by(street, Component.state)
    found: dict[str, Counter[ComponentState]] = {}
    for code, state, count in session.execute(rows):
        found.setdefault(code, Counter())[state] = count
    return found


def count_components_outside(session: Session) -> int:
    """How many standing components lie outside every cell."""
    outside = select(func.count()).where(Component.cell_id.is_(None), Component.ended_on.is_(None))
    return session.scalar(outside) or 0
