"""The door of the API's POSTs: one transaction, done once for each idempotency key."""

from collections.abc import Callable

from flask import Response, request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts import idempotency
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer

REPEATED_HEADER = "Idempotency-Replayed"

Work = Callable[[Session, Viewer], tuple[int, BaseModel]]


def answer_once(work: Work) -> Response:
    """Do the work in one transaction and answer with its status and JSON; under a key already used, the stored answer.

    Raises:
        Invalid: the `Idempotency-Key` is no key, or was used for another request.
    """
    viewer = current_viewer()
    key = request.headers.get(idempotency.HEADER)
    if key is None:
        with web.transaction() as session:
            status, shown = work(session, viewer)
            return _json(status, shown.model_dump_json(by_alias=True))
    digest = web.body_digest()
    with web.transaction() as session:
        row = idempotency.begin(session, viewer, key, digest)
        if row.status is not None:
            answer = _json(row.status, row.answer or "")
            answer.headers[REPEATED_HEADER] = "true"
            return answer
        status, shown = work(session, viewer)
        text = shown.model_dump_json(by_alias=True)
        idempotency.store(row, status, text)
        return _json(status, text)


def _json(status: int, text: str) -> Response:
    return Response(text, status, content_type="application/json")
