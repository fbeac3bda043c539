"""Duty grids in figures: the page by street, and all of them as an Excel file."""

from collections.abc import Iterable
from io import BytesIO

from flask import Blueprint, Response, render_template, request, send_file, url_for
from flask_babel import gettext as _

from cityops import web
from cityops.accounts.session import require
from cityops.assessment.formulas import percent
from cityops.cases.telling import named
from cityops.duty_figures import figures
from cityops.duty_figures.figures import READERS, GridFigures
from cityops.duty_figures.sheet import write_sheet
from cityops.grid.coverage.models import TIER_LABELS
from cityops.grid.handing_in import EXCEL
from cityops.patrol.visits import read_rhythms

pages = Blueprint("duty_figures", __name__, url_prefix="/grid/duty")

STREETS_A_PAGE = 10


@pages.get("/figures")
def show() -> str:
    """A page of streets with their duty grids in figures."""
    viewer, after = require(*READERS), request.args.get("after", "")[:12]
    with web.reading() as session:
        found = figures.list_streets(session, viewer, after=after, limit=STREETS_A_PAGE + 1)
        streets = found[:STREETS_A_PAGE]
        rows = figures.read_figures(session, viewer, streets)
        more = url_for("duty_figures.show", after=streets[-1].code) if len(found) > len(streets) else None
        return render_template(
            "duty_grids/figures.html",
            streets=streets,
            by_street={street.code: [row for row in rows if row.street is street] for street in streets},
            visited=_visited(rows),
            rhythms=read_rhythms(session, figures.visited_on()),
            visited_on=figures.visited_on(),
            tier_words={tier: _(label) for tier, label in TIER_LABELS.items()},
            percent=percent,
            first_url=url_for("duty_figures.show") if after else None,
            next_url=more,
        )


@pages.get("/figures.xlsx")
def sheet() -> Response:
    """Every duty grid that the viewer reads of, as an Excel file."""
    viewer, file = require(*READERS), BytesIO()
    with web.reading() as session:
        rows = figures.read_figures(session, viewer, figures.list_streets(session, viewer))
        write_sheet(rows, file, named, _)
    file.seek(0)
    return send_file(file, EXCEL, as_attachment=True, download_name=f"duty-grids-{figures.visited_on()}.xlsx")


def _visited(rows: Iterable[GridFigures]) -> dict[int, tuple[int, int]]:
    """By tier how many cells were visited as due, of how many."""
    found: dict[int, tuple[int, int]] = {}
    for row in rows:
        if row.tier is not None:
            visited, cells = found.get(row.tier, (0, 0))
            found[row.tier] = visited + row.visited, cells + row.cells
    return dict(sorted(found.items()))
