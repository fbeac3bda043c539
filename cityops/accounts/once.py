"""The door of the API's POSTs: one transaction, done once for each idempotency key."""

from collections.abc import Callable

from flask import Response, request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts import idempotency
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.asked import Asked

REPEATED_HEADER = "Idempotency-Replayed"


class OnceHeader(Asked):
    """The header under which a request sent twice is done once."""

    key: str | None = Field(
        None,
        alias="Idempotency-Key",
        description="1 to 100 printable characters of your own; under the same key the same request is done once, "
        f"and its answer comes again with `{REPEATED_HEADER}`",
    )


Work = Callable[[Session, Viewer], tuple[int, BaseModel]]


def answer_once(work: Work, *, asked: str | None = None) -> Response:
    """Do the work in one transaction and answer with its status and JSON; under a key already used, the stored answer.

    Args:
        work: may be done twice, where another request made the same client-made id at the same moment.
        asked: what was asked, where the body's text does not tell it (a form with a file).

    Raises:
        Invalid: the `Idempotency-Key` is no key, or was used for another request.
    """
    viewer = current_viewer()
    key = request.headers.get(idempotency.HEADER)
    digest = web.body_digest(asked)

    def keyed(session: Session) -> Response:
        begun = None if key is None else idempotency.begin(session, viewer, key, digest)
        if begun is not None and begun.status is not None:
            answer = _json(begun.status, begun.answer or "")
            answer.headers[REPEATED_HEADER] = "true"
            return answer
        status, shown = work(session, viewer)
        text = shown.model_dump_json(by_alias=True)
        if begun is not None:
            idempotency.store(session, begun, status, text)
        return _json(status, text)

    return web.settle(keyed)


def _json(status: int, text: str) -> Response:
    return Response(text, status, content_type="application/json")
