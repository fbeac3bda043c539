"""What the API takes and gives of requests."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from cityops.asked import Asked
from cityops.cases.asking import Decision
from cityops.cases.request_queries import MAX_PAGE
from cityops.cases.requests import RequestKind, RequestState
from cityops.cases.schemas import Strict, Text


class RequestIn(Strict):
    """Something asked for a case."""

    kind: RequestKind
    version: int = Field(ge=0, description="The version of the case that the caller saw")
    reason: Text
    more: int | None = Field(None, ge=1, le=100_000, description="How much more time, in the unit of the limit")
    until_on: date | None = Field(None, description="The day on which a suspension ends")
    body: str | None = Field(None, max_length=32, description="The body that should have it instead")


class DecisionIn(Strict):
    """What is said to a request."""

    decision: Decision
    version: int = Field(ge=0, description="The version of the case that the caller saw")
    note: Text | None = Field(None, description="A rejection's reason, the reply to an oversight")


class RequestOut(BaseModel):
    """A request as it stands."""

    id: int
    case: str = Field(description="The case's number")
    version: int = Field(description="The case's version")
    kind: RequestKind
    state: RequestState
    reason: str | None
    asked_at: datetime
    asked_by: str | None
    due_at: datetime
    more: int | None
    until_on: date | None
    body: str | None = Field(description="The body for which it was asked")
    suggested_body: str | None
    decided_at: datetime | None
    decided_by: str | None
    note: str | None = Field(description="What the decision says")


class RequestsOut(BaseModel):
    """Requests."""

    requests: list[RequestOut]
    next_cursor: str | None = None


class RequestsQuery(Asked):
    """Which page of the requests to decide."""

    cursor: int | None = Field(None, ge=1, lt=2**63, description="`next_cursor` of the page before")
    size: int = Field(50, ge=1, le=MAX_PAGE)


class RequestPath(BaseModel):
    """A request's key."""

    request_id: int = Field(ge=1, lt=2**63)
