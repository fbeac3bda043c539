"""The administrator's pages of people: who may sign in, and in which posts."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts import administration, passwords, queries, services
from cityops.accounts.forms import PersonForm, PostForm
from cityops.accounts.posts import Post
from cityops.accounts.services import NewPost
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import PAGE_SIZE, Page, ask_for_the_post, body_choices, next_url, secret_page
from cityops.errors import Invalid
from cityops.forms import Choice

pages = Blueprint("accounts_people", __name__, url_prefix="/settings/people")
pages.before_request(ask_for_the_post)


@pages.get("")
def list_people() -> str:
    """The people one administers, with a form to add somebody."""
    return _people_page(PersonForm())


@pages.post("")
def add_person() -> Page:
    """Add a person; the password that was made is shown this once."""
    viewer, form = current_viewer(), PersonForm(request.form)
    with web.reading() as database:
        _offer(database, form)
    if not form.validate():
        return _people_page(form), 422
    password = passwords.generate()
    password_hash = passwords.hash_password(password)
    try:
        with web.transaction() as database:
            person = services.add_person(
                database,
                viewer,
                username=form.username.data or "",
                name=form.name.data or "",
                password_hash=password_hash,
                posts=[_new_post(form)],
            )
    except Invalid as error:
        form.refuse(error)
        return _people_page(form), 422
    return secret_page(
        _("%(name)s is added.", name=person.name), person.username, password, "accounts_people.list_people"
    )


@pages.get("/<username>")
def show_person(username: str) -> str:
    """A person with the posts held, and what can be done about them."""
    return _person_page(username, PostForm())


@pages.post("/<username>/posts")
def give_post(username: str) -> Page:
    """Give a post from today on."""
    viewer, form = current_viewer(), PostForm(request.form)
    with web.reading() as database:
        _offer(database, form)
    if not form.validate():
        return _person_page(username, form), 422
    try:
        with web.transaction() as database:
            person = administration.get_person(database, viewer, username)
            services.give_post(database, viewer, person, _new_post(form))
    except Invalid as error:
        form.refuse(error)
        return _person_page(username, form), 422
    return redirect(url_for("accounts_people.show_person", username=username))


@pages.post("/<username>/posts/<key(31):post_id>/end")
def end_post(username: str, post_id: int) -> Response:
    """End a post at once."""
    with web.transaction() as database:
        services.end_post(database, current_viewer(), username, post_id)
    return redirect(url_for("accounts_people.show_person", username=username))


@pages.post("/<username>/password")
def set_password(username: str) -> str:
    """Make a new password, show it once and end the person's sessions and tokens."""
    password = passwords.generate()
    password_hash = passwords.hash_password(password)
    with web.transaction() as database:
        person = services.set_password(database, current_viewer(), username, password_hash)
    words = _("%(name)s has a new password; every session and token of theirs has ended.", name=person.name)
    return secret_page(words, person.username, password, "accounts_people.list_people")


@pages.post("/<username>/end")
def end_person(username: str) -> Response:
    """End a person's access at once."""
    with web.transaction() as database:
        person = services.end_person(database, current_viewer(), username)
    flash(_("%(name)s has no access any more.", name=person.name), "info")
    return redirect(url_for("accounts_people.list_people"))


def _people_page(form: PersonForm) -> str:
    viewer = current_viewer()
    q, after = request.args.get("q", "").strip(), request.args.get("after", "")
    with web.reading() as database:
        _offer(database, form)
        found = administration.list_persons(database, viewer, q=q, after=after, limit=PAGE_SIZE + 1)
        return render_template(
            "accounts/people.html",
            form=form,
            people=found[:PAGE_SIZE],
            count=administration.count_persons(database, viewer),
            q=q,
            today=clock.today(),
            first_url=url_for("accounts_people.list_people", q=q) if after else None,
            next_url=next_url(found, lambda last: {"after": last.username, "q": q}),
        )


def _person_page(username: str, form: PostForm) -> str:
    with web.reading() as database:
        _offer(database, form)
        person = administration.get_person(database, current_viewer(), username)
        return render_template("accounts/person.html", form=form, person=person, today=clock.today())


def _offer(database: Session, form: PostForm) -> None:
    form.body.choices = body_choices(administration.list_own_bodies(database, current_viewer()))
    is_english = web.language() == "en"
    known = queries.list_jurisdictions(database)
    form.jurisdiction.choices = [Choice(each.code, each.name_en if is_english else each.name) for each in known]


def _new_post(form: PostForm) -> NewPost:
    return NewPost(
        Post(form.post.data), form.body.data or "", form.jurisdiction.data or "", until_on=form.until_on.data
    )
