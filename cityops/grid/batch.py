"""Locating a file of points: `id,lon,lat` in, codes and a note out, a stream that loses no row."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cityops.errors import Invalid
from cityops.grid.geometry import check_point
from cityops.grid.index import GridIndex
from cityops.grid.shifts import to_wgs84
from cityops.words import N_

COLUMNS_READ = ("id", "lon", "lat")
COLUMNS_WRITTEN = (
    "id",
    "cell_code",
    "community_code",
    "street_code",
    "district_code",
    "duty_grid_code",
    "note",
)
PORTION = 20_000
OUTSIDE = "outside the grid"


@dataclass(slots=True)
class Tally:
    """How many rows were read, lie in a cell, lie outside, could not be understood."""

    rows: int = 0
    located: int = 0
    outside: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class _Point:
    name: str
    lon: float = 0.0
    lat: float = 0.0
    fault: str = ""


def locate_lines(index: GridIndex, lines: Iterable[str], crs: str, tally: Tally) -> Iterator[list[str]]:
    """The rows to write, the heading first, for the lines of a CSV file with the columns id, lon and lat.

    A row that cannot be understood keeps its id and says why in its note. `tally` is counted up as the rows go by.

    Raises:
        Invalid: field `file`; the heading lacks a column.
    """
    reader = csv.reader(lines)
    heading = [name.strip().lower().lstrip("\ufeff") for name in next(reader, [])]
    missing = [name for name in COLUMNS_READ if name not in heading]
    if missing:
        raise Invalid(
            "file",
            N_("the first line must name the columns id, lon and lat; not there: %(names)s"),
            names=", ".join(missing),
        )
    places = [heading.index(name) for name in COLUMNS_READ]
    yield list(COLUMNS_WRITTEN)
    portion: list[_Point] = []
    for point in _points(reader, places):
        portion.append(point)
        if len(portion) == PORTION:
            yield from _located(index, portion, crs, tally)
            portion = []
    yield from _located(index, portion, crs, tally)


def _points(reader: Any, places: list[int]) -> Iterator[_Point]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Point("", fault=f"line {reader.line_num}: {error}")
            continue
        if row:
            yield _point(row, places)


def _point(row: list[str], places: list[int]) -> _Point:
    name, *numbers = (row[place].strip() if place < len(row) else "" for place in places)
    try:
        lon, lat = (float(number) for number in numbers)
        check_point(lon, lat)
        return _Point(name, lon, lat)
    except ValueError:
        return _Point(name, fault=f"lon and lat must be numbers: {numbers[0]!r}, {numbers[1]!r}")
    except Invalid as refusal:
        return _Point(name, fault=f"{refusal.field}: {refusal}")


def _located(index: GridIndex, points: list[_Point], crs: str, tally: Tally) -> Iterator[list[str]]:
    if not points:
        return
    places = to_wgs84(np.array([(point.lon, point.lat) for point in points]), crs)
    positions = index.locate_many(places[:, 0], places[:, 1]).tolist()
    for point, position in zip(points, positions, strict=True):
        tally.rows += 1
        if point.fault:
            tally.bad += 1
            yield [point.name, "", "", "", "", "", point.fault]
        elif position < 0:
            tally.outside += 1
            yield [point.name, "", "", "", "", "", OUTSIDE]
        else:
            tally.located += 1
            code = index.codes[position]
            grid = index.duty_grids.get(index.duty_grid_at(position), ("", "", ""))
            yield [point.name, code, code[:12], code[:9], code[:6], grid[0], ""]
