"""The API of linking: link two cases, look at the links, take one away, split a case."""

from typing import Literal
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts.once import OnceHeader, answer_once
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases import linking, queries
from cityops.cases.api import case_out
from cityops.cases.intake import NewReport
from cityops.cases.link_models import LinkKind
from cityops.cases.linking import Related
from cityops.cases.models import Case
from cityops.cases.office import current_office
from cityops.cases.schemas import LAT, LON, BesideQuery, CaseOut, NumberPath, Strict, Text
from cityops.catalog.models import CaseKind
from cityops.problems import PROBLEMS, WRITING_PROBLEMS

api = APIBlueprint("linking_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)

FIRST_PAGE = BesideQuery(cursor=None, size=queries.MOST_BESIDE)

Relation = Literal["related", "split_from", "split_off"]


class LinkIn(Strict):
    """With which case, and why."""

    version: int = Field(ge=0, description="The version of the case in the address that the caller saw")
    other: str = Field(max_length=40, description="The other case's number")
    reason: Text


class SplitIn(Strict):
    """The further case."""

    version: int = Field(ge=0)
    id: UUID = Field(description="Made by the client; the same id again is the same case")
    kind: CaseKind
    class_code: str = Field(max_length=8)
    lon: float = LON
    lat: float = LAT
    address: Text = ""
    description: Text


class RelatedOut(BaseModel):
    """A case that has to do with another."""

    relation: Relation
    reason: str | None
    case: CaseOut


class LinksOut(BaseModel):
    """The cases that have to do with one."""

    number: str
    links: list[RelatedOut]
    next_cursor: str | None


@api.post("/cases/<number>/links", responses={200: LinksOut, **WRITING_PROBLEMS}, summary="Link two cases")
def link_case(path: NumberPath, header: OnceHeader, body: LinkIn) -> Response:
    """Say that two cases have to do with each other; no clock is touched."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        asked = (path.number, body.version, body.other, body.reason)
        linking.link(session, viewer, current_office(), *asked)
        return 200, _links(session, viewer, queries.get_case(session, viewer, path.number))

    return answer_once(work)


@api.post("/cases/<number>/links/remove", responses={200: LinksOut, **WRITING_PROBLEMS}, summary="Take a link away")
def unlink_case(path: NumberPath, header: OnceHeader, body: LinkIn) -> Response:
    """Take a link away again, with the reason."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        asked = (path.number, body.version, body.other, body.reason)
        linking.unlink(session, viewer, current_office(), *asked)
        return 200, _links(session, viewer, queries.get_case(session, viewer, path.number))

    return answer_once(work)


@api.get("/cases/<number>/links", responses={200: LinksOut}, summary="A case's links")
def list_links(path: NumberPath, query: BesideQuery) -> Response:
    """The cases you may see that have to do with this one."""
    viewer = current_viewer()
    with web.reading() as session:
        shown = _links(session, viewer, queries.get_case(session, viewer, path.number), query)
        return Response(shown.model_dump_json(by_alias=True), content_type="application/json")


@api.post("/cases/<number>/split", responses={201: CaseOut, **WRITING_PROBLEMS}, summary="Split a case")
def split_case(path: NumberPath, header: OnceHeader, body: SplitIn) -> Response:
    """Make a further case of the report; its reporter is told of both."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        case = queries.get_case(session, viewer, path.number)
        new = NewReport(
            uuid=str(body.id),
            source=case.source,
            kind=body.kind,
            class_code=body.class_code,
            lon=body.lon,
            lat=body.lat,
            description=body.description,
            address=body.address,
        )
        made = linking.split(session, viewer, current_office(), path.number, body.version, new)
        return 201, case_out(made)

    return answer_once(work)


def _links(session: Session, viewer: Viewer, case: Case, query: BesideQuery = FIRST_PAGE) -> LinksOut:
    page = linking.list_related(session, viewer, case, cursor=query.cursor, size=query.size)
    shown = [
        RelatedOut(relation=_relation(each), reason=each.link.reason, case=case_out(each.case)) for each in page.related
    ]
    return LinksOut(number=case.number, links=shown, next_cursor=page.next_cursor)


def _relation(related: Related) -> Relation:
    if related.link.kind is LinkKind.RELATED:
        return "related"
    return "split_from" if related.is_origin else "split_off"
