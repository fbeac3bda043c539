"""From degrees to the units of a web-Mercator tile: points, and polygons clipped, simplified and rounded."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from cityops.errors import NotFound
from cityops.grid.geometry import WEB_MERCATOR_LAT, tile_box, tile_quads
from cityops.grid.tiles.mvt import EXTENT, Layer, Shape
from cityops.words import N_

MAX_ZOOM = 17
# Beyond the tile's edge, so that the line along a cut lies out of sight: 8 of the 512 pixels a tile is drawn with.
BUFFER = 64
# Half a pixel, below the zooms at which cells are drawn and neighbours must meet.
TOLERANCE = 4.0
EXACT_FROM_ZOOM = 15

Fields = Mapping[str, Sequence[str] | Sequence[int]]

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


class Tile(NamedTuple):
    """A tile by its zoom, column and row."""

    zoom: int
    x: int
    y: int

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        return tile_box(self.zoom, self.x, self.y)

    @property
    def wider_box(self) -> tuple[float, float, float, float]:
        """The box with the buffer around it."""
        west, south, east, north = self.box
        lon_buffer, lat_buffer = ((far - near) * BUFFER / EXTENT for near, far in ((west, east), (south, north)))
        return west - lon_buffer, south - lat_buffer, east + lon_buffer, north + lat_buffer

    @property
    def quads(self) -> tuple[int, int]:
        """First and last quad, both included: a row's `quad` between them is inside the tile."""
        return tile_quads(self.zoom, self.x, self.y)


def get_tile(zoom: int, x: int, y: int) -> Tile:
    """The tile at an address.

    Raises:
        NotFound: the map asks for no such tile.
    """
    if zoom > MAX_ZOOM or max(x, y) >= 1 << zoom:
        raise NotFound(N_("There is no such tile."))
    return Tile(zoom, x, y)


def to_units(degrees: _Floats, tile: Tile) -> _Floats:
    """Turn an (n, 2) array of lon, lat into the tile's units: 0 to 4096 from west and from north."""
    size = 1 << tile.zoom
    sines = np.sin(np.radians(np.clip(degrees[:, 1], -WEB_MERCATOR_LAT, WEB_MERCATOR_LAT)))
    columns = (degrees[:, 0] + 180.0) / 360.0 * size
    rows = (0.5 - np.arctanh(sines) / (2.0 * math.pi)) * size
    return np.column_stack([columns - tile.x, rows - tile.y]) * EXTENT


def point_layer(name: str, degrees: _Floats, tile: Tile, fields: Fields) -> Layer:
    """A layer of points; `degrees` is (n, 2), each field has n values."""
    units = np.floor(to_units(degrees.reshape(-1, 2), tile)).astype(np.int64)
    return Layer(name, Shape.POINT, units, fields)


def polygon_layer(name: str, polygons: NDArray[Any], tile: Tile, fields: Fields) -> Layer:
    """A layer of polygons in degrees, clipped to the tile and its buffer; what vanishes there is left out."""
    return _drawn(name, _in_units(polygons, tile), tile, fields)


def merged_layer(name: str, polygons: NDArray[Any], owners: _Ints, tile: Tile, fields: Fields) -> Layer:
    """A layer in which the polygons in degrees that one owner has are one; `owners` counts from 0, as the fields do.

    They are put together on the tile's own raster: neighbours whose borders differ by a hair leave no line between.
    """
    shapes = shapely.set_precision(_in_units(polygons, tile), 1.0)
    merged = [shapely.union_all(shapes[owners == owner], grid_size=1.0) for owner in range(owners.max(initial=-1) + 1)]
    return _drawn(name, np.array(merged, dtype=object), tile, fields)


def _in_units(polygons: NDArray[Any], tile: Tile) -> NDArray[Any]:
    return np.asarray(shapely.transform(polygons, lambda degrees: to_units(degrees, tile)), dtype=object)


def _drawn(name: str, shapes: NDArray[Any], tile: Tile, fields: Fields) -> Layer:
    if tile.zoom < EXACT_FROM_ZOOM:
        shapes = shapely.simplify(shapes, TOLERANCE)
    low, high = -BUFFER, EXTENT + BUFFER
    boxes = shapely.bounds(shapes)
    cut = (boxes[:, :2] < low).any(axis=1) | (boxes[:, 2:] > high).any(axis=1)
    shapes[cut] = shapely.intersection(shapes[cut], shapely.box(low, low, high, high))
    parts, owners = shapely.get_parts(shapely.set_precision(shapes, 1.0), return_index=True)
    is_area = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    parts, owners = shapely.orient_polygons(parts[is_area]), owners[is_area]
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    corners, ring_of_corner = shapely.get_coordinates(rings, return_index=True)
    is_last = np.append(ring_of_corner[1:] != ring_of_corner[:-1], True)[: len(corners)]
    kept, ring_counts = np.unique(owners[part_of_ring], return_counts=True)
    return Layer(
        name,
        Shape.POLYGON,
        corners[~is_last].astype(np.int64),
        {key: [values[position] for position in kept.tolist()] for key, values in fields.items()},
        ring_sizes=np.bincount(ring_of_corner, minlength=len(rings)) - 1,
        ring_counts=ring_counts,
    )


def thin(units: _Ints, kinds: list[str], most: int, spot: int = 64) -> list[int]:
    """Positions of points to draw: one of each kind on a spot of so many units, larger spots until `most` suffice."""
    names, numbered = np.unique(np.array(kinds, dtype=np.str_), return_inverse=True)
    while True:
        columns, rows = (units // spot).T
        _, first = np.unique((rows * EXTENT + columns) * len(names) + numbered, return_index=True)
        if len(first) <= most:
            return [int(position) for position in np.sort(first)]
        spot *= 2
