"""What a survey would leave wrong about what stands here and is not in its file. Pure.

Areas that end under others, communities that shrink under their cells or grow beyond them, land that falls to nobody.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.grid.cell_checks import TOLERANCE_M2, find_fault
from cityops.grid.findings import Finding
from cityops.grid.geometry import area_m2, areas_m2
from cityops.grid.models import AreaLevel
from cityops.grid.records import AreaRecord, GridData
from cityops.words import N_


class StandingArea(NamedTuple):
    """An area that stands in the database."""

    level: AreaLevel
    parent_code: str | None
    boundary: BaseGeometry


def check_standing(
    data: GridData, areas: Mapping[str, StandingArea], cells_kept: Mapping[str, BaseGeometry]
) -> Iterator[Finding]:
    """All findings about what stands and is not in the file.

    Args:
        areas: all areas that stand, by code.
        cells_kept: boundaries of the active cells outside the communities of `data`, by code.
    """
    coming = {area.code for area in data.areas}
    kept = {code: area for code, area in areas.items() if code not in coming | data.retired_codes}
    yield from _check_retired(data, areas, kept)
    changed = [area for area in data.areas if _has_changed(area, areas.get(area.code))]
    for area in changed:
        for code, child in kept.items():
            if child.parent_code == area.code:
                reason = N_("%(code)s, which stands below it, would stick out of it")
                yield from _sticking_out(area, code, child.boundary, reason)
    cells_of: dict[str, list[str]] = {}
    for code in cells_kept:
        cells_of.setdefault(code[:12], []).append(code)
    for area in changed:
        codes = cells_of.get(area.code, [])
        for code in codes:
            reason = N_("cell %(code)s, which stands in it, would stick out of it")
            yield from _sticking_out(area, code, cells_kept[code], reason)
        if codes:
            yield from _left_open(area, [cells_kept[code] for code in codes])


def find_heirs(code: str, data: GridData, areas: Mapping[str, StandingArea]) -> list[str]:
    """The areas of its level that take the land of one that ends, who takes most first."""
    level, old = areas[code].level, areas[code].boundary
    after = {each: area.boundary for each, area in areas.items() if area.level is level}
    after |= {area.code: area.boundary for area in data.areas if area.level is level}
    codes = [each for each in after if each not in data.retired_codes and find_fault(after[each]) is None]
    if not codes:
        return []
    shapes = np.array([after[each] for each in codes], dtype=object)
    shared_m2 = areas_m2(shapely.intersection(shapes, old))
    return [codes[k] for k in np.argsort(-shared_m2, kind="stable").tolist() if shared_m2[k] > TOLERANCE_M2]


def _check_retired(
    data: GridData, areas: Mapping[str, StandingArea], kept: Mapping[str, StandingArea]
) -> Iterator[Finding]:
    communities = [area.boundary for area in kept.values() if area.level is AreaLevel.COMMUNITY]
    communities += [area.boundary for area in data.areas if area.level is AreaLevel.COMMUNITY]
    sound = np.array([each for each in communities if find_fault(each) is None], dtype=object)
    tree = shapely.STRtree(sound)
    also_coming = {area.code: area.line for area in data.areas}
    for area in data.retired:
        if area.code in also_coming:
            reason = N_("the code stands already in line %(line)s")
            yield Finding("areas", area.line, "code", reason, {"line": also_coming[area.code]})
            continue
        standing = areas.get(area.code)
        if standing is None:
            yield Finding(
                "areas", area.line, "code", N_("no area %(code)s stands here that could end"), {"code": area.code}
            )
            continue
        for code, child in kept.items():
            if child.parent_code == area.code:
                reason = N_("%(code)s stands below it: it ends with it, or comes with another area above it")
                yield Finding("areas", area.line, "code", reason, {"code": code}, place=child.boundary)
        if standing.level is AreaLevel.COMMUNITY:
            taken = sound[tree.query(standing.boundary, predicate="intersects")]
            land = standing.boundary.difference(shapely.union_all(taken))
            size_m2 = area_m2(land)
            if size_m2 > TOLERANCE_M2:
                reason = N_("it ends, and no community takes this land")
                yield Finding("areas", area.line, "boundary", reason, {}, False, land, size_m2)


def _has_changed(area: AreaRecord, standing: StandingArea | None) -> bool:
    return (
        standing is not None
        and find_fault(area.boundary) is None
        and not shapely.equals(area.boundary, standing.boundary)
    )


def _sticking_out(area: AreaRecord, code: str, boundary: BaseGeometry, reason: str) -> Iterator[Finding]:
    if find_fault(boundary) is not None or area.boundary.covers(boundary):
        return
    outside = boundary.difference(area.boundary)
    size_m2 = area_m2(outside)
    if size_m2 > TOLERANCE_M2:
        yield Finding("areas", area.line, "boundary", reason, {"code": code}, place=outside, size_m2=size_m2)


def _left_open(area: AreaRecord, cells: list[BaseGeometry]) -> Iterator[Finding]:
    land = area.boundary.difference(shapely.union_all(cells))
    size_m2 = area_m2(land)
    if size_m2 > TOLERANCE_M2:
        reason = N_("the cells of community %(code)s leave a gap of %(gap)s m²")
        params = {"code": area.code, "gap": round(size_m2)}
        yield Finding("areas", area.line, "boundary", reason, params, False, land, size_m2)
