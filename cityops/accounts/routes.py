"""Signing in and out, choosing the post and the language."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts import queries, services, signing_in
from cityops.accounts.forms import SignInForm
from cityops.accounts.limits import A_NAME, AN_ADDRESS, is_off, limiter, name_and_address
from cityops.accounts.passwords import DEMO_PASSWORD
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, end, find_current_viewer, post_word, require, start
from cityops.errors import Invalid, NotAllowed
from cityops.words import N_

pages = Blueprint("accounts", __name__)

HOME = "/"


@pages.route("/sign-in", methods=["GET", "POST"])
@web.public
@limiter.limit(AN_ADDRESS, methods=["POST"], exempt_when=is_off)
@limiter.limit(A_NAME, key_func=name_and_address, methods=["POST"], exempt_when=is_off)
def sign_in() -> Response | str | tuple[str, int]:
    """The sign-in page, and the sign-in."""
    if find_current_viewer() is not None:
        return redirect(safe_next(request.args.get("next")))
    form = SignInForm(request.form)
    if request.method == "GET":
        return _sign_in_page(form)
    if not form.validate():
        return _sign_in_page(form), 422
    city = web.workshop()
    name, password, allow_demo = form.username.data or "", form.password.data or "", not city.config.production
    try:
        signed_in = signing_in.sign_in(city.database, name, password, request.remote_addr, allow_demo=allow_demo)
    except NotAllowed as error:
        form.form_errors.append(web.say(error))
        return _sign_in_page(form), 403
    chosen_language = session.get("language")
    start(signed_in)
    if chosen_language in web.LANGUAGES and chosen_language != signed_in.language:
        with web.transaction() as database:
            services.choose_language(database, signed_in.person_id, chosen_language)
    return redirect(safe_next(request.args.get("next")))


@pages.get("/settings")
def settings() -> Response:
    """The door of the administrator's pages."""
    require(Post.ADMINISTRATOR)
    return redirect(url_for("accounts_people.list_people"))


@pages.post("/sign-out")
def sign_out() -> Response:
    """End this session, in the database too."""
    secret = end()
    if secret is not None:
        with web.transaction() as database:
            signing_in.sign_out(database, secret, request.remote_addr)
    return redirect(url_for("accounts.sign_in"))


@pages.post("/post")
def choose_post() -> Response:
    """Choose the post whose work comes first; where several are not allowed at once, the one to act in."""
    chosen = request.form.get("post", "")
    if chosen not in current_viewer().choices:
        raise Invalid("post", N_("You do not hold this post today."))
    session["post"] = chosen
    flash(_("You now work as %(post)s.", post=post_word(Post(chosen))), "info")
    return redirect(HOME)


@pages.post("/language")
@web.public
def choose_language() -> Response:
    """Read in another language: kept in the session, and on the person where one is signed in."""
    wanted = request.form.get("language", "")
    language = next((known for known in web.LANGUAGES if known == wanted or known.split("_")[0] == wanted), None)
    if language is None:
        raise Invalid("language", N_("This language is not spoken here."))
    session["language"] = language
    viewer = find_current_viewer()
    if viewer is not None:
        with web.transaction() as database:
            services.choose_language(database, viewer.person_id, language)
    return redirect(safe_next(request.form.get("next")))


def safe_next(address: str | None) -> str:
    """The address to go on to, if it is a plain path of this site; else the first page.

    >>> safe_next("/cases?stage=filed")
    '/cases?stage=filed'
    >>> safe_next("//elsewhere.example/"), safe_next("/\\\\elsewhere.example"), safe_next("https://elsewhere.example")
    ('/', '/', '/')
    """
    if not address or not address.startswith("/") or address.startswith("//"):
        return HOME
    # Browsers read a backslash as a slash, and drop tabs and line ends before they look.
    if "\\" in address or not address.isprintable():
        return HOME
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else HOME


def _sign_in_page(form: SignInForm) -> str:
    sign_ins: list[tuple[str, str]] = []
    if not web.workshop().config.production:
        with web.reading() as database:
            found = queries.list_demo_sign_ins(database)
        sign_ins = [(each.username, f"{post_word(each.post)} · {each.body(web.language())}") for each in found]
    return render_template("accounts/sign_in.html", form=form, demo_sign_ins=sign_ins, demo_password=DEMO_PASSWORD)
