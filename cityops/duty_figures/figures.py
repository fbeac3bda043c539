"""What each duty grid has and how it is looked after: land, components, cases, what is on time and visited as due."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.assessment.formulas import Count
from cityops.assessment.periods import Span
from cityops.assessment.queries import count_due_by_cell
from cityops.cases.models import Case
from cityops.cases.names import OPEN_STAGES
from cityops.grid.duty_grids.queries import MAKERS, in_streets
from cityops.grid.majority import main_tier
from cityops.grid.models import Area, AreaLevel, Cell, DutyGrid
from cityops.patrol.grid_balance import CASES_OF, list_loads
from cityops.patrol.visits import find_visited

READERS = (*MAKERS, Post.SUPERVISOR, Post.LEADER)
"""Who reads them, of the cells in his jurisdiction."""


class GridCell(NamedTuple):
    """A cell of a duty grid."""

    code: str
    area_m2: float
    tier: int


@dataclass(frozen=True, slots=True)
class GridFigures:
    """A duty grid in figures.

    Attributes:
        tier: the tier that most of the area of its cells belongs to.
        cases: reported in the last 90 days; `due` and `on_time` of those whose handling fell due in them.
        visited: how many of its cells were visited as due by the end of yesterday.
    """

    grid: DutyGrid
    street: Area
    tier: int | None
    cells: int
    area_m2: float
    components: int
    open_cases: int
    cases: int
    due: int
    on_time: int
    visited: int


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is counted by the cell's code, for all cells of some streets at once."""

    components: Mapping[str, float]
    cases: Mapping[str, float]
    open_cases: Mapping[str, int]
    due: Mapping[str, tuple[int, int]]
    visited: Collection[str]


def visited_on() -> date:
    """The day by whose end cells have to be visited as due: the last whole one."""
    return clock.today() - timedelta(days=1)


def list_streets(session: Session, viewer: Viewer, *, after: str = "", limit: int | None = None) -> Sequence[Area]:
    """The streets with cells that the viewer reads of, by code."""
    of_street = func.substr(Cell.area_code, 1, 9) == Area.code
    inside = exists().where(of_street, Cell.ended_on.is_(None), _seen(viewer))
    rows = select(Area).where(Area.level == AreaLevel.STREET, Area.ended_on.is_(None), Area.code > after, inside)
    return session.scalars(rows.order_by(Area.code).limit(limit)).all()


def read_figures(session: Session, viewer: Viewer, streets: Iterable[Area]) -> list[GridFigures]:
    """The duty grids of streets in figures, by code: of the cells that the viewer reads of."""
    by_code = {street.code: street for street in streets}
    if not by_code:
        return []
    rows = (
        select(DutyGrid, Cell.code, Cell.area_m2, Cell.grid_tier)
        .join(Cell, Cell.duty_grid_id == DutyGrid.id)
        .where(in_streets(Cell.area_code, by_code), Cell.ended_on.is_(None), _seen(viewer))
        .order_by(DutyGrid.code, Cell.code)
    )
    cells: dict[DutyGrid, list[GridCell]] = {}
    for grid, code, area_m2, tier in session.execute(rows):
        cells.setdefault(grid, []).append(GridCell(code, area_m2, tier))
    counts = _count(session, viewer, [cell for own in cells.values() for cell in own], by_code)
    return [_sum(grid, by_code[grid.street_code], own, counts) for grid, own in cells.items()]


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    return in_jurisdiction(viewer.holding(*READERS), Cell.area_code)


def _count(session: Session, viewer: Viewer, cells: list[GridCell], street_codes: Collection[str]) -> _Counts:
    loads = list_loads(session, {cell.code: cell.area_m2 for cell in cells}, street_codes)
    still_open = select(Cell.code, func.count()).join(Case, Case.cell_id == Cell.id)
    still_open = still_open.where(in_streets(Case.area_code, street_codes), Case.stage.in_(OPEN_STAGES))
    now = clock.now()
    return _Counts(
        components={code: load.components for code, load in loads.items()},
        cases={code: load.cases for code, load in loads.items()},
        open_cases=dict(session.execute(still_open.group_by(Cell.code)).all()),
        due={
            code: (counts[Count.TO_HANDLE], counts[Count.HANDLED_ON_TIME])
            for code, counts in count_due_by_cell(session, viewer, Span(now - CASES_OF, now), street_codes).items()
        },
        visited=find_visited(session, {cell.code: cell.tier for cell in cells}, street_codes, visited_on()),
    )


def _sum(grid: DutyGrid, street: Area, cells: list[GridCell], counts: _Counts) -> GridFigures:
    due = [counts.due.get(cell.code, (0, 0)) for cell in cells]
    return GridFigures(
        grid=grid,
        street=street,
        tier=main_tier({cell.tier: cell.area_m2} for cell in cells),
        cells=len(cells),
        area_m2=sum(cell.area_m2 for cell in cells),
        components=int(sum(counts.components.get(cell.code, 0) for cell in cells)),
        open_cases=sum(counts.open_cases.get(cell.code, 0) for cell in cells),
        cases=int(sum(counts.cases.get(cell.code, 0) for cell in cells)),
        due=sum(each[0] for each in due),
        on_time=sum(each[1] for each in due),
        visited=sum(cell.code in counts.visited for cell in cells),
    )
