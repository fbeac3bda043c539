"""The administrator's pages: what they share, and bodies, tokens, the audit list."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts import administration, queries, services, tokens
from cityops.accounts.forms import BodyForm, CreditCodeForm, TokenForm
from cityops.accounts.models import AUDIT_LABELS, BODY_KIND_LABELS, Body, BodyKind
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, require
from cityops.errors import Invalid, NotFound
from cityops.forms import Choice

pages = Blueprint("accounts_settings", __name__, url_prefix="/settings")

PAGE_SIZE = 50

Page = Response | str | tuple[str, int]

_Row = TypeVar("_Row")


@pages.before_request
def ask_for_the_post() -> None:
    """All of these pages are the administrator's."""
    require(Post.ADMINISTRATOR)


@pages.get("/bodies")
def list_bodies() -> str:
    """The tree of bodies, with a form to add one."""
    return _bodies_page(BodyForm())


@pages.post("/bodies")
def add_body() -> Page:
    """Add a body under another one."""
    viewer, form = current_viewer(), BodyForm(request.form)
    with web.reading() as database:
        form.parent.choices = body_choices(administration.list_own_bodies(database, viewer))
    if not form.validate():
        return _bodies_page(form), 422
    try:
        with web.transaction() as database:
            services.add_body(
                database,
                viewer,
                code=form.code.data or "",
                name=form.name.data or "",
                name_en=form.name_en.data or "",
                kind=BodyKind(form.kind.data),
                parent=form.parent.data,
                credit_code=form.credit_code.data or "",
            )
    except Invalid as error:
        form.refuse(error)
        return _bodies_page(form), 422
    return redirect(url_for("accounts_settings.list_bodies"))


@pages.get("/bodies/<code>/credit-code")
def show_credit_code(code: str) -> str:
    """The unified social credit code of a body, to be set."""
    return _credit_code_page(code)


@pages.post("/bodies/<code>/credit-code")
def set_credit_code(code: str) -> Page:
    """Set it; a refusal stands beside the field."""
    form = CreditCodeForm(request.form)
    if not form.validate():
        return _credit_code_page(code, form), 422
    try:
        with web.transaction() as database:
            services.set_credit_code(database, current_viewer(), code, form.credit_code.data or "")
    except Invalid as error:
        form.refuse(error)
        return _credit_code_page(code, form), 422
    return redirect(url_for("accounts_settings.list_bodies"))


@pages.get("/tokens")
def list_tokens() -> str:
    """The bearer tokens that still work."""
    return _tokens_page(TokenForm())


@pages.post("/tokens")
def create_token() -> Page:
    """Make a token and show it once."""
    form = TokenForm(request.form)
    if not form.validate():
        return _tokens_page(form), 422
    username = form.username.data or ""
    try:
        with web.transaction() as database:
            token = tokens.create_token(database, current_viewer(), username, form.days.data or 0)
    except Invalid as error:
        form.refuse(error)
        return _tokens_page(form), 422
    except NotFound as error:
        form.refuse(Invalid("username", error.message, **error.params))
        return _tokens_page(form), 422
    return secret_page(_("The token is made."), username, token, "accounts_settings.list_tokens")


@pages.post("/tokens/<key(31):token_id>/revoke")
def revoke_token(token_id: int) -> Response:
    """Revoke a token at once."""
    with web.transaction() as database:
        tokens.revoke_token(database, current_viewer(), token_id)
    flash(_("The token is revoked."), "info")
    return redirect(url_for("accounts_settings.list_tokens"))


@pages.get("/audit")
def list_audit() -> str:
    """Who signed in, looked at personal data or changed people, newest first."""
    username = request.args.get("username", "")
    before = web.find_asked_key("before")
    with web.reading() as database:
        found = administration.list_audit(
            database, current_viewer(), username=username, before=before, limit=PAGE_SIZE + 1
        )
        return render_template(
            "accounts/audit.html",
            entries=found[:PAGE_SIZE],
            next_url=next_url(found, lambda last: {"before": last.id, "username": username}),
            first_url=url_for("accounts_settings.list_audit", username=username) if before else None,
            labels=AUDIT_LABELS,
            username=username,
        )


def body_choices(bodies: Sequence[Body]) -> list[Choice]:
    """Bodies for a select, in the order of their tree, indented by their depth."""
    is_english = web.language() == "en"
    return [
        Choice(body.code, "\u3000" * depth + (body.name_en if is_english else body.name))
        for depth, body in queries.body_tree(bodies)
    ]


def next_url(found: Sequence[_Row], cursor_of: Callable[[_Row], dict[str, Any]]) -> str | None:
    """The address of the next page, where one row more than a page was found."""
    if len(found) <= PAGE_SIZE or request.endpoint is None:
        return None
    return url_for(request.endpoint, **cursor_of(found[PAGE_SIZE - 1]))


def secret_page(words: str, username: str, secret: str, back: str) -> str:
    """A page that shows a password or token once; it is kept nowhere."""
    return render_template("accounts/secret.html", words=words, username=username, secret=secret, back=url_for(back))


def _credit_code_page(code: str, refused: CreditCodeForm | None = None) -> str:
    with web.reading() as database:
        body = administration.get_own_body(database, current_viewer(), code)
        form = refused or CreditCodeForm(data={"credit_code": body.credit_code})
        return render_template("accounts/credit_code.html", form=form, body=body)


def _bodies_page(form: BodyForm) -> str:
    with web.reading() as database:
        own = administration.list_own_bodies(database, current_viewer())
        form.parent.choices = body_choices(own)
        return render_template(
            "accounts/bodies.html", form=form, tree=queries.body_tree(own), kind_labels=BODY_KIND_LABELS
        )


def _tokens_page(form: TokenForm) -> str:
    before = web.find_asked_key("before", bits=31)
    with web.reading() as database:
        found = administration.list_tokens(database, current_viewer(), before=before, limit=PAGE_SIZE + 1)
        return render_template(
            "accounts/tokens.html",
            form=form,
            tokens=found[:PAGE_SIZE],
            first_url=url_for("accounts_settings.list_tokens") if before else None,
            next_url=next_url(found, lambda last: {"before": last.id}),
        )
