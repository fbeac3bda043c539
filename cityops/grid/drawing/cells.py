"""Unit cells proposed as the standard tells a person to draw them (CJ/T 213, GB/T 47678.3). Pure, in metres.

A cell never crosses a community (属地管理), follows roads, rivers and walls (地理布局), keeps a compound that manages
itself whole (现状管理), cuts no building (管理对象), leaves no gap and overlaps nothing (无缝拼接), and measures about
the target. Lines enclose faces; faces far above the target are cut; those below join a neighbour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.grid.drawing.cuts import Surroundings, Wanted, cut
from cityops.grid.drawing.lines import (
    RASTER_M,
    TOLERANCE_M2,
    Firmness,
    Flags,
    Integers,
    Lines,
    Net,
    Shapes,
    as_polygons,
    join_overlapping,
    keep_off,
    make_net,
    overlay,
)
from cityops.grid.drawing.merging import Sizes, merge
from cityops.words import N_

SEQUENCE_MOST = 999
# What joining made too large is cut anew; a third round changes nothing to speak of.
ROUNDS = 2

Progress = Callable[[str, int, int], None]
"""Told what is being done, and of how much how much is done."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is drawn on, in metres: communities in the order of their codes, lines, buildings, compounds."""

    codes: Sequence[str]
    communities: Shapes
    lines: Lines
    buildings: Shapes
    compounds: Shapes


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """A proposed cell, in metres, and why a person should look at it."""

    code: str
    boundary: BaseGeometry
    area_m2: float
    is_sliver_kept: bool
    is_compound: bool
    is_above_band: bool
    is_building_whole: bool


def draw_cells(ground: Ground, target_m2: float, progress: Progress, first: int = 1) -> list[DrawnCell]:
    """Propose the cells of all communities, in the order of their codes.

    Args:
        first: the sequence number to begin with in each community.

    Raises:
        Invalid: field `areas`; two communities overlap, or one would need more than 999 cells.
    """
    sizes = Sizes(target_m2)
    progress("finding what the lines enclose", 0, 1)
    buildings = _buildings_by_community(ground)
    compounds = _compounds_around(ground.compounds, buildings)
    line, compound = shapely.STRtree(compounds).query(ground.lines.shapes, predicate="intersects")
    outside = overlay(shapely.difference, ground.lines.shapes, compounds, line, compound)
    lines = keep_off(Lines.of(outside, ground.lines.firmness), buildings)
    borders = Lines.of(np.concatenate([ground.communities, compounds]), Firmness.BARRIER)
    land = _survey(borders.and_(lines), ground, compounds)
    in_the_way = shapely.STRtree(buildings)
    for _ in range(ROUNDS):
        cuts = keep_off(_cut_all(land, in_the_way, sizes, progress), buildings)
        land = _survey(land.net.edges.and_(cuts), ground, compounds)
        progress("joining what is too small", 0, 1)
        land = _join(land, ground, compounds, sizes)
    return _number(land, ground.codes, buildings, sizes, first)


@dataclass(frozen=True, slots=True)
class _Land:
    """A net whose faces have their community (its position) and whether they stand for themselves."""

    net: Net
    community: Integers
    is_compound: Flags


def _survey(lines: Lines, ground: Ground, compounds: Shapes) -> _Land:
    net = make_net(lines)
    inner = shapely.point_on_surface(net.faces)
    face, community = shapely.STRtree(ground.communities).query(inner, predicate="intersects")
    home = np.full(len(net.faces), -1, dtype=np.int64)
    order = np.argsort(-community, kind="stable")
    home[face[order]] = community[order]
    is_twice = np.bincount(face, minlength=len(net.faces)) > 1
    twice = np.flatnonzero(is_twice & (shapely.area(net.faces) > TOLERANCE_M2))
    if len(twice):
        codes = ", ".join(sorted({ground.codes[k] for k in community[np.isin(face, twice)]})[:6])
        raise Invalid("areas", N_("these communities overlap: %(codes)s"), codes=codes)
    face, compound = shapely.STRtree(compounds).query(inner, predicate="intersects")
    shared = shapely.area(shapely.intersection(net.faces[face], compounds[compound]))
    walled = face[shared > shapely.area(net.faces[face]) - TOLERANCE_M2]
    return _Land(net, home, np.isin(np.arange(len(net.faces)), walled))


def _buildings_by_community(ground: Ground) -> Shapes:
    """Footprints of which none overlaps another, cut where a community's boundary cuts them anyway."""
    buildings = join_overlapping(as_polygons(ground.buildings))
    building, community = shapely.STRtree(ground.communities).query(buildings, predicate="intersects")
    home = shapely.intersection(buildings[building], ground.communities[community], grid_size=RASTER_M)
    return as_polygons(home)


def _compounds_around(compounds: Shapes, buildings: Shapes) -> Shapes:
    """Compounds with all of a building that stands in them for the most part, and nothing of one that does not."""
    whole = join_overlapping(as_polygons(compounds))
    compound, building = shapely.STRtree(buildings).query(whole, predicate="intersects")
    shared = shapely.area(shapely.intersection(whole[compound], buildings[building]))
    stands_in = shared > shapely.area(buildings[building]) / 2
    whole = overlay(shapely.difference, whole, buildings, compound[~stands_in], building[~stands_in])
    return as_polygons(overlay(shapely.union, whole, buildings, compound[stands_in], building[stands_in]))


def _cut_all(land: _Land, buildings: shapely.STRtree, sizes: Sizes, progress: Progress) -> Lines:
    net = land.net
    around = Surroundings(buildings, shapely.STRtree(net.dangles), shapely.STRtree(net.junctions))
    whole = Wanted(sizes.target_m2, sizes.far_m2, sizes.most_m2, usual_m=sizes.side_m)
    areas, outlines = shapely.area(net.faces), shapely.length(net.faces)
    cuts = []
    may_be_cut = np.flatnonzero((land.community >= 0) & ~land.is_compound)
    for done, k in enumerate(may_be_cut.tolist()):
        progress("cutting what is too large", done, len(may_be_cut))
        area, length = areas[k], outlines[k] / 2
        if sizes.is_sliver(area, outlines[k]) and length > 1.5 * sizes.side_m:
            piece = area / round(length / sizes.side_m)
            wanted = Wanted(piece, 1.5 * piece, 1.5 * piece, usual_m=area / length)
        elif area > sizes.far_m2:
            wanted = whole
        else:
            continue
        # What lies in a hole of the face is not cut with it.
        cuts += [shapely.intersection(line, net.faces[k]) for line in cut(net.faces[k], wanted, around)]
    return Lines.of(np.array(cuts, dtype=object), Firmness.CUT)


def _join(land: _Land, ground: Ground, compounds: Shapes, sizes: Sizes) -> _Land:
    """The land with faces joined, as a net of what is left of the lines."""
    net = land.net
    areas, outlines = shapely.area(net.faces), shapely.length(net.faces)
    alone = (land.community < 0) | (land.is_compound & (areas >= sizes.least_m2))
    groups = merge(net, areas, outlines, land.community, alone, sizes)
    return _survey(net.without_inner(groups), ground, compounds)


def _number(land: _Land, codes: Sequence[str], buildings: Shapes, sizes: Sizes, first: int) -> list[DrawnCell]:
    """Cells with their codes: within a community row by row from the north, in a row from the west."""
    inside = land.community >= 0
    faces, homes, is_compound = land.net.faces[inside], land.community[inside], land.is_compound[inside]
    counts = np.bincount(homes, minlength=len(codes))
    for k in np.flatnonzero(first + counts - 1 > SEQUENCE_MOST).tolist():
        reason = N_("community %(code)s would need %(cells)s cells, and codes go to 999: enlarge the target")
        raise Invalid("areas", reason, code=codes[k], cells=int(counts[k]))
    x, y = shapely.get_coordinates(shapely.centroid(faces)).T
    north = np.full(len(codes), -np.inf)
    np.maximum.at(north, homes, y)
    rows = np.floor((north[homes] - y) / sizes.side_m)
    order = np.lexsort((x, rows, homes))
    sequences = np.arange(len(faces)) - np.repeat(np.cumsum(counts) - counts, counts) + first
    areas, outlines = shapely.area(faces), shapely.length(faces)
    large = shapely.point_on_surface(buildings[shapely.area(buildings) > sizes.least_m2])
    holding_large = set(shapely.STRtree(faces).query(large, predicate="within")[1].tolist())
    cells = []
    for k, sequence in zip(order.tolist(), sequences.tolist(), strict=True):
        is_above = bool(areas[k] > sizes.most_m2)
        is_below = bool(areas[k] < sizes.least_m2) or sizes.is_sliver(areas[k], outlines[k])
        cells.append(
            DrawnCell(
                code=f"{codes[homes[k]]}{sequence:03d}",
                boundary=faces[k],
                area_m2=float(areas[k]),
                is_sliver_kept=is_below and not is_compound[k],
                is_compound=bool(is_compound[k]),
                is_above_band=is_above,
                is_building_whole=is_above and k in holding_large,
            )
        )
    return cells
