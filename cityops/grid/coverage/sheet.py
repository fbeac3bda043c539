"""Coverage told as a table, CSV, JSON and an Excel file; a name that looks like a formula is made harmless."""

import csv
import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import IO, Any

from openpyxl import Workbook

from cityops.accounts.models import Jurisdiction
from cityops.grid.coverage.models import TIER_LABELS
from cityops.grid.coverage.queries import Coverage
from cityops.words import N_, harmless

COLUMNS = ("code", "name", "tier", "land_m2", "covered_m2", "coverage_percent", "target_percent", "cells", "cells_m2")
HEADINGS = (
    *(N_("Code"), N_("Jurisdiction"), N_("Tier"), N_("To be covered, m²"), N_("Covered by cells, m²")),
    *(N_("Coverage, %"), N_("Target, %"), N_("Cells"), N_("Whole area of the cells, m²")),
)

Named = Callable[[Jurisdiction], str]
Say = Callable[[str], str]


def values_of(coverage: Coverage, named: Named) -> list[tuple[Any, ...]]:
    """What the columns hold, a line a jurisdiction and tier."""
    lines: list[tuple[Any, ...]] = []
    for row in coverage.rows:
        sums, place = row.sums, row.jurisdiction
        sizes = (round(sums.land_m2), round(sums.covered_m2), percent(sums.share), row.target)
        lines.append((place.code, named(place), row.tier, *sizes, sums.cells, round(sums.cells_m2)))
    return lines


def percent(share: float | None) -> float | None:
    """A share in percent, to two places; never rounded up to what it does not reach."""
    return None if share is None else int(share * 10_000 + 1e-6) / 100


def tell(coverage: Coverage, form: str) -> Iterator[str]:
    """The lines of a `table`, of `csv` or of `json`, by English names."""
    lines = values_of(coverage, lambda place: place.name_en)
    if form == "json":
        since = coverage.since_on.isoformat() if coverage.since_on else None
        rows = [dict(zip(COLUMNS, line, strict=True)) for line in lines]
        yield json.dumps({"on": coverage.on.isoformat(), "since_on": since, "rows": rows}, ensure_ascii=False, indent=1)
    elif form == "csv":
        for line in (COLUMNS, *lines):
            text = StringIO()
            csv.writer(text, lineterminator="").writerow([_harmless("" if value is None else value) for value in line])
            yield text.getvalue()
    else:
        yield f"{'jurisdiction':<28}{'tier':>4}{'to cover km²':>14}{'covered km²':>13}{'%':>8}{'target':>8}{'cells':>8}"
        for code, name, tier, land_m2, covered_m2, share, target, cells, _ in lines:
            said = f"{code} {name}"[:27]
            figures = f"{land_m2 / 1e6:>14.3f}{covered_m2 / 1e6:>13.3f}{_or_dash(share):>8}{_or_dash(target):>8}"
            yield f"{said:<28}{tier:>4}{figures}{cells:>8}"


def write_sheets(coverage: Coverage, file: IO[bytes], named: Named, say: Say) -> None:
    """Write the Excel file: the figures of the day, and the trend that led to it."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(say(N_("Grid coverage")))
    sheet.append([say(N_("On")), coverage.on, say(N_("Unchanged since")), coverage.since_on])
    sheet.append([say(heading) for heading in HEADINGS])
    for line in values_of(coverage, named):
        sheet.append([_harmless(value) for value in line])
    sheet = book.create_sheet(say(N_("Trend")))
    tiers = [f"{named(place)} · {say(TIER_LABELS[tier])}" for place, tier in coverage.columns]
    sheet.append([say(N_("From the day")), say(N_("Survey or layer")), *(_harmless(tier) for tier in tiers)])
    for day in coverage.days:
        shares = [percent(day.shares.get((place.id, tier))) for place, tier in coverage.columns]
        sheet.append([day.since_on, _harmless(", ".join(day.causes)), *shares])
    book.save(file)


def _harmless(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
