"""The administrator's page of jurisdictions: which centre supervises each and which commands it."""

from collections.abc import Iterable

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from cityops import clock, web
from cityops.accounts import centres, queries
from cityops.accounts.administration import is_city_administrator
from cityops.accounts.forms import CentresForm
from cityops.accounts.models import Body, BodyKind, Jurisdiction
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.errors import Invalid
from cityops.forms import Choice

pages = Blueprint("jurisdictions", __name__, url_prefix="/settings/jurisdictions")
pages.before_request(ask_for_the_post)


@pages.get("")
def show() -> str:
    """Every jurisdiction with the centres in charge of it, and a form to say others."""
    return _page(CentresForm(data={"from_on": clock.today()}))


@pages.post("")
def say() -> Page:
    """Say which centres are in charge of a jurisdiction from a day on."""
    form = CentresForm(request.form)
    with web.reading() as database:
        _offer(database, form)
    if not form.validate():
        return _page(form), 422
    try:
        with web.transaction() as database:
            centres.set_centres(
                database,
                current_viewer(),
                jurisdiction=form.jurisdiction.data or "",
                supervision=form.supervision.data or "",
                command=form.command.data or "",
                from_on=form.from_on.data,
            )
    except Invalid as error:
        form.refuse(error)
        return _page(form), 422
    return redirect(url_for("jurisdictions.show"))


def _offer(database: Session, form: CentresForm) -> None:
    known = queries.list_bodies(database, (BodyKind.SUPERVISION_CENTRE, BodyKind.COMMAND_CENTRE))
    form.supervision.choices = _choices(body for body in known if body.kind is BodyKind.SUPERVISION_CENTRE)
    form.command.choices = _choices(body for body in known if body.kind is BodyKind.COMMAND_CENTRE)
    form.jurisdiction.choices = _choices(queries.list_jurisdictions(database))


def _choices(rows: Iterable[Body | Jurisdiction]) -> list[Choice]:
    is_english = web.language() == "en"
    return [Choice(row.code, row.name_en if is_english else row.name) for row in rows]


def _page(form: CentresForm) -> str:
    with web.reading() as database:
        _offer(database, form)
        return render_template(
            "accounts/jurisdictions.html",
            form=form,
            rows=centres.list_in_charge(database),
            may_say=is_city_administrator(current_viewer()),
        )
