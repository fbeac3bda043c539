"""A plane cut into nested pieces: regions split along lines, down to blocks, one mesh without gap or overlap.

All pieces are faces of one set of lines, noded together once on a raster of 1e-7 degrees, so neighbours share every
vertex. Metres are those of a local plane (an affine image of the degrees: a straight line stays straight). Pure: the
same random source gives the same mesh.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from cityops.grid.geometry import metres_per_degree

# About one centimetre.
RASTER_DEGREES = 1e-7
STATION_M = 110.0
REACH_M = 20_000.0


@dataclass(frozen=True, slots=True)
class Plane:
    """A local plane in metres around a point; good for a city's width, not for areas that are to be reported."""

    lon: float
    lat: float

    def to_plane(self, points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Degrees to metres east and north of the origin."""
        east, north = metres_per_degree(self.lat)
        return [((lon - self.lon) * east, (lat - self.lat) * north) for lon, lat in points]

    def to_degrees(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry in metres back to degrees."""
        scale = metres_per_degree(self.lat)
        return shapely.transform(geometry, lambda points: points / scale + (self.lon, self.lat))


@dataclass(frozen=True, slots=True)
class Cut:
    """A region in two: what lies left of the line, what lies right of it, and the line between them."""

    left: Polygon
    right: Polygon
    line: BaseGeometry

    @property
    def roundness(self) -> float:
        """The less compact of the two sides: 1 for a circle, near 0 for a ribbon."""
        return min(4 * math.pi * side.area / side.length**2 for side in (self.left, self.right))


def cut_share(region: Polygon, angle: float, share: float, wave_m: float, source: Random) -> Cut | None:
    """Cut a region along a line in direction `angle` (radians), so that `share` of its area lies on the left.

    Args:
        wave_m: how far the line may swing to either side, 0 for a straight one.

    Returns:
        None where the line would leave more than two pieces.
    """
    forward = np.array([math.cos(angle), math.sin(angle)])
    leftward = np.array([-forward[1], forward[0]])
    corners = shapely.get_coordinates(region)
    along, across = corners @ forward, corners @ leftward
    begin, end = along.min() - STATION_M, along.max() + STATION_M
    stations = np.linspace(begin, end, max(2, int((end - begin) / STATION_M)) if wave_m else 2)
    swing = np.array([source.uniform(-wave_m, wave_m) for _ in stations])
    wavy = np.outer(stations, forward) + np.outer(swing, leftward)
    side = np.vstack([wavy, wavy[-1] + leftward * REACH_M, wavy[0] + leftward * REACH_M])
    low, high = across.min() - wave_m, across.max() + wave_m
    for _ in range(16):
        middle = (low + high) / 2
        if region.intersection(Polygon(side + leftward * middle)).area > share * region.area:
            low = middle
        else:
            high = middle
    half_plane = Polygon(side + leftward * low)
    left, right = region.intersection(half_plane), region.difference(half_plane)
    if not (isinstance(left, Polygon) and isinstance(right, Polygon)) or left.is_empty or right.is_empty:
        return None
    return Cut(left, right, region.intersection(LineString(wavy + leftward * low)))


def long_axis(region: Polygon) -> float:
    """Direction of the longer side of the smallest rectangle around a region, in radians."""
    corners = shapely.get_coordinates(region.minimum_rotated_rectangle)
    sides = corners[1:3] - corners[:2]
    longer = sides[int(np.argmax(np.hypot(sides[:, 0], sides[:, 1])))]
    return math.atan2(longer[1], longer[0])


def cut_across(region: Polygon, share: float, wave_m: float, source: Random, *, slant: float = 0.2) -> Cut:
    """Cut a region across its long axis, a little slanted, or in the roundest other way that leaves two pieces.

    Raises:
        ValueError: no line was found; the region is too ragged.
    """
    across = long_axis(region) + math.pi / 2 + source.uniform(-slant, slant)
    first = cut_share(region, across, share, wave_m, source)
    if first is not None and first.roundness > 0.4:
        return first
    turns = (across + math.pi * k / 8 for k in range(1, 16))
    others = [cut_share(region, turn, share, wave_m, source) for turn in turns]
    cuts = [cut for cut in (first, *others) if cut is not None]
    if not cuts:
        raise ValueError("no line cuts this region in two")
    return max(cuts, key=lambda cut: cut.roundness)


def cut_along_grain(region: Polygon, grain: float, share: float, source: Random) -> Cut:
    """Cut a region straight across its longer extent in the street pattern whose direction is `grain` (radians)."""
    corners = shapely.get_coordinates(region)
    along = np.ptp(corners @ (math.cos(grain), math.sin(grain)))
    across = np.ptp(corners @ (-math.sin(grain), math.cos(grain)))
    first, second = (grain + math.pi / 2, grain) if along > across else (grain, grain + math.pi / 2)
    for angle in (first, second):
        cut = cut_share(region, angle, share, 0.0, source)
        if cut is not None and cut.roundness > 0.35:
            return cut
    return cut_across(region, share, 0.0, source)


def into_blocks(region: Polygon, count: int, grain: float, source: Random) -> tuple[list[Polygon], list[BaseGeometry]]:
    """Cut a region into `count` blocks of like size along its street pattern; gives the blocks and the lines."""
    if count == 1:
        return [region], []
    half = count // 2
    cut = cut_along_grain(region, grain, half / count * source.uniform(0.94, 1.06), source)
    left, left_lines = into_blocks(cut.left, half, grain, source)
    right, right_lines = into_blocks(cut.right, count - half, grain, source)
    return left + right, [cut.line, *left_lines, *right_lines]


def into_parts(
    region: Polygon, weights: Sequence[float], wave_m: float, source: Random
) -> tuple[list[Polygon], list[BaseGeometry]]:
    """Cut a region into parts with areas in proportion to `weights`; gives them in that order, and the lines."""
    if len(weights) == 1:
        return [region], []
    half = len(weights) // 2
    cut = cut_across(region, sum(weights[:half]) / sum(weights), wave_m, source)
    left, left_lines = into_parts(cut.left, weights[:half], wave_m, source)
    right, right_lines = into_parts(cut.right, weights[half:], wave_m, source)
    return left + right, [cut.line, *left_lines, *right_lines]


def faces(lines: Iterable[BaseGeometry], plane: Plane) -> list[Polygon]:
    """The faces of all lines together, in degrees, every vertex on the raster and every touch a shared vertex."""
    noded = shapely.union_all([plane.to_degrees(line) for line in lines], grid_size=RASTER_DEGREES)
    found = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return [Polygon(face) for face in found]
