"""How the API says no: the shape of `application/problem+json` (RFC 9457), and when."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    reason: str


class Problem(BaseModel):
    """A refusal, in the reader's language."""

    type: str = Field(examples=["about:blank"])
    title: str
    status: int
    detail: str = Field(description="What to do about it")
    field: str | None = Field(None, description="Of 422: the first field that is wrong")
    errors: list[FieldProblem] | None = Field(None, description="Of 422: every field that is wrong")
    moved_by: str | None = Field(None, description="Of 409: who moved the case")
    moved_at: datetime | None = Field(None, description="Of 409: when")


Responses = dict[str | int, type[BaseModel] | dict[Any, Any] | None]


def _told(*statuses: int) -> Responses:
    shape = {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {"application/problem+json": shape}}
        for status in statuses
    }


PROBLEMS = _told(400, 401, 403, 404, 422)
"""What every operation may answer."""

WRITING_PROBLEMS = _told(409, 413)
"""What besides an operation may answer that writes."""
