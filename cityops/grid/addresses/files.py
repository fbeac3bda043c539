"""Addresses out of whatever GDAL reads: points or areas of places, courses of roads, door plates with their road."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.grid.addresses.models import AddressKind
from cityops.grid.addresses.records import LAYER, AddressRecord
from cityops.grid.addresses.words import plain
from cityops.grid.files import field_text
from cityops.grid.findings import Finding
from cityops.grid.geometry import check_point
from cityops.grid.records import SaidOfFile
from cityops.grid.sources import Row, read_features
from cityops.words import N_

# What a file may say: its values, in English or as the standard calls them.
KINDS = {kind.value: kind for kind in AddressKind if kind is not AddressKind.AREA} | {
    "地片": AddressKind.ZONE,
    "区片": AddressKind.BLOCK,
    "街巷": AddressKind.ROAD,
    "门牌": AddressKind.PLATE,
    "楼牌": AddressKind.PLATE,
    "门楼牌": AddressKind.PLATE,
    "门(楼)牌": AddressKind.PLATE,
    "兴趣点": AddressKind.LANDMARK,
}
# Ways of one road that a file has in pieces lie within this of each other.
SAME_ROAD_DEGREES = 0.005
_DAY = re.compile(r"(\d{4})[-/]?(\d{1,2})[-/]?(\d{1,2})")
_LISTED = re.compile(r"[;；|、]")
_WHOLE_PLATE = re.compile(r"(?P<road>.*?[^\d\W])(?P<plate>\d.*)")


@dataclass(frozen=True, slots=True)
class _Read:
    record: AddressRecord
    shape: BaseGeometry


def read_addresses(path: Path, asked: SaidOfFile) -> tuple[list[AddressRecord], list[Finding]]:
    """Read a layer of addresses to its end: the places, a finding for each row that is none, and what was assumed.

    The pieces of a road that has no code are put together by their name, where they lie near each other.

    Args:
        asked: `kind` is the kind of all rows where the file has no field `kind`.

    Raises:
        Invalid: field `file`, `layer`, `map`, `crs` or `encoding`; says what to do.
    """
    features = read_features(path, layer=asked.layer, crs=asked.crs, mapping=asked.mapping, encoding=asked.encoding)
    findings, read, nameless = list(features.warnings), list[_Read](), 0
    for line, row, geometry in features.rows():
        if not field_text(row, "name"):
            nameless += 1
            continue
        try:
            read.append(_read(row, geometry, line, asked.kind))
        except Invalid as refusal:
            findings.append(Finding(LAYER, line, refusal.field, refusal.message, refusal.params, place=geometry))
    if nameless:
        reason = N_("%(number)s features have no name and are left out")
        findings.append(Finding(LAYER, 0, "name", reason, {"number": nameless}, is_error=False))
    return list(_put_together(read)), findings


def _read(row: Row, geometry: BaseGeometry | None, line: int, kind_of_all: str | None) -> _Read:
    if geometry is None or geometry.is_empty:
        raise Invalid("geometry", N_("the geometry is missing or cannot be read (is the ring closed?)"))
    kind = _kind(field_text(row, "kind") or kind_of_all or "")
    name = field_text(row, "name", needed=True)
    if not plain(name) or len(name) > 100:
        raise Invalid("name", N_("a name has a letter and at most 100 signs"))
    road, number = field_text(row, "road") or None, None
    if kind is AddressKind.PLATE:
        road, name, number = _plate(road, name, field_text(row, "number"))
    lines = geometry if kind is AddressKind.ROAD and geometry.geom_type.endswith("LineString") else None
    point = _point(geometry)
    check_point(point.x, point.y)
    record = AddressRecord(
        kind=kind,
        name=name,
        lon=point.x,
        lat=point.y,
        code=field_text(row, "code")[:32] or None,
        category=field_text(row, "category")[:32] or None,
        road=road if kind is AddressKind.PLATE else None,
        number=number,
        aliases=_names(row, "aliases"),
        former_names=_names(row, "former_names"),
        line=lines,
        valid_from_on=_day(row, "valid_from_on"),
        ended_on=_day(row, "ended_on"),
        source_line=line,
    )
    return _Read(record, geometry)


def _kind(value: str) -> AddressKind:
    if value in KINDS:
        return KINDS[value]
    if value in (AddressKind.AREA, "区域"):
        raise Invalid("kind", N_("areas come with their boundaries, by `cityops grid import`"))
    if not value:
        raise Invalid("kind", N_("say what it is: zone, block, road, plate or landmark"))
    raise Invalid("kind", N_("the value %(value)s is not allowed"), value=value)


def _plate(road: str | None, name: str, number: str) -> tuple[str, str, int]:
    """Road, plate and number: a whole address is parted where its number begins."""
    if road is None:
        whole = _WHOLE_PLATE.fullmatch(name)
        if whole is None:
            raise Invalid("road", N_("a door plate needs its road, or a name like 中山西路123号"))
        road, name = whole["road"], whole["plate"]
    else:
        name = name.removeprefix(road) or name
    digits = re.search(r"\d{1,9}", number or name)
    if digits is None:
        raise Invalid("number", N_("a door plate needs a number"))
    return road, name, int(digits[0])


def _point(geometry: BaseGeometry) -> shapely.Point:
    """Where a place is: a point itself, the middle of a road's longest piece, a point inside of what has a surface."""
    if geometry.geom_type.endswith("LineString"):
        longest = max(shapely.get_parts(geometry), key=lambda piece: float(piece.length))
        middle: shapely.Point = longest.interpolate(0.5, normalized=True)
        return middle
    return geometry.representative_point()


def _names(row: Row, name: str) -> tuple[str, ...]:
    listed = (each.strip() for each in _LISTED.split(field_text(row, name)))
    return tuple(dict.fromkeys(each[:100] for each in listed if plain(each)))


def _day(row: Row, name: str) -> date | None:
    text = field_text(row, name)
    if not text or text == "NaT":
        return None
    parts = _DAY.match(text)
    try:
        if parts is not None:
            return date(*(int(part) for part in parts.groups()))
    except ValueError:
        pass
    raise Invalid(name, N_("this is not a day like 2026-12-01: %(value)s"), value=text)


def _put_together(read: list[_Read]) -> Iterator[AddressRecord]:
    pieces: dict[str, list[_Read]] = {}
    for each in read:
        if each.record.kind is AddressKind.ROAD and each.record.code is None and each.record.line is not None:
            pieces.setdefault(each.record.name, []).append(each)
        else:
            yield each.record
    for group in pieces.values():
        for road in _neighbours(group):
            course = shapely.line_merge(shapely.union_all([each.shape for each in road]))
            point = _point(course)
            yield replace(road[0].record, lon=point.x, lat=point.y, line=course)


def _neighbours(group: list[_Read]) -> Iterator[list[_Read]]:
    """Pieces in groups whose members lie near one another."""
    shapes = [each.shape for each in group]
    tree = shapely.STRtree(shapes)
    left = set(range(len(group)))
    while left:
        reached, waiting = set[int](), [min(left)]
        while waiting:
            at = waiting.pop()
            reached.add(at)
            near: list[Any] = tree.query(shapes[at], predicate="dwithin", distance=SAME_ROAD_DEGREES).tolist()
            waiting += [other for other in near if other in left - reached]
        left -= reached
        yield [group[k] for k in sorted(reached)]
