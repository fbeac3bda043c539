"""The page of a street's inspectors: who has which duty grid at which hours, given and ended; who is away."""

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
from cityops.patrol import absences, grid_owners
from cityops.patrol.duty_grid_forms import AwayForm, EndForm, HoursForm, tell_weekdays
from cityops.patrol.models import InspectorShift

pages = Blueprint("grid_owners", __name__, url_prefix="/grid/duty/<street>/inspectors")

Page = str | Response | tuple[str, int]


@pages.get("")
def show(street: str) -> str:
    """Who has the street's duty grids, now and later."""
    viewer = require(*MAKERS)
    with web.reading() as session:
        return _page(session, viewer, street)


@pages.post("")
def give(street: str) -> Page:
    """Give a duty grid to an inspector."""
    viewer, form = require(*MAKERS), HoursForm()
    with web.reading() as session:
        _offer(session, form, grids.get_street(session, viewer, street).code)
        if not form.validate():
            return _page(session, viewer, street, form), 422
    try:
        hours = form.hours()
        with web.transaction() as session:
            grid_owners.give(session, viewer, street, hours)
    except CityopsError as refusal:
        form.refuse(refusal)
        with web.reading() as session:
            return _page(session, viewer, street, form), web.STATUSES.get(type(refusal), 422)
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
        return _page(session, viewer, street, ending=form), status


@pages.post("/away")
def send_away(street: str) -> Page:
    """Write down that an inspector is away for days."""
    viewer, form, status = require(*MAKERS), AwayForm(), 422
    with web.reading() as session:
        form.offer(grid_owners.list_inspectors(session, grids.get_street(session, viewer, street).code))
    try:
        if form.validate():
            with web.transaction() as session:
                absences.add(session, viewer, street, **form.asked())
            flash(gettext("Written down: he is on duty nowhere on these days."), "info")
            return redirect(url_for("grid_owners.show", street=street), 303)
    except CityopsError as refusal:
        form.refuse(refusal)
        status = web.STATUSES.get(type(refusal), 422)
    with web.reading() as session:
        return _page(session, viewer, street, away=form), status


@pages.post("/away/<key(31):absence_id>/end")
def bring_back(street: str, absence_id: int) -> Page:
    """Write down that an inspector is back, or does not go away."""
    viewer = require(*MAKERS)
    with web.transaction() as session:
        absences.end(session, viewer, street, absence_id)
    flash(gettext("Written down: his hours hold again from today."), "info")
    return redirect(url_for("grid_owners.show", street=street), 303)


def _page(
    session: Session,
    viewer: Viewer,
    code: str,
    form: HoursForm | None = None,
    ending: EndForm | None = None,
    away: AwayForm | None = None,
) -> str:
    street = grids.get_street(session, viewer, code)
    form = form or HoursForm(None, data={"from_on": clock.today(), "weekdays": list(range(7))})
    away = away or AwayForm(None, data={"away_from_on": clock.today()})
    standing = _offer(session, form, street.code)
    away.offer(grid_owners.list_inspectors(session, street.code))
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
        ending=ending or EndForm(None),
        away=away,
        absences=absences.list_absences(session, street.code),
        day=timedelta(days=1),
    )


def _offer(session: Session, form: HoursForm, street_code: str) -> Sequence[DutyGrid]:
    standing = grids.list_grids(session, [street_code])
    form.offer(standing, grid_owners.list_inspectors(session, street_code))
    return standing
