"""The web's glue: the two doors of a request, errors to statuses, the reader's language and the page's words.

Routes open a door, call a service, answer. Who asks is settled in `accounts/session.py`; this module knows no room.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar, cast

from flask import Flask, Response, abort, current_app, g, has_request_context, render_template, request
from flask.json.provider import DefaultJSONProvider
from flask_babel import Babel, gettext
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map

from cityops import clock
from cityops.errors import CityopsError, Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.statuses import advice_of, title_of
from cityops.words import N_, Word
from cityops.workshop import Workshop

log = logging.getLogger(__name__)

LANGUAGES = ("zh_CN", "en")
CITY_NAME = N_("Ningbo")
API_PREFIX = "/api/"
MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_API_FIELD = 200
KEY_BITS = 63

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
# Where the city has set a base map, its server may be asked besides.
CONTENT_POLICY_WITH = (
    "default-src 'self'; img-src 'self' data: {origin}; connect-src 'self' {origin}; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)

STATUSES: Mapping[type[CityopsError], int] = {
    Invalid: 422,
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    WrongState: 409,
}

_View = TypeVar("_View", bound=Callable[..., Any])
_Result = TypeVar("_Result")


class KeyConverter(IntegerConverter):
    """`<key:…>` of an address: a row's key from 1 on; a number that no row's could be leads nowhere.

    `<key(31):…>` is for the tables whose keys PostgreSQL holds in four bytes.
    """

    regex = "[1-9][0-9]{0,18}"

    def __init__(self, map: Map, bits: int = KEY_BITS) -> None:
        super().__init__(map, max=2**bits - 1)


class NumberConverter(IntegerConverter):
    """`<int:…>` of an address: no longer than a number can be read."""

    regex = "[0-9]{1,18}"


class Json(DefaultJSONProvider):
    """JSON whose words stay as they are written."""

    ensure_ascii = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """What a JSON text says; one nested too deeply is no more readable than one that is broken."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def workshop() -> Workshop:
    """The settings, keys and doors of this application's city."""
    return cast(Workshop, current_app.extensions["cityops"])


def reading() -> AbstractContextManager[Session]:
    """The reading door: `with reading() as session`."""
    return workshop().reading()


def transaction() -> AbstractContextManager[Session]:
    """The writing door: committed at the block's end; owed jobs are announced after it."""
    return workshop().transaction()


def settle(work: Callable[[Session], _Result]) -> _Result:
    """Do `work` in a transaction of its own.

    Two that make the same client-made id at the same moment meet at its unique index: the one that lost is done again,
    and finds what the other has made.
    """
    try:
        with transaction() as session:
            return work(session)
    except IntegrityError:
        with transaction() as session:
            return work(session)


def public(view: _View) -> _View:
    """Mark a view as a public door: the only ones that do not ask who you are."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def unattended(view: _View) -> _View:
    """Mark a view that an open page asks by itself: no sign that anybody is there, so it keeps no session alive."""
    view.is_unattended = True  # type: ignore[attr-defined]
    return view


def is_unattended() -> bool:
    """Whether an open page asks by itself, and not a person."""
    return getattr(current_app.view_functions.get(request.endpoint or ""), "is_unattended", False)


def is_api() -> bool:
    """Whether a program asks, not a person."""
    return has_request_context() and request.path.startswith(API_PREFIX)


def say(error: CityopsError) -> str:
    """An error's sentence in the reader's language."""
    params = {name: gettext(value) if isinstance(value, Word) else value for name, value in error.params.items()}
    sentence = str(gettext(error.message))
    return sentence % params if params else sentence


def problem(status: int, detail: str, **members: Any) -> Response:
    """An answer of `application/problem+json` (RFC 9457)."""
    body = {
        "type": "about:blank",
        "title": gettext(title_of(status)),
        "status": status,
        "detail": detail,
    }
    body |= {name: value for name, value in members.items() if value is not None}
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/problem+json")


def invalid_body(error: ValidationError) -> Response:
    """What pydantic found wrong with a request: each field with its reason."""
    errors = [
        {"field": ".".join(str(part) for part in each["loc"]), "reason": each["msg"]}
        if each["loc"]
        else {"field": "body", "reason": gettext("send a JSON object as the API describes it, as application/json")}
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    detail = "; ".join(f"{each['field']}: {each['reason']}" for each in errors[:5])
    return problem(422, detail, field=errors[0]["field"], errors=errors)


def install(app: Flask) -> None:
    """Give an application its errors, language, words and headers."""
    app.url_map.converters.update(key=KeyConverter, int=NumberConverter)
    app.json = Json(app)
    Babel(app, locale_selector=language, default_locale=LANGUAGES[0], default_timezone=str(clock.CITY_ZONE))
    app.register_error_handler(CityopsError, _cityops_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    app.context_processor(_page_words)
    app.before_request(_refuse_nul)
    app.after_request(_headers)


def language() -> str:
    """The reader's language: chosen by the person or the session, else Chinese."""
    return cast(str, g.get("language", LANGUAGES[0])) if has_request_context() else LANGUAGES[0]


def body_digest(asked: str | None = None) -> str:
    """SHA-256 over the request's method, path and body, or `asked` in its place: what an idempotency key stands for."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    digest.update(request.get_data() if asked is None else asked.encode())
    return digest.hexdigest()


def find_asked_key(name: str, bits: int = KEY_BITS) -> int | None:
    """The row's key in this argument of the address; None without one, and where it is none that a row could have."""
    number = request.args.get(name, type=int)
    return number if number is not None and 1 <= number < 2**bits else None


def local_time(moment: datetime | None, *, with_year: bool = False) -> str:
    """A moment in the city's zone as `11-23 16:40`."""
    if moment is None:
        return ""
    return f"{moment.astimezone(clock.CITY_ZONE):{'%Y-%m-%d %H:%M' if with_year else '%m-%d %H:%M'}}"


def time_left(due_at: datetime, now: datetime) -> str:
    """How far a due moment is away: `in 2 h 10 min`, `late by 35 min`."""
    minutes = abs(int((due_at - now).total_seconds())) // 60
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        length = gettext("%(d)s d %(h)s h", d=days, h=hours)
    elif hours:
        length = gettext("%(h)s h %(m)s min", h=hours, m=minutes)
    else:
        length = gettext("%(m)s min", m=minutes)
    if now > due_at:
        return str(gettext("late by %(length)s", length=length))
    return str(gettext("in %(length)s", length=length))


def check_form() -> None:
    """Refuse a form that no room could take; asked once it is known who sends it, because reading it costs its length.

    No text holds a NUL; PostgreSQL takes none, and would say so as an error of ours.
    """
    if request.is_json:
        return
    texts = list(request.form.values())
    # The API's library reads each field of a form as JSON: a long one is there only to be hard to read.
    if any("\x00" in text for text in texts) or (is_api() and any(len(text) > MAX_API_FIELD for text in texts)):
        abort(400)


def _refuse_nul() -> None:
    if any("\x00" in text for text in (request.path, *request.args.values())):
        abort(400)


def _page_words() -> dict[str, Any]:
    return {
        "city_name": gettext(CITY_NAME),
        "locale": language(),
        "now": clock.now(),
        "local_time": local_time,
    }


def _cityops_error(error: CityopsError) -> Response:
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)
    if not is_api():
        return _error_page(status, say(error))
    members: dict[str, Any] = {}
    if isinstance(error, Invalid):
        members = {"field": error.field, "errors": [{"field": error.field, "reason": say(error)}]}
    elif isinstance(error, WrongState):
        members = {"moved_by": error.moved_by, "moved_at": error.moved_at and error.moved_at.isoformat()}
    return problem(status, say(error), **members)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return cast(Response, error.response)
    status = error.code or 500
    if is_api():
        response = problem(status, gettext(advice_of(status)))
    else:
        response = _error_page(status, "")
    for name, value in error.get_headers(request.environ):
        if name.lower() in {"retry-after", "allow", "location"}:
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    log.exception("%s %s failed", request.method, request.path)
    if current_app.testing and not current_app.config.get("SHOW_ERROR_PAGES"):
        raise error
    if is_api():
        return problem(500, gettext(advice_of(500)), at=clock.now().isoformat())
    return _error_page(500, "")


def _error_page(status: int, sentence: str) -> Response:
    title = gettext(title_of(status))
    advice = gettext(advice_of(status))
    page = render_template("errors/error.html", status=status, title=title, sentence=sentence, advice=advice)
    return Response(page, status, content_type="text/html; charset=utf-8")


def _content_policy() -> str:
    base = workshop().config.base_map
    return CONTENT_POLICY_WITH.format(origin=base.origin) if base else CONTENT_POLICY


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _content_policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(self), microphone=()")
    if not request.path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    headers["Vary"] = "Cookie, Authorization"
    return response
