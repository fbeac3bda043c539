"""The grid's map tiles: areas, cells, names and components by zoom, each tile made once a process and grid revision."""

from collections import OrderedDict
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import LargeBinary, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from cityops.grid.index import GridIndex
from cityops.grid.models import Area, AreaLevel, Cell, Component
from cityops.grid.queries import current_index
from cityops.grid.tiles.mvt import Layer, encode
from cityops.grid.tiles.names import current_map_names
from cityops.grid.tiles.tiling import Tile, point_layer, polygon_layer, thin, to_units

STREETS_FROM, COMMUNITIES_FROM, CELLS_FROM, COMPONENTS_FROM = 9, 12, 15, 17
MOST_COMPONENTS = 2_500
SHELF_BYTES = 8 * 1024 * 1024
SHELF_TILES = 1_024


class Shelf:
    """The tiles asked for last, up to so many bytes."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._tiles: OrderedDict[Tile, bytes] = OrderedDict()
        self._bytes = 0

    def find(self, tile: Tile) -> bytes | None:
        """The tile, if it is still here."""
        if tile in self._tiles:
            self._tiles.move_to_end(tile)
        return self._tiles.get(tile)

    def put(self, tile: Tile, content: bytes) -> None:
        """Keep a tile; the ones not asked for longest go."""
        self._tiles[tile] = content
        self._bytes += len(content)
        while self._bytes > SHELF_BYTES or len(self._tiles) > SHELF_TILES:
            self._bytes -= len(self._tiles.popitem(last=False)[1])


_shelves: WeakKeyDictionary[GridIndex, Shelf] = WeakKeyDictionary()
_shelves_lock = Lock()


def grid_tile(session: Session, tile: Tile) -> tuple[int, bytes]:
    """The grid's revision, and the tile of it; outside the city it has no bytes."""
    index = current_index(session)
    with _shelves_lock:
        shelf = _shelves.setdefault(index, Shelf())
    with shelf.lock:
        content = shelf.find(tile)
        if content is None:
            content = encode(_layers(session, index, tile))
            shelf.put(tile, content)
    return index.revision, content


def _layers(session: Session, index: GridIndex, tile: Tile) -> list[Layer]:
    layers = [_areas(session, tile), _names(session, tile)]
    if tile.zoom >= CELLS_FROM:
        layers.append(_cells(session, index, tile))
    if tile.zoom >= COMPONENTS_FROM:
        layers += [_cell_names(session, index, tile), _components(session, tile)]
    return layers


def _levels(zoom: int) -> tuple[AreaLevel, ...]:
    levels = ((AreaLevel.DISTRICT, 0), (AreaLevel.STREET, STREETS_FROM), (AreaLevel.COMMUNITY, COMMUNITIES_FROM))
    return tuple(level for level, first in levels if zoom >= first)


def _named_levels(zoom: int) -> tuple[AreaLevel, ...]:
    """Whose names are written at a zoom; where the two meet, the map chooses by half steps."""
    if zoom < 11:
        return (AreaLevel.DISTRICT,)
    if zoom == 11:
        return (AreaLevel.DISTRICT, AreaLevel.STREET)
    return (AreaLevel.STREET,) if zoom < 14 else (AreaLevel.COMMUNITY,)


def _areas(session: Session, tile: Tile) -> Layer:
    names = current_map_names(session)
    chosen = names.meeting(tile.wider_box, _levels(tile.zoom))
    return polygon_layer(
        "areas",
        _boundaries(session, Area.id, Area.boundary, [names.ids[k] for k in chosen]),
        tile,
        {
            "code": [names.codes[k] for k in chosen],
            "name": [names.names[k] for k in chosen],
            "level": [str(names.levels[k]) for k in chosen],
        },
    )


def _names(session: Session, tile: Tile) -> Layer:
    names = current_map_names(session)
    chosen = names.named_in(tile.box, _named_levels(tile.zoom))
    return point_layer(
        "names",
        names.points[chosen],
        tile,
        {
            "text": [names.names[k] for k in chosen],
            "text_en": [names.names_en[k] for k in chosen],
            "level": [str(names.levels[k]) for k in chosen],
        },
    )


def _cells(session: Session, index: GridIndex, tile: Tile) -> Layer:
    cells = [index.at(position) for position in index.in_box(*tile.wider_box)]
    shapes = _boundaries(session, Cell.id, Cell.boundary, [cell.cell_id for cell in cells])
    return polygon_layer("cells", shapes, tile, {"code": [cell.cell_code for cell in cells]})


def _cell_names(session: Session, index: GridIndex, tile: Tile) -> Layer:
    """Where each cell's code stands: in one tile only, however many it reaches into."""
    west, south, east, north = tile.box
    cells = [index.at(position) for position in index.in_box(west, south, east, north)]
    shapes = _boundaries(session, Cell.id, Cell.boundary, [cell.cell_id for cell in cells])
    points = shapely.get_coordinates(shapely.point_on_surface(shapes)).reshape(-1, 2)
    lons, lats = points[:, 0], points[:, 1]
    here = np.flatnonzero((lons >= west) & (lons < east) & (lats > south) & (lats <= north))
    return point_layer("cell_names", points[here], tile, {"code": [cells[k].cell_code for k in here.tolist()]})


def _components(session: Session, tile: Tile) -> Layer:
    """The standing components, where many of one major class share a spot only one of them."""
    columns = (Component.code, Component.class_code, Component.lon, Component.lat)
    within = (Component.quad.between(*tile.quads), Component.ended_on.is_(None))
    rows = session.execute(select(*columns).where(*within).order_by(Component.id)).all()
    degrees = np.array([(row.lon, row.lat) for row in rows], dtype=np.float64).reshape(-1, 2)
    units = to_units(degrees, tile).astype(np.int64)
    drawn = thin(units, [row.class_code[:2] for row in rows], MOST_COMPONENTS)
    return point_layer(
        "components",
        degrees[drawn],
        tile,
        {
            "code": [rows[k].code for k in drawn],
            "class_code": [rows[k].class_code for k in drawn],
            "major": [rows[k].class_code[:2] for k in drawn],
        },
    )


def _boundaries(
    session: Session, key: InstrumentedAttribute[int], boundary: InstrumentedAttribute[BaseGeometry], ids: list[int]
) -> NDArray[Any]:
    """The boundaries of the rows with these ids, in the order of the ids."""
    found: dict[int, bytes] = {}
    for start in range(0, len(ids), 1_000):
        chunk = select(key, type_coerce(boundary, LargeBinary)).where(key.in_(ids[start : start + 1_000]))
        found |= {row[0]: row[1] for row in session.execute(chunk)}
    return np.asarray(shapely.from_wkb([found[each] for each in ids]), dtype=object)
