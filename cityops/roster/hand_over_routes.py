"""The pages of the hand-over log."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts.session import current_viewer, require
from cityops.errors import CityopsError
from cityops.roster import hand_overs, queries
from cityops.roster.forms import HandOverForm, shift_choices
from cityops.roster.queries import DESKS

pages = Blueprint("hand_overs", __name__, url_prefix="/roster/hand-overs")


@pages.before_request
def ask_for_a_reader() -> None:
    """The log is for the desks and for who oversees them."""
    require(*DESKS, *hand_overs.OVERSEERS)


@pages.get("")
def list_hand_overs() -> str:
    """The log, and the form to leave a shift."""
    viewer = current_viewer()
    with web.reading() as session:
        shift = queries.find_shift(session, viewer, clock.now())
    on = shift.turn.day_at(clock.now(), clock.CITY_ZONE) if shift is not None else None
    return _page(HandOverForm(None, data={"shift": shift and shift.id, "on": on or clock.today()}))


@pages.post("")
def hand_over() -> str | Response | tuple[str, int]:
    """Leave a shift; what was typed stays where something is wrong."""
    form = HandOverForm()
    _offer(form)
    if not form.validate():
        return _page(form), 422
    try:
        with web.transaction() as session:
            row = hand_overs.hand_over(
                session, current_viewer(), form.shift.data, form.on.data or clock.today(), form.matters.data or ""
            )
    except CityopsError as refusal:
        form.refuse(refusal)
        return _page(form), web.STATUSES.get(type(refusal), 422)
    return redirect(url_for("hand_overs.show", hand_over_id=row.id), 303)


@pages.get("/<key(31):hand_over_id>")
def show(hand_over_id: int) -> str:
    """One hand-over, with its cases as they stand now."""
    viewer = current_viewer()
    with web.reading() as session:
        told = hand_overs.get_hand_over(session, viewer, hand_over_id)
        own = {held.body_id for held in viewer.holding(*DESKS)}
        may_take = told.row.receipt is None and told.row.left_by != viewer.person_id
        return render_template("roster/hand_over.html", told=told, may_take=may_take and told.row.shift.body_id in own)


@pages.post("/<key(31):hand_over_id>/take")
def take(hand_over_id: int) -> Response:
    """Sign for a hand-over."""
    with web.transaction() as session:
        hand_overs.take(session, current_viewer(), hand_over_id, request.form.get("remark", ""))
    return redirect(url_for("hand_overs.show", hand_over_id=hand_over_id), 303)


def _offer(form: HandOverForm) -> None:
    with web.reading() as session:
        shifts = hand_overs.list_shifts_to_leave(session, current_viewer())
    form.shift.choices = shift_choices(shifts, web.language())


def _page(form: HandOverForm) -> str:
    _offer(form)
    with web.reading() as session:
        rows = hand_overs.list_hand_overs(session, current_viewer())
        return render_template("roster/hand_overs.html", rows=rows, form=form)
