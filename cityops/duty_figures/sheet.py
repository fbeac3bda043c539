"""Duty grids in figures as an Excel file; a name that looks like a formula is made harmless."""

from collections.abc import Callable, Iterable
from typing import IO, Any

from openpyxl import Workbook

from cityops.assessment.formulas import percent
from cityops.duty_figures.figures import GridFigures
from cityops.grid.coverage.models import TIER_LABELS
from cityops.grid.models import Area, DutyGrid
from cityops.words import N_, harmless

HEADINGS = (
    *(N_("Street"), N_("Duty grid"), N_("Code"), N_("Tier"), N_("Cells"), N_("Area, m²"), N_("Components")),
    *(N_("Open cases"), N_("Cases, 90 days"), N_("Due, 90 days"), N_("Of these on time"), N_("On time, %")),
    *(N_("Cells visited as due"), N_("Visited as due, %")),
)


def write_sheet(
    rows: Iterable[GridFigures], file: IO[bytes], named: Callable[[Area | DutyGrid], str], say: Callable[[str], str]
) -> None:
    """Write a line a duty grid."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(say(N_("Duty grids")))
    sheet.append([say(heading) for heading in HEADINGS])
    for row in rows:
        sheet.append([harmless(value) if isinstance(value, str) else value for value in _line(row, named, say)])
    book.save(file)


def _line(row: GridFigures, named: Callable[[Area | DutyGrid], str], say: Callable[[str], str]) -> list[Any]:
    tier = say(TIER_LABELS[row.tier]) if row.tier is not None else ""
    land = [named(row.street), named(row.grid), row.grid.code, tier, row.cells, round(row.area_m2), row.components]
    cases = [row.open_cases, row.cases, row.due, row.on_time, percent(row.on_time, row.due) if row.due else None]
    return [*land, *cases, row.visited, percent(row.visited, row.cells)]
