"""The API of merging: merge a case into another, look what was merged, take it apart again."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts.once import OnceHeader, answer_once
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases import merged_sheet, merging, queries
from cityops.cases.api import case_out
from cityops.cases.merging import NewMerge
from cityops.cases.office import current_office
from cityops.cases.schemas import BesideQuery, CaseOut, NumberPath, Strict, Text
from cityops.problems import PROBLEMS, WRITING_PROBLEMS

api = APIBlueprint("merging_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)


class MergeIn(Strict):
    """Into which case, and why."""

    version: int = Field(ge=0, description="The version of the case to be merged that the caller saw")
    into: str = Field(max_length=40, description="The main case's number")
    reason: Text | None = None


class UnmergeIn(Strict):
    """Why a case is taken apart again."""

    version: int = Field(ge=0)
    reason: Text


class MergedOut(BaseModel):
    """What was merged into a case."""

    number: str
    merged: list[CaseOut]
    next_cursor: str | None


@api.post("/cases/<number>/merge", responses={200: CaseOut, **WRITING_PROBLEMS}, summary="Merge a case into another")
def merge_case(path: NumberPath, header: OnceHeader, body: MergeIn) -> Response:
    """Merge the case into another; what was merged into it before is carried along."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        new = NewMerge(body.version, body.into, body.reason)
        return 200, case_out(merging.merge(session, viewer, current_office(), path.number, new))

    return answer_once(work)


@api.post("/cases/<number>/unmerge", responses={200: CaseOut, **WRITING_PROBLEMS}, summary="Take a merged case apart")
def unmerge_case(path: NumberPath, header: OnceHeader, body: UnmergeIn) -> Response:
    """Let a merged case go on at the stage where it stood; the time between is a pause of its clocks."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        asked = (path.number, body.version, body.reason)
        return 200, case_out(merging.unmerge(session, viewer, current_office(), *asked))

    return answer_once(work)


@api.get("/cases/<number>/merged", responses={200: MergedOut}, summary="What was merged into a case")
def list_merged(path: NumberPath, query: BesideQuery) -> Response:
    """The cases merged into this one that you may see, the oldest first."""
    viewer = current_viewer()
    with web.reading() as session:
        case = queries.get_case(session, viewer, path.number)
        page = merged_sheet.list_merged(session, viewer, case, cursor=query.cursor, size=query.size)
        found = [case_out(each) for each in page.cases]
        shown = MergedOut(number=case.number, merged=found, next_cursor=page.next_cursor)
        return Response(shown.model_dump_json(by_alias=True), content_type="application/json")
