#!/usr/bin/env python3
"""Draw unit cells on an extract of OpenStreetMap, with communities made up from its main roads, and picture them.

    python -m scripts.show_cells ROADS FOLDER [--buildings FILE] [--main 3|4] [--name cells]

Writes areas.gpkg, NAME.gpkg and NAME.png into FOLDER and prints what was measured. The communities are illustrative:
the land between main roads (firmness 4: primary and above, 3: tertiary and above), small pieces joined.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import shapely
from PIL import Image, ImageDraw

from cityops.grid.drawing.files import draw_file
from cityops.grid.drawing.lines import Firmness, Floats, Lines, Shapes, make_net
from cityops.grid.drawing.merging import Sizes, merge
from cityops.grid.drawing.sources import ROADS, Sources, read_kind
from cityops.grid.files import read_grid, read_shapes, write_grid
from cityops.grid.geometry import in_degrees, in_metres, middle_epsg
from cityops.grid.models import AreaLevel
from cityops.grid.records import AreaRecord, GridData

STREET_CODE = "990101001"
# How far inside the extract's box the made-up communities end: roads are cut off there.
MARGIN_M = 30.0
SIDE_PIXELS = 1100
IN_BAND, BELOW, ABOVE = "#e3ebf7", "#f6cfcf", "#f7e3a8"
BUILDING, ROAD, EDGE, BORDER = "#b9bec6", "#f2a33c", "#1f4fa8", "#b00020"


def make_areas(roads: Path, least_m2: float = 100_000.0, main: int = Firmness.ROAD) -> GridData:
    """A made-up district with one street office, whose communities lie between the main roads of a file."""
    shapes, firmness = read_kind(roads, ROADS, [])
    epsg = middle_epsg(shapes)
    lines = Lines.of(in_metres(shapes, epsg), firmness)
    land = shapely.box(*shapely.total_bounds(lines.shapes)).buffer(-MARGIN_M, join_style="mitre")
    mains = shapely.intersection(lines.shapes[lines.firmness >= main], land)
    net = make_net(Lines.of(np.append(mains, land), Firmness.BARRIER))
    areas_m2, nothing = shapely.area(net.faces), np.zeros(len(net.faces), dtype=np.bool_)
    groups = merge(net, areas_m2, shapely.length(net.faces), nothing.astype(np.int64), nothing, Sizes(2 * least_m2))
    pieces = [shapely.coverage_union_all(net.faces[groups == root]) for root in np.unique(groups)]
    boundaries = in_degrees(np.array(pieces, dtype=object), epsg)
    whole = shapely.coverage_union_all(boundaries)
    areas = [
        AreaRecord(STREET_CODE[:6], "示意区", "Illustrative district", AreaLevel.DISTRICT, None, whole),
        AreaRecord(STREET_CODE, "示意街道", "Illustrative street", AreaLevel.STREET, STREET_CODE[:6], whole),
    ]
    for number, boundary in enumerate(boundaries, start=1):
        code, name = f"{STREET_CODE}{number:03d}", f"示意社区{number}"
        level = AreaLevel.COMMUNITY
        areas.append(AreaRecord(code, name, f"Illustrative community {number}", level, STREET_CODE, boundary))
    return GridData(areas=areas)


class Picture:
    """A map painted in metres, north up."""

    def __init__(self, box: Floats) -> None:
        self.west, _, _, self.north = box
        width, height = box[2] - box[0], box[3] - box[1]
        self.scale = SIDE_PIXELS / max(width, height)
        self.image = Image.new("RGB", (round(width * self.scale), round(height * self.scale)), "white")
        self.brush = ImageDraw.Draw(self.image)

    def _pixels(self, line: shapely.Geometry) -> list[tuple[float, float]]:
        return [((x - self.west) * self.scale, (self.north - y) * self.scale) for x, y in shapely.get_coordinates(line)]

    def fill(self, polygon: shapely.Geometry, colour: str) -> None:
        """Paint the parts of a polygon."""
        for part in shapely.get_parts(polygon):
            self.brush.polygon(self._pixels(part.exterior), fill=colour)

    def stroke(self, shapes: Shapes, colour: str, width: int) -> None:
        """Paint lines, or the outlines of polygons."""
        for line in Lines.of(shapes, Firmness.CUT).shapes:
            self.brush.line(self._pixels(line), fill=colour, width=width, joint="curve")


def paint(cells_file: Path, roads: Path, buildings: Path | None, picture_file: Path, sizes: Sizes) -> None:
    """Paint cells over what they were drawn on."""
    data, _ = read_grid(cells_file)
    epsg = middle_epsg([area.boundary for area in data.areas])
    cells = in_metres(np.array([cell.boundary for cell in data.cells], dtype=object), epsg)
    borders = np.array([area.boundary for area in data.areas if area.level is AreaLevel.COMMUNITY], dtype=object)
    shapes, firmness = read_kind(roads, ROADS, [])
    picture = Picture(shapely.total_bounds(cells))
    for cell, area_m2 in zip(cells, shapely.area(cells), strict=True):
        is_small, is_large = area_m2 < sizes.least_m2, area_m2 > sizes.most_m2
        picture.fill(cell, BELOW if is_small else ABOVE if is_large else IN_BAND)
    if buildings is not None:
        for building in in_metres(np.array(read_shapes(buildings), dtype=object), epsg):
            picture.fill(building, BUILDING)
    picture.stroke(in_metres(shapes[firmness >= Firmness.STREET], epsg), ROAD, 1)
    picture.stroke(cells, EDGE, 2)
    picture.stroke(in_metres(borders, epsg), BORDER, 3)
    picture.image.quantize(64).save(picture_file, optimize=True)


def main() -> None:
    """Draw, measure and paint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roads", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--buildings", type=Path)
    parser.add_argument("--main", type=int, default=int(Firmness.ROAD))
    parser.add_argument("--name", default="cells")
    asked = parser.parse_args()
    areas, out = asked.folder / "areas.gpkg", asked.folder / f"{asked.name}.gpkg"
    data = make_areas(asked.roads, main=asked.main)
    write_grid(areas, data)
    began = time.perf_counter()
    sources = Sources(areas, asked.roads, buildings=asked.buildings)
    proof, _ = draw_file(sources, out, 10_000.0, 1, lambda *told: None)
    for name, value in asdict(proof).items():
        print(f"{name:<22}{value}")
    print(f"{'seconds':<22}{time.perf_counter() - began:.1f}")
    paint(out, asked.roads, asked.buildings, asked.folder / f"{asked.name}.png", Sizes(10_000.0))


if __name__ == "__main__":
    main()
