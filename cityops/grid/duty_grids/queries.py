"""Reading duty grids: the streets somebody may lay out, their cells and grids, the change that waits for its day."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.errors import NotAllowed, NotFound
from cityops.grid.coverage.models import TIERS
from cityops.grid.duty_grids.models import CellDutyGrid, DutyGridChange
from cityops.grid.duty_grids.rules import NamedGrid, Plan
from cityops.grid.majority import main_tier
from cityops.grid.models import Area, AreaLevel, Cell, DutyGrid, VersionState
from cityops.words import N_

MAKERS = (Post.ADMINISTRATOR, Post.DUTY_LEADER)
"""Who lays out duty grids, and gives them to inspectors."""


class StreetCell(NamedTuple):
    """A standing cell of a street, and the code of its duty grid."""

    code: str
    grid_code: str | None
    area_m2: float
    boundary: BaseGeometry


class Held(NamedTuple):
    """A duty grid and what it holds of the cells that the viewer lays out; the tier is that of most of their area."""

    grid: DutyGrid
    cells: int
    area_m2: float
    tier: int | None


def _own(viewer: Viewer | None) -> ColumnElement[bool]:
    return true() if viewer is None else in_jurisdiction(viewer.holding(*MAKERS), Cell.area_code)


def cells_of_street(code: str) -> ColumnElement[bool]:
    """The condition that a cell stands in a street."""
    return Cell.area_code.between(f"{code}000", f"{code}999") & Cell.ended_on.is_(None)


def in_streets(
    area_code: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], codes: Collection[str]
) -> ColumnElement[bool]:
    """The condition that a community's code lies in one of these streets; the range lets an index find it."""
    spans = area_code.between(f"{min(codes)}000", f"{max(codes)}999")
    return and_(spans, func.substr(area_code, 1, 9).in_(codes))


def list_streets(session: Session, viewer: Viewer, *, after: str = "", limit: int = 20) -> Sequence[Area]:
    """The streets with cells in what the viewer lays out, by code."""
    of_street = func.substr(Cell.area_code, 1, 9) == Area.code
    inside = exists().where(of_street, Cell.ended_on.is_(None), _own(viewer))
    rows = select(Area).where(Area.level == AreaLevel.STREET, Area.ended_on.is_(None), Area.code > after, inside)
    return session.scalars(rows.order_by(Area.code).limit(limit)).all()


def get_street(session: Session, viewer: Viewer, code: str) -> Area:
    """A street that lies wholly in what the viewer lays out.

    Raises:
        NotFound: no cell of it lies there.
        NotAllowed: a part of it does.
    """
    street = session.scalar(
        select(Area).where(Area.code == code, Area.level == AreaLevel.STREET, Area.ended_on.is_(None))
    )
    inside = exists().where(cells_of_street(code), _own(viewer))
    if street is None or not session.scalar(select(inside)):
        raise NotFound(N_("there is no street %(code)s whose duty grids you lay out"), code=code[:12])
    if session.scalar(select(exists().where(cells_of_street(code), ~_own(viewer)))):
        raise NotAllowed(N_("A part of this street lies outside your jurisdiction: ask the administrator above."))
    return street


def list_cells(session: Session, street_codes: Collection[str]) -> list[StreetCell]:
    """The standing cells of one or more streets, by code."""
    rows = select(Cell.code, DutyGrid.code, Cell.area_m2, Cell.boundary).outerjoin(Cell.duty_grid)
    rows = rows.where(in_streets(Cell.area_code, street_codes), Cell.ended_on.is_(None)).order_by(Cell.code)
    return [StreetCell(*row) for row in session.execute(rows)]


def list_grids(session: Session, street_codes: Collection[str]) -> Sequence[DutyGrid]:
    """The duty grids of streets that stand or are to come, by code."""
    rows = select(DutyGrid).where(DutyGrid.street_code.in_(street_codes), DutyGrid.ended_on.is_(None))
    return session.scalars(rows.order_by(DutyGrid.code)).all()


def list_codes_ever(session: Session, street_code: str) -> set[str]:
    """The codes of every duty grid that a street has or had; one that was withdrawn before its day never was."""
    was = or_(DutyGrid.ended_on.is_(None), DutyGrid.ended_on > DutyGrid.valid_from_on)
    return set(session.scalars(select(DutyGrid.code).where(DutyGrid.street_code == street_code, was)))


def list_without_grid(session: Session, viewer: Viewer, limit: int) -> Sequence[str]:
    """The codes of standing cells that no duty grid holds, in what the viewer lays out."""
    rows = select(Cell.code).where(Cell.ended_on.is_(None), Cell.duty_grid_id.is_(None), _own(viewer))
    return session.scalars(rows.order_by(Cell.code).limit(limit)).all()


def count_without_grid(session: Session, viewer: Viewer) -> int:
    """How many standing cells no duty grid holds, in what the viewer lays out."""
    rows = select(func.count()).where(Cell.ended_on.is_(None), Cell.duty_grid_id.is_(None), _own(viewer))
    return session.scalar(rows) or 0


def find_planned(session: Session, street_code: str) -> DutyGridChange | None:
    """The change of a street that waits for its day."""
    rows = select(DutyGridChange).where(DutyGridChange.street_code == street_code)
    return session.scalar(
        rows.where(DutyGridChange.state == VersionState.PLANNED).options(joinedload(DutyGridChange.maker))
    )


def list_changes(session: Session, street_code: str, limit: int = 10) -> Sequence[DutyGridChange]:
    """The changes of a street's duty grids, the last first, with who made them."""
    rows = select(DutyGridChange).where(DutyGridChange.street_code == street_code)
    return session.scalars(
        rows.order_by(DutyGridChange.id.desc()).limit(limit).options(joinedload(DutyGridChange.maker))
    ).all()


def read_plan(change: DutyGridChange) -> Plan:
    """What a change plans."""
    told = json.loads(change.plan)
    return Plan(tuple(NamedGrid(**grid) for grid in told["grids"]), told["cells"])


def list_grids_of(session: Session, viewer: Viewer, on: date) -> list[tuple[DutyGrid, int]]:
    """The duty grids of the viewer's streets that hold on a day, each with the number of its cells then.

    Of a day to come as the changes say that wait for it.
    """
    of_street = func.substr(Cell.area_code, 1, 9) == DutyGrid.street_code
    inside = exists().where(of_street, Cell.ended_on.is_(None), _own(viewer)).correlate(DutyGrid)
    held = CellDutyGrid.from_on <= on, or_(CellDutyGrid.ended_on.is_(None), CellDutyGrid.ended_on > on)
    cells = select(func.count()).where(CellDutyGrid.duty_grid_id == DutyGrid.id, *held).scalar_subquery()
    holds = DutyGrid.valid_from_on <= on, or_(DutyGrid.ended_on.is_(None), DutyGrid.ended_on > on)
    rows = select(DutyGrid, cells).where(*holds, inside).order_by(DutyGrid.code)
    due = select(DutyGridChange).where(DutyGridChange.state == VersionState.PLANNED, DutyGridChange.from_on <= on)
    planned = {change.street_code: Counter(read_plan(change).cells.values()) for change in session.scalars(due)}
    found = [
        (grid, planned.get(grid.street_code, {grid.code: count})[grid.code]) for grid, count in session.execute(rows)
    ]
    return [(grid, count) for grid, count in found if count]


def list_held(
    session: Session,
    viewer: Viewer | None,
    *,
    code: str = "",
    street: str = "",
    after: str = "",
    limit: int | None = None,
) -> list[Held]:
    """The duty grids that hold cells which the viewer lays out, by code; None is the command line."""
    sizes = [func.sum(case((Cell.grid_tier == tier, Cell.area_m2), else_=0.0)) for tier in TIERS]
    rows = select(DutyGrid, func.count(), *sizes).join(Cell, Cell.duty_grid_id == DutyGrid.id)
    rows = rows.where(Cell.ended_on.is_(None), _own(viewer), DutyGrid.code > after)
    if code:
        rows = rows.where(DutyGrid.code == code)
    if street:
        rows = rows.where(DutyGrid.street_code == street)
    found = session.execute(rows.group_by(DutyGrid.id).order_by(DutyGrid.code).limit(limit))
    return [
        Held(grid, cells, sum(areas), main_tier([dict(zip(TIERS, areas, strict=True))]))
        for grid, cells, *areas in found
    ]


def get_held(session: Session, viewer: Viewer, code: str) -> Held:
    """A duty grid that holds cells which the viewer lays out.

    Raises:
        NotFound: there is none of this code.
    """
    found = list_held(session, viewer, code=code)
    if not found:
        raise NotFound(N_("There is no duty grid %(code)s that you lay out."), code=code[:20])
    return found[0]


def list_cell_codes(session: Session, viewer: Viewer, grid: DutyGrid) -> Sequence[str]:
    """The codes of a duty grid's cells that the viewer lays out."""
    rows = select(Cell.code).where(Cell.duty_grid_id == grid.id, Cell.ended_on.is_(None), _own(viewer))
    return session.scalars(rows.order_by(Cell.code)).all()


def plan_of_now(cells: Iterable[StreetCell], grids: Iterable[DutyGrid]) -> Plan:
    """Duty grids as they stand."""
    held = {cell.code: cell.grid_code for cell in cells if cell.grid_code}
    codes = set(held.values())
    return Plan(tuple(NamedGrid(grid.code, grid.name, grid.name_en) for grid in grids if grid.code in codes), held)
