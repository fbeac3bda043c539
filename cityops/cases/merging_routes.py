"""The pages' doors of merging: merge a case into another, take it apart again."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts.routes import safe_next
from cityops.accounts.session import current_viewer
from cityops.cases import merging
from cityops.cases.merging_forms import MergeForm
from cityops.cases.office import current_office
from cityops.cases.routes import case_page
from cityops.errors import CityopsError, NotFound

pages = Blueprint("merging", __name__)

Answer = Response | tuple[str, int]


@pages.post("/cases/<number>/merge")
def merge(number: str) -> Answer:
    """Merge the case into another; a refusal shows the page again with what was typed."""
    form = MergeForm()
    try:
        with web.transaction() as session:
            merging.merge(session, current_viewer(), current_office(), number, form.merge())
    except NotFound:
        raise
    except CityopsError as refusal:
        form.refuse(refusal)
        return case_page(number, joined=form, refusal=refusal, typed=form.reason.data)
    flash(gettext("%(number)s is merged into %(into)s.", number=number, into=form.into.data), "info")
    return redirect(safe_next(form.next.data or url_for("cases.show", number=number)), 303)


@pages.post("/cases/<number>/unmerge")
def unmerge(number: str) -> Answer:
    """Take a merged case apart again."""
    form = MergeForm()
    try:
        with web.transaction() as session:
            viewer, office = current_viewer(), current_office()
            merging.unmerge(session, viewer, office, number, form.seen(), form.reason.data or "")
    except NotFound:
        raise
    except CityopsError as refusal:
        return case_page(number, refusal=refusal, typed=form.reason.data)
    flash(gettext("%(number)s goes its own way again.", number=number), "info")
    return redirect(url_for("cases.show", number=number), 303)
