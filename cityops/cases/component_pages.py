"""The pages of components: the list, one with its facts, changes and cases, and those that break again and again."""

import csv
from io import StringIO
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField
from wtforms.validators import NumberRange, Optional

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.models import Person
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer
from cityops.cases import faults
from cityops.cases.arbitration import find_fallbacks
from cityops.cases.component_search import get_component, list_components, read_component_filter
from cityops.cases.corrections.models import CORRECTION_KIND_LABELS
from cityops.cases.corrections.queries import list_open_of
from cityops.cases.corrections.services import may_propose
from cityops.cases.faults import RepeatFault, Repeats
from cityops.cases.listing import list_choices
from cityops.cases.ownership.services import may_settle
from cityops.cases.photo_sheet import photos_of
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.forms import RoomForm
from cityops.grid import queries as grid
from cityops.grid.models import COMPONENT_STATE_LABELS, TOLERANCES_M
from cityops.words import harmless

pages = Blueprint("components", __name__)

PAGE_ROWS = 50
PHOTOS_SHOWN = 12
CSV_COLUMNS = ("component", "name", "class", "area", "state", "cases", "handling_hours", "numbers")


class RepeatForm(RoomForm):
    """From how many cases in how many days a fault counts as a repeated one."""

    times = IntegerField(_l("At least so many cases"), default=3, validators=[Optional(), NumberRange(2, 100)])
    days = IntegerField(_l("In the last days"), default=90, validators=[Optional(), NumberRange(1, 3_660)])

    def wanted(self) -> Repeats:
        """What is asked for."""
        return Repeats(self.times.data or 3, self.days.data or 90)


@pages.get("/components")
def list_page() -> str:
    """Components that this person may see, by code, narrowed by the address."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if value and name != "after"}
    with web.reading() as session:
        found = list_components(
            session,
            current_viewer(),
            read_component_filter(request.args),
            after=request.args.get("after", ""),
            size=PAGE_ROWS + 1,
        )
        shown, choices = found[:PAGE_ROWS], list_choices(session, kind=CaseKind.COMPONENT)
        return render_template(
            "cases/components.html",
            components=shown,
            choices=choices,
            bodies=dict(choices.bodies),
            states=COMPONENT_STATE_LABELS,
            index=grid.current_index(session),
            english=web.language() == "en",
            kept=kept,
            first_url=url_for("components.list_page", **kept) if "after" in request.args else None,
            next_url=url_for("components.list_page", **kept, after=shown[-1].code) if len(found) > PAGE_ROWS else None,
        )


@pages.get("/components/repeat-faults")
def repeat_faults() -> str | tuple[str, int]:
    """Components on which several cases were filed, with what their handling cost in working time."""
    form = RepeatForm(request.args)
    if not form.validate():
        return render_template("cases/repeat_faults.html", form=form, faults=[], kept={}), 422
    wanted, skip = form.wanted(), min(max(request.args.get("skip", 0, type=int), 0), 100_000)
    kept: dict[str, Any] = {"times": wanted.times, "days": wanted.days}
    with web.reading() as session:
        found = faults.list_repeat_faults(session, current_viewer(), wanted, size=PAGE_ROWS + 1, skip=skip)
        return render_template(
            "cases/repeat_faults.html",
            form=form,
            faults=found[:PAGE_ROWS],
            kept=kept,
            states=COMPONENT_STATE_LABELS,
            first_url=url_for("components.repeat_faults", **kept) if skip else None,
            next_url=url_for("components.repeat_faults", **kept, skip=skip + PAGE_ROWS)
            if len(found) > PAGE_ROWS
            else None,
        )


@pages.get("/components/repeat-faults.csv")
def export_repeat_faults() -> Response:
    """The whole list as CSV."""
    form = RepeatForm(request.args)
    wanted = form.wanted() if form.validate() else Repeats()
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    with web.reading() as session:
        writer.writerows(_cells(each) for each in faults.iterate_repeat_faults(session, current_viewer(), wanted))
    # The mark at the beginning tells spreadsheets that the text is UTF-8.
    answer = Response("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="repeat-faults-{clock.today()}.csv"'
    return answer


@pages.get("/components/<code>")
def show(code: str) -> str:
    """A component: where it stands, how it was last found, what changed it, and its cases."""
    viewer = current_viewer()
    with web.reading() as session:
        component = get_component(session, viewer, code)
        cases = faults.list_cases_of(session, viewer, component.id)
        area, is_orphan = component.area_code or "", component.body_code is None and component.ended_on is None
        return render_template(
            "cases/component.html",
            component=component,
            case_class=catalog.find_class(session, CaseKind.COMPONENT, component.class_code, clock.today()),
            body=accounts.find_body(session, component.body_code) if component.body_code else None,
            fallback=find_fallbacks(session, {area}).get(area) if is_orphan else None,
            settled_by=session.get(Person, component.settled_by) if component.settled_by else None,
            may_settle=may_settle(viewer, component),
            may_confirm=any(held.covers(component.area_code) for held in viewer.holding(Post.INSPECTOR)),
            may_correct=may_propose(viewer) and component.ended_on is None,
            correction_kinds=CORRECTION_KIND_LABELS,
            corrections=list_open_of(session, viewer, component.id),
            states=COMPONENT_STATE_LABELS,
            changes=faults.list_changes(session, viewer, component.id),
            cases=cases,
            photos=photos_of(cases)[:PHOTOS_SHOWN],
            tolerance_m=TOLERANCES_M[component.accuracy] if component.accuracy else None,
            revision=grid.current_index(session).revision,
        )


def _cells(fault: RepeatFault) -> tuple[object, ...]:
    component = fault.component
    return (
        component.code,
        harmless(component.name),
        component.class_code,
        component.area_code or "",
        gettext(COMPONENT_STATE_LABELS[component.state]),
        len(fault.cases),
        f"{fault.minutes / 60:.1f}",
        " ".join(case.number for case in fault.cases),
    )
