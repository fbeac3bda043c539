"""What can be wrong with a grid before it is loaded: its areas, and a shift of all of it. Pure.

The rules of the cells themselves are in `cell_checks`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from cityops.grid import shifts
from cityops.grid.cell_checks import AREA_BANDS_M2, TOLERANCE_M2, Band, check_cells, find_fault, find_overlaps, repeated
from cityops.grid.findings import Finding
from cityops.grid.geometry import area_m2, metres_per_degree
from cityops.grid.models import AreaLevel
from cityops.grid.records import AreaRecord, GridData
from cityops.words import N_

CODE_DIGITS = {AreaLevel.CITY: 6, AreaLevel.DISTRICT: 6, AreaLevel.STREET: 9, AreaLevel.COMMUNITY: 12}
# Web maps shift a place by 300 m to 700 m; three places that moved alike are no accident.
SHIFTED_M = 100.0
MOVED_AT_LEAST = 3


def check_grid(
    data: GridData,
    areas_kept: Mapping[str, BaseGeometry],
    cells_kept: Mapping[str, BaseGeometry],
    buildings: Iterable[BaseGeometry] = (),
    bands: Mapping[int, Band] = AREA_BANDS_M2,
) -> list[Finding]:
    """All findings about the areas and cells to be loaded, in the order of the file.

    Args:
        areas_kept: boundaries of the areas that stand in the database and not in `data`, by code.
        cells_kept: boundaries of the active cells outside the communities of `data`, by code.
        buildings: footprints that no cell's line may cut.
        bands: the least and the largest area of a cell without a warning, by tier.
    """
    findings = [*_check_areas(data.areas, areas_kept)]
    areas = {**areas_kept, **{area.code: area.boundary for area in data.areas}}
    findings += check_cells(data.cells, areas, cells_kept, buildings, bands)
    return findings


def _check_areas(areas: list[AreaRecord], kept: Mapping[str, BaseGeometry]) -> Iterator[Finding]:
    boundaries = {**kept, **{area.code: area.boundary for area in areas}}
    yield from repeated("areas", ((area.code, area.line) for area in areas))
    for area in areas:
        digits = CODE_DIGITS.get(area.level)
        if not re.fullmatch(r"[0-9A-Z]{1,12}" if digits is None else rf"[0-9]{{{digits}}}", area.code):
            reason = N_("the code of this level has %(digits)s digits")
            yield Finding("areas", area.line, "code", reason, {"digits": digits or "1-12"})
        if not area.name.strip():
            yield Finding("areas", area.line, "name", N_("a name is needed"))
        fault = find_fault(area.boundary)
        if fault is not None:
            yield Finding("areas", area.line, "boundary", fault.reason, place=fault.place)
        if area.parent_code is None:
            continue
        parent = boundaries.get(area.parent_code)
        if parent is None:
            reason = N_("there is no area %(code)s above it")
            yield Finding("areas", area.line, "parent_code", reason, {"code": area.parent_code}, place=area.boundary)
        elif fault is None and find_fault(parent) is None:
            yield from _check_nesting(area, parent)
    communities = [area for area in areas if area.level is AreaLevel.COMMUNITY]
    sound = [area for area in communities if find_fault(area.boundary) is None]
    others = {code: area for code, area in kept.items() if len(code) == CODE_DIGITS[AreaLevel.COMMUNITY]}
    yield from find_overlaps("areas", sound, np.array([area.boundary for area in sound], dtype=object), others)


def _check_nesting(area: AreaRecord, parent: BaseGeometry) -> Iterator[Finding]:
    if parent.covers(area.boundary):
        return
    outside = area.boundary.difference(parent)
    size_m2 = area_m2(outside)
    if size_m2 > TOLERANCE_M2:
        reason = N_("it sticks out of the area %(code)s above it")
        params = {"code": area.parent_code}
        yield Finding("areas", area.line, "boundary", reason, params, place=outside, size_m2=size_m2)


def find_shift(layer: str, pairs: NDArray[np.float64]) -> list[Finding]:
    """A warning if places that are known under their codes come as far from there as a web map shifts them.

    Args:
        pairs: (n, 4) lon, lat of the file and lon, lat of what is known.
    """
    if len(pairs) < MOVED_AT_LEAST:
        return []
    off_m = {crs: _median_distance_m(shifts.to_wgs84(pairs[:, :2], crs), pairs[:, 2:]) for crs in shifts.SYSTEMS}
    likeliest = min(off_m, key=lambda crs: off_m[crs])
    if likeliest == "wgs84" or off_m["wgs84"] < SHIFTED_M or off_m[likeliest] > off_m["wgs84"] / 5:
        return []
    reason = N_("it lies %(metres)s m from what is here, as %(crs)s would shift it: is the file in %(crs)s?")
    params = {"metres": round(off_m["wgs84"]), "crs": likeliest}
    return [Finding(layer, 0, "crs", reason, params, is_error=False)]


def _median_distance_m(places: NDArray[np.float64], known: NDArray[np.float64]) -> float:
    metres = metres_per_degree(float(known[:, 1].mean()))
    return float(np.median(np.hypot(*((places - known) * metres).T)))
