"""The components in the table of GB/T 47678.5-2026: a CSV or Excel file for people, a GeoPackage for other systems."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from openpyxl import Workbook
from pyogrio.errors import DataLayerError, DataSourceError
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.errors import Invalid
from cityops.grid.census.fields import STATES_WRITTEN, TABLE
from cityops.grid.models import Area, Cell, Component
from cityops.words import N_, harmless

PORTION = 50_000
# A sheet of Excel holds 1,048,576 rows.
ROWS_OF_A_SHEET = 1_000_000
ABBREVIATIONS = [field.abbreviation for field in TABLE]
TITLES = [field.title for field in TABLE]
PLACE = ("lon", "lat")
FORMS = (".csv", ".xlsx", ".gpkg")

Line = tuple[list[str], float, float]


def export_components(session: Session, path: Path) -> int:
    """Write every component to FILE.csv, FILE.xlsx or FILE.gpkg; a file of that name is replaced when the new is whole.

    The first line of the CSV file and the fields of the GeoPackage are the standard's abbreviations, the headings of
    the Excel file its full names. In CSV and Excel a text that looks like a formula is made harmless.

    Returns:
        How many.

    Raises:
        Invalid: field `file`; of another form, or it cannot be written there.
    """
    form = path.suffix.lower()
    if form not in FORMS:
        raise Invalid("file", N_("the file is one of %(forms)s"), forms=", ".join(FORMS))
    part = path.with_name(f".{path.name}.part{form}")
    write = {".csv": _write_csv, ".xlsx": _write_xlsx, ".gpkg": _write_gpkg}[form]
    try:
        part.unlink(missing_ok=True)
        count = write(part, _lines(session))
        part.replace(path)
    except (DataSourceError, DataLayerError, OSError) as error:
        raise Invalid("file", N_("the file cannot be written: %(why)s"), why=str(error)) from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _lines(session: Session) -> Iterator[Line]:
    areas = session.execute(select(Area.code, Area.name).where(Area.ended_on.is_(None)))
    names = {row.code: row.name for row in areas}
    rows = select(Component, Cell.code).outerjoin(Cell, Cell.id == Component.cell_id).order_by(Component.code)
    for component, cell_code in session.execute(rows.execution_options(yield_per=PORTION)):
        yield _values(component, cell_code, names), component.lon, component.lat
        session.expunge(component)


def _values(component: Component, cell_code: str | None, names: dict[str, str]) -> list[str]:
    community = component.area_code or ""
    values: dict[str, Any] = {
        "cell_code": cell_code,
        "state": STATES_WRITTEN[component.state],
        "initial_on": component.initial_on.strftime("%Y%m%d"),
        "changed_on": component.changed_on and component.changed_on.strftime("%Y%m%d"),
        "street_code": community[:9],
        "street_name": names.get(community[:9]),
        "community_code": community,
        "community_name": names.get(community),
    }
    texts = (values[field.name] if field.name in values else getattr(component, field.name) for field in TABLE)
    return [text or "" for text in texts]


def _sheet_row(line: Line) -> list[Any]:
    values, lon, lat = line
    return [*(harmless(value) for value in values), lon, lat]


def _write_csv(path: Path, lines: Iterator[Line]) -> int:
    count = 0
    # The mark at the beginning tells spreadsheets that the text is UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([*ABBREVIATIONS, *PLACE])
        for line in lines:
            writer.writerow(_sheet_row(line))
            count += 1
    return count


def _write_xlsx(path: Path, lines: Iterator[Line]) -> int:
    book, count = Workbook(write_only=True), 0
    sheet = book.create_sheet()
    sheet.append([*TITLES, *PLACE])
    for line in lines:
        if count and count % ROWS_OF_A_SHEET == 0:
            sheet = book.create_sheet()
            sheet.append([*TITLES, *PLACE])
        sheet.append(_sheet_row(line))
        count += 1
    book.save(path)
    return count


def _write_gpkg(path: Path, lines: Iterator[Line]) -> int:
    count = 0
    while portion := list(islice(lines, PORTION)):
        _append(path, portion)
        count += len(portion)
    if not count:
        _append(path, ())
    return count


def _append(path: Path, portion: Sequence[Line]) -> None:
    columns = zip(*(values for values, _, _ in portion), strict=True) if portion else [()] * len(TABLE)
    places = np.array([(lon, lat) for _, lon, lat in portion]).reshape(-1, 2)
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(shapely.points(places)),
        field_data=[np.array([value or None for value in column], dtype=object) for column in columns],
        fields=ABBREVIATIONS,
        layer="components",
        driver="GPKG",
        geometry_type="Point",
        crs="EPSG:4490",
        append=path.exists(),
    )
