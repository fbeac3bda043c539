"""What makes a duty grid: whole cells in one piece, of one street, none of them left out; and how heavy it is. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.grid.geometry import in_metres, middle_epsg
from cityops.words import N_

# Two surveyed lines that run this close are the same line; what lies along it for less than the second is a corner.
SAME_LINE_M = 0.05
EDGE_AT_LEAST_M = 1.0
MAX_CODE = 20
MAX_NAME = 100

Neighbours = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class NamedGrid:
    """A duty grid as a plan names it; its code begins with the street's."""

    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The duty grids of a street: what they are called, and the grid of each cell by the cell's code."""

    grids: tuple[NamedGrid, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)

    @property
    def used(self) -> dict[str, NamedGrid]:
        """The grids that have cells, by code; one without a cell ends, or never begins."""
        taken = set(self.cells.values())
        return {grid.code: grid for grid in self.grids if grid.code in taken}

    def cells_of(self, code: str) -> list[str]:
        """The codes of a grid's cells, in order."""
        return sorted(cell for cell, grid in self.cells.items() if grid == code)


class Fault(NamedTuple):
    """Why a plan cannot be; the reason's placeholders are in `values`."""

    grid_code: str
    reason: str
    values: Mapping[str, Any]


class Load(NamedTuple):
    """What a cell, or all cells of a grid together, give to look after; a mean need not be whole."""

    cells: float = 0
    area_m2: float = 0.0
    components: float = 0
    cases: float = 0

    def shared_by(self, count: int) -> "Load":
        """The mean of so many."""
        return Load(*(value / count for value in self))


def find_neighbours(boundaries: Mapping[str, BaseGeometry]) -> dict[str, frozenset[str]]:
    """For each cell's code the codes of those that share an edge with it; a corner is none.

    >>> square = shapely.box(121.5, 29.87, 121.501, 29.871)
    >>> beside, across = (shapely.affinity.translate(square, 0.001, up) for up in (0.0, 0.001))
    >>> {code: sorted(near) for code, near in find_neighbours({"a": square, "b": beside, "c": across}).items()}
    {'a': ['b'], 'b': ['a', 'c'], 'c': ['b']}
    """
    codes = list(boundaries)
    shapes = np.array([boundaries[code] for code in codes], dtype=object)
    cells = in_metres(shapes, middle_epsg(shapes)) if codes else shapes
    wide = shapely.buffer(cells, SAME_LINE_M, join_style="mitre")
    one, other = shapely.STRtree(cells).query(wide, predicate="intersects")
    ordered = one < other
    one, other = one[ordered], other[ordered]
    along_m = shapely.length(shapely.intersection(shapely.boundary(cells[other]), wide[one]))
    found: dict[str, set[str]] = {code: set() for code in codes}
    for first, second in zip(one[along_m >= EDGE_AT_LEAST_M], other[along_m >= EDGE_AT_LEAST_M], strict=True):
        found[codes[first]].add(codes[second])
        found[codes[second]].add(codes[first])
    return {code: frozenset(near) for code, near in found.items()}


def find_pieces(cells: Collection[str], neighbours: Neighbours) -> list[list[str]]:
    """The pieces that cells hang together in, the largest first; cells that only meet at a corner are two pieces."""
    left, pieces = set(cells), []
    while left:
        piece = waiting = {min(left)}
        while waiting:
            waiting = {near for code in waiting for near in neighbours.get(code, ())} & left - piece
            piece = piece | waiting
        left -= piece
        pieces.append(sorted(piece))
    return sorted(pieces, key=lambda piece: (-len(piece), piece))


def check(
    street_code: str,
    plan: Plan,
    before: Mapping[str, str | None],
    neighbours: Neighbours,
    retired: Collection[str] = (),
) -> list[Fault]:
    """All that is wrong with a plan, in the order of its grids.

    Args:
        before: every standing cell of the street, with the code of the grid that it has now.
        retired: the codes of grids that have ended; figures of the past name them, so no other grid is called so.
    """
    faults = [*_foreign(plan, before), *_left_out(plan, before), *_misnamed(street_code, plan)]
    reason = N_("the code %(grid)s belonged to a duty grid that has ended")
    faults += [Fault(code, reason, {"grid": code}) for code in sorted(plan.used) if code in retired]
    for code in sorted(plan.used):
        pieces = find_pieces(plan.cells_of(code), neighbours)
        if len(pieces) > 1:
            reason = N_("%(grid)s is in %(count)s pieces: %(cells)s touch the rest by no edge")
            apart = [cell for piece in pieces[1:] for cell in piece]
            faults.append(Fault(code, reason, {"grid": code, "count": len(pieces), "cells": _some(apart)}))
    return faults


def _foreign(plan: Plan, before: Mapping[str, str | None]) -> list[Fault]:
    foreign = sorted(cell for cell in plan.cells if cell not in before)
    reason = N_("%(cells)s are no standing cells of this street")
    return [Fault("", reason, {"cells": _some(foreign)})] if foreign else []


def _left_out(plan: Plan, before: Mapping[str, str | None]) -> list[Fault]:
    left_out = sorted(cell for cell, grid in before.items() if grid and cell not in plan.cells)
    reason = N_("%(cells)s would have no duty grid any more")
    return [Fault("", reason, {"cells": _some(left_out)})] if left_out else []


def _misnamed(street_code: str, plan: Plan) -> list[Fault]:
    named = {grid.code for grid in plan.grids}
    faults = [
        Fault(code, N_("there is no duty grid %(grid)s in this plan"), {"grid": code})
        for code in sorted(set(plan.cells.values()) - named)
    ]
    names = Counter(grid.name.strip() for grid in plan.used.values())
    codes = sorted(grid.code for grid in plan.grids)
    twice = {code for code, following in pairwise(codes) if code == following}
    for code, grid in sorted(plan.used.items()):
        told = {"grid": code, "street": street_code}
        if not re.fullmatch(rf"{street_code}[A-Z0-9-]+", code) or len(code) > MAX_CODE:
            reason = N_(
                "the code %(grid)s is not the street's %(street)s with capital letters, digits or a dash after it"
            )
            faults.append(Fault(code, reason, told))
        if code in twice:
            faults.append(Fault(code, N_("the code %(grid)s is there twice"), told))
        if not grid.name.strip() or max(len(grid.name), len(grid.name_en)) > MAX_NAME:
            faults.append(Fault(code, N_("give %(grid)s a name of at most 100 characters"), told))
        elif names[grid.name.strip()] > 1:
            faults.append(Fault(code, N_("another duty grid of the street is called the same as %(grid)s"), told))
    return faults


def _some(cells: Sequence[str]) -> str:
    """The first few codes, and how many there are."""
    return ", ".join(cells[:5]) + (f" … ({len(cells)})" if len(cells) > 5 else "")


def weigh(cells: Iterable[str], loads: Mapping[str, Load]) -> Load:
    """All that cells give to look after together."""
    each = [loads[cell] for cell in cells if cell in loads]
    return Load(*(sum(column) for column in zip(*each, strict=True))) if each else Load()


def grids_beside(code: str, plan: Plan, neighbours: Neighbours) -> set[str]:
    """The codes of the grids that share an edge with a grid."""
    near = {cell for own in plan.cells_of(code) for cell in neighbours.get(own, ())}
    return {plan.cells[cell] for cell in near if cell in plan.cells} - {code}


def next_code(street_code: str, codes: Collection[str]) -> str:
    """A code that no grid of the street has had: the street's, Z and two digits.

    >>> next_code("330203001", {"330203001Z01", "330203001Z07"})
    '330203001Z08'
    """
    numbers = [int(code[10:]) for code in codes if re.fullmatch(rf"{street_code}Z\d+", code)]
    return f"{street_code}Z{max(numbers, default=0) + 1:02d}"
