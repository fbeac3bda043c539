"""Lines on the ground as a net: how firmly they bound, kept off buildings, noded into faces. Pure, in metres.

All of it lies on a raster of a centimetre, so that what is shared is shared vertex by vertex (无缝拼接原则).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

RASTER_M = 0.01
# What rounding to the raster can move, with room to spare.
NEAR_M = 0.05
# What two surveyed shapes may share and still be taken for neighbours.
TOLERANCE_M2 = 1.0

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Firmness(IntEnum):
    """How much a line wants to be a cell's edge; of two lines along one edge the firmer counts."""

    CUT = 0
    LANE = 1
    STREET = 2
    ROAD = 3
    BARRIER = 4


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines with their firmness, side by side."""

    shapes: Shapes
    firmness: Integers

    @classmethod
    def of(cls, shapes: Shapes, firmness: "int | Integers") -> "Lines":
        """The lines of geometries, part by part: lines as they are, polygons by their outlines; points are left out."""
        owners = np.arange(len(shapes))
        # A collection's part may have parts, and so may a polygon's outline.
        for _ in range(2):
            shapes, part_of = shapely.get_parts(shapes, return_index=True)
            owners = owners[part_of]
        is_area = shapely.get_dimensions(shapes) == 2
        outlines, part_of = shapely.get_parts(shapely.boundary(shapes[is_area]), return_index=True)
        shapes = np.concatenate([shapes[~is_area], outlines])
        owners = np.concatenate([owners[~is_area], owners[is_area][part_of]])
        is_line = (shapely.get_dimensions(shapes) == 1) & ~shapely.is_empty(shapes)
        each = np.broadcast_to(np.asarray(firmness, dtype=np.int64), owners.max(initial=-1) + 1)
        return cls(shapes[is_line], each[owners[is_line]])

    def and_(self, *others: "Lines") -> "Lines":
        """These and the others."""
        every = (self, *others)
        return Lines(np.concatenate([each.shapes for each in every]), np.concatenate([each.firmness for each in every]))


@dataclass(frozen=True, slots=True)
class Net:
    """Edges between nodes, and the faces that they enclose.

    Attributes:
        faces: polygons that together cover what is enclosed, sharing their vertices.
        beside: (n, 2) the faces on both sides of each edge; -1 where there is none.
        dangles: chains of lines that end inside a face.
        junctions: points where three edges or more meet.
    """

    edges: Lines
    faces: Shapes
    beside: Integers
    dangles: Shapes
    junctions: Shapes

    def without_inner(self, groups: Integers) -> Lines:
        """The edges without those that have the same group of faces on both sides."""
        of_face = np.append(groups, -1)
        one, other = of_face[self.beside].T
        kept = (one != other) | (self.beside[:, 0] < 0)
        return Lines(self.edges.shapes[kept], self.edges.firmness[kept])


def shapes_of(geometries: Iterable[BaseGeometry]) -> Shapes:
    """Geometries as an array."""
    listed = list(geometries)
    shapes = np.empty(len(listed), dtype=object)
    shapes[:] = listed
    return shapes


def as_polygons(shapes: Shapes) -> Shapes:
    """The polygons of geometries on the raster, made valid, parts one by one."""
    present = shapes[~shapely.is_missing(shapes)]
    valid = np.where(shapely.is_valid(present), present, shapely.make_valid(present))
    parts = shapely.get_parts(shapely.get_parts(shapely.set_precision(valid, RASTER_M)))
    is_area = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    return np.asarray(parts[is_area], dtype=object)


def join_overlapping(polygons: Shapes) -> Shapes:
    """Polygons of which none overlaps another: those that did are one. What only touches stays apart."""
    one, other = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    shared = (one < other) & (shapely.area(shapely.intersection(polygons[one], polygons[other])) > TOLERANCE_M2)
    joins = np.zeros(len(polygons), dtype=np.bool_)
    joins[one[shared]] = joins[other[shared]] = True
    joined = shapely.union_all(polygons[joins], grid_size=RASTER_M)
    return as_polygons(np.concatenate([polygons[~joins], shapes_of([joined])]))


def overlay(
    operation: Callable[[Shapes, Shapes], Any], shapes: Shapes, others: Shapes, of_shape: Integers, of_other: Integers
) -> Shapes:
    """Shapes after an operation (`shapely.union`, `difference`) with all others that pairs of positions give them."""
    order = np.argsort(of_shape, kind="stable")
    met, starts = np.unique(of_shape[order], return_index=True)
    outcome = shapes.copy()
    if len(met):
        groups = np.split(others[of_other[order]], starts[1:])
        given = [each[0] if len(each) == 1 else shapely.union_all(each) for each in groups]
        outcome[met] = operation(shapes[met], shapes_of(given))
    return outcome


def keep_off(lines: Lines, buildings: Shapes) -> Lines:
    """Lines that go round buildings: of what runs through one the building's outline takes the place."""
    line, building = shapely.STRtree(buildings).query(lines.shapes, predicate="dwithin", distance=NEAR_M)
    shapes = overlay(shapely.difference, lines.shapes, buildings, line, building)
    outlines = Lines.of(buildings[np.unique(building)], Firmness.CUT)
    return Lines.of(shapes, lines.firmness).and_(outlines)


def make_net(lines: Lines) -> Net:
    """Node the lines on the raster and find the faces between them."""
    edges = shapely.get_parts(shapely.union_all(lines.shapes, grid_size=RASTER_M))
    faces, _, dangles, _ = (shapely.get_parts(found) for found in shapely.polygonize_full(edges))
    chains = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(dangles))) if len(dangles) else dangles
    ends = shapely.get_coordinates(shapely.get_point(edges[:, None], np.array([0, -1])))
    places, counts = np.unique(ends, axis=0, return_counts=True)
    return Net(
        Lines(edges, _firmness_of(edges, lines)),
        faces,
        _faces_beside(edges, faces),
        chains,
        np.asarray(shapely.points(places[counts >= 3]), dtype=object),
    )


def _firmness_of(edges: Shapes, lines: Lines) -> Integers:
    """Noding forgets which line an edge was of: the firmest that runs by its middle."""
    firmness = np.zeros(len(edges), dtype=np.int64)
    middles = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    edge, line = shapely.STRtree(lines.shapes).query(middles, predicate="dwithin", distance=NEAR_M)
    np.maximum.at(firmness, edge, lines.firmness[line])
    return firmness


def _faces_beside(edges: Shapes, faces: Shapes) -> Integers:
    """The faces whose outlines run along each edge: what is shared is shared exactly, so its first segment tells."""
    rings, face_of_ring = shapely.get_rings(faces, return_index=True)
    outline, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.flatnonzero(ring[1:] == ring[:-1])
    heads = shapely.get_coordinates(shapely.get_point(edges[:, None], np.array([0, 1]))).reshape(-1, 2, 2)
    numbers = _number_points(np.concatenate([outline[first], outline[first + 1], heads[:, 0], heads[:, 1]]))
    n = len(first)
    keys = _keys(numbers[:n], numbers[n : 2 * n])
    wanted = _keys(numbers[2 * n : 2 * n + len(edges)], numbers[2 * n + len(edges) :])
    order = np.argsort(keys, kind="stable")
    owners = np.append(face_of_ring[ring[first]][order], -1)
    low, high = (np.searchsorted(keys, wanted, side=side, sorter=order) for side in ("left", "right"))
    return np.column_stack([np.where(high > low, owners[low], -1), np.where(high > low + 1, owners[high - 1], -1)])


def _number_points(points: Floats) -> Integers:
    """The same number for the same point of the raster."""
    columns, rows = np.rint((points - points.min(axis=0)) / RASTER_M).astype(np.int64).T
    return np.asarray(np.unique(columns << 31 | rows, return_inverse=True)[1]).ravel()


def _keys(one: Integers, other: Integers) -> Integers:
    """One number for a segment, whichever way it runs."""
    return np.minimum(one, other) << 31 | np.maximum(one, other)
