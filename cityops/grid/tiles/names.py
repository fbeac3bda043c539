"""The names on the map: districts, streets and communities with the point where each is named, and their boxes."""

from collections.abc import Callable
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, select, type_coerce
from sqlalchemy.orm import Session

from cityops.grid.index import GridIndex
from cityops.grid.models import Area, AreaLevel
from cityops.grid.queries import current_index

LEVELS = (AreaLevel.DISTRICT, AreaLevel.STREET, AreaLevel.COMMUNITY)

Box = tuple[float, float, float, float]

_lock = Lock()
_kept: WeakKeyDictionary[GridIndex, "MapNames"] = WeakKeyDictionary()


class MapNames:
    """The named areas of one grid revision in order of their codes; boundaries stay in the database.

    Attributes:
        points: (n, 2) lon, lat inside each area, where its name stands.
    """

    def __init__(self, rows: list[tuple[int, str, str, str, AreaLevel]], boundaries: list[bytes]) -> None:
        self.ids = [row[0] for row in rows]
        self.codes = [row[1] for row in rows]
        self.names = [row[2] for row in rows]
        self.names_en = [row[3] for row in rows]
        self.levels = np.array([row[4].value for row in rows], dtype=np.str_)
        shapes = shapely.from_wkb(boundaries)
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
    index = current_index(session)
    with _lock:
        kept = _kept.get(index)
        if kept is None:
            kept = _kept[index] = _read(session)
    return kept


def _read(session: Session) -> MapNames:
    boundary = type_coerce(Area.boundary, LargeBinary)
    columns = (Area.id, Area.code, Area.name, Area.name_en, Area.level, boundary)
    active = select(*columns).where(Area.ended_on.is_(None), Area.level.in_(LEVELS)).order_by(Area.code)
    rows = session.execute(active).all()
    return MapNames([(row[0], row[1], row[2], row[3], row[4]) for row in rows], [row[5] for row in rows])
