"""How far cells cover the land of a layer, community by community. Pure; arrays throughout, for 100,000 cells.

What lies wholly inside the layer is told by one prepared geometry and keeps the size it is known to have; only what the
layer's edge cuts is cut, and only against the land of its own community.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from cityops.grid.geometry import areas_m2

# Rounding to centimetres along the edge of a piece of land; open land below it is none.
TOLERANCE_M2 = 1.0
HAIR_DEGREES = 1e-7
NO_COMMUNITY = ""

Shapes = NDArray[Any]
Sizes = NDArray[np.float64]


class Pieces(NamedTuple):
    """Communities or cells: the community's code, the boundary in degrees and the size of each."""

    codes: Sequence[str]
    shapes: Shapes
    sizes_m2: Sizes


@dataclass(frozen=True, slots=True)
class Covered:
    """A community's land in the layer, how much of it cells cover, its cells as a whole, and what they leave open."""

    area_code: str
    land_m2: float
    covered_m2: float
    cells: int
    cells_m2: float
    open_land: BaseGeometry | None


def measure(layer: Sequence[BaseGeometry], communities: Pieces, cells: Pieces) -> list[Covered]:
    """The communities with land in the layer or with cells, and the layer's land in no community, in order of code."""
    whole = shapely.union_all(list(layer))
    shapely.prepare(whole)
    lands, lands_m2 = _inside(whole, communities, None)
    number = {code: position for position, code in enumerate(communities.codes)}
    owners = np.array([number.get(code, -1) for code in cells.codes], dtype=np.int64)
    # A cell of no community (-1) is cut by a stranger's land, and counts for nothing below.
    _, inside_m2 = _inside(whole, cells, lands[owners] if len(lands) else None)
    members: dict[str, list[int]] = {}
    for position, code in enumerate(cells.codes):
        members.setdefault(code, []).append(position)
    found = []
    for code in sorted({*communities.codes, *members}):
        mine, place = np.array(members.get(code, ()), dtype=np.int64), number.get(code)
        land_m2 = 0.0 if place is None else float(lands_m2[place])
        if not land_m2 and not len(mine):
            continue
        covered_m2, open_land = min(float(inside_m2[mine].sum()), land_m2), None
        if place is not None and land_m2 - covered_m2 > TOLERANCE_M2:
            open_land = _left_open(lands[place], cells.shapes[mine])
        if open_land is None and len(mine):
            # What rounding leaves along the edges of cells is no land that lies open: else nobody would reach 100 %.
            covered_m2 = land_m2
        cells_m2 = float(cells.sizes_m2[mine].sum())
        found.append(Covered(code, land_m2, covered_m2, len(mine), cells_m2, open_land))
    return [*_in_no_community(whole, communities.shapes), *found]


def _inside(whole: BaseGeometry, pieces: Pieces, cutters: Shapes | None) -> tuple[Shapes, Sizes]:
    """What of each piece lies in the layer, and its size; a piece that the edge cuts is cut by its cutter, if given."""
    shapes, sizes_m2 = pieces.shapes.copy(), pieces.sizes_m2.copy()
    is_inside = shapely.covers(whole, shapes)
    is_cut = ~is_inside & shapely.intersects(whole, shapes)
    against = _near(whole, shapes[is_cut]) if cutters is None else cutters[is_cut]
    shapes[is_cut] = shapely.intersection(shapes[is_cut], against)
    sizes_m2[is_cut] = areas_m2(shapes[is_cut])
    is_out = ~is_inside & ~is_cut
    shapes[is_out], sizes_m2[is_out] = shapely.Polygon(), 0.0
    return shapes, sizes_m2


def _near(whole: BaseGeometry, shapes: Shapes) -> Shapes:
    """What of the layer lies in the box of each shape: a city's edge is too long to be cut by as a whole each time."""
    near = [shapely.clip_by_rect(whole, *box) for box in shapely.bounds(shapes).tolist()]
    return shapely.make_valid(np.array(near, dtype=object))


def _left_open(land: BaseGeometry, covering: Shapes) -> BaseGeometry | None:
    """The polygons of the land that nothing covers, None without any."""
    rest = shapely.difference(land, shapely.union_all(covering))
    # Closed in and let out again, it keeps no spike along an edge that two surveys write a hair apart.
    core = shapely.buffer(rest, -HAIR_DEGREES, join_style="mitre")
    parts: Any = shapely.get_parts(shapely.buffer(core, HAIR_DEGREES, join_style="mitre"))
    parts = parts[areas_m2(parts) > TOLERANCE_M2]
    return shapely.multipolygons(parts) if len(parts) else None


def _in_no_community(whole: BaseGeometry, communities: Shapes) -> list[Covered]:
    open_land = _left_open(whole, communities[shapely.intersects(whole, communities)])
    if open_land is None:
        return []
    return [Covered(NO_COMMUNITY, float(areas_m2(shapely.get_parts(open_land)).sum()), 0.0, 0, 0.0, open_land)]
