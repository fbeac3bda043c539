"""The grid's vector tiles over HTTP: kept by the browser as long as the grid's revision stands."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from cityops import web
from cityops.grid.tiles.layers import grid_tile
from cityops.grid.tiles.tiling import get_tile

pages = Blueprint("grid_tiles", __name__)

TILE_TYPE = "application/vnd.mapbox-vector-tile"
KEEP_SECONDS = 86_400


@pages.get("/tiles/grid/<int:zoom>/<int:x>/<int:y>.mvt")
def tile(zoom: int, x: int, y: int) -> BaseResponse:
    """A tile of areas, cells, names and components; the empty answer 204 where there are none."""
    wanted = get_tile(zoom, x, y)
    with web.reading() as session:
        revision, content = grid_tile(session, wanted)
    response = tile_response(content)
    if request.args.get("revision") == str(revision):
        # A day, not a year: another city under the same address may count the same revision.
        response.headers["Cache-Control"] = f"private, max-age={KEEP_SECONDS}, immutable"
    else:
        response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def tile_response(content: bytes) -> Response:
    """A tile as it is answered; an empty one has no content."""
    return Response(content, 200 if content else 204, content_type=TILE_TYPE)
