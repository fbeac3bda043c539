"""The city map: its page, the tiles of the open cases, and what it tells of an area, a component or a case.

What it tells of cells and duty grids, with who is on duty there, is the patrol's: `patrol/map_pages.py`.
"""

from flask import Blueprint, Response, render_template, request

from cityops import web
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer
from cityops.cases import map_facts, mapping
from cityops.cases.names import OPEN_STAGES, Stage
from cityops.clock import today
from cityops.errors import Invalid
from cityops.grid.models import AREA_LEVEL_LABELS, COMPONENT_STATE_LABELS
from cityops.grid.queries import current_index
from cityops.grid.tiles.routes import asked_day, tile_response
from cityops.grid.tiles.tiling import get_tile
from cityops.words import N_

pages = Blueprint("cases_tiles", __name__)

SHOWN_FIRST = ["areas", "cells", "components", "cases"]


@pages.get("/map")
def city_map() -> str | tuple[str, int]:
    """The map of the viewer's jurisdiction, as it stands now or stood on a day."""
    viewer, on, refusal = current_viewer(), today(), ""
    try:
        on = asked_day("on")
    except Invalid as invalid:
        refusal = web.say(invalid)
    shown = request.args.getlist("show") or SHOWN_FIRST
    with web.reading() as session:
        page = render_template(
            "map/city.html",
            frame="tablet.html" if viewer.post is Post.INSPECTOR else "base.html",
            bounds=mapping.first_view(session, viewer),
            revision=current_index(session).revision,
            stages=OPEN_STAGES,
            on=on,
            today=today(),
            refusal=refusal,
            shown=shown,
        )
    return (page, 422) if refusal else page


@pages.get("/map/areas/<code>")
def area_facts(code: str) -> str:
    """An area: what it belongs to, how large it is, what is in it."""
    on = asked_day("on")
    with web.reading() as session:
        facts = map_facts.get_area_facts(session, current_viewer(), code, on)
        return render_template("map/area.html", facts=facts, english=web.language() == "en", levels=AREA_LEVEL_LABELS)


@pages.get("/map/components/<code>")
def component_facts(code: str) -> str:
    """A component: its class, its state, whose it is."""
    with web.reading() as session:
        facts = map_facts.get_component_facts(session, current_viewer(), code)
        return render_template("map/component.html", facts=facts, states=COMPONENT_STATE_LABELS)


@pages.get("/map/cases")
def case_facts() -> str:
    """The open cases at one spot."""
    with web.reading() as session:
        cases = map_facts.list_numbered(session, current_viewer(), request.args.getlist("number"))
        return render_template("map/cases.html", cases=cases)


@pages.get("/tiles/cases/<int:zoom>/<int:x>/<int:y>.mvt")
def tile(zoom: int, x: int, y: int) -> Response:
    """A tile of the open cases this person may see; nobody keeps it for another."""
    wanted = get_tile(zoom, x, y)
    with web.reading() as session:
        content = mapping.case_tile(session, current_viewer(), wanted, _stages(request.args.get("stage")))
    response = tile_response(content)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _stages(given: str | None) -> tuple[Stage, ...]:
    if not given:
        return ()
    if given not in set(Stage):
        raise Invalid("stage", N_("There is no such stage."))
    return (Stage(given),)
