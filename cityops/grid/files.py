"""Grids in files: GeoPackage layers `areas`, `cells` and `components`, read to their end and written.

Coordinates in a file are EPSG:4326 or EPSG:4490 (WGS84, CGCS2000). Any format of GDAL with these layers is read.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from shapely import Point
from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.grid.checks import Finding
from cityops.grid.models import AreaLevel, ComponentState
from cityops.grid.records import AreaRecord, CellRecord, ComponentRecord, GridData
from cityops.words import N_

LAYERS = ("areas", "cells", "components")
CRS_READ = ("EPSG:4326", "EPSG:4490", "OGC:CRS84")
CRS_WRITTEN = "EPSG:4326"

AREA_FIELDS = ("code", "name", "name_en", "level", "parent_code")
CELL_FIELDS = ("code", "duty_grid_code", "duty_grid_name", "duty_grid_name_en", "grid_tier", "area_level")
COMPONENT_FIELDS = ("code", "name", "state", "body_code")

Row = Mapping[str, Any]


def read_grid(path: Path) -> tuple[GridData, list[Finding]]:
    """Read all layers to their end: the rows that can be read, and a finding for each that cannot.

    Raises:
        Invalid: field `file`; it cannot be read at all, has none of the layers, or stands in another coordinate system.
    """
    try:
        layers = {str(name) for name, _ in pyogrio.list_layers(path)}
    except (DataSourceError, OSError) as error:
        raise Invalid("file", N_("this file cannot be read as a GeoPackage: %(why)s"), why=str(error)) from error
    if not layers & set(LAYERS):
        raise Invalid("file", N_("none of the layers areas, cells, components is in this file"))
    data, findings = GridData(), list[Finding]()
    makers: dict[str, tuple[list[Any], Callable[[Row, BaseGeometry, int], Any]]] = {
        "areas": (data.areas, _area),
        "cells": (data.cells, _cell),
        "components": (data.components, _component),
    }
    for layer, (records, make) in makers.items():
        if layer not in layers:
            continue
        for line, row, geometry in _rows(path, layer):
            try:
                if geometry is None:
                    raise Invalid("geometry", N_("the geometry is missing or cannot be read (is the ring closed?)"))
                records.append(make(row, geometry, line))
            except Invalid as refusal:
                findings.append(Finding(layer, line, refusal.field, refusal.message, refusal.params))
    return data, findings


def _rows(path: Path, layer: str) -> Iterator[tuple[int, Row, BaseGeometry | None]]:
    try:
        meta, _, wkb, columns = pyogrio.raw.read(path, layer=layer, force_2d=True)
    except (DataSourceError, DataLayerError, ValueError) as error:
        raise Invalid("file", N_("this file cannot be read as a GeoPackage: %(why)s"), why=str(error)) from error
    if meta["crs"] not in CRS_READ:
        reason = N_("layer %(layer)s is in %(crs)s: bring it to EPSG:4326 or EPSG:4490 first")
        raise Invalid("file", reason, layer=layer, crs=meta["crs"] or "no coordinate system")
    names = [str(name) for name in meta["fields"]]
    geometries = shapely.from_wkb(wkb, on_invalid="ignore")
    for k, geometry in enumerate(geometries):
        yield k + 1, {name: column[k] for name, column in zip(names, columns, strict=True)}, geometry


def _text(row: Row, name: str, *, needed: bool = False) -> str:
    value = row.get(name)
    if value is None or (isinstance(value, float) and np.isnan(value)):
        value = ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    text = str(value).strip()
    if needed and not text:
        raise Invalid(name, N_("this field is needed"))
    return text


def _number(row: Row, name: str, default: int) -> int:
    text = _text(row, name)
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise Invalid(name, N_("this is not a whole number: %(value)s"), value=text) from None


def _area(row: Row, geometry: BaseGeometry, line: int) -> AreaRecord:
    level = _text(row, "level", needed=True)
    if level not in set(AreaLevel):
        raise Invalid("level", N_("the value %(value)s is not allowed"), value=level)
    code, name = _text(row, "code", needed=True), _text(row, "name", needed=True)
    parent = _text(row, "parent_code") or None
    return AreaRecord(code, name, _text(row, "name_en") or name, AreaLevel(level), parent, geometry, line)


def _cell(row: Row, geometry: BaseGeometry, line: int) -> CellRecord:
    code = _text(row, "code", needed=True)
    if len(code) == 14 and code.isdigit():
        # CJ/T 213-2005 numbered the cells of a community with two digits.
        code = f"{code[:12]}0{code[12:]}"
    return CellRecord(
        code=code,
        boundary=geometry,
        duty_grid_code=_text(row, "duty_grid_code") or None,
        duty_grid_name=_text(row, "duty_grid_name"),
        duty_grid_name_en=_text(row, "duty_grid_name_en"),
        grid_tier=_number(row, "grid_tier", 1),
        area_level=_number(row, "area_level", 1),
        line=line,
    )


def _component(row: Row, geometry: BaseGeometry, line: int) -> ComponentRecord:
    if not isinstance(geometry, Point) or geometry.is_empty:
        raise Invalid("geometry", N_("a component is a point"))
    state = _text(row, "state") or ComponentState.IN_PLACE
    if state not in set(ComponentState):
        raise Invalid("state", N_("the value %(value)s is not allowed"), value=state)
    code, name = _text(row, "code", needed=True), _text(row, "name", needed=True)
    body = _text(row, "body_code") or None
    return ComponentRecord(code, name, geometry.x, geometry.y, ComponentState(state), body, line)


def write_grid(path: Path, data: GridData) -> None:
    """Write the three layers as a new GeoPackage; a file of that name is replaced when the new one is whole.

    Raises:
        Invalid: field `file`; it cannot be written there.
    """
    places = [Point(component.lon, component.lat) for component in data.components]
    boundaries = {"areas": [a.boundary for a in data.areas], "cells": [c.boundary for c in data.cells]}
    part = path.with_name(f".{path.name}.part.gpkg")
    try:
        part.unlink(missing_ok=True)
        _write(part, "areas", data.areas, boundaries["areas"], AREA_FIELDS)
        _write(part, "cells", data.cells, boundaries["cells"], CELL_FIELDS)
        _write(part, "components", data.components, places, COMPONENT_FIELDS)
        part.replace(path)
    except (DataSourceError, DataLayerError, OSError) as error:
        raise Invalid("file", N_("the file cannot be written: %(why)s"), why=str(error)) from error


def _write(path: Path, layer: str, records: list[Any], geometries: list[Any], fields: tuple[str, ...]) -> None:
    columns = []
    for name in fields:
        values = [getattr(record, name) for record in records]
        is_number = name in ("grid_tier", "area_level")
        columns.append(np.array(values, dtype=np.int32) if is_number else _text_column(values))
    kind = "Point" if layer == "components" else "Unknown"
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array(geometries, dtype=object)),
        field_data=columns,
        fields=list(fields),
        layer=layer,
        driver="GPKG",
        geometry_type=kind,
        crs=CRS_WRITTEN,
        append=path.exists(),
    )


def _text_column(values: list[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = [None if value is None else str(value) for value in values]
    return column
