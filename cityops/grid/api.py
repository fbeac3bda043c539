"""The grid room's API: a point becomes its cell, duty grid, community, street and district."""

from enum import StrEnum

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from cityops import web
from cityops.asked import Asked
from cityops.grid import queries, shifts
from cityops.grid.queries import Place
from cityops.problems import PROBLEMS

api = APIBlueprint("grid_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)


class Crs(StrEnum):
    """The coordinate systems a point may come in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class PointQuery(Asked):
    """A point in degrees."""

    lon: float = Field(description="Longitude in degrees")
    lat: float = Field(description="Latitude in degrees")
    crs: Crs = Field(Crs.WGS84, description="The system lon and lat are given in; wgs84 stands for CGCS2000 too")


class Named(BaseModel):
    """A thing by its code and its name in the reader's language."""

    code: str
    name: str | None


class CellOut(BaseModel):
    """A unit cell; `area_level` is its management level (一、二、三类区域)."""

    code: str
    area_level: int


class PlaceOut(BaseModel):
    """A point in WGS84 and all that holds it; outside every cell `outside` is true and the rest null."""

    lon: float
    lat: float
    outside: bool
    cell: CellOut | None
    duty_grid: Named | None
    community: Named | None
    street: Named | None
    district: Named | None


@api.get("/locate", responses={200: PlaceOut}, summary="Locate a point")
def locate(query: PointQuery) -> Response:
    """The cell, duty grid, community, street and district of a point; on a shared edge the lowest code."""
    lon, lat = shifts.from_crs(query.lon, query.lat, query.crs)
    with web.reading() as session:
        place = queries.locate(session, lon, lat, english=web.language() == "en")
    return jsonify(place_out(place).model_dump())


def place_out(place: Place) -> PlaceOut:
    """A described place as the API gives it."""
    cell = CellOut(code=place.cell_code, area_level=place.area_level or 1) if place.cell_code else None
    return PlaceOut(
        lon=place.lon,
        lat=place.lat,
        outside=place.is_outside,
        cell=cell,
        duty_grid=_named(place.duty_grid_code, place.duty_grid_name),
        community=_named(place.community_code, place.community_name),
        street=_named(place.street_code, place.street_name),
        district=_named(place.district_code, place.district_name),
    )


def _named(code: str | None, name: str | None) -> Named | None:
    return None if code is None else Named(code=code, name=name)
