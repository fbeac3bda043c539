"""Changing the grid: a checked load of areas, cells and components, all or nothing, and the revision that counts it."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from cityops.clock import now, today
from cityops.errors import Invalid
from cityops.grid.checks import check_grid, find_shift
from cityops.grid.findings import Finding, count_errors
from cityops.grid.geometry import area_m2, quad
from cityops.grid.index import GridIndex
from cityops.grid.models import Area, Cell, Component, DutyGrid, GridRevision, Landmark
from cityops.grid.queries import current_index
from cityops.grid.records import AreaRecord, CellRecord, ComponentRecord, GridData, LandmarkRecord
from cityops.words import N_

# How many codes that stand here already are looked at to tell a shifted file.
SHIFT_SAMPLE = 500


class BadGrid(Invalid):
    """A grid that cannot be loaded; nothing of it was. `findings` lists every fault with its line, field and reason."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("file", N_("%(errors)s faults: nothing was loaded"), errors=count_errors(findings))
        self.findings = findings


@dataclass(slots=True)
class Loaded:
    """What a load changed: rows begun and ended by kind, components outside every cell, and the warnings."""

    begun: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    components_outside: int = 0
    revision: int = 0
    warnings: list[Finding] = field(default_factory=list)


def load_grid(session: Session, data: GridData, findings: Iterable[Finding] = ()) -> Loaded:
    """Check a grid and bring the database to it.

    Areas and components of `data` are added or renewed, others stay. The cells of a community come as a whole: what
    `data` has cells for loses its other cells. A changed boundary ends the old row today and begins the next revision.
    All components are located anew; one outside every cell is kept without a cell.

    Args:
        findings: what the reading of the file already found.

    Raises:
        BadGrid: with every fault; nothing is written.
    """
    lock_revision(session)
    found = check(session, data, findings)
    if count_errors(found):
        raise BadGrid(found)
    loaded = Loaded(warnings=found)
    _load_areas(session, data.areas, loaded)
    _load_cells(session, data.cells, _load_duty_grids(session, data.cells, loaded), loaded)
    _load_landmarks(session, data.landmarks, loaded)
    loaded.revision = bump_revision(session)
    index = current_index(session)
    _load_components(session, data.components, index, loaded)
    loaded.components_outside = relocate_components(session, index)
    return loaded


def check(
    session: Session, data: GridData, findings: Iterable[Finding] = (), buildings: Iterable[BaseGeometry] = ()
) -> list[Finding]:
    """All that is wrong or odd about a grid, by itself and beside what stands in the database; changes nothing.

    Args:
        findings: what the reading of the file already found; they come first.
        buildings: footprints that no cell's line may cut.
    """
    found = [*findings, *check_grid(data, _areas_kept(session, data), _cells_kept(session, data), buildings)]
    return found + _check_retired(session, data.cells) + _check_shifted(session, data)


def lock_revision(session: Session) -> None:
    """Let nobody else change the grid until this transaction ends."""
    session.execute(select(GridRevision.number).where(GridRevision.id == 1).with_for_update())


def bump_revision(session: Session) -> int:
    """Count a change of the grid, so that every process prepares its index anew; gives the new number."""
    session.flush()
    row = session.get(GridRevision, 1)
    if row is None:
        row = GridRevision(id=1, number=0, mark="", changed_at=now())
        session.add(row)
    row.number += 1
    row.mark = secrets.token_hex(16)
    row.changed_at = now()
    session.flush()
    return row.number


def relocate_components(session: Session, index: GridIndex) -> int:
    """Give every standing component the cell of its place by the index; gives how many stand outside every cell."""
    columns = (Component.id, Component.lon, Component.lat, Component.cell_id)
    rows = session.execute(select(*columns).where(Component.ended_on.is_(None))).all()
    if not rows:
        return 0
    positions = index.locate_many(np.array([row.lon for row in rows]), np.array([row.lat for row in rows]))
    moved = []
    for row, position in zip(rows, positions.tolist(), strict=True):
        place = index.at(position) if position >= 0 else None
        if row.cell_id != (place.cell_id if place else None):
            moved.append({"id": row.id, **_cell_of(place and place.cell_id, place and place.area_code)})
    if moved:
        session.execute(update(Component), moved)
    return int((positions < 0).sum())


def _cell_of(cell_id: int | None, area_code: str | None) -> dict[str, Any]:
    return {"cell_id": cell_id, "area_code": area_code}


def _areas_kept(session: Session, data: GridData) -> Mapping[str, Any]:
    coming = {area.code for area in data.areas}
    rows = session.execute(select(Area.code, Area.boundary).where(Area.ended_on.is_(None)))
    return {row.code: row.boundary for row in rows if row.code not in coming}


def _cells_kept(session: Session, data: GridData) -> Mapping[str, Any]:
    coming = {cell.area_code for cell in data.cells}
    rows = session.execute(select(Cell.code, Cell.area_code, Cell.boundary).where(Cell.ended_on.is_(None)))
    return {row.code: row.boundary for row in rows if row.area_code not in coming}


def _check_retired(session: Session, cells: list[CellRecord]) -> list[Finding]:
    active = set(session.scalars(select(Cell.code).where(Cell.ended_on.is_(None))))
    retired = set(session.scalars(select(Cell.code).where(Cell.ended_on.is_not(None)))) - active
    reason = N_("this code was retired and is not used again")
    return [Finding("cells", cell.line, "code", reason) for cell in cells if cell.code in retired]


def _check_shifted(session: Session, data: GridData) -> list[Finding]:
    """A warning for each kind of thing whose places look shifted against those that stand here under the same codes."""
    found = []
    for layer, kind, records in (("areas", Area, data.areas), ("cells", Cell, data.cells)):
        sample = {record.code: record.boundary for record in records[:SHIFT_SAMPLE]}
        kept = select(kind.code, kind.boundary).where(kind.code.in_(sample), kind.ended_on.is_(None))
        pairs = [(sample[code].centroid, boundary.centroid) for code, boundary in session.execute(kept)]
        found += find_shift(layer, np.array([(a.x, a.y, b.x, b.y) for a, b in pairs]))
    places = {record.code: (record.lon, record.lat) for record in data.components[:SHIFT_SAMPLE]}
    standing = select(Component.code, Component.lon, Component.lat).where(Component.code.in_(places))
    found += find_shift(
        "components", np.array([(*places[code], lon, lat) for code, lon, lat in session.execute(standing)])
    )
    return found


def _load_areas(session: Session, areas: list[AreaRecord], loaded: Loaded) -> None:
    standing = {area.code: area for area in session.scalars(select(Area).where(Area.ended_on.is_(None)))}
    begun = []
    for record in areas:
        old = standing.get(record.code)
        if old is not None and shapely.equals(old.boundary, record.boundary):
            old.name, old.name_en, old.parent_code = record.name, record.name_en, record.parent_code
            continue
        if old is not None:
            old.ended_on = today()
            loaded.ended["areas"] = loaded.ended.get("areas", 0) + 1
        begun.append(_area_row(record))
    session.flush()
    _insert(session, Area, begun, loaded)


def _area_row(record: AreaRecord) -> dict[str, Any]:
    return {
        "code": record.code,
        "name": record.name,
        "name_en": record.name_en,
        "level": record.level,
        "parent_code": record.parent_code,
        "boundary": record.boundary,
        "area_m2": area_m2(record.boundary),
        "valid_from_on": today(),
        "ended_on": None,
    }


def _load_duty_grids(session: Session, cells: list[CellRecord], loaded: Loaded) -> dict[str, int]:
    """The ids of the active duty grids by code, after the new ones were added."""
    standing = set(session.scalars(select(DutyGrid.code).where(DutyGrid.ended_on.is_(None))))
    coming = {cell.duty_grid_code: cell for cell in cells if cell.duty_grid_code}
    begun = [
        {
            "code": code,
            "name": cell.duty_grid_name or code,
            "name_en": cell.duty_grid_name_en or code,
            "street_code": cell.code[:9],
            "ended_on": None,
        }
        for code, cell in sorted(coming.items())
        if code not in standing
    ]
    _insert(session, DutyGrid, begun, loaded)
    rows = session.execute(select(DutyGrid.code, DutyGrid.id).where(DutyGrid.ended_on.is_(None)))
    return {row.code: row.id for row in rows}


def _load_cells(session: Session, cells: list[CellRecord], duty_grids: dict[str, int], loaded: Loaded) -> None:
    coming = {cell.code: cell for cell in cells}
    communities = {cell.area_code for cell in cells}
    standing = {cell.code: cell for cell in session.scalars(select(Cell).where(Cell.ended_on.is_(None)))}
    begun = []
    for code, old in standing.items():
        record = coming.get(code)
        if old.area_code in communities and (record is None or not _is_same(old, record)):
            old.ended_on = today()
            loaded.ended["cells"] = loaded.ended.get("cells", 0) + 1
    for code, record in coming.items():
        old_cell = standing.get(code)
        duty_grid_id = duty_grids.get(record.duty_grid_code or "")
        if old_cell is not None and old_cell.ended_on is None:
            old_cell.duty_grid_id = duty_grid_id
            continue
        begun.append(_cell_row(record, duty_grid_id, old_cell.revision + 1 if old_cell else 1))
    session.flush()
    _insert(session, Cell, begun, loaded)
    used = select(Cell.duty_grid_id).where(Cell.ended_on.is_(None), Cell.duty_grid_id.is_not(None))
    empty = update(DutyGrid).where(DutyGrid.ended_on.is_(None), DutyGrid.id.not_in(used))
    session.execute(empty.values(ended_on=today()), execution_options={"synchronize_session": False})


def _is_same(old: Cell, record: CellRecord) -> bool:
    levels_stay = (old.grid_tier, old.area_level) == (record.grid_tier, record.area_level)
    return levels_stay and bool(shapely.equals(old.boundary, record.boundary))


def _cell_row(record: CellRecord, duty_grid_id: int | None, revision: int) -> dict[str, Any]:
    return {
        "code": record.code,
        "area_code": record.area_code,
        "duty_grid_id": duty_grid_id,
        "boundary": record.boundary,
        "area_m2": area_m2(record.boundary),
        "grid_tier": record.grid_tier,
        "area_level": record.area_level,
        "revision": revision,
        "initial_on": today(),
        "ended_on": None,
    }


def _load_components(session: Session, components: list[ComponentRecord], index: GridIndex, loaded: Loaded) -> None:
    known = {row.code: row.id for row in session.execute(select(Component.code, Component.id))}
    begun, renewed = [], []
    for record in components:
        place = index.locate(record.lon, record.lat)
        row = {
            "name": record.name,
            "lon": record.lon,
            "lat": record.lat,
            "quad": quad(record.lon, record.lat),
            "state": record.state,
            "body_code": record.body_code,
            **_cell_of(place and place.cell_id, place and place.area_code),
        }
        if record.code in known:
            renewed.append({"id": known[record.code], **row})
        else:
            whole = {"code": record.code, "class_code": record.class_code, "initial_on": today(), "ended_on": None}
            begun.append({**whole, **row})
    if renewed:
        session.execute(update(Component), renewed)
    _insert(session, Component, begun, loaded)


def _load_landmarks(session: Session, landmarks: list[LandmarkRecord], loaded: Loaded) -> None:
    rows = session.execute(select(Landmark.name, Landmark.lon, Landmark.lat))
    known = {(row.name, row.lon, row.lat) for row in rows}
    begun = [
        {"name": mark.name, "kind": mark.kind, "lon": mark.lon, "lat": mark.lat, "quad": quad(mark.lon, mark.lat)}
        for mark in landmarks
        if (mark.name, mark.lon, mark.lat) not in known
    ]
    _insert(session, Landmark, begun, loaded)


def _insert(session: Session, kind: Any, rows: list[dict[str, Any]], loaded: Loaded) -> None:
    loaded.begun[kind.__tablename__] = len(rows)
    if rows:
        session.execute(insert(kind), rows)
