"""The page of a street's inspectors: who has which duty grid at which hours, given and ended."""

from collections.abc import Sequence
from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts.session import require
from cityops.accounts.viewer import Viewer
from cityops.errors import CityopsError
from cityops.grid.duty_grids import queries as grids
from cityops.grid.duty_grids.queries import MAKERS
from cityops.grid.models import DutyGrid
from cityops.patrol import grid_owners
from cityops.patrol.duty_grid_forms import EndForm, HoursForm, tell_weekdays
from cityops.patrol.models import InspectorShift

pages = Blueprint("grid_owners", __name__, url_prefix="/grid/duty/<street>/inspectors")

Page = str | Response | tuple[str, int]


@pages.get("")
def show(street: str) -> str:
    """Who has the street's duty grids, now and later."""
    viewer = require(*MAKERS)
    with web.reading() as session:
        form = HoursForm(None, data={"from_on": clock.today(), "weekdays": list(range(7))})
        return _page(session, viewer, street, form, EndForm(None))


@pages.post("")
def give(street: str) -> Page:
    """Give a duty grid to an inspector."""
    viewer, form = require(*MAKERS), HoursForm()
    with web.reading() as session:
        _offer(session, form, grids.get_street(session, viewer, street).code)
        if not form.validate():
            return _page(session, viewer, street, form, EndForm(None)), 422
    try:
        hours = form.hours()
        with web.transaction() as session:
            grid_owners.give(session, viewer, street, hours)
    except CityopsError as refusal:
        form.refuse(refusal)
        with web.reading() as session:
            return _page(session, viewer, street, form, EndForm(None)), web.STATUSES.get(type(refusal), 422)
    flash(gettext("Given from %(day)s on.", day=str(hours.from_on)), "info")
    return redirect(url_for("grid_owners.show", street=street), 303)


@pages.post("/<key(31):shift_id>/end")
def end(street: str, shift_id: int) -> Page:
    """End an inspector's hours after a day."""
    viewer, form, status = require(*MAKERS), EndForm(), 422
    is_valid, last_on = form.validate(), form.last_on.data
    try:
        if is_valid and last_on is not None:
            with web.transaction() as session:
                grid_owners.end(session, viewer, street, shift_id, last_on)
            flash(gettext("Ended after %(day)s; open tasks stay with the inspector.", day=str(last_on)), "info")
            return redirect(url_for("grid_owners.show", street=street), 303)
    except CityopsError as refusal:
        form.refuse(refusal)
        status = web.STATUSES.get(type(refusal), 422)
    with web.reading() as session:
        return _page(session, viewer, street, HoursForm(None), form), status


def _page(session: Session, viewer: Viewer, code: str, form: HoursForm, ending: EndForm) -> str:
    street = grids.get_street(session, viewer, code)
    standing = _offer(session, form, street.code)
    together: dict[tuple[object, ...], list[InspectorShift]] = {}
    for shift in grid_owners.list_shifts_of(session, street.code):
        together.setdefault(grid_owners.same_hours(shift), []).append(shift)
    by_grid: dict[int, list[tuple[InspectorShift, str]]] = {}
    for own in together.values():
        by_grid.setdefault(own[0].duty_grid_id, []).append((own[0], tell_weekdays(own)))
    return render_template(
        "duty_grids/inspectors.html",
        street=street,
        grids=standing,
        by_grid=by_grid,
        form=form,
        ending=ending,
        day=timedelta(days=1),
    )


def _offer(session: Session, form: HoursForm, street_code: str) -> Sequence[DutyGrid]:
    standing = grids.list_grids(session, [street_code])
    form.offer(standing, grid_owners.list_inspectors(session, street_code))
    return standing
