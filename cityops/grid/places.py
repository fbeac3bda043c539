"""A cell, a duty grid, an area as they stood on a day or will stand by what is planned, for the map to tell."""

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops.errors import NotFound
from cityops.grid.geometry import area_m2
from cityops.grid.index import GridIndex
from cityops.grid.models import Area, AreaLevel, Cell, DutyGrid, PlannedRow
from cityops.grid.queries import find_planned_version, in_force, index_at
from cityops.words import N_

Names = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CellPlace:
    """A cell on a day; `cell_id` is None for one that is planned.

    `names` are the areas' by code, Chinese and English.
    """

    code: str
    cell_id: int | None
    area_m2: float
    grid_tier: int
    area_level: int
    duty_grid: DutyGrid | None
    names: Names


@dataclass(frozen=True, slots=True)
class GridPlace:
    """A duty grid on a day with the keys of its cells; one that is only planned has those of its cells of today."""

    grid: DutyGrid
    cell_ids: list[int]
    cells_m2: float
    names: Names


@dataclass(frozen=True, slots=True)
class AreaPlace:
    """A district, street or community on a day, and how many cells lie in it."""

    code: str
    name: str
    name_en: str
    level: AreaLevel
    area_m2: float
    cells: int
    names: Names


def get_cell_place(session: Session, code: str, on: date) -> CellPlace:
    """The cell that had this code on a day.

    Raises:
        NotFound: there was none.
    """
    index = index_at(session, on)
    position = bisect_left(index.codes, code)
    if position == len(index) or index.codes[position] != code:
        raise NotFound(N_("there is no cell %(code)s"), code=code[:15])
    located = index.at(position)
    grid = session.get(DutyGrid, located.duty_grid_id) if located.duty_grid_id else None
    if located.cell_id < 0:
        planned = session.get_one(PlannedRow, -located.cell_id)
        tier, size_m2 = json.loads(planned.values)["grid_tier"], area_m2(planned.boundary)
        return CellPlace(code, None, size_m2, tier, located.area_level, grid, index.area_names)
    cell = session.get_one(Cell, located.cell_id)
    return CellPlace(code, cell.id, cell.area_m2, cell.grid_tier, cell.area_level, grid, index.area_names)


def get_grid_place(session: Session, code: str, on: date) -> GridPlace:
    """The duty grid that had this code and cells on a day.

    Raises:
        NotFound: there was none.
    """
    index = index_at(session, on)
    for grid_id, told in index.duty_grids.items():
        positions = (index.held_by == grid_id).nonzero()[0].tolist() if told[0] == code else []
        if positions:
            keys = [index.at(position).cell_id for position in positions]
            cells_m2 = session.scalar(select(func.sum(Cell.area_m2)).where(Cell.id.in_(keys))) or 0.0
            return GridPlace(session.get_one(DutyGrid, grid_id), keys, cells_m2, index.area_names)
    raise NotFound(N_("there is no duty grid %(code)s"), code=code[:20])


def get_area_place(session: Session, code: str, on: date) -> AreaPlace:
    """The district, street or community that had this code on a day.

    Raises:
        NotFound: there was none.
    """
    index = index_at(session, on)
    planned = _planned_area(session, code, find_planned_version(session, on))
    if planned is not None:
        told, size_m2 = json.loads(planned.values), area_m2(planned.boundary)
        level, name, name_en = AreaLevel(told["level"]), told["name"], told["name_en"]
    else:
        area = session.scalar(select(Area).where(Area.code == code, in_force(Area, on)))
        if area is None:
            raise NotFound(N_("there is no area %(code)s"), code=code[:12])
        level, name, name_en, size_m2 = area.level, area.name, area.name_en, area.area_m2
    return AreaPlace(code, name, name_en, level, size_m2, _count_cells(index, code), index.area_names)


def _planned_area(session: Session, code: str, version_id: int | None) -> PlannedRow | None:
    if version_id is None:
        return None
    rows = select(PlannedRow).where(PlannedRow.version_id == version_id, PlannedRow.kind == "areas")
    return next((row for row in session.scalars(rows) if json.loads(row.values)["code"] == code), None)


def _count_cells(index: GridIndex, code: str) -> int:
    return bisect_left(index.codes, f"{code}:") - bisect_left(index.codes, code)
