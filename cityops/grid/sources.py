"""Geographic files as features in degrees: whatever GDAL reads, in whatever coordinate system it declares.

GeoPackage, Shapefile (names in GBK or UTF-8, zipped too), GeoJSON, File Geodatabase, OpenStreetMap (XML and PBF), CSV
with WKT or with columns of longitude and latitude. Curves become lines, heights are left out. Pure but for the file.
"""

import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError
from pyproj.transformer import TransformerGroup
from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.grid import shifts
from cityops.grid.findings import Finding
from cityops.grid.geometry import gauss_kruger_epsg
from cityops.words import N_

DEGREES = "EPSG:4490"
CSV_OPTIONS = {
    "GEOM_POSSIBLE_NAMES": "WKT,wkt,geom,geometry,the_geom",
    "X_POSSIBLE_NAMES": "lon,lng,longitude,x,经度",
    "Y_POSSIBLE_NAMES": "lat,latitude,y,纬度",
}
# A survey of a whole city unpacks to less; what unpacks to more is refused before it fills the disk.
ZIP_LIMIT_BYTES = 8 << 30
ZIP_LIMIT_RATIO = 200
# What lies in an archive beside the others of its kind (.prj, .dbf) tells nothing of where the data is.
IN_ZIP = (".shp", ".gpkg", ".geojson", ".json", ".csv", ".fgb", ".tab", ".kml")
# What a published transformation may be off by before it is said.
ACCURACY_SAID_M = 1.0
LONGEST_EDGE_M = 100.0

Row = Mapping[str, Any]


@dataclass(slots=True)
class Features:
    """The features of one layer.

    Attributes:
        fields: the names of the file's own fields.
        geometries: WGS84/CGCS2000 degrees; None where a feature has none that can be read.
        warnings: what the reading had to assume.
        before: how many features of the layer come before the first of these.
    """

    layer: str
    fields: list[str]
    geometries: NDArray[Any]
    warnings: list[Finding] = field(default_factory=list)
    columns: list[NDArray[Any]] = field(default_factory=list)
    mapping: Mapping[str, str] = field(default_factory=dict)
    before: int = 0

    def __len__(self) -> int:
        return len(self.geometries)

    def rows(self) -> Iterator[tuple[int, Row, BaseGeometry | None]]:
        """Each feature's line from 1, its values by the file's field names and by ours where mapped, its geometry."""
        named = dict(zip(self.fields, self.columns, strict=True))
        named |= {ours: named[theirs] for ours, theirs in self.mapping.items()}
        for k, geometry in enumerate(self.geometries):
            yield self.before + k + 1, {name: column[k] for name, column in named.items()}, geometry


def list_layers(path: Path) -> list[str]:
    """The names of the layers of a file.

    Raises:
        Invalid: field `file`; it cannot be read.
    """
    _check_zip(path)
    try:
        return [str(name) for name, _ in pyogrio.list_layers(_inside(path))]
    except (DataSourceError, OSError) as error:
        raise _unreadable(path, error) from error


def read_features(
    path: Path,
    *,
    layer: str | None = None,
    crs: str | None = None,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    before: int = 0,
    at_most: int | None = None,
) -> Features:
    """Read a layer to its end, or a portion of it, and bring it to WGS84/CGCS2000 degrees.

    Args:
        layer: its name; needed where the file has several.
        crs: the coordinate system in spite of what the file declares: `EPSG:4549` and the like, or `gcj02`, `bd09`.
            A file in a shifted system is never guessed to be one.
        mapping: the file's name of each of our fields, by ours.
        encoding: of the file's words; without it UTF-8 and then GB18030 are tried.
        before: how many features to leave out, and `at_most` how many to read then.

    Raises:
        Invalid: field `file`, `layer`, `crs`, `encoding` or `map`; says what to do.
    """
    layer = _choose_layer(path, layer)
    warnings: list[Finding] = []
    meta, wkb, columns = _read(path, layer, encoding, warnings, before, at_most)
    names = [str(name) for name in meta["fields"]]
    for theirs in (mapping or {}).values():
        if theirs not in names:
            reason = N_("the file has no field %(name)s; it has: %(names)s")
            raise Invalid("map", reason, name=theirs, names=", ".join(names))
    geometries = shapely.from_wkb(wkb, on_invalid="ignore")
    geometries = _to_degrees(geometries, path, layer, meta["crs"], crs, warnings)
    return Features(layer, names, geometries, warnings, columns, mapping or {}, before)


def count_features(path: Path, layer: str | None = None) -> int:
    """How many features a layer has.

    Raises:
        Invalid: field `file` or `layer`; it cannot be read.
    """
    layer = _choose_layer(path, layer)
    try:
        return int(pyogrio.read_info(_inside(path), layer=layer, force_feature_count=True)["features"])
    except (DataSourceError, DataLayerError, OSError) as error:
        raise _unreadable(path, error) from error


def _choose_layer(path: Path, layer: str | None) -> str:
    layers = list_layers(path)
    if layer is None and len(layers) == 1:
        return layers[0]
    if layer is None:
        raise Invalid("layer", N_("this file has several layers, name one: %(layers)s"), layers=", ".join(layers))
    if layer not in layers:
        reason = N_("this file has no layer %(layer)s; it has: %(layers)s")
        raise Invalid("layer", reason, layer=layer, layers=", ".join(layers))
    return layer


def _read(
    path: Path, layer: str, encoding: str | None, warnings: list[Finding], before: int, at_most: int | None
) -> tuple[dict[str, Any], NDArray[Any], list[NDArray[Any]]]:
    options: dict[str, Any] = dict(CSV_OPTIONS) if path.suffix.lower() == ".csv" else {}
    options |= {"skip_features": before, "max_features": at_most}
    for tried in [encoding] if encoding else [None, "UTF-8", "GB18030"]:
        try:
            with ExitStack() as stack:
                source, written = _inside(path), tried
                if tried not in (None, "UTF-8") and path.suffix.lower() == ".csv":
                    source, written = stack.enter_context(_in_utf8(path, tried)), "UTF-8"
                meta, _, wkb, columns = pyogrio.raw.read(
                    source, layer=layer, force_2d=True, encoding=written, **options
                )
        except (UnicodeDecodeError, LookupError):
            continue
        except (DataSourceError, DataLayerError, ValueError, OSError) as error:
            raise _unreadable(path, error) from error
        if tried is None and meta["encoding"] == "ISO-8859-1":
            # What GDAL takes a Shapefile for that does not say; no Chinese survey is in Latin-1.
            continue
        if wkb is None:
            raise Invalid("file", N_("layer %(layer)s has no geometries"), layer=layer)
        if tried == "GB18030" and not encoding:
            warnings.append(_warning(layer, "encoding", N_("the words are no UTF-8; they were read as GB18030 (GBK)")))
        return meta, wkb, columns
    reason = N_("the words of the file cannot be read as %(tried)s: give the encoding it was written in")
    raise Invalid("encoding", reason, tried=encoding or "UTF-8, GB18030")


def _to_degrees(
    geometries: NDArray[Any], path: Path, layer: str, declared: str | None, given: str | None, warnings: list[Finding]
) -> NDArray[Any]:
    if given in shifts.SYSTEMS:
        return np.asarray(shapely.transform(geometries, lambda points: shifts.to_wgs84(points, given)))
    wanted = given or declared
    if wanted is None:
        wanted = _assume(geometries, path, layer, warnings)
    try:
        source = CRS.from_user_input(wanted)
    except CRSError as error:
        raise Invalid("crs", N_("this is no coordinate system: %(crs)s"), crs=wanted) from error
    geodetic = source.to_2d().geodetic_crs
    if source.is_geographic and geodetic is not None and geodetic.to_epsg() in (4326, 4490):
        return geometries
    if geodetic is None:
        raise Invalid("crs", N_("%(crs)s is a system of its own: bring the file to CGCS2000 first"), crs=source.name)
    # To CGCS2000 from what lies in it, which is exact; from another datum to WGS84, for which most ways are published.
    is_cgcs2000 = geodetic.to_epsg() == 4490
    group = TransformerGroup(source.to_2d(), DEGREES if is_cgcs2000 else "EPSG:4326", always_xy=True)
    if not group.transformers:
        raise Invalid("crs", N_("%(crs)s is a system of its own: bring the file to CGCS2000 first"), crs=source.name)
    best = group.transformers[0]
    if not 0 <= best.accuracy <= ACCURACY_SAID_M:
        reason = N_(
            "from %(crs)s only an inexact way is known: bring the file to CGCS2000 by the city's own parameters"
        )
        warnings.append(_warning(layer, "crs", reason, crs=source.name))
    if source.is_projected:
        # A long straight edge in metres is none in degrees: corners that others have on it would leave it.
        geometries = shapely.segmentize(geometries, LONGEST_EDGE_M)
    return np.asarray(
        shapely.transform(geometries, lambda points: np.column_stack(best.transform(points[:, 0], points[:, 1])))
    )


def _assume(geometries: NDArray[Any], path: Path, layer: str, warnings: list[Finding]) -> str:
    """The system of a file that declares none: degrees in a CSV file, which cannot; any other has to be told."""
    bounds = shapely.total_bounds(geometries)
    if not np.isfinite(bounds).all():
        raise Invalid("file", N_("layer %(layer)s has no geometries"), layer=layer)
    west, south, east, north = bounds.tolist()
    if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
        if path.suffix.lower() == ".csv":
            warnings.append(_warning(layer, "crs", N_("a CSV file declares no coordinate system: taken as degrees")))
            return DEGREES
        guess = DEGREES
    else:
        guess = _guess_zone(west, east)
    reason = N_(
        "the file declares no coordinate system (a Shapefile without .prj?): say which; it looks like %(guess)s"
    )
    raise Invalid("crs", reason, guess=guess)


def _guess_zone(west: float, east: float) -> str:
    """The Gauss–Krüger zone that eastings look like: with the zone's number before them, or else the city's two."""
    zone = int((west + east) / 2 // 1_000_000)
    if 25 <= zone <= 45:
        return f"EPSG:{4513 + zone - 25}"
    return f"EPSG:{gauss_kruger_epsg(120.0)}, EPSG:{gauss_kruger_epsg(123.0)}"


def _inside(path: Path) -> Path | str:
    """What GDAL opens of a file: of an archive whose data lies in one folder that folder, where it would not look."""
    if path.suffix.lower() != ".zip":
        return path
    with zipfile.ZipFile(path) as archive:
        files = [PurePosixPath(name) for name in archive.namelist() if not name.startswith("__MACOSX")]
    folders = {file.parent for file in files if file.suffix.lower() in IN_ZIP}
    folder = folders.pop() if len(folders) == 1 else PurePosixPath()
    return f"/vsizip/{path.resolve()}/{folder}" if folder.name else path


@contextmanager
def _in_utf8(path: Path, encoding: str | None) -> Iterator[Path]:
    """A CSV file in UTF-8: GDAL looks for the columns of a place before it is told how the words are written."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        with path.open(encoding=encoding, newline="") as old, copy.open("w", encoding="utf-8", newline="") as new:
            shutil.copyfileobj(old, new)
        yield copy


def _check_zip(path: Path) -> None:
    if path.suffix.lower() != ".zip" or not path.is_file():
        return
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [(entry.file_size, entry.compress_size) for entry in archive.infolist()]
    except (zipfile.BadZipFile, OSError) as error:
        raise _unreadable(path, error) from error
    unpacked, packed = (sum(size) for size in zip(*sizes, strict=True)) if sizes else (0, 0)
    if unpacked > ZIP_LIMIT_BYTES or unpacked > max(packed, 1 << 20) * ZIP_LIMIT_RATIO:
        reason = N_("this archive would unpack to %(size)s MB: unpack it yourself and look at it first")
        raise Invalid("file", reason, size=unpacked >> 20)


def _warning(layer: str, name: str, reason: str, **params: Any) -> Finding:
    return Finding(layer, 0, name, reason, params, is_error=False)


def _unreadable(path: Path, error: Exception) -> Invalid:
    return Invalid(
        "file", N_("%(name)s cannot be read: %(why)s"), name=path.name, why=str(error).replace(str(path), path.name)
    )
