"""Cuts through land that is too large for a cell: the shortest that fit, along lanes that end there, past buildings.

Pure, in metres. A cut runs from a point of the outline, or from the end of a lane that leads in, straight to another
point of the outline. All pairs are weighed at once by what they cost and what they leave on either side.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import LineString, Polygon

from cityops.grid.drawing.lines import NEAR_M, Flags, Floats, Integers, Shapes

# An outline is sampled at so many points at most: their pairs are all looked at.
POINTS_MOST = 120
POINTS_A_SIDE = 8
LOOKED_AT_ONCE = 64
LOOKED_AT_MOST = 1024
# What a cut costs beside its length, in usual lengths: pieces of the wrong size, a building to go round.
WRONG_SIZE, BUILDING = 0.5, 0.6
# What a cut is spared of its length for each end at a junction, or at a lane's end.
NATURAL = 0.15
# The least that a cut leaves on a side, in pieces.
LEAST_SIDE = 0.55


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a cut has to look at: buildings to go round, lanes that end inside, junctions to begin at."""

    buildings: shapely.STRtree
    dangles: shapely.STRtree
    junctions: shapely.STRtree


@dataclass(frozen=True, slots=True)
class Wanted:
    """What pieces should measure.

    Attributes:
        unit_m2: the size a piece should have.
        far_m2: what is larger is cut where no building is in the way.
        most_m2: what is larger is cut, round buildings if need be.
        usual_m: how long a cut usually is: the side of a cell, the width of a strip.
    """

    unit_m2: float
    far_m2: float
    most_m2: float
    usual_m: float


def cut(face: Polygon, wanted: Wanted, around: Surroundings) -> Iterator[LineString]:
    """Cut a face until its pieces measure what is wanted, as far as cuts that fit are found. Holes count as land."""
    waiting = [shapely.get_coordinates(face.exterior)]
    while waiting:
        ring = waiting.pop()
        land = Polygon(ring)
        if land.area <= wanted.far_m2 or not land.is_valid:
            continue
        found = _Outline(ring, land, wanted, around).best_cut()
        if found is not None:
            line, sides = found
            yield line
            waiting += sides


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Cuts side by side: from which start, to which place, what each costs; `per_metre` is what a metre more costs."""

    start: Integers
    end: Integers
    cost: Floats
    per_metre: Floats


class _Outline:
    """An outline, with the places where a cut can end, and the starts: those places, and the ends of lanes inside.

    `swept` is twice the area that a ray from the origin sweeps along the outline up to a place: so what a cut leaves
    on its sides is a subtraction.
    """

    def __init__(self, ring: Floats, land: Polygon, wanted: Wanted, around: Surroundings) -> None:
        self.land, self.wanted, self.around = land, wanted, around
        self.origin = ring.min(axis=0)
        self.ring = ring
        self.line = shapely.LineString(ring)
        self.grown = land.buffer(NEAR_M)
        shapely.prepare([land, self.grown])
        self.along = np.concatenate([[0.0], np.cumsum(_steps(ring))])
        self.swept = np.concatenate([[0.0], np.cumsum(self._sweep(ring[:-1], ring[1:]))])
        self.at, self.places, self.is_natural = self._sample()
        self.lanes = self._lanes()

    def _sweep(self, one: Floats, other: Floats) -> Floats:
        (a, b), (c, d) = (one - self.origin).T, (other - self.origin).T
        return np.asarray(a * d - b * c)

    def _swept_to(self, at: Floats, places: Floats) -> Floats:
        vertex = np.clip(np.searchsorted(self.along, at, side="right") - 1, 0, len(self.ring) - 2)
        return np.asarray(self.swept[vertex] + self._sweep(self.ring[vertex], places))

    def _sample(self) -> tuple[Floats, Floats, Flags]:
        """Even places and junctions along the outline, and which are junctions."""
        length = self.along[-1]
        step = min(np.sqrt(self.wanted.unit_m2) / POINTS_A_SIDE, self.wanted.usual_m / 2)
        even = np.arange(0.0, length, max(step, length / POINTS_MOST))
        near = self.around.junctions.query(self.line, predicate="dwithin", distance=NEAR_M)
        meets = shapely.line_locate_point(self.line, self.around.junctions.geometries[near])
        at, first = np.unique(np.concatenate([meets, even]), return_index=True)
        places = shapely.get_coordinates(shapely.line_interpolate_point(self.line, at))
        return at, places, first < len(meets)

    def _lanes(self) -> list[tuple[float, Floats]]:
        """The lanes that lead in from the outline: where along it they begin, and their points to the end inside."""
        lanes = []
        for k in self.around.dangles.query(self.land, predicate="covers").tolist():
            points = shapely.get_coordinates(self.around.dangles.geometries[k])
            begins, ends = (shapely.dwithin(self.line, shapely.Point(points[end]), NEAR_M) for end in (0, -1))
            if begins != ends:
                points = points if begins else points[::-1]
                lanes.append((float(shapely.line_locate_point(self.line, shapely.Point(points[0]))), points))
        return lanes

    def best_cut(self) -> tuple[LineString, list[Floats]] | None:
        """The cut that costs least, and the outlines of its two sides; None where none fits."""
        cuts = self._weigh()
        tips = np.concatenate([self.places, *(points[-1:] for _, points in self.lanes)])
        order = np.argsort(cuts.cost)[:LOOKED_AT_MOST]
        lowest, chosen = np.inf, None
        for first in range(0, len(order), LOOKED_AT_ONCE):
            block = order[first : first + LOOKED_AT_ONCE]
            if cuts.cost[block[0]] >= lowest:
                break
            ends = np.stack([tips[cuts.start[block]], self.places[cuts.end[block]]], axis=1)
            lines = np.asarray(shapely.linestrings(ends), dtype=object)
            costs = np.full(len(block), np.inf)
            fit = np.flatnonzero(self._are_inside(lines))
            costs[fit] = cuts.cost[block[fit]] + self._detours_m(lines[fit]) * cuts.per_metre[block[fit]]
            k = int(costs.argmin())
            if costs[k] < lowest:
                lowest, chosen = float(costs[k]), (lines[k], int(cuts.start[block[k]]), int(cuts.end[block[k]]))
        return None if chosen is None else (chosen[0], self._sides(*chosen[1:]))

    def _weigh(self) -> _Cuts:
        """What each pair of a start and a place costs, buildings left aside; infinite where a side would be too small.

        The way, longer for pieces of the wrong size and for ragged ones, over the smaller side: so large land is
        halved rather than peeled (Cheeger's ratio).
        """
        places = len(self.places)
        bases = np.concatenate([self.places, *(points[:1] for _, points in self.lanes)])
        tips = np.concatenate([self.places, *(points[-1:] for _, points in self.lanes)])
        bases_at = np.concatenate([self.at, [at for at, _ in self.lanes]])
        lanes_m = np.concatenate([np.zeros(places), [_steps(points).sum() for _, points in self.lanes]])
        lanes_swept = np.concatenate([np.zeros(places), [self._sweep(p[:-1], p[1:]).sum() for _, p in self.lanes]])
        is_natural = np.concatenate([self.is_natural, np.ones(len(self.lanes), dtype=np.bool_)])
        swept = self._swept_to(bases_at, bases) + lanes_swept

        start, end = (each.ravel() for each in np.indices((len(tips), places)))
        once = (start > end) | (start >= places)
        start, end = start[once], end[once]
        closing = self._sweep(self.places[end], tips[start])
        one = np.abs(swept[end] - swept[start] + closing) / 2
        length = np.hypot(*(self.places[end] - tips[start]).T)
        between = np.abs(self.at[end] - bases_at[start])
        ragged, wrong = np.zeros(len(one)), np.zeros(len(one))
        for side, edge in ((one, between), (self.land.area - one, self.along[-1] - between)):
            ragged += (edge + length + lanes_m[start]) ** 2 / (32 * side.clip(1.0))
            pieces = side / self.wanted.unit_m2
            wrong += np.abs(pieces - np.rint(pieces).clip(1.0))
        smaller = np.minimum(one, self.land.area - one) / self.wanted.unit_m2
        way = length * (1 - NATURAL * (is_natural[start] + 0.0 + self.is_natural[end]))
        per_metre = ragged / smaller.clip(LEAST_SIDE)
        cost = (way + self.wanted.usual_m * WRONG_SIZE * wrong) * per_metre
        cost[(smaller < LEAST_SIDE) | (length < 10 * NEAR_M)] = np.inf
        return _Cuts(start, end, cost, per_metre)

    def _are_inside(self, lines: Shapes) -> Flags:
        """Whether lines run through the land, neither outside it nor along its outline."""
        inner = shapely.line_interpolate_point(lines, np.array([[0.02], [0.5], [0.98]]), normalized=True)
        # An end may stand a rounding outside.
        return np.asarray(shapely.covers(self.grown, lines) & shapely.contains_properly(self.land, inner).all(axis=0))

    def _detours_m(self, lines: Shapes) -> Any:
        """What going round the buildings in the way costs; infinite where the land is not so large as to need it."""
        costs = np.zeros(len(lines))
        line, building = self.around.buildings.query(lines, predicate="intersects")
        buildings = self.around.buildings.geometries[building]
        if self.land.area > self.wanted.most_m2:
            inside = shapely.length(shapely.intersection(lines[line], buildings))
            np.add.at(costs, line, np.where(inside > NEAR_M, 2 * inside + BUILDING * self.wanted.usual_m, 0.0))
        else:
            costs[line[~shapely.touches(lines[line], buildings)]] = np.inf
        return costs

    def _sides(self, start: int, end: int) -> list[Floats]:
        if start < len(self.places):
            at, path = float(self.at[start]), self.places[start : start + 1]
        else:
            at, path = self.lanes[start - len(self.places)]
        to, path = float(self.at[end]), np.concatenate([path, self.places[end : end + 1]])
        if at > to:
            at, to, path = to, at, path[::-1]
        between = self.ring[(self.along > at) & (self.along < to)]
        beyond = np.concatenate([self.ring[self.along > to], self.ring[1:][self.along[1:] < at]])
        return [_close(np.concatenate([path[::-1], between])), _close(np.concatenate([path, beyond]))]


def _steps(points: Floats) -> Floats:
    return np.asarray(np.hypot(*np.diff(points, axis=0).T))


def _close(points: Floats) -> Floats:
    """A closed outline without points that stand twice."""
    closed = np.concatenate([points, points[:1]])
    return np.asarray(closed[np.concatenate([[True], _steps(closed) > 0])])
