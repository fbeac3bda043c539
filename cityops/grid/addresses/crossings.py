"""Where two roads meet, from their courses. Pure."""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.grid.geometry import in_metres, middle_epsg, to_degrees

# Courses are drawn along the middle of a road: what comes as near as this meets.
MEETING_M = 25.0
# More than that anywhere a city is: what is farther is not projected.
MEETING_DEGREES = 0.001
# Two carriageways that cross two others meet four times in one crossing.
SAME_CROSSING_M = 60.0


def meeting_points(one: BaseGeometry, other: BaseGeometry) -> list[tuple[float, float]]:
    """Points in degrees where two lines cross, or come so near that they are taken to meet; each crossing once."""
    if not shapely.dwithin(one, other, MEETING_DEGREES):
        return []
    epsg = middle_epsg([one, other])
    lines = in_metres(np.array([one, other], dtype=object), epsg)
    if not shapely.dwithin(lines[0], lines[1], MEETING_M):
        return []
    shared = lines[0].intersection(lines[1])
    if shared.is_empty:
        shared = shapely.shortest_line(lines[0], lines[1]).centroid
    crossings = shapely.get_parts(shapely.buffer(shared, SAME_CROSSING_M / 2))
    middles = shapely.get_coordinates([shared.intersection(around).centroid for around in crossings])
    return [(float(lon), float(lat)) for lon, lat in to_degrees(middles, epsg)]
