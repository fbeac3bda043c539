"""What the duty grids of a street weigh beside each other: area, components, cases of 90 days."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from cityops.cases.models import Case
from cityops.clock import now
from cityops.grid.duty_grids import queries as grids
from cityops.grid.duty_grids.queries import StreetCell
from cityops.grid.duty_grids.rules import (
    Load,
    NamedGrid,
    Neighbours,
    Plan,
    find_neighbours,
    find_pieces,
    grids_beside,
    weigh,
)
from cityops.grid.models import Cell, Component

CASES_OF = timedelta(days=90)


def list_loads(session: Session, areas_m2: Mapping[str, float], street_codes: Collection[str]) -> dict[str, Load]:
    """What each cell of streets gives to look after, by its code as the areas are: two queries.

    A case counts where the cell of its day goes on under the same code.
    """
    components = _count(
        session,
        select(Cell.code, func.count())
        .join(Component, Component.cell_id == Cell.id)
        .where(Component.ended_on.is_(None), grids.in_streets(Cell.area_code, street_codes))
        .group_by(Cell.code),
    )
    cases = _count(
        session,
        select(Cell.code, func.count())
        .join(Case, Case.cell_id == Cell.id)
        .where(grids.in_streets(Case.area_code, street_codes), Case.opened_at >= now() - CASES_OF)
        .group_by(Cell.code),
    )
    return {code: Load(1, area_m2, components.get(code, 0), cases.get(code, 0)) for code, area_m2 in areas_m2.items()}


def _count(session: Session, statement: Select[str, int]) -> dict[str, int]:
    return {code: count for code, count in session.execute(statement)}  # noqa: C416 -- rows, not pairs, to the types


class Weighed(NamedTuple):
    """A duty grid with its load, beside the mean of its street's; `pieces` is more than 1 where it falls apart."""

    grid: NamedGrid
    load: Load
    mean: Load
    pieces: int
    is_chosen: bool = False
    is_beside: bool = False


@dataclass(frozen=True)
class Ground:
    """The cells of one or more streets with what they weigh and which share an edge."""

    cells: Sequence[StreetCell]
    loads: Mapping[str, Load]

    @cached_property
    def neighbours(self) -> Neighbours:
        """For each cell those that share an edge with it."""
        return find_neighbours({cell.code: cell.boundary for cell in self.cells})

    def balance(self, plan: Plan, chosen: str = "") -> list[Weighed]:
        """The grids of a street's plan: the chosen one first, then those beside it, then the others."""
        used = plan.used
        mean = weigh(plan.cells, self.loads).shared_by(max(len(used), 1))
        beside = grids_beside(chosen, plan, self.neighbours) if chosen in used else set()
        rows = []
        for code, grid in used.items():
            cells = plan.cells_of(code)
            pieces = len(find_pieces(cells, self.neighbours))
            rows.append(Weighed(grid, weigh(cells, self.loads), mean, pieces, code == chosen, code in beside))
        return sorted(rows, key=lambda row: (not row.is_chosen, not row.is_beside, row.grid.code))


def read_ground(session: Session, street_codes: Collection[str]) -> Ground:
    """The ground of streets: three queries."""
    cells = grids.list_cells(session, street_codes)
    return Ground(cells, list_loads(session, {cell.code: cell.area_m2 for cell in cells}, street_codes))
