"""What can be wrong with a grid before it is loaded: every finding with its layer, line, field and reason.

Rules of the unit grid (CJ/T 213, GB/T 47678.3): a cell is a valid polygon inside exactly one community, cells neither
overlap nor leave gaps, and cover about 10,000 m² (a compound that manages itself may be larger: a warning). Pure.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.grid.geometry import area_m2, check_point
from cityops.grid.models import AreaLevel
from cityops.grid.records import AreaRecord, CellRecord, ComponentRecord, GridData
from cityops.words import N_

AREA_BAND_M2 = (5_000.0, 20_000.0)
# What rounding to centimetres can leave of a boundary that is shared in earnest.
TOLERANCE_M2 = 1.0
CODE_DIGITS = {AreaLevel.CITY: 6, AreaLevel.DISTRICT: 6, AreaLevel.STREET: 9, AreaLevel.COMMUNITY: 12}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong (`is_error`: nothing is loaded) or odd (loaded and said) about one feature of a file."""

    layer: str
    line: int
    field: str
    reason: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)
    is_error: bool = True

    @property
    def sentence(self) -> str:
        """The reason in English, with its values."""
        return self.reason % self.params if self.params else self.reason

    def __str__(self) -> str:
        return f"{self.layer}:{self.line}: {self.field}: {self.sentence}"


def check_grid(
    data: GridData, areas_kept: Mapping[str, BaseGeometry], cells_kept: Mapping[str, BaseGeometry]
) -> list[Finding]:
    """All findings about the areas, cells and components to be loaded, in the order of the file.

    Args:
        areas_kept: boundaries of the areas that stand in the database and not in `data`, by code.
        cells_kept: boundaries of the active cells outside the communities of `data`, by code.
    """
    findings = [*_check_areas(data.areas, areas_kept)]
    areas = {**areas_kept, **{area.code: area.boundary for area in data.areas}}
    findings += _check_cells(data.cells, areas, cells_kept)
    findings += _check_components(data.components)
    return findings


def _check_areas(areas: list[AreaRecord], kept: Mapping[str, BaseGeometry]) -> Iterator[Finding]:
    boundaries = {**kept, **{area.code: area.boundary for area in areas}}
    yield from _repeated("areas", ((area.code, area.line) for area in areas))
    for area in areas:
        digits = CODE_DIGITS.get(area.level)
        if not re.fullmatch(r"[0-9A-Z]{1,12}" if digits is None else rf"\d{{{digits}}}", area.code):
            reason = N_("the code of this level has %(digits)s digits")
            yield Finding("areas", area.line, "code", reason, {"digits": digits or "1-12"})
        if not area.name.strip():
            yield Finding("areas", area.line, "name", N_("a name is needed"))
        fault = find_fault(area.boundary)
        if fault is not None:
            yield Finding("areas", area.line, "boundary", fault)
        if area.parent_code is None:
            continue
        parent = boundaries.get(area.parent_code)
        if parent is None:
            reason = N_("there is no area %(code)s above it")
            yield Finding("areas", area.line, "parent_code", reason, {"code": area.parent_code})
        elif fault is None and find_fault(parent) is None and sticks_out_m2(area.boundary, parent) > TOLERANCE_M2:
            reason = N_("it sticks out of the area %(code)s above it")
            yield Finding("areas", area.line, "boundary", reason, {"code": area.parent_code})
    yield from _overlaps("areas", [a for a in areas if a.level is AreaLevel.COMMUNITY], {})


def _check_cells(
    cells: list[CellRecord], areas: Mapping[str, BaseGeometry], kept: Mapping[str, BaseGeometry]
) -> Iterator[Finding]:
    yield from _repeated("cells", ((cell.code, cell.line) for cell in cells))
    covered: dict[str, float] = {}
    sound = []
    for cell in cells:
        if not re.fullmatch(r"\d{15}", cell.code):
            yield Finding("cells", cell.line, "code", N_("a cell's code has 15 digits"))
            continue
        if cell.duty_grid_code and not cell.duty_grid_code.startswith(cell.code[:9]):
            yield Finding("cells", cell.line, "duty_grid_code", N_("a duty grid does not leave its street"))
        for name, value, allowed in (("grid_tier", cell.grid_tier, (1, 2)), ("area_level", cell.area_level, (1, 2, 3))):
            if value not in allowed:
                yield Finding("cells", cell.line, name, N_("the value %(value)s is not allowed"), {"value": value})
        fault = find_fault(cell.boundary)
        if fault is not None:
            yield Finding("cells", cell.line, "boundary", fault)
            continue
        sound.append(cell)
        covered[cell.area_code] = covered.get(cell.area_code, 0.0) + area_m2(cell.boundary)
        yield from _check_cell_place(cell, areas.get(cell.area_code))
    yield from _overlaps("cells", sound, kept)
    for code, covered_m2 in covered.items():
        community = areas.get(code)
        if community is not None and find_fault(community) is None:
            gap_m2 = area_m2(community) - covered_m2
            if gap_m2 > TOLERANCE_M2:
                reason = N_("the cells of community %(code)s leave a gap of %(gap)s m²")
                yield Finding("cells", 0, "boundary", reason, {"code": code, "gap": round(gap_m2)}, is_error=False)


def _check_cell_place(cell: CellRecord, community: BaseGeometry | None) -> Iterator[Finding]:
    if community is None:
        reason = N_("there is no community %(code)s")
        yield Finding("cells", cell.line, "code", reason, {"code": cell.area_code})
    elif find_fault(community) is None and sticks_out_m2(cell.boundary, community) > TOLERANCE_M2:
        reason = N_("it is not inside its community %(code)s")
        yield Finding("cells", cell.line, "boundary", reason, {"code": cell.area_code})
    size_m2 = area_m2(cell.boundary)
    if not AREA_BAND_M2[0] <= size_m2 <= AREA_BAND_M2[1]:
        reason = N_("%(size)s m² is far from the 10,000 m² of a unit cell")
        yield Finding("cells", cell.line, "boundary", reason, {"size": round(size_m2)}, is_error=False)


def _check_components(components: list[ComponentRecord]) -> Iterator[Finding]:
    yield from _repeated("components", ((component.code, component.line) for component in components))
    for component in components:
        if not re.fullmatch(r"\d{17}", component.code):
            yield Finding("components", component.line, "code", N_("a component's code has 17 digits"))
        if not component.name.strip():
            yield Finding("components", component.line, "name", N_("a name is needed"))
        try:
            check_point(component.lon, component.lat)
        except Invalid as refusal:
            yield Finding("components", component.line, refusal.field, refusal.message, refusal.params)


def find_fault(boundary: BaseGeometry | None) -> str | None:
    """What keeps a geometry from being a boundary, as a msgid; None if nothing does."""
    if boundary is None:
        return N_("the geometry is missing or cannot be read (is the ring closed?)")
    if boundary.geom_type not in ("Polygon", "MultiPolygon") or boundary.is_empty:
        return N_("a boundary is a polygon")
    west, south, east, north = boundary.bounds
    try:
        check_point(west, south)
        check_point(east, north)
    except Invalid as refusal:
        return N_("the coordinates are no longitude and latitude") if refusal.params == {} else N_("these look swapped")
    if not boundary.is_valid:
        return N_("the polygon is not valid: it crosses or touches itself")
    return None


def sticks_out_m2(inner: BaseGeometry, outer: BaseGeometry) -> float:
    """How much of the inner area lies outside the outer one."""
    return 0.0 if outer.covers(inner) else area_m2(inner.difference(outer))


def _repeated(layer: str, codes: Iterable[tuple[str, int]]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for code, line in codes:
        if code in seen:
            reason = N_("the code stands already in line %(line)s")
            yield Finding(layer, line, "code", reason, {"line": seen[code]})
        else:
            seen[code] = line


def _overlaps(
    layer: str, records: "list[AreaRecord] | list[CellRecord]", kept: Mapping[str, BaseGeometry]
) -> Iterator[Finding]:
    codes = [record.code for record in records] + list(kept)
    shapes = np.array([record.boundary for record in records] + list(kept.values()), dtype=object)
    if not len(shapes):
        return
    tree = shapely.STRtree(shapes)
    usable = shapely.is_valid(shapes)
    met: set[tuple[int, int]] = set()
    for predicate in ("overlaps", "within"):
        mine, other = tree.query(shapes[: len(records)], predicate=predicate)
        met |= {
            (max(a, b), min(a, b)) if max(a, b) < len(records) else (min(a, b), max(a, b))
            for a, b in zip(mine.tolist(), other.tolist(), strict=True)
            if a != b and usable[a] and usable[b]
        }
    for a, b in sorted(met):
        if codes[a] != codes[b] and area_m2(shapes[a].intersection(shapes[b])) > TOLERANCE_M2:
            reason = N_("it overlaps %(code)s")
            yield Finding(layer, records[a].line, "boundary", reason, {"code": codes[b]})
