"""The pure geometry of the city: coordinates and their checks, quad keys, distances, projected areas.

`lon, lat` are WGS84/CGCS2000 degrees (the two differ by centimetres); another system says so in the name.
Metres are those of the CGCS2000 3-degree Gauss–Krüger zone of the place. No database, no web.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.words import N_

QUAD_ZOOM = 20
WEB_MERCATOR_LAT = 85.0511287798066

# The box in which web maps shift their points: west, south, east, north.
CHINA = (73.0, 3.0, 136.0, 54.0)
WEST_OF_ZONES = 73.5
_WGS84_A = 6378137.0
_WGS84_E2 = 0.0066943799901413165


def check_point(lon: float, lat: float) -> None:
    """Refuse what is no place on earth, and say when longitude and latitude look swapped.

    Raises:
        Invalid: with field `lon` or `lat`; NaN, infinity (1e309), out of range, or swapped.

    >>> check_point(121.55, 29.87)
    >>> check_point(29.87, 121.55)
    Traceback (most recent call last):
    ...
    cityops.errors.Invalid: these look swapped: longitude 29.87, latitude 121.55
    """
    for field, value in (("lon", lon), ("lat", lat)):
        if not math.isfinite(value):
            raise Invalid(field, N_("a coordinate must be a finite number of degrees"))
    if look_swapped(lon, lat):
        raise Invalid("lon", N_("these look swapped: longitude %(lon)s, latitude %(lat)s"), lon=lon, lat=lat)
    if not -180.0 <= lon <= 180.0:
        raise Invalid("lon", N_("longitude must lie between -180 and 180 degrees"))
    if not -90.0 <= lat <= 90.0:
        raise Invalid("lat", N_("latitude must lie between -90 and 90 degrees"))


def is_point(lon: float, lat: float) -> bool:
    """Whether `check_point` takes the pair."""
    try:
        check_point(lon, lat)
    except Invalid:
        return False
    return True


def look_swapped(lon: float, lat: float) -> bool:
    """Whether the pair lies outside China as given and inside it the other way round."""
    return not _is_in_china(lon, lat) and _is_in_china(lat, lon)


def _is_in_china(lon: float, lat: float) -> bool:
    west, south, east, north = CHINA
    return west <= lon <= east and south <= lat <= north


def gauss_kruger_epsg(lon: float) -> int:
    """EPSG code of the CGCS2000 3-degree Gauss–Krüger zone (without zone prefix) that `lon` lies in.

    >>> gauss_kruger_epsg(121.55), gauss_kruger_epsg(116.4)
    (4550, 4548)
    """
    meridian = math.floor((lon + 1.5) / 3.0) * 3
    if not 75 <= meridian <= 135:
        raise Invalid("lon", N_("there is no Gauss–Krüger zone of China at longitude %(lon)s"), lon=lon)
    return 4534 + (meridian - 75) // 3


def metric_epsg(lon: float, lat: float) -> int:
    """EPSG code of the metres to measure in at a place: its Gauss–Krüger zone in China, its UTM zone elsewhere.

    >>> metric_epsg(121.47, 31.23), metric_epsg(24.94, 60.17)
    (4549, 32635)
    """
    if _is_in_china(lon, lat) and lon >= WEST_OF_ZONES:
        return gauss_kruger_epsg(lon)
    return (32600 if lat >= 0 else 32700) + min(int((lon + 180.0) // 6.0) + 1, 60)


@cache
def _transformer(epsg: int, *, inverse: bool) -> Transformer:
    pair = (epsg, 4490) if inverse else (4490, epsg)
    return Transformer.from_crs(*pair, always_xy=True)


def to_metres(coordinates: NDArray[np.float64], epsg: int) -> NDArray[np.float64]:
    """Project an (n, 2) array of lon, lat to easting, northing in metres."""
    east, north = _transformer(epsg, inverse=False).transform(coordinates[:, 0], coordinates[:, 1])
    return np.column_stack([east, north])


def to_degrees(coordinates: NDArray[np.float64], epsg: int) -> NDArray[np.float64]:
    """Turn an (n, 2) array of easting, northing in metres back to lon, lat."""
    lon, lat = _transformer(epsg, inverse=True).transform(coordinates[:, 0], coordinates[:, 1])
    return np.column_stack([lon, lat])


def in_degrees(geometries: Any, epsg: int) -> Any:
    """A geometry in metres, or an array of them, in lon, lat."""
    return shapely.transform(geometries, lambda points: to_degrees(points, epsg))


def in_metres(geometries: Any, epsg: int) -> Any:
    """A geometry in degrees, or an array of them, projected."""
    return shapely.transform(geometries, lambda points: to_metres(points, epsg))


def middle_epsg(geometries: Any) -> int:
    """EPSG code of the metres for geometries in degrees that are looked at together: those of their middle."""
    west, south, east, north = shapely.total_bounds(geometries).tolist()
    return metric_epsg((west + east) / 2, (south + north) / 2) if west <= east else metric_epsg(0.0, 0.0)


def areas_m2(geometries: Any) -> NDArray[np.float64]:
    """The areas of geometries in degrees, each in the zone of its own place: a city may lie in two."""
    shapes = np.asarray(geometries, dtype=object)
    boxes = shapely.bounds(shapes).reshape(-1, 4)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    sizes_m2, is_placed = np.zeros(len(shapes)), np.isfinite(middles).all(axis=1)
    zones = np.zeros(len(shapes), dtype=np.int64)
    zones[is_placed] = [metric_epsg(lon, lat) for lon, lat in middles[is_placed].tolist()]
    for epsg in np.unique(zones[is_placed]).tolist():
        of_zone = zones == epsg
        sizes_m2[of_zone] = shapely.area(in_metres(shapes[of_zone], epsg))
    return sizes_m2


def area_m2(geometry: BaseGeometry) -> float:
    """The area of one geometry in degrees."""
    return float(areas_m2([geometry])[0])


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Distance on the WGS84 ellipsoid by its radii at the middle latitude: within 0.1 % up to 50 km.

    >>> round(distance_m(121.55, 29.87, 121.55, 29.871), 2)
    110.85
    """
    metres_per_lon, metres_per_lat = metres_per_degree((lat + other_lat) / 2)
    return math.hypot((other_lon - lon) * metres_per_lon, (other_lat - lat) * metres_per_lat)


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Metres of one degree of longitude and of latitude at `lat`."""
    sine = math.sin(math.radians(lat))
    w2 = 1.0 - _WGS84_E2 * sine * sine
    prime_vertical = _WGS84_A / math.sqrt(w2)
    meridional = prime_vertical * (1.0 - _WGS84_E2) / w2
    return math.radians(prime_vertical * math.cos(math.radians(lat))), math.radians(meridional)


def box_around(lon: float, lat: float, radius_m: float) -> tuple[float, float, float, float]:
    """West, south, east, north of the box that holds the circle of `radius_m` around a point."""
    metres_per_lon, metres_per_lat = metres_per_degree(lat)
    half_width = radius_m / max(metres_per_lon, 1.0) * 1.001
    half_height = radius_m / metres_per_lat * 1.001
    return lon - half_width, lat - half_height, lon + half_width, lat + half_height


def tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Column and row of the web-Mercator tile that holds the point, row 0 in the north."""
    size = 1 << zoom
    lat = min(max(lat, -WEB_MERCATOR_LAT), WEB_MERCATOR_LAT)
    x = (lon + 180.0) / 360.0 * size
    y = (1.0 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2.0 * size
    return min(max(int(x), 0), size - 1), min(max(int(y), 0), size - 1)


def tile_box(zoom: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a web-Mercator tile in degrees."""
    size = 1 << zoom
    north, south = (math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / size)))) for row in (y, y + 1))
    return x / size * 360.0 - 180.0, south, (x + 1) / size * 360.0 - 180.0, north


def _spread(value: Any) -> Any:
    value = (value | value << 16) & 0x0000FFFF0000FFFF
    value = (value | value << 8) & 0x00FF00FF00FF00FF
    value = (value | value << 4) & 0x0F0F0F0F0F0F0F0F
    value = (value | value << 2) & 0x3333333333333333
    return (value | value << 1) & 0x5555555555555555


def _morton(x: int, y: int) -> int:
    return int(_spread(x) | _spread(y) << 1)


def quad(lon: float, lat: float) -> int:
    """Morton code of the point's zoom-20 tile (33 m wide at 30 N): near things have near codes.

    >>> low, high = tile_quads(12, *tile_at(121.55, 29.87, 12))
    >>> low <= quad(121.55, 29.87) <= high
    True
    """
    return _morton(*tile_at(lon, lat, QUAD_ZOOM))


def quads(lons: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.int64]:
    """The `quad` of many points."""
    size = 1 << QUAD_ZOOM
    lats = np.radians(np.clip(lats, -WEB_MERCATOR_LAT, WEB_MERCATOR_LAT))
    columns = (lons + 180.0) / 360.0 * size
    rows = (1.0 - np.arcsinh(np.tan(lats)) / math.pi) / 2.0 * size
    x, y = (np.clip(values, 0, size - 1).astype(np.int64) for values in (columns, rows))
    return np.asarray(_spread(x) | _spread(y) << 1)


def tile_quads(zoom: int, x: int, y: int) -> tuple[int, int]:
    """First and last quad of a tile (zoom 0 to 20), both included; a deeper tile gives its zoom-20 ancestor's quad."""
    if zoom > QUAD_ZOOM:
        zoom, x, y = QUAD_ZOOM, x >> (zoom - QUAD_ZOOM), y >> (zoom - QUAD_ZOOM)
    depth = 2 * (QUAD_ZOOM - zoom)
    first = _morton(x, y) << depth
    return first, first + (1 << depth) - 1


def box_quads(west: float, south: float, east: float, north: float, tiles: int = 16) -> list[tuple[int, int]]:
    """Few ranges of quads, both ends included, that cover a box: at most about `tiles` tiles, neighbours joined.

    They cover more than the box: look at lon and lat besides.
    """
    for zoom in range(QUAD_ZOOM, -1, -1):
        left, top = tile_at(west, north, zoom)
        right, bottom = tile_at(east, south, zoom)
        if (right - left + 1) * (bottom - top + 1) <= tiles:
            break
    ranges = sorted(tile_quads(zoom, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))
    joined = [ranges[0]]
    for first, last in ranges[1:]:
        if first == joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
