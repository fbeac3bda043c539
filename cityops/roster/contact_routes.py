"""The page of the duty lists: whom to call for a body, in which order."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts.session import current_viewer, require
from cityops.cases.telling import named
from cityops.errors import CityopsError
from cityops.forms import Choice
from cityops.roster import contacts
from cityops.roster.forms import ContactForm

pages = Blueprint("contacts", __name__, url_prefix="/roster/contacts")


@pages.before_request
def ask_for_a_caller() -> None:
    """Whom to call is for the desks that call."""
    require(*contacts.CALLERS)


@pages.get("")
def list_contacts() -> str:
    """The duty lists, phones masked."""
    return _page(ContactForm(None))


@pages.post("")
def add_contact() -> str | Response | tuple[str, int]:
    """Put somebody at the end of a body's list; what was typed stays where something is wrong."""
    form = ContactForm()
    _offer(form)
    if not form.validate():
        return _page(form), 422
    try:
        with web.transaction() as session:
            contacts.add_contact(
                session,
                current_viewer(),
                web.workshop().keys,
                body_code=form.body.data,
                name=form.name.data or "",
                phone=form.phone.data or "",
                username=(form.username.data or "").strip(),
            )
    except CityopsError as refusal:
        form.refuse(refusal)
        return _page(form), web.STATUSES.get(type(refusal), 422)
    return redirect(url_for("contacts.list_contacts"), 303)


@pages.post("/<key(31):contact_id>/remove")
def remove_contact(contact_id: int) -> Response:
    """Take somebody off a list."""
    with web.transaction() as session:
        contacts.remove_contact(session, current_viewer(), contact_id)
    return redirect(url_for("contacts.list_contacts"), 303)


@pages.post("/<key(31):contact_id>/phone")
def show_phone(contact_id: int) -> Response:
    """Show the whole number; the look is logged."""
    with web.transaction() as session:
        contact, phone = contacts.show_phone(session, current_viewer(), web.workshop().keys, contact_id)
        flash(gettext("%(name)s: %(phone)s. This look is in the audit list.", name=contact.name, phone=phone), "info")
    return redirect(url_for("contacts.list_contacts"), 303)


def _offer(form: ContactForm) -> None:
    with web.reading() as session:
        bodies = contacts.list_bodies_to_call(session, current_viewer())
    form.body.choices = [Choice("", ""), *(Choice(body.code, named(body)) for body in bodies)]


def _page(form: ContactForm) -> str:
    viewer = current_viewer()
    _offer(form)
    with web.reading() as session:
        return render_template(
            "roster/contacts.html",
            contacts=contacts.list_contacts(session, viewer, web.workshop().keys),
            form=form,
            may_keep=viewer.has(*contacts.KEEPERS),
        )
