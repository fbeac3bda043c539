"""The grid room's API: a point becomes its cell, communities and what is near it, and words become places."""

from enum import StrEnum

from flask import Response, jsonify
from flask_babel import gettext
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from cityops import web
from cityops.asked import Asked
from cityops.grid import queries, shifts
from cityops.grid.addresses import queries as addresses
from cityops.grid.addresses.models import ADDRESS_KIND_LABELS, AddressKind
from cityops.grid.addresses.near import Near, find_near
from cityops.grid.addresses.queries import Candidate
from cityops.grid.addresses.words import DIRECTION_LABELS, Direction
from cityops.grid.index import GridIndex
from cityops.grid.models import AREA_LEVEL_LABELS, AreaLevel
from cityops.grid.queries import Place
from cityops.problems import PROBLEMS
from cityops.words import N_

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


class SearchQuery(Asked):
    """What is typed for an address, and the last click on the map."""

    q: str = Field(description="Chinese, pinyin or initials: 天一广场, tygc, 中山西路123号, A路与B路交叉口")
    lon: float | None = Field(None, description="Among names that answer equally well, the nearest to here comes first")
    lat: float | None = None
    limit: int = Field(10, ge=1, le=20)


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


class NearOut(BaseModel):
    """The nearest landmark or door plate; seen from it the point lies in `direction`, null right beside it."""

    text: str = Field(description="In the reader's language: 天一广场东北约80米")
    name: str
    kind: AddressKind
    direction: Direction | None
    distance_m: int


class LocatedOut(PlaceOut):
    """A place, and what it can be told by; `near` is null where nothing is within a kilometre."""

    near: NearOut | None


class AddressOut(BaseModel):
    """A place that may be meant; `kind` is null for a crossing, `note` says what else has to be known of it."""

    name: str
    kind: AddressKind | None
    lon: float
    lat: float
    approximate: bool
    note: str | None
    within: str = Field(description="What it is and where, in the reader's language")
    distance_m: int | None = Field(description="From the last click")


class AddressesOut(BaseModel):
    """Candidates, the likeliest first."""

    items: list[AddressOut]


@api.get("/locate", responses={200: LocatedOut}, summary="Locate a point")
def locate(query: PointQuery) -> Response:
    """The cell, duty grid and areas of a point, on a shared edge the lowest code; and what it is told by."""
    lon, lat = shifts.from_crs(query.lon, query.lat, query.crs)
    with web.reading() as session:
        place = queries.locate(session, lon, lat, english=web.language() == "en")
        near = find_near(session, lon, lat)
    located = LocatedOut(**place_out(place).model_dump(), near=near and _near_out(near))
    return jsonify(located.model_dump())


@api.get("/addresses", responses={200: AddressesOut}, summary="Search an address")
def find_addresses(query: SearchQuery) -> Response:
    """Areas, zones, blocks, roads, door plates, landmarks and crossings that may be meant."""
    near = None if query.lon is None or query.lat is None else (query.lon, query.lat)
    with web.reading() as session:
        found = addresses.search(session, query.q, near=near, limit=query.limit)
        index = queries.current_index(session)
    return jsonify(AddressesOut(items=[_address_out(each, index) for each in found]).model_dump())


def near_words(near: Near) -> str:
    """A point told by what is near it, in the reader's language."""
    if near.direction is None:
        return _said(N_("beside %(name)s"), name=near.name)
    direction = _said(DIRECTION_LABELS[near.direction])
    return _said(N_("%(name)s, about %(n)s m %(direction)s"), name=near.name, n=near.about_m, direction=direction)


def _near_out(near: Near) -> NearOut:
    return NearOut(
        text=near_words(near), name=near.name, kind=near.kind, direction=near.direction, distance_m=near.about_m
    )


def _address_out(found: Candidate, index: GridIndex) -> AddressOut:
    tongue = 1 if web.language() == "en" else 0
    names = [index.area_names[code][tongue] for code in _codes_above(found) if code in index.area_names]
    is_area = found.kind is AddressKind.AREA and found.area_code in index.area_names
    return AddressOut(
        name=index.area_names[found.area_code or ""][tongue] if is_area else found.name,
        kind=found.kind,
        lon=found.lon,
        lat=found.lat,
        approximate=found.is_approximate,
        note=_said(found.note, **found.params) if found.note else None,
        within=" · ".join([_kind_word(found), *names]),
        distance_m=None if found.metres is None else round(found.metres),
    )


def _codes_above(found: Candidate) -> list[str]:
    """The codes of street and community of a place, of an area those it lies in."""
    code = found.area_code or ""
    if found.kind is AddressKind.AREA:
        return [code[:digits] for digits in (6, 9) if digits < len(code)]
    return [code[:9], code[:12]] if code else []


def _kind_word(found: Candidate) -> str:
    if found.kind is None:
        return _said(N_("crossing"))
    if found.kind is AddressKind.AREA:
        return _said(AREA_LEVEL_LABELS[AreaLevel(found.category or AreaLevel.CITY)])
    return _said(ADDRESS_KIND_LABELS[found.kind])


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


def _said(message: str, **params: object) -> str:
    """A message in the reader's language."""
    return str(gettext(message, **params))
