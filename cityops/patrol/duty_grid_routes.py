"""The duty grids' pages: all by street, a street to draw, what nobody watches."""

import json
from collections.abc import Sequence
from datetime import date, timedelta

import shapely
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirect

from cityops import clock, web
from cityops.accounts.session import require
from cityops.accounts.viewer import Viewer
from cityops.errors import CityopsError
from cityops.grid.duty_grids import queries as grids
from cityops.grid.duty_grids import services as duty_grids
from cityops.grid.duty_grids.queries import MAKERS
from cityops.grid.duty_grids.rules import Fault, NamedGrid, Plan, next_code
from cityops.grid.models import VERSION_STATE_LABELS, Area
from cityops.grid.queries import find_areas
from cityops.patrol import grid_owners
from cityops.patrol.duty_grid_forms import DrawForm, read_plan
from cityops.patrol.grid_balance import read_ground
from cityops.patrol.watch import find_gaps

pages = Blueprint("duty_grids", __name__, url_prefix="/grid/duty")

Page = str | Redirect | tuple[str, int]
STREETS_A_PAGE = 10
MOST_SHOWN = 200


@pages.get("")
def list_streets() -> str:
    """The duty grids by street: what they weigh beside each other, and whose they are today."""
    viewer, after = require(*MAKERS), request.args.get("after", "")[:12]
    with web.reading() as session:
        found = grids.list_streets(session, viewer, after=after, limit=STREETS_A_PAGE + 1)
        streets = found[:STREETS_A_PAGE]
        more = url_for("duty_grids.list_streets", after=streets[-1].code) if len(found) > len(streets) else None
        return render_template(
            "duty_grids/list.html",
            streets=streets,
            **_weighed(session, streets),
            unwatched=len(grid_owners.list_unwatched(session, viewer, clock.today())),
            without_grid=grids.count_without_grid(session, viewer),
            first_url=url_for("duty_grids.list_streets") if after else None,
            next_url=more,
        )


def _weighed(session: Session, streets: Sequence[Area]) -> dict[str, object]:
    """Each street's grids weighed, with their owners today and the hours nobody has: nothing asked twice."""
    codes = [street.code for street in streets]
    if not codes:
        return {"balances": {}, "owners": {}, "gaps": {}}
    ground, standing = read_ground(session, codes), grids.list_grids(session, codes)
    owners = grid_owners.list_owners(session, [grid.id for grid in standing], clock.today())
    whole = grid_owners.watched_hours(session)
    by_code = {grid.code: owners.get(grid.id, []) for grid in standing}
    balances = {}
    for code in codes:
        cells = [cell for cell in ground.cells if cell.code.startswith(code)]
        balances[code] = ground.balance(grids.plan_of_now(cells, standing))
    gaps = {code: find_gaps((owner.span for owner in own), whole) for code, own in by_code.items()}
    return {"balances": balances, "owners": by_code, "gaps": gaps}


@pages.get("/without")
def list_without() -> str:
    """What has no owner on duty on a day: duty grids with the hours, and cells that no duty grid holds."""
    viewer = require(*MAKERS)
    on = request.args.get("on", type=date.fromisoformat) or clock.today()
    with web.reading() as session:
        unwatched = grid_owners.list_unwatched(session, viewer, on)
        return render_template(
            "duty_grids/without.html",
            on=on,
            unwatched=unwatched,
            streets=find_areas(session, {each.grid.street_code for each in unwatched}),
            watched=grid_owners.watched_hours(session),
            cells=grids.list_without_grid(session, viewer, MOST_SHOWN),
            cells_in_all=grids.count_without_grid(session, viewer),
        )


@pages.get("/<street>")
def draw(street: str) -> str:
    """A street's duty grids to draw; the change that waits for its day, where there is one."""
    viewer = require(*MAKERS)
    with web.reading() as session:
        return _draw_page(session, grids.get_street(session, viewer, street), DrawForm(None), None, [])


@pages.post("/<street>")
def keep(street: str) -> Page:
    """Check what was drawn, and keep it where that was asked for; what was drawn stays where something is wrong."""
    viewer, form, plan = require(*MAKERS), DrawForm(), read_plan(request.form)
    is_valid, from_on = form.validate(), form.from_on.data
    if "check" in request.form or not is_valid or from_on is None:
        return _checked_page(viewer, street, form, plan)
    try:
        with web.transaction() as session:
            duty_grids.plan_change(session, viewer, street, plan, from_on)
    except duty_grids.BadPlan:
        return _checked_page(viewer, street, form, plan)
    except CityopsError as refusal:
        form.refuse(refusal)
        page, _status = _checked_page(viewer, street, form, plan)
        return page, web.STATUSES.get(type(refusal), 422)
    flash(gettext("The duty grids change on %(day)s.", day=str(from_on)), "info")
    return redirect(url_for("duty_grids.draw", street=street), 303)


@pages.post("/<street>/balance")
def balance(street: str) -> str:
    """What the grids weigh as they are drawn, and what is wrong with them: a part of the page."""
    viewer, plan = require(*MAKERS), read_plan(request.form)
    with web.reading() as session:
        there = grids.get_street(session, viewer, street)
        ground = read_ground(session, [there.code])
        return render_template(
            "duty_grids/balance.html",
            rows=ground.balance(plan, request.form.get("chosen", "")),
            faults=_say(duty_grids.find_faults(session, there.code, plan, ground.cells)),
        )


@pages.get("/<street>/cells.json")
def cells(street: str) -> Response:
    """The street's cells for the map."""
    viewer = require(*MAKERS)
    with web.reading() as session:
        found = grids.list_cells(session, [grids.get_street(session, viewer, street).code])
    features = [
        {"type": "Feature", "properties": {"code": cell.code}, "geometry": shapely.geometry.mapping(cell.boundary)}
        for cell in found
    ]
    return Response(json.dumps({"type": "FeatureCollection", "features": features}), mimetype="application/geo+json")


@pages.post("/<street>/withdraw")
def withdraw(street: str) -> Page:
    """Undo the change that waits for its day."""
    viewer = require(*MAKERS)
    with web.transaction() as session:
        day = duty_grids.withdraw(session, viewer, street).from_on
    flash(gettext("The change of %(day)s is withdrawn: the duty grids stay as they are.", day=str(day)), "info")
    return redirect(url_for("duty_grids.draw", street=street), 303)


def _checked_page(viewer: Viewer, code: str, form: DrawForm, plan: Plan) -> tuple[str, int]:
    with web.reading() as session:
        street = grids.get_street(session, viewer, code)
        faults = duty_grids.find_faults(session, code, plan, grids.list_cells(session, [code]))
        return _draw_page(session, street, form, plan, faults), 422 if faults or form.errors else 200


def _draw_page(session: Session, street: Area, form: DrawForm, drawn: Plan | None, faults: list[Fault]) -> str:
    ground, planned = read_ground(session, [street.code]), grids.find_planned(session, street.code)
    plan = drawn or (grids.read_plan(planned) if planned else None)
    plan = plan or grids.plan_of_now(ground.cells, grids.list_grids(session, [street.code]))
    if form.from_on.data is None and not form.errors:
        form.from_on.data = clock.today() + timedelta(days=1)
    chosen = request.form.get("chosen") or next((grid.code for grid in plan.grids), "")
    return render_template(
        "duty_grids/draw.html",
        street=street,
        form=form,
        plan=plan,
        choices=[*plan.grids, *_another(session, street, plan)],
        chosen=chosen,
        cells=ground.cells,
        rows=ground.balance(plan, chosen),
        faults=_say(faults),
        planned=planned,
        changes=grids.list_changes(session, street.code),
        states=VERSION_STATE_LABELS,
        bounds=street.boundary.bounds,
    )


def _say(faults: list[Fault]) -> list[str]:
    return [gettext(fault.reason, **fault.values) for fault in faults]


def _another(session: Session, street: Area, plan: Plan) -> list[NamedGrid]:
    """One more grid to draw, which begins where a cell is given to it."""
    if any(grid.code not in plan.used for grid in plan.grids):
        return []
    code = next_code(street.code, {*grids.list_codes_ever(session, street.code), *(each.code for each in plan.grids)})
    number = code.removeprefix(street.code + "Z")
    return [NamedGrid(code, f"{street.name}{number}责任网格", f"{street.name_en} duty grid {number}")]
