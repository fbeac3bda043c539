"""The city map: its page, the tiles of the open cases, and what it tells of a cell or a case one points at."""

from flask import Blueprint, Response, render_template, request

from cityops import web
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer
from cityops.cases import mapping
from cityops.cases.names import OPEN_STAGES, Stage
from cityops.errors import Invalid
from cityops.grid.queries import current_index
from cityops.grid.tiles.routes import tile_response
from cityops.grid.tiles.tiling import get_tile
from cityops.words import N_

pages = Blueprint("cases_tiles", __name__)


@pages.get("/map")
def city_map() -> str:
    """The map of the viewer's jurisdiction."""
    viewer = current_viewer()
    with web.reading() as session:
        return render_template(
            "map/city.html",
            frame="tablet.html" if viewer.post is Post.INSPECTOR else "base.html",
            bounds=mapping.first_view(session, viewer),
            revision=current_index(session).revision,
            stages=OPEN_STAGES,
        )


@pages.get("/map/cells/<code>")
def cell_facts(code: str) -> str:
    """A cell's code, areas, duty grid and open cases."""
    with web.reading() as session:
        facts = mapping.get_cell_facts(session, current_viewer(), code)
        return render_template("map/cell.html", facts=facts, english=web.language() == "en")


@pages.get("/map/cases")
def case_facts() -> str:
    """The open cases at one spot."""
    with web.reading() as session:
        cases = mapping.list_numbered(session, current_viewer(), request.args.getlist("number"))
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
