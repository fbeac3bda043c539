"""How far the cells cover the land they should: the page, its Excel file, and the map of what lies open."""

from io import BytesIO
from typing import Any

from flask import Blueprint, Response, render_template, request, send_file
from flask_babel import gettext as _

from cityops import web
from cityops.accounts.models import Jurisdiction
from cityops.accounts.session import current_viewer
from cityops.grid.coverage import queries as coverage_queries
from cityops.grid.coverage import sheet as coverage_sheet
from cityops.grid.coverage.models import TIER_LABELS, TIERS
from cityops.grid.coverage.queries import Coverage
from cityops.grid.handing_in import EXCEL
from cityops.grid.queries import current_index
from cityops.grid.tiles.names import current_map_names
from cityops.grid.tiles.routes import asked_day, tile_response
from cityops.grid.tiles.tiling import get_tile

pages = Blueprint("grid_coverage", __name__)

DAYS_IN_TABLE = 6


@pages.get("/grid/coverage")
def show() -> str:
    """Coverage by jurisdiction and tier on a day, the trend, and the map of what lies open."""
    viewer, on = current_viewer(), asked_day("at")
    with web.reading() as session:
        names, told = current_map_names(session), coverage_queries.read_coverage(session, viewer, on)
        return render_template(
            "grid/coverage.html",
            told=told,
            on=on,
            trend=_trend(told),
            table_days=told.days[:DAYS_IN_TABLE],
            tier_words={tier: _(label) for tier, label in TIER_LABELS.items()},
            percent=coverage_sheet.percent,
            revision=current_index(session).revision,
            bounds=names.box_around(lambda code: any(held.covers(code) for held in viewer.held)),
        )


@pages.get("/grid/coverage.xlsx")
def sheet() -> Response:
    """The page's figures as an Excel file."""
    on, file = asked_day("at"), BytesIO()
    with web.reading() as session:
        told = coverage_queries.read_coverage(session, current_viewer(), on)
        coverage_sheet.write_sheets(told, file, _named, _)
    file.seek(0)
    return send_file(file, EXCEL, as_attachment=True, download_name=f"coverage-{on}.xlsx")


@pages.get("/tiles/coverage/<int:zoom>/<int:x>/<int:y>.mvt")
def tile(zoom: int, x: int, y: int) -> Response:
    """A tile of the open land that this person may see; nobody keeps it for another."""
    wanted = get_tile(zoom, x, y)
    with web.reading() as session:
        content = coverage_queries.open_land_tile(session, current_viewer(), wanted, asked_day("at"))
    response = tile_response(content)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@pages.get("/map/open-land")
def open_land_facts() -> str:
    """What a tier's cells leave open in a community, for the map's side."""
    code, on = request.args.get("code", ""), asked_day("at")
    tier = next((tier for tier in TIERS if str(tier) == request.args.get("tier")), TIERS[0])
    with web.reading() as session:
        figure = coverage_queries.get_open_land(session, current_viewer(), tier, code, on)
        name = current_index(session).area_names.get(code, ("", ""))[web.language() == "en"]
        return render_template("map/open_land.html", figure=figure, name=name, tier_word=_(TIER_LABELS[figure.tier]))


def _trend(told: Coverage) -> dict[str, Any] | None:
    """The shares from day to day as lines, the last until the day looked at; None where there is no change to show."""
    if len(told.days) < 2:
        return None
    rows = []
    for place, tier in told.columns:
        shares = [(str(day.since_on), day.shares.get((place.id, tier))) for day in reversed(told.days)]
        points = [(day, coverage_sheet.percent(share)) for day, share in shares if share is not None]
        if points:
            label = f"{_named(place)} · {_(TIER_LABELS[tier])}"
            rows.append({"label": label, "points": [*points, (str(told.on), points[-1][1])]})
    return {"kind": "steps", "unit": "%", "rows": rows} if rows else None


def _named(place: Jurisdiction) -> str:
    return place.name_en if web.language() == "en" else place.name
