"""The API of requests: ask, look, decide."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts.once import OnceHeader, answer_once
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases import asking, queries, request_queries
from cityops.cases.asking import NewRequest
from cityops.cases.models import CaseEvent
from cityops.cases.office import current_office
from cityops.cases.request_models import CaseRequest
from cityops.cases.request_schemas import (
    DecisionIn,
    RequestIn,
    RequestOut,
    RequestPath,
    RequestsOut,
    RequestsQuery,
)
from cityops.cases.schemas import NumberPath
from cityops.problems import PROBLEMS, WRITING_PROBLEMS

api = APIBlueprint("requests_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)


@api.post("/cases/<number>/requests", responses={201: RequestOut, **WRITING_PROBLEMS}, summary="Ask for something")
def create_request(path: NumberPath, header: OnceHeader, body: RequestIn) -> Response:
    """Ask for more time, a suspension, a deferral, sending back, voiding, closing by force, oversight, or appeal."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        new = NewRequest(body.kind, body.version, body.reason, body.more, body.until_on, body.body)
        row = asking.ask(session, viewer, current_office(), path.number, new)
        return 201, _out(request_queries.get_request(session, viewer, row.id))

    return answer_once(work)


@api.get("/cases/<number>/requests", responses={200: RequestsOut}, summary="What was asked for a case")
def list_requests_of_case(path: NumberPath) -> Response:
    """Everything that was asked for a case, the newest first."""
    with web.reading() as session:
        case = queries.get_case(session, current_viewer(), path.number)
        return _answer(RequestsOut(requests=[_out(row) for row in request_queries.list_of_case(session, case)]))


@api.get("/requests", responses={200: RequestsOut}, summary="What waits for your decision")
def list_requests(query: RequestsQuery) -> Response:
    """The undecided requests that your posts decide, the most pressing first, a page at a time."""
    with web.reading() as session:
        page = request_queries.list_to_decide(session, current_viewer(), after=query.cursor, size=query.size)
        next_cursor = str(page.next_after) if page.next_after is not None else None
        return _answer(RequestsOut(requests=[_out(row) for row in page.requests], next_cursor=next_cursor))


@api.post(
    "/requests/<request_id>/decision", responses={200: RequestOut, **WRITING_PROBLEMS}, summary="Decide on a request"
)
def decide_request(path: RequestPath, header: OnceHeader, body: DecisionIn) -> Response:
    """Grant or reject a request, reply to an oversight, or withdraw what you asked."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        office = current_office()
        row = asking.decide(session, viewer, office, path.request_id, body.decision, body.version, body.note)
        return 200, _out(row)

    return answer_once(work)


def _out(row: CaseRequest) -> RequestOut:
    return RequestOut(
        id=row.id,
        case=row.case.number,
        version=row.case.version,
        kind=row.kind,
        state=row.state,
        reason=row.asked.note,
        asked_at=row.asked_at,
        asked_by=_name(row.asked),
        due_at=row.due_at,
        more=row.more_value,
        until_on=row.until_on,
        body=row.body.code if row.body is not None else None,
        suggested_body=row.suggested_body.code if row.suggested_body is not None else None,
        decided_at=row.decided_at,
        decided_by=_name(row.decided),
        note=row.decided.note if row.decided is not None else None,
    )


def _name(event: CaseEvent | None) -> str | None:
    return event.person.name if event is not None and event.person is not None else None


def _answer(shown: BaseModel) -> Response:
    return Response(shown.model_dump_json(), content_type="application/json")
