"""The API of duty grids: which there are, what each holds, and who is on duty there."""

from datetime import datetime
from typing import Annotated

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from cityops import clock, web
from cityops.accounts.session import require
from cityops.asked import Asked
from cityops.grid.duty_grids import queries as grids
from cityops.grid.duty_grids.queries import MAKERS
from cityops.patrol.grid_owners import Duty, list_duty
from cityops.patrol.watch import span_words
from cityops.problems import PROBLEMS

api = APIBlueprint(
    "duty_grids_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS
)


def _in_city(moment: datetime) -> datetime:
    try:
        return moment.astimezone(clock.CITY_ZONE)
    except OverflowError:
        raise ValueError("this is no moment in the city's time") from None


CityMoment = Annotated[AwareDatetime, AfterValidator(_in_city)]


class DutyGridsQuery(Asked):
    """Which duty grids, and at which moment somebody is on duty."""

    street: str = Field("", max_length=9, description="A street's code; without one, those of all streets")
    at: CityMoment | None = Field(None, description="A moment; without one, now")
    cursor: str = Field("", max_length=20, description="The `next_cursor` of the page before")
    size: int = Field(50, ge=1, le=200)


class DutyGridPath(BaseModel):
    """Which duty grid."""

    code: str = Field(max_length=20)


class DutyGridQuery(Asked):
    """At which moment."""

    at: CityMoment | None = Field(None, description="A moment; without one, now")


class OnDutyOut(BaseModel):
    """An inspector on duty at the moment, and the hours of the day he has the duty grid."""

    username: str
    name: str
    hours: str = Field(description="As 07:00-14:00, in the city's time")


class DutyGridOut(BaseModel):
    """A duty grid as it stands, of the cells in your jurisdiction."""

    code: str
    name: str
    name_en: str
    street_code: str
    cells: int
    area_m2: float
    tier: int | None = Field(description="The tier that most of the area of its cells belongs to")
    on_duty: list[OnDutyOut]
    unwatched: list[str] = Field(description="Hours of the moment's day in which nobody is, of those to be watched")


class DutyGridsOut(BaseModel):
    """A page of duty grids, by code."""

    at: datetime
    duty_grids: list[DutyGridOut]
    next_cursor: str | None


class DutyGridCellsOut(DutyGridOut):
    """A duty grid with its cells."""

    at: datetime
    cell_codes: list[str]


@api.get("/duty-grids", responses={200: DutyGridsOut}, summary="List duty grids")
def list_duty_grids(query: DutyGridsQuery) -> Response:
    """The duty grids that you lay out, and who is on duty in each: for administrators and duty leaders."""
    viewer, at = require(*MAKERS), query.at or clock.now()
    with web.reading() as session:
        found = list_duty(session, viewer, at, street=query.street, after=query.cursor, limit=query.size + 1)
    shown = found[: query.size]
    more = shown[-1].held.grid.code if len(found) > len(shown) else None
    return _answer(DutyGridsOut(at=at, duty_grids=[_out(each) for each in shown], next_cursor=more))


@api.get("/duty-grids/<code>", responses={200: DutyGridCellsOut}, summary="A duty grid and who is on duty")
def show_duty_grid(path: DutyGridPath, query: DutyGridQuery) -> Response:
    """A duty grid that you lay out, with its cells and who is on duty in it."""
    viewer, at = require(*MAKERS), query.at or clock.now()
    with web.reading() as session:
        grid = grids.get_held(session, viewer, path.code).grid
        duty = list_duty(session, viewer, at, code=grid.code)[0]
        codes = list(grids.list_cell_codes(session, viewer, grid))
    return _answer(DutyGridCellsOut(**_out(duty).model_dump(), at=at, cell_codes=codes))


def _out(duty: Duty) -> DutyGridOut:
    grid = duty.held.grid
    return DutyGridOut(
        code=grid.code,
        name=grid.name,
        name_en=grid.name_en,
        street_code=grid.street_code,
        cells=duty.held.cells,
        area_m2=round(duty.held.area_m2, 1),
        tier=duty.held.tier,
        on_duty=[OnDutyOut(username=each.username, name=each.name, hours=span_words(each.span)) for each in duty.now],
        unwatched=[span_words(gap) for gap in duty.gaps],
    )


def _answer(shown: BaseModel) -> Response:
    return Response(shown.model_dump_json(), content_type="application/json")
