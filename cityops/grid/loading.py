"""The rows of a load: areas, duty grids, cells with their ancestors; begun, renewed, ended; and what stands in them."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ColumnElement, exists, insert, or_, select, update
from sqlalchemy.orm import Session, undefer

from cityops.clock import today
from cityops.grid.ancestry import Descent, Fate
from cityops.grid.comparing import compare
from cityops.grid.duty_grids.models import DutyGridChange
from cityops.grid.findings import Finding
from cityops.grid.geometry import areas_m2
from cityops.grid.index import GridIndex
from cityops.grid.models import Area, Cell, CellAncestor, Component, DutyGrid, GridVersion, VersionState
from cityops.grid.records import AreaRecord, CellRecord, GridData

LOCATED_AT_ONCE = 20_000


@dataclass(slots=True)
class Loaded:
    """What a load changed: rows begun and ended by kind, components outside every cell, and the warnings."""

    begun: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    components_outside: int = 0
    revision: int = 0
    warnings: list[Finding] = field(default_factory=list)


def load_ground(session: Session, data: GridData, version: GridVersion | None, loaded: Loaded) -> None:
    """Begin, renew and end areas, duty grids and cells; a version has what it did to the cells counted."""
    on = version.valid_from_on if version else today()
    _load_areas(session, data, on, loaded)
    if data.communities and version:
        _load_cells(session, data, _load_duty_grids(session, data.cells, on, loaded), version, loaded)


def _load_areas(session: Session, data: GridData, on: date, loaded: Loaded) -> None:
    active = select(Area).where(Area.ended_on.is_(None)).options(undefer(Area.boundary))
    standing = {area.code: area for area in session.scalars(active)} if data.areas or data.retired else {}
    for code in data.retired_codes:
        standing[code].ended_on = on
        loaded.ended["areas"] = loaded.ended.get("areas", 0) + 1
    begun = []
    for record in data.areas:
        old = standing.get(record.code)
        if old is not None and shapely.equals(old.boundary, record.boundary):
            old.name, old.name_en, old.parent_code = record.name, record.name_en, record.parent_code
            continue
        if old is not None:
            old.ended_on = on
            loaded.ended["areas"] = loaded.ended.get("areas", 0) + 1
        begun.append(record)
    session.flush()
    sizes_m2 = areas_m2([record.boundary for record in begun]).tolist()
    rows = [_area_row(record, size_m2, on) for record, size_m2 in zip(begun, sizes_m2, strict=True)]
    _insert(session, Area, rows, loaded)


def _area_row(record: AreaRecord, size_m2: float, on: date) -> dict[str, Any]:
    return {
        "code": record.code,
        "name": record.name,
        "name_en": record.name_en,
        "level": record.level,
        "parent_code": record.parent_code,
        "boundary": record.boundary,
        "area_m2": size_m2,
        "valid_from_on": on,
        "ended_on": None,
    }


def _load_duty_grids(session: Session, cells: list[CellRecord], on: date, loaded: Loaded) -> dict[str, int]:
    """The ids of the active duty grids by code, after the new ones were added."""
    standing = set(session.scalars(select(DutyGrid.code).where(DutyGrid.ended_on.is_(None))))
    coming = {cell.duty_grid_code: cell for cell in cells if cell.duty_grid_code}
    begun = [
        {
            "code": code,
            "name": cell.duty_grid_name or code,
            "name_en": cell.duty_grid_name_en or code,
            "street_code": cell.code[:9],
            "valid_from_on": on,
            "ended_on": None,
        }
        for code, cell in sorted(coming.items())
        if code not in standing
    ]
    _insert(session, DutyGrid, begun, loaded)
    rows = session.execute(select(DutyGrid.code, DutyGrid.id).where(DutyGrid.ended_on.is_(None)))
    return {row.code: row.id for row in rows}


def _load_cells(
    session: Session, data: GridData, duty_grids: dict[str, int], version: GridVersion, loaded: Loaded
) -> None:
    told = compare(session, data)
    ended, descent = told.ended, told.descent
    for code, record in told.coming.items():
        if code not in told.begun and record.duty_grid_code:
            told.standing[code].duty_grid_id = duty_grids[record.duty_grid_code]
    for old in ended.values():
        old.ended_on, old.ended_version_id = version.valid_from_on, version.id
    _count(version, descent, told.kept)
    session.flush()
    rows = []
    sizes_m2 = areas_m2([record.boundary for record in told.begun.values()]).tolist()
    for (code, record), size_m2 in zip(told.begun.items(), sizes_m2, strict=True):
        ancestor = told.find_ancestor(code)
        duty_grid_id = duty_grids.get(record.duty_grid_code or "") or (ancestor.duty_grid_id if ancestor else None)
        revision = ended[code].revision + 1 if code in ended else 1
        rows.append(_cell_row(record, size_m2, duty_grid_id, revision, version))
    _insert(session, Cell, rows, loaded)
    if ended:
        loaded.ended["cells"] = len(ended)
    _insert_ancestors(session, version, {code: old.id for code, old in ended.items()}, descent)
    used = select(Cell.duty_grid_id).where(Cell.ended_on.is_(None), Cell.duty_grid_id.is_not(None))
    empty = update(DutyGrid).where(DutyGrid.ended_on.is_(None), DutyGrid.id.not_in(used))
    # One that a change of duty grids has planned has no cells yet, also where it begins on this very day.
    empty = empty.where(~_is_planned())
    session.execute(empty.values(ended_on=version.valid_from_on), execution_options={"synchronize_session": False})


def _is_planned() -> ColumnElement[bool]:
    return exists().where(
        DutyGridChange.street_code == DutyGrid.street_code,
        DutyGridChange.state == VersionState.PLANNED,
        DutyGridChange.from_on == DutyGrid.valid_from_on,
    )


def _count(version: GridVersion, descent: Descent, kept: int) -> None:
    fates = list(descent.old_fates.values())
    version.kept = kept
    version.changed = fates.count(Fate.CHANGED)
    version.split, version.merged, version.retired = (
        fates.count(fate) for fate in (Fate.SPLIT, Fate.MERGED, Fate.RETIRED)
    )
    version.added = list(descent.new_fates.values()).count(Fate.ADDED)


def _insert_ancestors(session: Session, version: GridVersion, old_ids: dict[str, int], descent: Descent) -> None:
    if not descent.shared_m2:
        return
    rows = session.execute(select(Cell.code, Cell.id).where(Cell.version_id == version.id))
    new_ids = {row.code: row.id for row in rows}
    ancestors = [
        {"cell_id": new_ids[code], "ancestor_id": old_ids[old], "shared_m2": size_m2}
        for code, shared in descent.shared_m2.items()
        for old, size_m2 in shared.items()
    ]
    session.execute(insert(CellAncestor), ancestors)


def _cell_row(
    record: CellRecord, size_m2: float, duty_grid_id: int | None, revision: int, version: GridVersion
) -> dict[str, Any]:
    return {
        "code": record.code,
        "area_code": record.area_code,
        "duty_grid_id": duty_grid_id,
        "boundary": record.boundary,
        "area_m2": size_m2,
        "grid_tier": record.grid_tier,
        "area_level": record.area_level,
        "revision": revision,
        "version_id": version.id,
        "initial_on": version.valid_from_on,
        "ended_on": None,
    }


def _insert(session: Session, kind: Any, rows: list[dict[str, Any]], loaded: Loaded) -> None:
    loaded.begun[kind.__tablename__] = len(rows)
    if rows:
        session.execute(insert(kind), rows)


def relocate_components(session: Session, index: GridIndex) -> None:
    """Give the standing components that are without a cell, or whose cell has ended, the cell of their place."""
    columns = (Component.id, Component.lon, Component.lat, Component.cell_id)
    homeless = select(*columns).outerjoin(Cell, Cell.id == Component.cell_id)
    homeless = homeless.where(Component.ended_on.is_(None), or_(Cell.id.is_(None), Cell.ended_on.is_not(None)))
    last_id = 0
    # Portion after portion, so that a whole city's components never stand in memory at once.
    while portion := session.execute(
        homeless.where(Component.id > last_id).order_by(Component.id).limit(LOCATED_AT_ONCE)
    ).all():
        last_id = portion[-1].id
        positions = index.locate_many(np.array([row.lon for row in portion]), np.array([row.lat for row in portion]))
        moved = []
        for row, position in zip(portion, positions.tolist(), strict=True):
            place = index.at(position) if position >= 0 else None
            if row.cell_id != (place.cell_id if place else None):
                moved.append({"id": row.id, **_cell_of(place and place.cell_id, place and place.area_code)})
        if moved:
            session.execute(update(Component), moved)


def _cell_of(cell_id: int | None, area_code: str | None) -> dict[str, Any]:
    return {"cell_id": cell_id, "area_code": area_code}
