"""The administrator's page on which a body is closed: what it has open, from which day, and who has its work then."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired

from cityops import clock, web
from cityops.accounts import administration
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.cases import succession
from cityops.cases.forms import body_choices
from cityops.cases.office import current_office
from cityops.errors import Invalid, WrongState
from cityops.forms import RoomForm

pages = Blueprint("closing_bodies", __name__, url_prefix="/settings/bodies")
pages.before_request(ask_for_the_post)


class ClosingForm(RoomForm):
    """The day and the successor."""

    on = DateField(_l("First day without it"), [InputRequired(_l("Fill this in."))])
    successor = SelectField(_l("Who has its work then"), validate_choice=False)


@pages.get("/<code>/end")
def show(code: str) -> str:
    """What the body has open, and the form to close it."""
    return _page(code, ClosingForm(None, data={"on": clock.today()}))


@pages.post("/<code>/end")
def end(code: str) -> Page:
    """Close it; a refusal shows the page again with what was typed."""
    form = ClosingForm(request.form)
    if not form.validate():
        return _page(code, form), 422
    try:
        with web.transaction() as session:
            body = succession.end_body(
                session,
                current_viewer(),
                current_office(),
                code,
                on=form.on.data or clock.today(),
                successor=form.successor.data or "",
            )
            day = str(body.ended_on)
    except (Invalid, WrongState) as refusal:
        form.refuse(refusal)
        return _page(code, form), web.STATUSES[type(refusal)]
    flash(gettext("%(code)s is closed from %(day)s on.", code=code, day=day), "info")
    return redirect(url_for("accounts_settings.list_bodies"))


def _page(code: str, form: ClosingForm) -> str:
    with web.reading() as session:
        body = administration.get_own_body(session, current_viewer(), code)
        heirs = [each for each in accounts.list_bodies(session, RESPONSIBLE_KINDS) if each.id != body.id]
        form.successor.choices = body_choices(heirs)
        return render_template("cases/close_body.html", form=form, body=body, work=succession.count_work(session, body))
