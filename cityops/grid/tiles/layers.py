"""The grid's map tiles: areas, duty grids, cells, names and components by zoom, as of now or of a day.

Each tile is made once a process and grid revision, or day.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, Select, or_, select, type_coerce
from sqlalchemy.orm import Session

from cityops.clock import today
from cityops.grid.index import GridIndex, Located
from cityops.grid.models import Area, AreaLevel, Cell, Component, PlannedRow
from cityops.grid.queries import current_index, index_at
from cityops.grid.tiles.mvt import Layer, encode
from cityops.grid.tiles.names import MapNames, current_map_names, map_names_at
from cityops.grid.tiles.tiling import Tile, merged_layer, point_layer, polygon_layer, thin, to_units

STREETS_FROM, COMMUNITIES_FROM, DUTY_GRIDS_FROM, CELLS_FROM, COMPONENTS_FROM, CODES_FROM = 9, 12, 14, 15, 15, 17
# Below this zoom one component of each major class stands for all on its spot.
ALL_COMPONENTS_FROM = 16
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
_middles: WeakKeyDictionary[GridIndex, NDArray[np.int64]] = WeakKeyDictionary()
_shelves_lock = Lock()


def grid_tile(session: Session, tile: Tile, on: date | None = None) -> tuple[int, bytes]:
    """The grid's revision, and the tile of it, as it stands now or stood on a day; outside the city it has no bytes."""
    current = current_index(session)
    index = current if on is None else index_at(session, on)
    with _shelves_lock:
        shelf = _shelves.setdefault(index, Shelf())
    with shelf.lock:
        content = shelf.find(tile)
        if content is None:
            content = encode(_layers(session, index, tile, None if index is current else on))
            shelf.put(tile, content)
    return current.revision, content


def _layers(session: Session, index: GridIndex, tile: Tile, on: date | None) -> list[Layer]:
    names = current_map_names(session) if on is None else map_names_at(session, on)
    layers = [_areas(session, names, tile), _names(names, tile)]
    if tile.zoom >= DUTY_GRIDS_FROM:
        cells = _read_cells(session, index, tile)
        layers += [_duty_grids(index, cells, tile), _duty_grid_names(index, cells, tile)]
        if tile.zoom >= CELLS_FROM:
            layers.append(_cells(cells, tile))
        if tile.zoom >= CODES_FROM:
            layers.append(_cell_names(cells, tile))
    if tile.zoom >= COMPONENTS_FROM:
        layers.append(_components(session, tile, on or today()))
    return layers


@dataclass(frozen=True, slots=True)
class TileCells:
    """The cells whose box meets a tile and its buffer, by their positions in the index, with their boundaries."""

    positions: list[int]
    cells: list[Located]
    shapes: NDArray[Any]


def _read_cells(session: Session, index: GridIndex, tile: Tile) -> TileCells:
    positions = index.in_box(*tile.wider_box)
    cells = [index.at(position) for position in positions]
    return TileCells(positions, cells, _boundaries(session, Cell, [cell.cell_id for cell in cells]))


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


def _areas(session: Session, names: MapNames, tile: Tile) -> Layer:
    chosen = names.meeting(tile.wider_box, _levels(tile.zoom))
    return polygon_layer(
        "areas",
        _boundaries(session, Area, [names.ids[k] for k in chosen]),
        tile,
        {
            "code": [names.codes[k] for k in chosen],
            "name": [names.names[k] for k in chosen],
            "level": [str(names.levels[k]) for k in chosen],
        },
    )


def _names(names: MapNames, tile: Tile) -> Layer:
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


def _cells(cells: TileCells, tile: Tile) -> Layer:
    return polygon_layer("cells", cells.shapes, tile, {"code": [cell.cell_code for cell in cells.cells]})


def _cell_names(cells: TileCells, tile: Tile) -> Layer:
    """Where each cell's code stands: in one tile only, however many it reaches into."""
    here, points = _standing_in(tile, cells.shapes)
    return point_layer("cell_names", points, tile, {"code": [cells.cells[k].cell_code for k in here]})


def _duty_grids(index: GridIndex, cells: TileCells, tile: Tile) -> Layer:
    """What the cells of each duty grid cover together."""
    held_by = index.held_by[cells.positions]
    grids, owners = np.unique(held_by[held_by > 0], return_inverse=True)
    told = [index.duty_grids[grid] for grid in grids.tolist()]
    return merged_layer("duty_grids", cells.shapes[held_by > 0], owners, tile, {"code": [each[0] for each in told]})


def _duty_grid_names(index: GridIndex, cells: TileCells, tile: Tile) -> Layer:
    """Where each duty grid's name stands: in the cell nearest to its middle, in one tile only."""
    chosen = np.flatnonzero(np.isin(cells.positions, _middle_cells(index)))
    here, points = _standing_in(tile, cells.shapes[chosen])
    told = [index.duty_grids[cells.cells[k].duty_grid_id or 0] for k in chosen[here].tolist()]
    texts = {"text": [each[1] for each in told], "text_en": [each[2] for each in told]}
    return point_layer("duty_grid_names", points, tile, texts | {"code": [each[0] for each in told]})


def _middle_cells(index: GridIndex) -> NDArray[np.int64]:
    """The positions of the cells nearest to the middle of each duty grid, found once for an index."""
    with _shelves_lock:
        found = _middles.get(index)
        if found is None:
            held = np.flatnonzero(index.held_by)
            points = (index.boxes[held, :2] + index.boxes[held, 2:]) / 2
            grids, owners = np.unique(index.held_by[held], return_inverse=True)
            sums = [np.bincount(owners, points[:, axis], minlength=len(grids)) for axis in (0, 1)]
            middles = np.column_stack(sums) / np.bincount(owners, minlength=len(grids))[:, None]
            order = np.lexsort([((points - middles[owners]) ** 2).sum(axis=1), owners])
            found = _middles[index] = held[order[np.unique(owners[order], return_index=True)[1]]]
    return found


def _standing_in(tile: Tile, shapes: NDArray[Any]) -> tuple[list[int], NDArray[np.float64]]:
    """Which of these polygons have their inner point in this tile, and the points."""
    west, south, east, north = tile.box
    points = shapely.get_coordinates(shapely.point_on_surface(shapes)).reshape(-1, 2)
    lons, lats = points[:, 0], points[:, 1]
    here = np.flatnonzero((lons >= west) & (lons < east) & (lats > south) & (lats <= north))
    return here.tolist(), points[here]


def standing_in(tile: Tile, on: date) -> Select[str, str, float, float]:
    """The components of a tile on a day; read along the index of `quad`, and in its order."""
    columns = (Component.code, Component.class_code, Component.lon, Component.lat)
    stood = or_(Component.ended_on.is_(None), Component.ended_on > on)
    within = (Component.quad.between(*tile.quads), Component.initial_on <= on, stood)
    return select(*columns).where(*within).order_by(Component.quad, Component.id)


def _components(session: Session, tile: Tile, on: date) -> Layer:
    """The components, from afar one of each major class on a spot of a few pixels."""
    rows = session.execute(standing_in(tile, on)).all()
    codes, classes, lons, lats = zip(*rows, strict=True) if rows else ((), (), (), ())
    degrees = np.column_stack([np.array(lons, np.float64), np.array(lats, np.float64)])
    majors = [code[:2] for code in classes]
    drawn = list(range(len(rows)))
    if tile.zoom < ALL_COMPONENTS_FROM:
        drawn = thin(to_units(degrees, tile).astype(np.int64), majors, MOST_COMPONENTS)
    fields = {"code": [codes[k] for k in drawn], "major": [majors[k] for k in drawn]}
    return point_layer("components", degrees[drawn], tile, fields)


def _boundaries(session: Session, kind: type[Area] | type[Cell], ids: list[int]) -> NDArray[Any]:
    """The boundaries of the rows with these ids, of planned rows with those below 0, in the order of the ids."""
    found: dict[int, bytes] = {}
    for start in range(0, len(ids), 1_000):
        portion = ids[start : start + 1_000]
        for row, sign in ((kind, 1), (PlannedRow, -1)):
            keys = [sign * each for each in portion if sign * each > 0]
            chunk = select(row.id, type_coerce(row.boundary, LargeBinary)).where(row.id.in_(keys))
            found |= {sign * key: wkb for key, wkb in session.execute(chunk)} if keys else {}
    return np.asarray(shapely.from_wkb([found[each] for each in ids]), dtype=object)
