"""What cells are drawn on, out of files: which features of a file are streets, water, buildings, compounds.

Of OpenStreetMap (XML, PBF, and extracts that kept its tags) the tags below; of any other file all of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.grid.cell_checks import find_fault, repeated
from cityops.grid.drawing.cells import Ground
from cityops.grid.drawing.lines import Firmness, Integers, Lines, Shapes, shapes_of
from cityops.grid.files import read_grid
from cityops.grid.findings import Finding
from cityops.grid.geometry import in_metres, middle_epsg
from cityops.grid.models import AreaLevel
from cityops.grid.records import AreaRecord, SaidOfFile
from cityops.grid.sources import Features, Row, list_layers, read_features
from cityops.words import N_

Tags = Mapping[str, Mapping[str, Firmness]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What counts among the features of OpenStreetMap, and how firm all features of another file are."""

    layers: tuple[str, ...]
    tags: Tags
    otherwise: Firmness


ROADS = Kind(
    ("lines",),
    {
        "highway": {
            **dict.fromkeys(("motorway", "trunk", "primary"), Firmness.BARRIER),
            **dict.fromkeys(("secondary", "tertiary"), Firmness.ROAD),
            **dict.fromkeys(("residential", "unclassified", "living_street", "pedestrian", "road"), Firmness.STREET),
            **dict.fromkeys(("service", "track"), Firmness.LANE),
        },
        "railway": dict.fromkeys(("rail", "light_rail"), Firmness.BARRIER),
        "barrier": dict.fromkeys(("wall", "city_wall", "retaining_wall", "fence", "hedge"), Firmness.LANE),
    },
    Firmness.STREET,
)
WATER = Kind(
    ("lines", "multipolygons"),
    {
        "waterway": {
            **dict.fromkeys(("river", "canal", "riverbank", "dock"), Firmness.BARRIER),
            **dict.fromkeys(("stream", "drain", "ditch"), Firmness.LANE),
        },
        "natural": dict.fromkeys(("coastline", "water"), Firmness.BARRIER),
        "landuse": dict.fromkeys(("reservoir", "basin"), Firmness.BARRIER),
    },
    Firmness.BARRIER,
)
# Of a tag without values any value counts.
BUILDINGS = Kind(("multipolygons",), {"building": {}}, Firmness.CUT)
COMPOUNDS = Kind(
    ("multipolygons",),
    {
        "amenity": dict.fromkeys(("school", "college", "university", "hospital"), Firmness.BARRIER),
        "landuse": dict.fromkeys(("military", "railway"), Firmness.BARRIER),
    },
    Firmness.BARRIER,
)
OSM_LAYERS = {"lines", "multipolygons", "other_relations"}
# How extracts of OpenStreetMap in other formats call the tag.
HIGHWAY_FIELDS = {"highway", "fclass"}
# Lines whose tags say so run below what is walked on, or are a yard's sidings.
BELOW = re.compile(r'"tunnel"=>"(yes|culvert|flooded)"')
SIDING = re.compile(r'"service"=>')
# As lines that reach beyond the communities are drawn with.
MARGIN_DEGREES = 0.002


@dataclass(frozen=True, slots=True)
class Sources:
    """The files to draw from, and what is said of the one with the areas."""

    areas: Path
    roads: Path
    water: Path | None = None
    buildings: Path | None = None
    compounds: Path | None = None
    mapping: Mapping[str, str] | None = None
    crs: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What the files had: the ground in metres of `epsg`, all areas in degrees, and what had to be assumed."""

    ground: Ground
    areas: list[AreaRecord]
    epsg: int
    warnings: list[Finding]


def read_sources(sources: Sources) -> Read:
    """Read what lies in the communities of the file of areas.

    Raises:
        Invalid: field `areas` where it has no communities, or faulty ones; else what `read_features` raises.
    """
    areas, warnings = _read_areas(sources)
    communities = sorted((a for a in areas if a.level is AreaLevel.COMMUNITY), key=lambda area: area.code)
    boundaries = np.array([area.boundary for area in communities], dtype=object)
    epsg = middle_epsg(boundaries)
    window = shapely.box(*shapely.total_bounds(boundaries)).buffer(MARGIN_DEGREES)

    def read(path: Path | None, kind: Kind) -> tuple[Shapes, Integers]:
        if path is None:
            return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
        shapes, firmness = read_kind(path, kind, warnings)
        near = shapely.intersects(shapes, window)
        return in_metres(shapes[near], epsg), firmness[near]

    lines = Lines.of(*read(sources.roads, ROADS)).and_(Lines.of(*read(sources.water, WATER)))
    buildings, _ = read(sources.buildings, BUILDINGS)
    compounds, _ = read(sources.compounds, COMPOUNDS)
    codes = [area.code for area in communities]
    return Read(Ground(codes, in_metres(boundaries, epsg), lines, buildings, compounds), areas, epsg, warnings)


def _read_areas(sources: Sources) -> tuple[list[AreaRecord], list[Finding]]:
    layers = list_layers(sources.areas)
    layer = "areas" if "areas" in layers else None
    data, findings = read_grid(sources.areas, SaidOfFile("areas", layer, sources.crs, None, sources.mapping or {}))
    communities = [area for area in data.areas if area.level is AreaLevel.COMMUNITY]
    faults = [finding for finding in findings if finding.is_error]
    faults += repeated("areas", ((area.code, area.line) for area in communities))
    for area in communities:
        fault = find_fault(area.boundary)
        if fault is not None:
            faults.append(Finding("areas", area.line, "boundary", fault.reason))
        elif not re.fullmatch(r"[0-9]{12}", area.code):
            reason = N_("the code of this level has %(digits)s digits")
            faults.append(Finding("areas", area.line, "code", reason, {"digits": 12}))
    if faults:
        reason = N_("%(number)s areas cannot be used (`cityops grid check` lists them); the first: %(first)s")
        raise Invalid("areas", reason, number=len(faults), first=str(faults[0]))
    if not communities:
        reason = N_("the file has no communities: cells are drawn inside one, whose 12 digits begin their codes")
        raise Invalid("areas", reason)
    return data.areas, findings


def read_kind(path: Path, kind: Kind, warnings: list[Finding]) -> tuple[Shapes, Integers]:
    """The geometries of a file that count, in degrees, with their firmness.

    Raises:
        Invalid: as `read_features` does.
    """
    if not OSM_LAYERS.issubset(list_layers(path)):
        return _choose(read_features(path), kind, warnings, is_osm=False)
    found = [_choose(read_features(path, layer=layer), kind, warnings, is_osm=True) for layer in kind.layers]
    return np.concatenate([shapes for shapes, _ in found]), np.concatenate([firmness for _, firmness in found])


def _choose(features: Features, kind: Kind, warnings: list[Finding], *, is_osm: bool) -> tuple[Shapes, Integers]:
    warnings += features.warnings
    is_tagged = is_osm or (kind is ROADS and bool(HIGHWAY_FIELDS & set(features.fields)))
    shapes: list[BaseGeometry] = []
    firmness: list[int] = []
    for _, row, geometry in features.rows():
        firm = _firmness(row, kind.tags) if is_tagged else kind.otherwise
        if geometry is not None and not geometry.is_empty and firm is not None:
            shapes.append(geometry)
            firmness.append(firm)
    return shapes_of(shapes), np.array(firmness, dtype=np.int64)


def _firmness(row: Row, tags: Tags) -> Firmness | None:
    """How firm the feature of a row is; None where it does not count."""
    others = str(row.get("other_tags") or "")
    if BELOW.search(others):
        return None
    for name, values in tags.items():
        value = row.get(name) or _other(others, name)
        if name == "highway":
            value = value or row.get("fclass")
        if not value or (name == "railway" and SIDING.search(others)):
            continue
        if not values and value != "no":
            return Firmness.CUT
        firm = values.get(str(value).removesuffix("_link"))
        if firm is not None:
            return firm
    return None


def _other(others: str, name: str) -> str | None:
    found = re.search(rf'"{name}"=>"([^"]*)"', others)
    return found[1] if found else None
