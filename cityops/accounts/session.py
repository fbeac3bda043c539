"""Who asks: the session cookie or the bearer token, closed by default, and CSRF for what comes with a cookie.

The cookie (signed, HttpOnly) carries the session's secret, the moment it was last seen and the chosen post. The
database keeps the secret's hash, so a session ends for good at sign-out, at a new password, when the person is ended.
"""

from typing import Any, cast

from flask import Flask, Response, current_app, flash, g, redirect, request, session, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFProtect

from cityops import clock, web
from cityops.accounts import limits, queries
from cityops.accounts.posts import POST_LABELS, Post
from cityops.accounts.signing_in import SignedIn
from cityops.accounts.viewer import Viewer
from cityops.errors import NotAllowed
from cityops.statuses import advice_of
from cityops.words import N_

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POST_HEADER = "X-Cityops-Post"

# The cookie is written again when this much of the idle time has passed, not at every request.
SEEN_STEP_S = 60

csrf = CSRFProtect()


def install(app: Flask) -> None:
    """Close an application: every view asks who you are, unless `web.public` marks it."""
    app.config.setdefault("WTF_CSRF_ENABLED", True)
    # Checked by `_ask_who`, which knows whether a token or a cookie vouches for the request.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf.init_app(app)
    limits.install(app)
    app.before_request(_ask_who)
    app.context_processor(_page_words)


def current_viewer() -> Viewer:
    """Who asks.

    Raises:
        NotAllowed: nobody is signed in; only a public door can meet this.
    """
    viewer = find_current_viewer()
    if viewer is None:
        raise NotAllowed(N_("Sign in first."))
    return viewer


def find_current_viewer() -> Viewer | None:
    """Who asks, or None at a public door."""
    return cast(Viewer | None, g.get("viewer"))


def require(*posts: Post) -> Viewer:
    """Who asks, holding one of these posts.

    Raises:
        NotAllowed: none of them is held.
    """
    viewer = current_viewer()
    if not viewer.has(*posts):
        raise NotAllowed(N_("This needs another post than yours."))
    return viewer


def start(signed_in: SignedIn) -> None:
    """Begin a session in a new cookie: nothing from before the sign-in stays in it."""
    session.clear()
    session["secret"] = signed_in.secret
    session["seen"] = _moment()


def end() -> str | None:
    """Empty the cookie; answers the session's secret, to be ended in the database."""
    secret = session.get("secret")
    language = session.get("language")
    session.clear()
    if language is not None:
        session["language"] = language
    return secret


def is_public(endpoint: str) -> bool:
    """Whether this endpoint is one of the public doors."""
    return endpoint == "static" or getattr(current_app.view_functions[endpoint], "is_public", False)


def _ask_who() -> Response | None:
    if request.endpoint is None or request.endpoint == "static":
        return None
    if session.get("language") in web.LANGUAGES:
        g.language = session["language"]
    by_token = request.authorization is not None and request.authorization.type == "bearer"
    g.viewer = _find_by_token() if by_token else _find_by_cookie()
    if g.viewer is not None:
        g.language = g.viewer.language
    elif not is_public(request.endpoint):
        return _refuse()
    if request.method not in SAFE_METHODS and not by_token and current_app.config["WTF_CSRF_ENABLED"]:
        csrf.protect()
    web.check_form()
    return None


def _find_by_token() -> Viewer | None:
    authorization, config = request.authorization, web.workshop().config
    if authorization is None or not authorization.token:
        return None
    chosen = request.headers.get(POST_HEADER)
    with web.reading() as database:
        return queries.find_viewer_by_token(
            database, authorization.token, _post(chosen), config.several_posts, allow_demo=not config.production
        )


def _find_by_cookie() -> Viewer | None:
    secret, config = session.get("secret"), web.workshop().config
    if not isinstance(secret, str):
        return None
    moment = _moment()
    idle_s = moment - session.get("seen", 0)
    viewer = None
    if idle_s <= config.idle_minutes * 60:
        with web.reading() as database:
            viewer = queries.find_viewer_by_sign_in(
                database, secret, _post(session.get("post")), config.several_posts, allow_demo=not config.production
            )
    if web.is_unattended():
        return viewer
    if viewer is None:
        end()
        flash(
            gettext("Your session has ended. What you sent last was not taken: sign in and send it again."), "warning"
        )
    elif idle_s >= SEEN_STEP_S:
        session["seen"] = moment
    return viewer


def _refuse() -> Response:
    if web.is_api():
        answer = web.problem(401, gettext(advice_of(401)))
        answer.headers["WWW-Authenticate"] = 'Bearer realm="cityops"'
        return answer
    wanted = request.full_path.rstrip("?") if request.method in SAFE_METHODS else None
    address = url_for("accounts.sign_in", next=wanted if wanted != "/" else None)
    if request.headers.get("HX-Request"):
        # A part of a page cannot become the sign-in page; htmx then loads that one whole. A page that asked by itself
        # stays as it is: somebody may be typing in it.
        headers = {} if web.is_unattended() else {"HX-Redirect": url_for("accounts.sign_in")}
        return Response(status=401, headers=headers)
    return cast(Response, redirect(address))


def _post(word: str | None) -> Post | None:
    return Post(word) if word in set(Post) else None


def _moment() -> int:
    return int(clock.now().timestamp())


def _page_words() -> dict[str, Any]:
    viewer = find_current_viewer()
    return {"viewer": viewer, "post": viewer.post if viewer else None, "post_word": post_word}


def post_word(post: Post | str) -> str:
    """A post's word in the reader's language."""
    return str(gettext(POST_LABELS[Post(post)]))
