"""The API of co-handling: give a task, look, show what was done, answer, excuse."""

from datetime import datetime
from uuid import UUID

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts.once import OnceHeader, answer_once
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases import co_handling, co_queries, queries
from cityops.cases.api import attachment_out
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.co_models import CoEnd, CoHandling, CoKind
from cityops.cases.office import current_office
from cityops.cases.schemas import AttachmentOut, NumberPath, PhotoIn, Strict, Text
from cityops.cases.uploads import receive_needed
from cityops.problems import PROBLEMS, WRITING_PROBLEMS
from cityops.worktime.limits import Limit, Unit

api = APIBlueprint("co_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)


class CoHandlingIn(Strict):
    """A task for another body."""

    version: int = Field(ge=0, description="The version of the case that the caller saw")
    body: str = Field(max_length=32, description="A responsible body's code")
    task: Text
    limit_value: int = Field(ge=1, le=co_handling.MOST_LIMIT)
    limit_unit: Unit


class CoReportIn(Strict):
    """What came of a task."""

    version: int = Field(ge=0)
    result: Text
    cost_yuan: int | None = Field(None, ge=0, le=co_handling.MOST_YUAN)


class ExcuseIn(Strict):
    """Why a body is let off its task."""

    version: int = Field(ge=0)
    reason: Text


class CoHandlingOut(BaseModel):
    """A task as it stands."""

    id: int
    case: str = Field(description="The case's number")
    version: int = Field(description="The case's version")
    body: str
    kind: CoKind
    task: str
    given_at: datetime
    due_at: datetime
    ended_at: datetime | None
    end: CoEnd | None
    result: str | None
    cost_yuan: int | None
    photos: list[UUID] = Field(description="The ids of the attachments that show what was done")
    photos_missing: int = Field(description="How many it lacks to be reported done")


class CoHandlingsOut(BaseModel):
    """Tasks."""

    co_handlings: list[CoHandlingOut]


class CoHandlingPath(BaseModel):
    """A task's key."""

    co_handling_id: int = Field(ge=1, lt=2**63)


@api.post("/cases/<number>/co-handlings", responses={201: CoHandlingOut, **WRITING_PROBLEMS}, summary="Give a task")
def create_co_handling(path: NumberPath, header: OnceHeader, body: CoHandlingIn) -> Response:
    """Give another body a task in a case that a body leads."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        new = NewCoHandling(body.version, body.body, body.task, Limit(body.limit_value, body.limit_unit))
        row = co_handling.add(session, viewer, current_office(), path.number, new)
        return 201, _out(co_queries.get_co_handling(session, viewer, row.id))

    return answer_once(work)


@api.get("/cases/<number>/co-handlings", responses={200: CoHandlingsOut}, summary="A case's co-handlers")
def list_co_handlings(path: NumberPath) -> Response:
    """The tasks that others have or had in a case, in the order they were given."""
    with web.reading() as session:
        case = queries.get_case(session, current_viewer(), path.number)
        shown = CoHandlingsOut(co_handlings=[_out(row) for row in co_queries.list_of(session, case)])
        return Response(shown.model_dump_json(), content_type="application/json")


@api.post(
    "/co-handlings/<co_handling_id>/attachments",
    responses={201: AttachmentOut, **WRITING_PROBLEMS},
    summary="Add a photo to a task",
)
def add_co_attachment(path: CoHandlingPath, header: OnceHeader, form: PhotoIn) -> Response:
    """Add a photo of what was done for a task beside the lead."""
    viewer, key = current_viewer(), path.co_handling_id
    with web.reading() as session:
        number = co_queries.get_co_handling(session, viewer, key).case.number
    photo = receive_needed(viewer, number, request.files.get("file"))

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        row = co_handling.add_photo(session, viewer, key, str(form.id), photo)
        task = co_queries.get_co_handling(session, viewer, key)
        return 201, attachment_out(task.case, row, task.body.code)

    return answer_once(work, asked=f"{photo.sha256} {form.id}")


@api.post(
    "/co-handlings/<co_handling_id>/report",
    responses={200: CoHandlingOut, **WRITING_PROBLEMS},
    summary="Report a task done",
)
def report_co_handling(path: CoHandlingPath, header: OnceHeader, body: CoReportIn) -> Response:
    """Say that a task is done; the last one after the lead's report sends the case to its check."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        asked = (path.co_handling_id, body.version, body.result, body.cost_yuan)
        return 200, _out(co_handling.report(session, viewer, current_office(), *asked))

    return answer_once(work)


@api.post(
    "/co-handlings/<co_handling_id>/excuse",
    responses={200: CoHandlingOut, **WRITING_PROBLEMS},
    summary="Excuse a body from its task",
)
def excuse_co_handling(path: CoHandlingPath, header: OnceHeader, body: ExcuseIn) -> Response:
    """Let a body off its task, with the reason."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        asked = (path.co_handling_id, body.version, body.reason)
        return 200, _out(co_handling.excuse(session, viewer, current_office(), *asked))

    return answer_once(work)


def _out(row: CoHandling) -> CoHandlingOut:
    return CoHandlingOut(
        id=row.id,
        case=row.case.number,
        version=row.case.version,
        body=row.body.code,
        kind=row.kind,
        task=row.task,
        given_at=row.given_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        end=row.end,
        result=row.result,
        cost_yuan=row.cost_yuan,
        photos=[UUID(photo.uuid) for photo in row.photos],
        photos_missing=row.photos_missing if row.ended_at is None else 0,
    )
