"""The grid's vector tiles over HTTP: kept by the browser as long as the grid's revision stands.

A day to come is asked for again each time: what is planned may be withdrawn.
"""

from datetime import date

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from cityops import web
from cityops.clock import today
from cityops.errors import Invalid
from cityops.grid.tiles.layers import grid_tile
from cityops.grid.tiles.tiling import get_tile
from cityops.words import N_

pages = Blueprint("grid_tiles", __name__)

TILE_TYPE = "application/vnd.mapbox-vector-tile"
KEEP_SECONDS = 86_400


@pages.get("/tiles/grid/<int:zoom>/<int:x>/<int:y>.mvt")
def tile(zoom: int, x: int, y: int) -> BaseResponse:
    """A tile of areas, duty grids, cells, names and components of a day; 204 where there are none."""
    wanted, on = get_tile(zoom, x, y), asked_day("on")
    with web.reading() as session:
        revision, content = grid_tile(session, wanted, on)
    response = tile_response(content)
    if request.args.get("revision") == str(revision) and on <= today():
        # A day, not a year: another city under the same address may count the same revision.
        response.headers["Cache-Control"] = f"private, max-age={KEEP_SECONDS}, immutable"
    else:
        response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def asked_day(name: str) -> date:
    """The day in this argument of the address, today without one.

    Raises:
        Invalid: names the argument; it is no day.
    """
    given = request.args.get(name, "")
    try:
        return date.fromisoformat(given) if given else today()
    except ValueError:
        raise Invalid(name, N_("This is no day: write it as 2026-12-01.")) from None


def tile_response(content: bytes) -> Response:
    """A tile as it is answered; an empty one has no content."""
    return Response(content, 200 if content else 204, content_type=TILE_TYPE)
