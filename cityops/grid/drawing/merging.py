"""Faces joined into cells: the smallest first, each with the neighbour it belongs to most. Pure, in metres.

It belongs where the common border is long and soft (a lane rather than a road) and what results is no larger than a
cell should be. A compound that stands for itself neither joins nor is joined.
"""

import heapq
from dataclasses import dataclass

import numpy as np
import shapely

from cityops.grid.drawing.lines import Firmness, Flags, Floats, Integers, Net

# How willingly land joins over a metre of border, by the border's firmness: cut, lane, street, road, barrier.
WILLING = np.array([1.0, 0.8, 0.4, 0.2, 0.08])
# In targets: what is larger than this looks for no partner; what two may well come to; what is tiny joins at any price.
SETTLED, WELL, TINY = 0.7, 1.4, 0.2
# What a join is worth that makes a cell larger than that, and one that has to be cut anew.
LARGE, TOO_LARGE = 0.6, 0.02
# In sides of a cell: what is narrower is a sliver, however long.
SLIVER_WIDTH = 0.22


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a cell should measure, in m², and the side of a square that does."""

    target_m2: float

    @property
    def least_m2(self) -> float:
        """What is smaller joins a neighbour."""
        return self.target_m2 / 2

    @property
    def most_m2(self) -> float:
        """What is larger is cut."""
        return self.target_m2 * 2

    @property
    def far_m2(self) -> float:
        """What is larger is cut where no building is in the way: two halves come nearer to the target."""
        return self.target_m2 * 1.6

    @property
    def side_m(self) -> float:
        """The side of a square of the target size."""
        return float(np.sqrt(self.target_m2))

    def is_sliver(self, area_m2: float, outline_m: float) -> bool:
        """Whether land of this area and outline is too narrow to be a cell."""
        return 2 * area_m2 < SLIVER_WIDTH * self.side_m * outline_m


def merge(net: Net, areas_m2: Floats, outlines_m: Floats, apart: Integers, alone: Flags, sizes: Sizes) -> Integers:
    """The group that each face comes to, as the number of one of its faces.

    Args:
        apart: a number for each face; faces of different numbers never join (communities).
        alone: whether a face stands for itself.
    """
    groups = _Groups(areas_m2, outlines_m, sizes)
    one, other = net.beside.T
    may_join = (other >= 0) & (one != other) & (apart[one] == apart[other]) & ~alone[one] & ~alone[other]
    metres = shapely.length(net.edges.shapes[may_join])
    willing = metres * WILLING[net.edges.firmness[may_join]]
    for (a, b), length, weight in zip(net.beside[may_join].tolist(), metres.tolist(), willing.tolist(), strict=True):
        groups.add_border(a, b, length, weight)
    groups.join_all()
    return np.array([groups.root(face) for face in range(len(net.faces))], dtype=np.int64)


class _Groups:
    """Faces, and what has been joined of them: area, outline and neighbours of each group stand at its root."""

    def __init__(self, areas_m2: Floats, outlines_m: Floats, sizes: Sizes) -> None:
        self.area, self.outline, self.sizes = areas_m2.tolist(), outlines_m.tolist(), sizes
        self.above = list(range(len(self.area)))
        # For each neighbour the metres of common border, plain and by willingness.
        self.beside: list[dict[int, tuple[float, float]]] = [{} for _ in self.area]

    def root(self, face: int) -> int:
        """The root of a face's group."""
        while self.above[face] != face:
            self.above[face] = self.above[self.above[face]]
            face = self.above[face]
        return face

    def add_border(self, one: int, other: int, metres: float, willing: float) -> None:
        """Two faces have (more of) a border in common."""
        had = self.beside[one].get(other, (0.0, 0.0))
        self.beside[one][other] = self.beside[other][one] = (had[0] + metres, had[1] + willing)

    def join_all(self) -> None:
        """Join what is too small, smallest first, until nothing more is gained."""
        waiting = [(area, face) for face, area in enumerate(self.area)]
        heapq.heapify(waiting)
        while waiting:
            area, group = heapq.heappop(waiting)
            if self.above[group] != group or area != self.area[group]:
                continue
            partner = self._partner(group)
            if partner is not None:
                joined = self._join(group, partner)
                heapq.heappush(waiting, (self.area[joined], joined))

    def _partner(self, group: int) -> int | None:
        """Whom a group joins: must it, whoever fits best; else somebody with whom it comes nearer to the target."""
        sizes, parts = self.sizes, self.area[group] / self.sizes.target_m2
        is_sliver = sizes.is_sliver(self.area[group], self.outline[group])
        must = is_sliver or self.area[group] < sizes.least_m2
        if not must and parts >= SETTLED:
            return None
        best, chosen = 0.0, None
        for other, (metres, willing) in self.beside[group].items():
            together_m2 = self.area[group] + self.area[other]
            if together_m2 <= WELL * sizes.target_m2:
                fit = 1.0 if must or willing >= WILLING[Firmness.STREET] * metres else 0.0
            elif together_m2 <= sizes.most_m2:
                fit = LARGE if must else 0.0
            else:
                fit = TOO_LARGE if is_sliver or parts <= TINY else 0.0
            score = fit * willing / min(self.outline[group], self.outline[other])
            if score > best:
                best, chosen = score, other
        return chosen

    def _join(self, one: int, other: int) -> int:
        """Join two groups; the one with more neighbours stays the root."""
        if len(self.beside[one]) < len(self.beside[other]):
            one, other = other, one
        self.above[other] = one
        self.area[one] += self.area[other]
        self.outline[one] += self.outline[other] - 2 * self.beside[one][other][0]
        for beyond, (metres, willing) in self.beside[other].items():
            if beyond == one:
                continue
            self.add_border(one, beyond, metres, willing)
            del self.beside[beyond][other]
        del self.beside[one][other]
        self.beside[other] = {}
        return one
