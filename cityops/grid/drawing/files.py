"""Cells drawn from files into a GeoPackage: in the form that `grid import` takes, with what a person needs besides.

The areas are written with the vertices of their cells, so that nothing is left between them: a vertex moves by a
centimetre at most.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.grid.checks import CODE_DIGITS
from cityops.grid.drawing.cells import DrawnCell, Ground, Progress, draw_cells
from cityops.grid.drawing.lines import RASTER_M, TOLERANCE_M2, Shapes, as_polygons, shapes_of
from cityops.grid.drawing.merging import Sizes
from cityops.grid.drawing.sources import Sources, read_sources
from cityops.grid.files import AREA_FIELDS, columns_of, replacing, write_layer
from cityops.grid.findings import Finding
from cityops.grid.geometry import in_degrees
from cityops.grid.models import AreaLevel
from cityops.grid.records import AreaRecord

SHARES = (0, 5, 25, 50, 75, 95, 100)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was drawn, measured.

    Attributes:
        shares_m2: the areas below which 0, 5, 25, 50, 75, 95 and 100 % of the cells stay.
        in_band: the share of cells between half and twice the target.
        gaps_m2: what of the communities, as the file has them, lies in no cell; strips along their outlines that the
            raster rounds off, two centimetres wide at most, are none.
        overlaps_m2: what lies in two cells.
        buildings_cut: what of a building lies in one community, and yet in two cells.
        buildings_on_borders: buildings that a community's boundary cuts, and so a cell's must.
    """

    communities: int
    cells: int
    shares_m2: tuple[int, ...]
    in_band: float
    above: int
    below: int
    compounds: int
    gaps_m2: float
    overlaps_m2: float
    buildings: int
    buildings_cut: int
    buildings_on_borders: int


def draw_file(
    sources: Sources, out: Path, target_m2: float, first: int, progress: Progress
) -> tuple[Proof, list[Finding]]:
    """Draw the cells of all communities of a file of areas and write both to a GeoPackage, replaced when it is whole.

    Raises:
        Invalid: as `read_sources` and `draw_cells` do; field `file` if it cannot be written.
    """
    progress("reading", 0, 1)
    read = read_sources(sources)
    cells = draw_cells(read.ground, target_m2, progress, first)
    progress("measuring and writing", 0, 1)
    proof = measure(read.ground, cells, Sizes(target_m2))
    boundaries = in_degrees(shapes_of(cell.boundary for cell in cells), read.epsg)
    with replacing(out) as part:
        areas = _fit_areas(read.areas, cells, boundaries)
        write_layer(part, "areas", [area.boundary for area in areas], columns_of(areas, AREA_FIELDS))
        write_layer(part, "cells", list(boundaries), _columns(cells))
    return proof, read.warnings


def measure(ground: Ground, cells: list[DrawnCell], sizes: Sizes) -> Proof:
    """Measure cells against the ground that they were drawn on."""
    shapes, areas_m2 = shapes_of(cell.boundary for cell in cells), np.array([cell.area_m2 for cell in cells])
    covered = shapely.union_all(shapes)
    is_whole = bool(shapely.coverage_is_valid(shapes))
    buildings = as_polygons(ground.buildings)
    buildings = buildings[np.unique(shapely.STRtree(ground.communities).query(buildings, predicate="intersects")[0])]
    cut, on_borders = _count_cut(buildings, ground.communities, shapes)
    return Proof(
        communities=len(ground.codes),
        cells=len(cells),
        shares_m2=tuple(int(each) for each in np.percentile(areas_m2, SHARES).round()),
        in_band=float(((areas_m2 >= sizes.least_m2) & (areas_m2 <= sizes.most_m2)).mean()),
        above=sum(cell.is_above_band for cell in cells),
        below=sum(cell.is_sliver_kept for cell in cells),
        compounds=sum(cell.is_compound for cell in cells),
        gaps_m2=_measure_gaps(shapely.difference(shapely.union_all(ground.communities), covered)),
        overlaps_m2=0.0 if is_whole else float(areas_m2.sum() - covered.area),
        buildings=len(buildings),
        buildings_cut=cut,
        buildings_on_borders=on_borders,
    )


def _measure_gaps(left_over: BaseGeometry) -> float:
    """The square metres of what is left over, beyond what the raster rounds."""
    parts = as_polygons(np.array([left_over]))
    sizes_m2 = shapely.area(parts)
    return float(sizes_m2[sizes_m2 > RASTER_M * shapely.length(parts)].sum())


def _count_cut(buildings: Shapes, communities: Shapes, cells: Shapes) -> tuple[int, int]:
    """Buildings that cells cut, and those that the boundary of a community does, beyond what the raster rounds."""
    building, community = shapely.STRtree(communities).query(buildings, predicate="intersects")
    inside = shapely.intersection(buildings[building], communities[community], grid_size=RASTER_M)
    sizes_m2 = shapely.area(inside)
    is_astride = (sizes_m2 > TOLERANCE_M2) & (sizes_m2 < shapely.area(buildings[building]) - TOLERANCE_M2)
    parts = as_polygons(inside)
    part, cell = shapely.STRtree(cells).query(parts, predicate="intersects")
    shared_m2 = shapely.area(shapely.intersection(parts[part], cells[cell]))
    held = shared_m2 > RASTER_M * shapely.length(parts[part])
    return int((np.bincount(part[held]) > 1).sum()), len(np.unique(building[is_astride]))


def _fit_areas(areas: list[AreaRecord], cells: list[DrawnCell], boundaries: Shapes) -> list[AreaRecord]:
    """The areas, each with at least the land of the cells below it: communities exactly that."""
    codes = np.array([cell.code for cell in cells])
    fitted = []
    for area in areas:
        # Cells stand in the order of their codes, and no digit comes after ":".
        below = boundaries[slice(*np.searchsorted(codes, [area.code, f"{area.code}:"]))]
        if len(below) and area.level in CODE_DIGITS:
            land = shapely.coverage_union_all(below)
            is_community = area.level is AreaLevel.COMMUNITY
            area = replace(area, boundary=land if is_community else shapely.union(area.boundary, land))
        fitted.append(area)
    return fitted


def _columns(cells: list[DrawnCell]) -> dict[str, list[object]]:
    """The fields of a cell in a file: what `grid import` reads, its area, and why somebody should look at it."""
    flags = {
        "compound": "is_compound",
        "sliver_kept": "is_sliver_kept",
        "above_band": "is_above_band",
        "building_whole": "is_building_whole",
    }
    return {
        "code": [cell.code for cell in cells],
        "grid_tier": [1] * len(cells),
        "area_level": [1] * len(cells),
        "area_m2": [round(cell.area_m2, 1) for cell in cells],
        "why": [", ".join(word for word, name in flags.items() if getattr(cell, name)) or None for cell in cells],
    }
