"""The names on the map: districts, streets and communities with the point where each is named, and their boxes."""

import json
from collections.abc import Callable
from datetime import date
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, select, type_coerce
from sqlalchemy.orm import Session

from cityops.grid.index import GridIndex
from cityops.grid.models import Area, AreaLevel, PlannedRow
from cityops.grid.queries import current_index, find_planned_version, in_force, index_at

LEVELS = (AreaLevel.DISTRICT, AreaLevel.STREET, AreaLevel.COMMUNITY)

Box = tuple[float, float, float, float]
NameRow = tuple[int, str, str, str, AreaLevel, bytes]

_lock = Lock()
_kept: WeakKeyDictionary[GridIndex, "MapNames"] = WeakKeyDictionary()


class MapNames:
    """The named areas of one grid revision or day in order of their codes; boundaries stay in the database.

    Attributes:
        ids: the keys of the areas' rows; of an area that is planned that of its planned row, below 0.
        points: (n, 2) lon, lat inside each area, where its name stands.
    """

    def __init__(self, rows: list[NameRow]) -> None:
        self.ids = [row[0] for row in rows]
        self.codes = [row[1] for row in rows]
        self.names = [row[2] for row in rows]
        self.names_en = [row[3] for row in rows]
        self.levels = np.array([row[4].value for row in rows], dtype=np.str_)
        shapes = shapely.from_wkb([row[5] for row in rows])
        self.points: NDArray[np.float64] = shapely.get_coordinates(shapely.point_on_surface(shapes))
        self._boxes: NDArray[np.float64] = shapely.bounds(shapes).reshape(-1, 4)

    def meeting(self, box: Box, levels: tuple[AreaLevel, ...]) -> list[int]:
        """Positions of the areas of these levels whose box meets the given one."""
        west, south, east, north = box
        boxes = self._boxes
        meets = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        return self._positions(meets & self._is(levels))

    def named_in(self, box: Box, levels: tuple[AreaLevel, ...]) -> list[int]:
        """Positions of the areas of these levels whose name stands in the box: in one box of a tiling only."""
        west, south, east, north = box
        lons, lats = self.points[:, 0], self.points[:, 1]
        return self._positions((lons >= west) & (lons < east) & (lats > south) & (lats <= north) & self._is(levels))

    def box_around(self, covers: Callable[[str], bool]) -> Box | None:
        """The box of the communities whose code is covered, None without any."""
        chosen = [k for k in self._positions(self._is((AreaLevel.COMMUNITY,))) if covers(self.codes[k])]
        if not chosen:
            return None
        boxes = self._boxes[chosen]
        (west, south), (east, north) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
        return west, south, east, north

    def _is(self, levels: tuple[AreaLevel, ...]) -> NDArray[np.bool_]:
        return np.isin(self.levels, [level.value for level in levels])

    @staticmethod
    def _positions(chosen: NDArray[Any]) -> list[int]:
        return [int(position) for position in np.flatnonzero(chosen)]


def current_map_names(session: Session) -> MapNames:
    """The names of the grid as it stands now, read once a process and again after each change of the grid."""
    return _names_of(session, current_index(session), None)


def map_names_at(session: Session, on: date) -> MapNames:
    """The names of the grid as it stood on a day, today's included, or will stand by what is planned."""
    index = index_at(session, on)
    return _names_of(session, index, None if index is current_index(session) else on)


def _names_of(session: Session, index: GridIndex, on: date | None) -> MapNames:
    with _lock:
        kept = _kept.get(index)
        if kept is None:
            kept = _kept[index] = MapNames(_read(session, on))
    return kept


def _read(session: Session, on: date | None) -> list[NameRow]:
    boundary = type_coerce(Area.boundary, LargeBinary)
    columns = (Area.id, Area.code, Area.name, Area.name_en, Area.level, boundary)
    rows = session.execute(select(*columns).where(in_force(Area, on), Area.level.in_(LEVELS)))
    named: dict[str, NameRow] = {row[1]: (row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows}
    planned = find_planned_version(session, on) if on else None
    coming = select(PlannedRow.id, PlannedRow.kind, PlannedRow.values, type_coerce(PlannedRow.boundary, LargeBinary))
    coming = coming.where(PlannedRow.version_id == planned, PlannedRow.kind.in_(("areas", "retired")))
    for key, kind, values, wkb in session.execute(coming) if planned else ():
        told = json.loads(values)
        if kind == "retired":
            named.pop(told["code"], None)
            continue
        level = AreaLevel(told["level"])
        if level in LEVELS:
            named[told["code"]] = (-key, told["code"], told["name"], told["name_en"], level, wkb)
    return [named[code] for code in sorted(named)]
