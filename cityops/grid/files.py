"""Grids in files: `areas` and `cells` out of whatever GDAL reads, and into a GeoPackage."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.grid.cell_checks import find_fault
from cityops.grid.findings import COLUMNS, Finding
from cityops.grid.models import AreaLevel
from cityops.grid.records import EXACT_FLOAT, AreaRecord, CellRecord, GridData, RetiredArea, SaidOfFile
from cityops.grid.sources import Row, list_layers, read_features
from cityops.words import N_

LAYERS = ("areas", "cells")
COMPONENTS = "components"
BY_CENSUS = N_("components do not come with the grid: take the file in by `cityops components import`")
CRS_WRITTEN = "EPSG:4326"

AREA_FIELDS = ("code", "name", "name_en", "level", "parent_code")
CELL_FIELDS = ("code", "duty_grid_code", "duty_grid_name", "duty_grid_name_en", "grid_tier", "area_level")
YES, NO = {"1", "true", "yes", "y", "是"}, {"", "0", "false", "no", "n", "否"}
INTEGERS = {"line", "grid_tier", "area_level"}
FLOATS = {"lon", "lat", "size_m2", "area_m2"}

LEVELS_BY_DIGITS = {6: AreaLevel.DISTRICT, 9: AreaLevel.STREET, 12: AreaLevel.COMMUNITY}


def read_grid(path: Path, asked: SaidOfFile | None = None) -> tuple[GridData, list[Finding]]:
    """Read a grid to its end: the rows that can be read, a finding for each that cannot, and what had to be assumed.

    A file with layers named areas or cells is read as it is; of another one layer is read, as `asked` says. A layer of
    components is left, and told of: they come by their own door.

    Raises:
        Invalid: field `file`, `layer`, `kind`, `map`, `crs` or `encoding`; says what to do.
    """
    asked = asked or SaidOfFile()
    layers = list_layers(path)
    if asked.kind is None and (asked.layer or not set(layers) & set(LAYERS)):
        if COMPONENTS in layers:
            raise Invalid("kind", BY_CENSUS)
        reason = N_("none of its layers (%(names)s) is called areas or cells: say what the features are")
        raise Invalid("kind", reason, names=", ".join(layers))
    chosen = {asked.kind: asked.layer} if asked.kind else {name: name for name in LAYERS if name in layers}
    data, findings = GridData(), list[Finding]()
    if not asked.kind and COMPONENTS in layers:
        findings.append(Finding(COMPONENTS, 0, "layer", BY_CENSUS, is_error=False))
    makers: dict[str, tuple[list[Any], Callable[[Row, BaseGeometry, int], Any]]] = {
        "areas": (data.areas, _area),
        "cells": (data.cells, _cell),
    }
    for kind, layer in chosen.items():
        records, make = makers[kind]
        features = read_features(path, layer=layer, crs=asked.crs, mapping=asked.mapping, encoding=asked.encoding)
        findings += features.warnings
        for line, row, geometry in features.rows():
            try:
                if kind == "areas" and _says_yes(row, "retired"):
                    data.retired.append(RetiredArea(field_text(row, "code", needed=True), line))
                    continue
                if geometry is None:
                    raise Invalid("geometry", N_("the geometry is missing or cannot be read (is the ring closed?)"))
                records.append(make(row, geometry, line))
            except Invalid as refusal:
                findings.append(Finding(kind, line, refusal.field, refusal.message, refusal.params, place=geometry))
    return data, findings


def read_shapes(path: Path, asked: SaidOfFile | None = None) -> list[BaseGeometry]:
    """The polygons of a file that has nothing else to say: building footprints.

    Raises:
        Invalid: as `read_grid` does.
    """
    asked = asked or SaidOfFile()
    features = read_features(path, layer=asked.layer, crs=asked.crs, encoding=asked.encoding)
    return [
        geometry
        for geometry in features.geometries
        if geometry is not None and geometry.geom_type in ("Polygon", "MultiPolygon") and geometry.is_valid
    ]


def read_boundaries(path: Path, asked: SaidOfFile) -> tuple[list[BaseGeometry], list[Finding]]:
    """The polygons of a layer that says no more than where, each of which has to be sound.

    Raises:
        Invalid: as `read_grid` does.
    """
    features = read_features(path, layer=asked.layer, crs=asked.crs, encoding=asked.encoding)
    findings = list(features.warnings)
    for line, _, geometry in features.rows():
        fault = find_fault(geometry)
        if fault is not None:
            findings.append(Finding(features.layer, line, "boundary", fault.reason, place=fault.place))
    return list(features.geometries), findings


def field_text(row: Row, name: str, *, needed: bool = False) -> str:
    """The value of a field as text, empty where there is none; a whole number has no decimals.

    Raises:
        Invalid: the field is `needed` and empty.
    """
    value = row.get(name)
    if value is None or (isinstance(value, float) and np.isnan(value)):
        value = ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        if abs(float(value)) >= EXACT_FLOAT:
            raise Invalid(name, N_("this number has lost digits: the file has to keep codes as text"))
        value = int(value)
    text = str(value).strip()
    if needed and not text:
        raise Invalid(name, N_("this field is needed"))
    return text


def _number(row: Row, name: str, default: int) -> int:
    text = field_text(row, name)
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise Invalid(name, N_("this is not a whole number: %(value)s"), value=text) from None


def _says_yes(row: Row, name: str) -> bool:
    text = field_text(row, name).lower()
    if text not in YES | NO:
        raise Invalid(name, N_("the value %(value)s is not allowed"), value=text)
    return text in YES


def _area(row: Row, geometry: BaseGeometry, line: int) -> AreaRecord:
    """An area; a file that names neither level nor parent has them in its codes (GB/T 2260, GB/T 10114)."""
    code, name = field_text(row, "code", needed=True), field_text(row, "name", needed=True)
    level = field_text(row, "level") or LEVELS_BY_DIGITS.get(len(code), "")
    if level not in set(AreaLevel):
        raise Invalid("level", N_("the value %(value)s is not allowed"), value=level)
    parent = field_text(row, "parent_code")
    if "parent_code" not in row and level in (AreaLevel.STREET, AreaLevel.COMMUNITY):
        parent = code[:-3]
    return AreaRecord(code, name, field_text(row, "name_en") or name, AreaLevel(level), parent or None, geometry, line)


def _cell(row: Row, geometry: BaseGeometry, line: int) -> CellRecord:
    code = field_text(row, "code", needed=True)
    if len(code) == 14 and code.isdigit():
        # CJ/T 213-2005 numbered the cells of a community with two digits.
        code = f"{code[:12]}0{code[12:]}"
    return CellRecord(
        code=code,
        boundary=geometry,
        duty_grid_code=field_text(row, "duty_grid_code") or None,
        duty_grid_name=field_text(row, "duty_grid_name"),
        duty_grid_name_en=field_text(row, "duty_grid_name_en"),
        grid_tier=_number(row, "grid_tier", 1),
        area_level=_number(row, "area_level", 1),
        line=line,
    )


def write_grid(path: Path, data: GridData) -> None:
    """Write both layers as a new GeoPackage; a file of that name is replaced when the new one is whole.

    Raises:
        Invalid: field `file`; it cannot be written there.
    """
    with replacing(path) as part:
        write_layer(part, "areas", [area.boundary for area in data.areas], columns_of(data.areas, AREA_FIELDS))
        write_layer(part, "cells", [cell.boundary for cell in data.cells], columns_of(data.cells, CELL_FIELDS))


def write_findings(path: Path, findings: list[Finding]) -> None:
    """Write the findings that have a place as a GeoPackage, to be looked at in QGIS: a layer for each sort of shape.

    Raises:
        Invalid: field `file`; it cannot be written there.
    """
    shapes = {"faults_areas": ("Polygon", "MultiPolygon"), "faults_points": ("Point", "MultiPoint")}
    with replacing(path) as part:
        for layer, kinds in shapes.items():
            placed = [(each.values(), _only(each.place, kinds)) for each in findings]
            told = [(values, place) for values, place in placed if place is not None]
            columns = {name: [values[k] for values, _ in told] for k, name in enumerate(COLUMNS)}
            write_layer(part, layer, [place for _, place in told], columns)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A GeoPackage to write, which takes the name `path` when it is whole; broken off, it leaves what was there.

    Raises:
        Invalid: field `file`; it cannot be written there.
    """
    part = path.with_name(f".{path.name}.part.gpkg")
    try:
        part.unlink(missing_ok=True)
        yield part
        part.replace(path)
    except (DataSourceError, DataLayerError, OSError) as error:
        raise Invalid("file", N_("the file cannot be written: %(why)s"), why=str(error)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def columns_of(records: Sequence[Any], fields: Iterable[str]) -> dict[str, list[Any]]:
    """The fields of records, as columns."""
    return {name: [getattr(record, name) for record in records] for name in fields}


def write_layer(
    path: Path,
    layer: str,
    geometries: Sequence[BaseGeometry],
    columns: Mapping[str, list[Any]],
    kind: str = "Unknown",
) -> None:
    """Add a layer of geometries in degrees, with their columns, to a GeoPackage."""
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array(geometries, dtype=object)),
        field_data=[_column(name, values) for name, values in columns.items()],
        fields=list(columns),
        layer=layer,
        driver="GPKG",
        geometry_type=kind,
        crs=CRS_WRITTEN,
        append=path.exists(),
    )


def _only(place: BaseGeometry | None, kinds: tuple[str, ...]) -> BaseGeometry | None:
    """The place if it is of these kinds; of a mixed one its areas, which the lines of a shared edge may accompany."""
    if place is None or place.is_empty:
        return None
    if place.geom_type == "GeometryCollection":
        place = shapely.union_all([part for part in shapely.get_parts(place) if part.geom_type == "Polygon"])
    return place if place.geom_type in kinds and not place.is_empty else None


def _column(name: str, values: list[Any]) -> Any:
    if name in INTEGERS:
        return np.array(values, dtype=np.int32)
    if name in FLOATS:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    column = np.empty(len(values), dtype=object)
    column[:] = [None if value is None else str(value) for value in values]
    return column
