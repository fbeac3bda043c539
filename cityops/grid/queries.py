"""Reading the grid: the prepared index of this process, places described, components near a point."""

import json
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterator
from datetime import date
from threading import Lock
from typing import NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, and_, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from cityops.clock import today
from cityops.db import Database, setting
from cityops.errors import NotFound
from cityops.grid.addresses.queries import current_gazetteer
from cityops.grid.duty_grids.models import CellDutyGrid, DutyGridChange
from cityops.grid.duty_grids.queries import read_plan
from cityops.grid.geometry import box_around, box_quads, check_point, distance_m
from cityops.grid.index import CellRow, GridIndex, Located
from cityops.grid.models import (
    Area,
    AreaLevel,
    Cell,
    Component,
    DutyGrid,
    GridRevision,
    GridVersion,
    PlannedRow,
    VersionState,
)
from cityops.words import N_

_lock = Lock()
_prepared: dict[str, tuple[str, GridIndex]] = {}
# Of other days so many cells are kept in all, and one day at least: two of a large city, a dozen of a small one.
OTHER_CELLS, LEAST_CELLS = 200_000, 15_000
_other_days: OrderedDict[Hashable, GridIndex] = OrderedDict()


class Place(NamedTuple):
    """A point and all that holds it; outside every cell the codes and names are None."""

    lon: float
    lat: float
    cell_id: int | None = None
    cell_code: str | None = None
    area_level: int | None = None
    duty_grid_id: int | None = None
    duty_grid_code: str | None = None
    duty_grid_name: str | None = None
    community_code: str | None = None
    community_name: str | None = None
    street_code: str | None = None
    street_name: str | None = None
    district_code: str | None = None
    district_name: str | None = None

    @property
    def is_outside(self) -> bool:
        """Whether no active cell holds the point."""
        return self.cell_id is None

    @property
    def area_code(self) -> str | None:
        """The code that a located row keeps: the community's."""
        return self.community_code


# Built once: putting a statement together takes longer than running it.
_REVISION = select(GridRevision.number, GridRevision.mark).where(GridRevision.id == 1)


def current_index(session: Session) -> GridIndex:
    """The index of the grid as it stands now, prepared once a process and again after each change of the grid.

    One tiny query each time, in the caller's transaction, so that no place is stored by an old grid.
    """
    number, mark = _current_revision(session)
    url = str(session.get_bind().engine.url)
    kept = _prepared.get(url)
    if kept is not None and kept[0] == mark:
        return kept[1]
    with _lock:
        kept = _prepared.get(url)
        if kept is None or kept[0] != mark:
            kept = (mark, _build(session, number))
            _prepared[url] = kept
    return kept[1]


def prepare(database: Database) -> GridIndex:
    """Build the index and the gazetteer's names before the server forks; leaves no connection behind."""
    with database.reading() as session:
        index = current_index(session)
        current_gazetteer(session)
    database.dispose()
    return index


def _current_revision(session: Session) -> tuple[int, str]:
    revision = setting(session, "grid", lambda: session.execute(_REVISION).one_or_none())
    return (0, "") if revision is None else (revision.number, revision.mark)


def index_at(session: Session, on: date) -> GridIndex:
    """The index of the grid as it stood on a day, today's included; what is planned has its own, from its day on.

    A version whose day has come and that nothing has put into force yet counts from its day all the same. The days
    asked for last are kept, as long as neither the grid nor what is planned changes.
    """
    planned = find_planned_version(session, on)
    if planned is None and on == today():
        return current_index(session)
    waiting = select(DutyGridChange).where(DutyGridChange.state == VersionState.PLANNED, DutyGridChange.from_on <= on)
    changes = session.scalars(waiting.order_by(DutyGridChange.id)).all()
    mark = _current_revision(session)[1]
    key = (str(session.get_bind().engine.url), mark, on, planned, *(change.id for change in changes))
    with _lock:
        index = _other_days.pop(key, None)
        if index is None:
            index = _build(session, 0, on, planned, changes)
        _other_days[key] = index
        while len(_other_days) > 1 and sum(len(each) + LEAST_CELLS for each in _other_days.values()) > OTHER_CELLS:
            _other_days.popitem(last=False)
    return index


def find_planned_version(session: Session, on: date) -> int | None:
    """The key of the version that waits for its day, where that day is not after this one."""
    return session.scalar(
        select(GridVersion.id).where(GridVersion.state == VersionState.PLANNED, GridVersion.valid_from_on <= on)
    )


def in_force(kind: type[Area] | type[Cell], on: date | None) -> ColumnElement[bool]:
    """What areas or cells were in force on a day; without one, that are so now."""
    if on is None:
        return kind.ended_on.is_(None)
    began_on = Cell.initial_on if kind is Cell else Area.valid_from_on
    return and_(began_on <= on, or_(kind.ended_on.is_(None), kind.ended_on > on))


def _build(
    session: Session,
    number: int,
    on: date | None = None,
    planned: int | None = None,
    changes: Collection[DutyGridChange] = (),
) -> GridIndex:
    cells = _cell_rows(session, on) if planned is None else _planned_cell_rows(session, planned)
    areas = session.execute(select(Area.code, Area.name, Area.name_en).where(in_force(Area, on)))
    names = {row.code: (row.name, row.name_en) for row in areas}
    if planned is not None:
        rows = select(PlannedRow.values).where(PlannedRow.version_id == planned, PlannedRow.kind == "areas")
        coming = [json.loads(values) for values in session.scalars(rows)]
        names |= {area["code"]: (area["name"], area["name_en"]) for area in coming}
    grids = session.execute(select(DutyGrid.id, DutyGrid.code, DutyGrid.name, DutyGrid.name_en))
    return GridIndex(
        _held_as_planned(session, cells, changes),
        revision=number,
        area_names=names,
        duty_grids={row.id: (row.code, row.name, row.name_en) for row in grids},
    )


def _planned_cell_rows(session: Session, version_id: int) -> Iterator[CellRow]:
    """The cells as they will stand once a planned version is in force; the id of its own is the planned row's, below 0.

    A cell whose code stands already keeps its duty grid.
    """
    boundary = type_coerce(PlannedRow.boundary, LargeBinary)
    rows = select(PlannedRow.id, PlannedRow.kind, PlannedRow.values, boundary)
    rows = rows.where(PlannedRow.version_id == version_id, PlannedRow.kind.in_(("cells", "retired")))
    coming = [(-row_id, kind, json.loads(values), wkb) for row_id, kind, values, wkb in session.execute(rows)]
    communities = {each["code"][:12] for _, _, each, _ in coming}
    standing = list(_cell_rows(session))
    held = {row.code: row.duty_grid_id for row in standing}
    cells = [
        CellRow(key, each["code"], held.get(each["code"]), each["area_level"], wkb)
        for key, kind, each, wkb in coming
        if kind == "cells"
    ]
    cells += [row for row in standing if row.code[:12] not in communities]
    yield from sorted(cells, key=lambda row: row.code)


def _held_as_planned(
    session: Session, cells: Iterator[CellRow], changes: Collection[DutyGridChange]
) -> Iterator[CellRow]:
    """The cells, those of streets whose duty grids are to change in the grids they will then belong to."""
    if not changes:
        yield from cells
        return
    known = select(DutyGrid.code, DutyGrid.id).where(DutyGrid.ended_on.is_(None))
    ids = {row.code: row.id for row in session.execute(known)}
    plans = {change.street_code: read_plan(change).cells for change in changes}
    for cell in cells:
        plan = plans.get(cell.code[:9])
        yield cell if plan is None else cell._replace(duty_grid_id=ids.get(plan.get(cell.code, "")))


def _cell_rows(session: Session, on: date | None = None) -> Iterator[CellRow]:
    boundary = type_coerce(Cell.boundary, LargeBinary)
    held = Cell.duty_grid_id if on is None else CellDutyGrid.duty_grid_id
    rows = select(Cell.id, Cell.code, held, Cell.area_level, boundary).where(in_force(Cell, on))
    if on is not None:
        was_so = or_(CellDutyGrid.ended_on.is_(None), CellDutyGrid.ended_on > on)
        rows = rows.outerjoin(CellDutyGrid, and_(CellDutyGrid.cell_id == Cell.id, CellDutyGrid.from_on <= on, was_so))
    rows = rows.order_by(Cell.code)
    for cell_id, code, duty_grid_id, area_level, wkb in session.execute(rows.execution_options(yield_per=5_000)):
        yield CellRow(cell_id, code, duty_grid_id, area_level, wkb)


def locate_point(session: Session, lon: float, lat: float) -> Located | None:
    """The cell of a point on the present grid, None outside every cell; the coordinates are checked already."""
    return current_index(session).locate(lon, lat)


def locate(session: Session, lon: float, lat: float, *, english: bool = False) -> Place:
    """The place of a point: its cell, duty grid, community, street and district by code and name.

    Raises:
        Invalid: the coordinates are none, or look swapped.
    """
    check_point(lon, lat)
    index = current_index(session)
    return describe(index, lon, lat, index.locate(lon, lat), english=english)


def describe(index: GridIndex, lon: float, lat: float, located: Located | None, *, english: bool = False) -> Place:
    """A located point with the names of what holds it."""
    if located is None:
        return Place(lon, lat)
    tongue = 1 if english else 0
    nameless = (None, None)
    grid = index.duty_grids.get(located.duty_grid_id or 0)
    return Place(
        lon,
        lat,
        cell_id=located.cell_id,
        cell_code=located.cell_code,
        area_level=located.area_level,
        duty_grid_id=located.duty_grid_id,
        duty_grid_code=grid[0] if grid else None,
        duty_grid_name=grid[1 + tongue] if grid else None,
        community_code=located.area_code,
        community_name=index.area_names.get(located.area_code, nameless)[tongue],
        street_code=located.street_code,
        street_name=index.area_names.get(located.street_code, nameless)[tongue],
        district_code=located.district_code,
        district_name=index.area_names.get(located.district_code, nameless)[tongue],
    )


def within_quads(
    column: InstrumentedAttribute[int], west: float, south: float, east: float, north: float
) -> ColumnElement[bool]:
    """A condition on a `quad` column that a box's rows fulfil, and few others: look at lon and lat besides."""
    return or_(*(and_(column >= first, column <= last) for first, last in box_quads(west, south, east, north)))


def list_components_near(
    session: Session,
    lon: float,
    lat: float,
    radius_m: float = 50.0,
    limit: int = 20,
    *,
    class_code: str | None = None,
    scope: ColumnElement[bool] | None = None,
) -> list[tuple[Component, float]]:
    """Components still standing within `radius_m` of a point, nearest first, each with its distance in metres.

    Args:
        scope: those that a viewer may see; by default all.
    """
    check_point(lon, lat)
    rows = select(Component).where(
        within_quads(Component.quad, *box_around(lon, lat, radius_m)), Component.ended_on.is_(None)
    )
    if class_code is not None:
        rows = rows.where(Component.class_code == class_code)
    if scope is not None:
        rows = rows.where(scope)
    found = [(component, distance_m(lon, lat, component.lon, component.lat)) for component in session.scalars(rows)]
    near = [pair for pair in found if pair[1] <= radius_m]
    return sorted(near, key=lambda pair: (pair[1], pair[0].code))[:limit]


def list_components_outside(session: Session, after_id: int = 0, limit: int = 100) -> list[Component]:
    """Components that stand outside every cell, a page after `after_id`."""
    rows = select(Component).where(Component.cell_id.is_(None), Component.ended_on.is_(None), Component.id > after_id)
    return list(session.scalars(rows.order_by(Component.id).limit(limit)))


def find_component(session: Session, code: str) -> Component | None:
    """The component with this 17-digit code, standing or ended."""
    return session.scalar(select(Component).where(Component.code == code))


def get_component(session: Session, code: str) -> Component:
    """The component with this 17-digit code, standing or ended."""
    component = find_component(session, code)
    if component is None:
        raise NotFound(N_("there is no component %(code)s"), code=code)
    return component


def get_component_for_update(session: Session, component_id: int) -> Component:
    """A component by its row's key, the row locked until the transaction ends."""
    locked = select(Component).where(Component.id == component_id).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def list_areas(session: Session, level: AreaLevel, parent_code: str | None = None) -> list[Area]:
    """Active areas of a level, in order of their codes, all or those below one."""
    rows = select(Area).where(Area.level == level, Area.ended_on.is_(None)).order_by(Area.code)
    return list(session.scalars(rows if parent_code is None else rows.where(Area.parent_code == parent_code)))


def find_areas(session: Session, codes: Collection[str]) -> dict[str, Area]:
    """The active areas with these codes, by code; one query, none where no code is asked for."""
    if not codes:
        return {}
    found = select(Area).where(Area.code.in_(codes), Area.ended_on.is_(None))
    return {area.code: area for area in session.scalars(found)}
