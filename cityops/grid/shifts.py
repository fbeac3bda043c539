"""The shifts of Chinese web maps: GCJ-02 (the state's) and BD-09 (Baidu's) to WGS84 and back. Pure.

Both are published only as code; the forward formulas here agree with published vectors. The ways back undo them by
iteration, to better than a millimetre. Arrays of any shape go through at once.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cityops.errors import Invalid
from cityops.grid.geometry import CHINA, check_point
from cityops.words import N_

Numbers = NDArray[np.float64]

SYSTEMS = ("wgs84", "gcj02", "bd09")

_KRASSOVSKY_A = 6378245.0
_KRASSOVSKY_E2 = 0.00669342162296594323
_BD09_WAVE = math.pi * 3000.0 / 180.0
_ROUNDS = 10


def wgs84_to_gcj02(lon: Any, lat: Any) -> tuple[Any, Any]:
    """Shift points as Chinese web maps do; outside China nothing is shifted."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = 20.0 * np.sin(6.0 * x * math.pi) + 20.0 * np.sin(2.0 * x * math.pi)
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    d_lat += (waves + 20.0 * np.sin(y * math.pi) + 40.0 * np.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * math.pi) + 320.0 * np.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    d_lon += (waves + 20.0 * np.sin(x * math.pi) + 40.0 * np.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    d_lon += (150.0 * np.sin(x / 12.0 * math.pi) + 300.0 * np.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    sine = np.sin(np.radians(lat))
    w2 = 1.0 - _KRASSOVSKY_E2 * sine * sine
    meridional = _KRASSOVSKY_A * (1.0 - _KRASSOVSKY_E2) / (w2 * np.sqrt(w2))
    parallel = _KRASSOVSKY_A / np.sqrt(w2) * np.cos(np.radians(lat))
    west, south, east, north = CHINA
    is_in_china = (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
    return (
        np.where(is_in_china, lon + np.degrees(d_lon / parallel), lon),
        np.where(is_in_china, lat + np.degrees(d_lat / meridional), lat),
    )


def gcj02_to_bd09(lon_gcj02: Any, lat_gcj02: Any) -> tuple[Any, Any]:
    """Baidu's second shift on top of GCJ-02's."""
    radius = np.hypot(lon_gcj02, lat_gcj02) + 0.00002 * np.sin(lat_gcj02 * _BD09_WAVE)
    angle = np.arctan2(lat_gcj02, lon_gcj02) + 0.000003 * np.cos(lon_gcj02 * _BD09_WAVE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def wgs84_to_bd09(lon: Any, lat: Any) -> tuple[Any, Any]:
    """Both shifts, one after the other."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def to_wgs84(coordinates: Numbers, crs: str) -> Numbers:
    """Bring an (n, 2) array of lon, lat given in `wgs84`, `gcj02` or `bd09` to WGS84.

    Raises:
        Invalid: field `crs`; another system.
    """
    if crs not in SYSTEMS:
        raise Invalid("crs", N_("the coordinate system must be wgs84, gcj02 or bd09"))
    if crs == "wgs84":
        return coordinates
    shift = wgs84_to_gcj02 if crs == "gcj02" else wgs84_to_bd09
    target_lon, target_lat = coordinates[:, 0], coordinates[:, 1]
    lon, lat = target_lon, target_lat
    for _ in range(_ROUNDS):
        shifted_lon, shifted_lat = shift(lon, lat)
        lon, lat = lon + target_lon - shifted_lon, lat + target_lat - shifted_lat
    return np.column_stack([lon, lat])


def from_crs(lon: float, lat: float, crs: str) -> tuple[float, float]:
    """Bring one point given in `wgs84`, `gcj02` or `bd09` to WGS84.

    Raises:
        Invalid: field `crs` for another system, `lon` or `lat` for what `check_point` refuses.
    """
    check_point(lon, lat)
    ((found_lon, found_lat),) = to_wgs84(np.array([[lon, lat]]), crs).tolist()
    return found_lon, found_lat
