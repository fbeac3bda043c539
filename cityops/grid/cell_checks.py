"""What can be wrong with cells: ring, code, community, overlap, gap, size, a building cut. Pure.

Rules of the unit grid (CJ/T 213, GB/T 47678.3): a cell is a valid polygon inside exactly one community; cells neither
overlap nor leave gaps; no line cuts a building; a cell covers about 10,000 m², unless it is a compound that manages
itself or one of the second grid tier. Every fault is told with its place and its size.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from cityops.errors import Invalid
from cityops.grid.findings import Finding
from cityops.grid.geometry import area_m2, areas_m2, check_point
from cityops.grid.records import AreaRecord, CellRecord
from cityops.words import N_

Band = tuple[float, float]
# Tier 1 by the standard, around 10,000 m²; tier 2, villages and zones, by what cities take for it.
AREA_BANDS_M2: dict[int, Band] = {1: (5_000.0, 20_000.0), 2: (10_000.0, 1_000_000.0)}
# What rounding to centimetres can leave of a boundary that is shared in earnest.
TOLERANCE_M2 = 1.0

Shapes = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a geometry is no boundary, and where."""

    reason: str
    place: BaseGeometry | None = None


def check_cells(
    cells: list[CellRecord],
    areas: Mapping[str, BaseGeometry],
    kept: Mapping[str, BaseGeometry],
    buildings: Iterable[BaseGeometry],
    bands: Mapping[int, Band] = AREA_BANDS_M2,
) -> Iterator[Finding]:
    """All findings about cells.

    Args:
        areas: boundaries of all areas by code.
        kept: boundaries of the active cells of other communities, by code.
        buildings: footprints that no line may cut.
        bands: the least and the largest area of a cell without a warning, by tier.
    """
    yield from repeated("cells", ((cell.code, cell.line) for cell in cells))
    sound = []
    for cell in cells:
        if not re.fullmatch(r"[0-9]{15}", cell.code):
            yield Finding("cells", cell.line, "code", N_("a cell's code has 15 digits"), place=cell.boundary)
            continue
        if cell.duty_grid_code and not cell.duty_grid_code.startswith(cell.code[:9]):
            yield Finding("cells", cell.line, "duty_grid_code", N_("a duty grid does not leave its street"))
        for name, value, allowed in (("grid_tier", cell.grid_tier, (1, 2)), ("area_level", cell.area_level, (1, 2, 3))):
            if value not in allowed:
                yield Finding("cells", cell.line, name, N_("the value %(value)s is not allowed"), {"value": value})
        fault = find_fault(cell.boundary)
        if fault is not None:
            yield Finding("cells", cell.line, "boundary", fault.reason, place=fault.place)
            continue
        sound.append(cell)
    if not sound:
        return
    shapes = np.array([cell.boundary for cell in sound], dtype=object)
    yield from _check_sizes(sound, areas_m2(shapes), bands)
    yield from _check_communities(sound, shapes, areas)
    yield from find_overlaps("cells", sound, shapes, kept)
    yield from _check_gaps(sound, shapes, areas, bands[1][0])
    yield from _check_buildings(sound, shapes, areas, np.array(list(buildings), dtype=object))


def find_fault(boundary: BaseGeometry | None) -> Fault | None:
    """What keeps a geometry from being a boundary; None if nothing does."""
    if boundary is None:
        return Fault(N_("the geometry is missing or cannot be read (is the ring closed?)"))
    if boundary.geom_type not in ("Polygon", "MultiPolygon") or boundary.is_empty:
        return Fault(N_("a boundary is a polygon"), boundary)
    west, south, east, north = boundary.bounds
    try:
        check_point(west, south)
        check_point(east, north)
    except Invalid as refusal:
        reason = N_("the coordinates are no longitude and latitude") if not refusal.params else N_("these look swapped")
        return Fault(reason)
    if not boundary.is_valid:
        return Fault(N_("the polygon is not valid: it crosses or touches itself"), _place_of_invalidity(boundary))
    return None


def repeated(layer: str, codes: Iterable[tuple[str, int]]) -> Iterator[Finding]:
    """A finding for each code that stands in the file already."""
    seen: dict[str, int] = {}
    for code, line in codes:
        if code in seen:
            reason = N_("the code stands already in line %(line)s")
            yield Finding(layer, line, "code", reason, {"line": seen[code]})
        else:
            seen[code] = line


def find_overlaps(
    layer: str, records: Sequence[AreaRecord | CellRecord], shapes: Shapes, kept: Mapping[str, BaseGeometry]
) -> Iterator[Finding]:
    """A finding for each pair of records, or record and kept neighbour, that share more than their edges.

    Args:
        shapes: the records' boundaries, all of them valid.
    """
    if not len(records):
        return
    codes = [record.code for record in records] + list(kept)
    others = np.array([*shapes, *kept.values()], dtype=object)
    usable = np.concatenate([np.ones(len(records), dtype=bool), shapely.is_valid(others[len(records) :])])
    tree = shapely.STRtree(others)
    met: set[tuple[int, int]] = set()
    for predicate in ("overlaps", "within", "contains"):
        for a, b in tree.query(shapes, predicate=predicate).T.tolist():
            if a != b and usable[b] and codes[a] != codes[b]:
                # Of two records the later is told of; a kept neighbour never is.
                met.add((max(a, b), min(a, b)) if b < len(records) else (a, b))
    pairs = sorted(met)
    if not pairs:
        return
    shared_by = shapely.intersection(others[[a for a, _ in pairs]], others[[b for _, b in pairs]])
    sizes_m2 = areas_m2(shared_by).tolist()
    for (a, b), shared, size_m2 in zip(pairs, shared_by, sizes_m2, strict=True):
        if size_m2 > TOLERANCE_M2:
            reason = N_("it overlaps %(code)s")
            yield Finding(layer, records[a].line, "boundary", reason, {"code": codes[b]}, place=shared, size_m2=size_m2)


def _place_of_invalidity(boundary: BaseGeometry) -> BaseGeometry | None:
    found = re.search(r"\[(\S+) (\S+)\]", explain_validity(boundary))
    return shapely.Point(float(found[1]), float(found[2])) if found else None


def _check_sizes(
    cells: list[CellRecord], sizes_m2: NDArray[np.float64], bands: Mapping[int, Band]
) -> Iterator[Finding]:
    for cell, size_m2 in zip(cells, sizes_m2.tolist(), strict=True):
        low, high = bands.get(cell.grid_tier, (0.0, float("inf")))
        if not low <= size_m2 <= high:
            reason = N_("%(size)s m² is outside the %(low)s to %(high)s m² of a cell of tier %(tier)s")
            params = {"size": round(size_m2), "low": round(low), "high": round(high), "tier": cell.grid_tier}
            yield Finding("cells", cell.line, "boundary", reason, params, False, cell.boundary, size_m2)


def _check_communities(cells: list[CellRecord], shapes: Shapes, areas: Mapping[str, BaseGeometry]) -> Iterator[Finding]:
    codes = [code for code, area in areas.items() if len(code) == 12 and find_fault(area) is None]
    tree = shapely.STRtree([areas[code] for code in codes])
    for cell, boundary in zip(cells, shapes, strict=True):
        community = areas.get(cell.area_code)
        if community is None:
            reason = N_("there is no community %(code)s")
            yield Finding("cells", cell.line, "code", reason, {"code": cell.area_code}, place=boundary)
            continue
        if find_fault(community) is not None or community.covers(boundary):
            continue
        outside = boundary.difference(community)
        size_m2 = area_m2(outside)
        if size_m2 <= TOLERANCE_M2:
            continue
        others = [codes[k] for k in tree.query(boundary.representative_point(), predicate="within").tolist()]
        if others and cell.area_code not in others:
            reason = N_("its code says community %(code)s, its place is in %(other)s")
            params = {"code": cell.area_code, "other": others[0]}
            yield Finding("cells", cell.line, "code", reason, params, place=outside, size_m2=size_m2)
        else:
            reason = N_("it is not inside its community %(code)s")
            params = {"code": cell.area_code}
            yield Finding("cells", cell.line, "boundary", reason, params, place=outside, size_m2=size_m2)


def _check_gaps(
    cells: list[CellRecord], shapes: Shapes, areas: Mapping[str, BaseGeometry], least_m2: float
) -> Iterator[Finding]:
    """What a community's cells leave open: too small for a cell it is a fault, larger it may be left out on purpose."""
    of_community: dict[str, list[int]] = {}
    for position, cell in enumerate(cells):
        of_community.setdefault(cell.area_code, []).append(position)
    for code, positions in of_community.items():
        community = areas.get(code)
        if community is None or find_fault(community) is not None:
            continue
        open_land = shapely.get_parts(community.difference(shapely.union_all(shapes[positions])))
        sizes_m2 = areas_m2(open_land)
        for gap, size_m2 in zip(open_land, sizes_m2.tolist(), strict=True):
            if size_m2 > TOLERANCE_M2:
                reason = N_("the cells of community %(code)s leave a gap of %(gap)s m²")
                params = {"code": code, "gap": round(size_m2)}
                yield Finding("cells", 0, "boundary", reason, params, size_m2 < least_m2, gap, size_m2)


def _check_buildings(
    cells: list[CellRecord], shapes: Shapes, areas: Mapping[str, BaseGeometry], buildings: Shapes
) -> Iterator[Finding]:
    """Buildings cut by a cell's line; what the community's own boundary cuts off is no cell's fault."""
    if not len(buildings):
        return
    tree = shapely.STRtree(shapes)
    cut: dict[int, list[int]] = {}
    for building, cell in tree.query(buildings, predicate="intersects").T.tolist():
        if not shapes[cell].covers(buildings[building]):
            cut.setdefault(building, []).append(cell)
    for building, positions in sorted(cut.items()):
        parts_m2 = areas_m2(shapely.intersection(shapes[positions], buildings[building]))
        largest = int(parts_m2.argmax())
        cell = cells[positions[largest]]
        community = areas.get(cell.area_code)
        whole = buildings[building]
        if community is not None and find_fault(community) is None:
            whole = whole.intersection(community)
        cut_off_m2 = area_m2(whole) - float(parts_m2[largest])
        if parts_m2[largest] > TOLERANCE_M2 and cut_off_m2 > TOLERANCE_M2:
            reason = N_("its line cuts the building at feature %(building)s")
            params = {"building": building + 1}
            yield Finding("cells", cell.line, "boundary", reason, params, True, buildings[building], cut_off_m2)
