"""The API of one's own notices."""

from datetime import datetime

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from cityops import web
from cityops.accounts.session import current_viewer
from cityops.cases.api import case_out
from cityops.cases.names import ClockName, StepName
from cityops.cases.schemas import CaseOut
from cityops.notices import queries
from cityops.notices.models import NoticeKind, Owed
from cityops.notices.queries import Listed
from cityops.notices.telling import words
from cityops.problems import PROBLEMS

api = APIBlueprint("notices_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)


class NoticesQuery(BaseModel):
    """Where to go on, and how many."""

    cursor: int | None = Field(None, ge=1, lt=2**63, description="The `next_cursor` of the page before")
    size: int = Field(50, ge=1, le=200)


class NoticeOut(BaseModel):
    """A notice that its person has not read, of a case that has not moved on."""

    id: int
    kind: NoticeKind
    words: str = Field(description="What it says, in the language of who asks")
    is_urgent: bool
    shown_at: datetime = Field(description="When it was made, or the end of the quiet hours it was made in")
    clock: ClockName | None = Field(description="The clock that is near, over or waits; null for a step")
    owed: Owed | None = Field(description="What is near or over beside the clocks; null otherwise")
    due_at: datetime | None = Field(description="When that clock is due, or what is owed")
    step: StepName | None = Field(description="The step that is told; null for a clock")
    case: CaseOut | None = Field(description="Null where the case is not one of who asks any more")


class NoticesOut(BaseModel):
    """One's own notices, the newest first."""

    count: int = Field(description="How many there are in all")
    notices: list[NoticeOut]
    next_cursor: int | None


@api.get("/notices", responses={200: NoticesOut}, summary="What I have been told and not read")
def list_notices(query: NoticesQuery) -> Response:
    """The notices that ask for the eyes of who asks; reading them here does not mark them as read."""
    viewer = current_viewer()
    with web.reading() as session:
        found = queries.list_open(session, viewer, size=query.size + 1, before=query.cursor)
        shown = [_notice_out(each) for each in found[: query.size]]
        answer = NoticesOut(
            count=queries.count_open(session, viewer),
            notices=shown,
            next_cursor=shown[-1].id if len(found) > query.size else None,
        )
    return Response(answer.model_dump_json(by_alias=True), mimetype="application/json")


def _notice_out(each: Listed) -> NoticeOut:
    row = each.notice
    return NoticeOut(
        id=row.id,
        kind=row.kind,
        words=words(row),
        is_urgent=row.is_urgent,
        shown_at=row.show_at,
        clock=row.clock.name if row.clock is not None else None,
        owed=row.owed,
        due_at=row.due_at,
        step=row.event.step if row.event is not None else None,
        case=case_out(row.case) if each.is_in_scope else None,
    )
