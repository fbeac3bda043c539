"""What follows a changed grid: the names of its areas, and the cell of every other place."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, undefer

from cityops.clock import today
from cityops.grid.addresses.models import Address, AddressKind, GazetteerRevision, not_ended_on
from cityops.grid.addresses.sounds import sounds_of
from cityops.grid.geometry import quad
from cityops.grid.index import GridIndex
from cityops.grid.models import Area
from cityops.grid.revisions import bump, lock

LOCATED_AT_ONCE = 20_000


def find_taken(session: Session, codes: set[str]) -> set[str]:
    """Which of these codes of areas belong to places that are none."""
    if not codes:
        return set()
    taken = select(Address.code).where(Address.code.between(min(codes), max(codes)), not_ended_on(today()))
    return set(session.scalars(taken.where(Address.kind != AddressKind.AREA))) & codes


def follow_grid(session: Session, index: GridIndex, on: date, heirs: Mapping[str, str]) -> None:
    """After a change of the grid: the names of the areas that stand, and the cell of every other place.

    Args:
        on: the day of the change.
        heirs: the area that took most land of one that has ended, by the code of that.
    """
    lock(session, GazetteerRevision)
    _follow_areas(session, on, heirs)
    columns = (Address.id, Address.lon, Address.lat, Address.cell_id)
    placed = select(*columns).where(not_ended_on(today()), Address.kind != AddressKind.AREA)
    last_id = 0
    while rows := session.execute(placed.where(Address.id > last_id).order_by(Address.id).limit(LOCATED_AT_ONCE)).all():
        last_id = rows[-1].id
        moved = []
        places = index.locate_many(np.array([row.lon for row in rows]), np.array([row.lat for row in rows]))
        for row, position in zip(rows, places.tolist(), strict=True):
            place = index.at(position) if position >= 0 else None
            if row.cell_id != (place and place.cell_id):
                moved.append({"id": row.id, "cell_id": place and place.cell_id, "area_code": place and place.area_code})
        if moved:
            session.execute(update(Address), moved)
    bump(session, GazetteerRevision)


def _follow_areas(session: Session, on: date, heirs: Mapping[str, str]) -> None:
    """Bring the names of areas to those that stand: a renamed one keeps its former name, an ended one is ended.

    The name of one that ended leads to its heir, as a former name of that.
    """
    standing = select(Area).where(Area.ended_on.is_(None)).options(undefer(Area.boundary))
    areas = {area.code: area for area in session.scalars(standing)}
    named = select(Address).where(Address.kind == AddressKind.AREA, Address.ended_on.is_(None))
    kept, begun = set(), []
    for row in session.scalars(named):
        area = areas.get(row.code)
        if area is None or row.name != (area.name_en if row.is_alias else area.name):
            row.ended_on = on
            heir = areas.get(heirs.get(row.code, ""))
            if area is None and heir is not None:
                begun.append(_area_row(heir, row.name, on, is_alias=row.is_alias) | {"ended_on": on})
        else:
            kept.add((row.code, row.is_alias))
            point = area.boundary.representative_point()
            row.lon, row.lat, row.quad = point.x, point.y, quad(point.x, point.y)
    session.flush()
    for code, area in areas.items():
        names = [(area.name, False)] + ([(area.name_en, True)] if area.name_en != area.name else [])
        wanted = [(name, is_alias) for name, is_alias in names if (code, is_alias) not in kept]
        begun += [_area_row(area, name, on, is_alias=is_alias) for name, is_alias in wanted]
    if begun:
        session.execute(insert(Address), begun)


def _area_row(area: Area, name: str, on: date, *, is_alias: bool) -> dict[str, Any]:
    point = area.boundary.representative_point()
    return {
        "code": area.code,
        "kind": AddressKind.AREA,
        "category": area.level.value,
        "name": name,
        "pinyin": sounds_of(name),
        "is_alias": is_alias,
        "parent_code": None,
        "number": None,
        "lon": point.x,
        "lat": point.y,
        "quad": quad(point.x, point.y),
        "cell_id": None,
        "area_code": area.code,
        "line": None,
        "valid_from_on": on,
        "ended_on": None,
    }
