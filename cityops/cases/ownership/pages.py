"""The pages of ownership: orphans by class and street, and settling them or one component."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, require
from cityops.cases import queries as cases
from cityops.cases.component_search import read_component_filter
from cityops.cases.forms import body_choices
from cityops.cases.listing import list_choices
from cityops.cases.ownership import queries, services
from cityops.cases.ownership.forms import SettlementForm
from cityops.catalog.models import CaseKind
from cityops.errors import Invalid, NotFound, WrongState
from cityops.grid import queries as grid
from cityops.words import N_

pages = Blueprint("ownership", __name__, url_prefix="/components")

PAGE_ROWS = 50

Page = str | Response | tuple[str, int]


@pages.get("/orphans")
def orphans() -> str:
    """How many components of each class in each street nobody answers for."""
    viewer, wanted = require(*cases.AREA_POSTS), read_component_filter(request.args)
    kept: dict[str, Any] = {name: request.args[name] for name in ("class", "area") if request.args.get(name)}
    skip = min(max(request.args.get("skip", 0, type=int), 0), 100_000)
    with web.reading() as session:
        found = queries.list_orphans(session, viewer, wanted, size=PAGE_ROWS + 1, skip=skip)
        shown, choices = found[:PAGE_ROWS], list_choices(session, kind=CaseKind.COMPONENT, with_bodies=False)
        return render_template(
            "cases/orphans.html",
            orphans=shown,
            total=queries.count_orphans(session, viewer, wanted),
            choices=choices,
            classes=dict(choices.classes),
            index=grid.current_index(session),
            english=web.language() == "en",
            may_settle=viewer.has(Post.ADMINISTRATOR),
            kept=kept,
            first_url=url_for("ownership.orphans", **kept) if skip else None,
            next_url=url_for("ownership.orphans", **kept, skip=skip + PAGE_ROWS) if len(found) > PAGE_ROWS else None,
        )


@pages.get("/orphans/settle")
def show_group() -> str:
    """The orphans of a class in a street, to be settled at once."""
    require(Post.ADMINISTRATOR)
    return _group_page()


@pages.post("/orphans/settle")
def settle_group() -> Page:
    """Settle them; a refusal stands on the page with what was typed."""
    form, viewer = SettlementForm(request.form), require(Post.ADMINISTRATOR)
    if not form.validate():
        return _group_page(form), 422
    group = queries.OrphanGroup(request.args.get("class", ""), request.args.get("street", ""))
    try:
        with web.transaction() as session:
            number = services.settle_orphans(session, viewer, group, form.shown, form.settlement())
    except (Invalid, WrongState) as refusal:
        form.refuse(refusal)
        return _group_page(form), web.STATUSES[type(refusal)]
    flash(gettext("%(n)s components are settled.", n=number), "info")
    return redirect(url_for("ownership.orphans"), 303)


@pages.get("/<code>/ownership")
def show(code: str) -> str:
    """Whose a component is, to be settled."""
    require(Post.ADMINISTRATOR)
    return _component_page(code)


@pages.post("/<code>/ownership")
def settle(code: str) -> Page:
    """Settle it; a refusal stands on the page with what was typed."""
    form, viewer = SettlementForm(request.form), require(Post.ADMINISTRATOR)
    if not form.validate():
        return _component_page(code, form), 422
    try:
        with web.transaction() as session:
            services.settle(session, viewer, code, form.settlement())
    except (Invalid, WrongState) as refusal:
        form.refuse(refusal)
        return _component_page(code, form), web.STATUSES[type(refusal)]
    flash(gettext("%(code)s is settled.", code=code), "info")
    return redirect(url_for("components.show", code=code), 303)


def _group_page(refused: SettlementForm | None = None) -> str:
    with web.reading() as session:
        found = queries.get_orphans(session, current_viewer(), request.args)
        form = _with_bodies(session, refused or SettlementForm(None))
        # What is shown now is what is settled by the next attempt.
        form.expected.data = str(found.count)
        return render_template(
            "cases/settle_orphans.html",
            form=form,
            found=found,
            class_name=dict(list_choices(session, kind=CaseKind.COMPONENT).classes).get(found.group.class_code),
            index=grid.current_index(session),
            english=web.language() == "en",
        )


def _component_page(code: str, refused: SettlementForm | None = None) -> str:
    with web.reading() as session:
        component = grid.get_component(session, code)
        if not services.may_settle(current_viewer(), component):
            raise NotFound(N_("there is no component %(code)s"), code=code)
        form = _with_bodies(session, refused or SettlementForm(None, data={"owner": component.body_code}))
        return render_template("cases/settle_component.html", form=form, component=component)


def _with_bodies(session: Session, form: SettlementForm) -> SettlementForm:
    form.owner.choices = form.maintainer.choices = body_choices(accounts.list_bodies(session, RESPONSIBLE_KINDS))
    return form
