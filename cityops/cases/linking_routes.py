"""The pages' doors of linking: link two cases, take the link away, split a case."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts.session import current_viewer
from cityops.cases import linking, queries
from cityops.cases.linking_forms import LinkForm, SplitForm
from cityops.cases.office import current_office
from cityops.cases.routes import case_page
from cityops.errors import CityopsError, NotFound

pages = Blueprint("linking", __name__)

Answer = Response | tuple[str, int]


@pages.post("/cases/<number>/links")
def link(number: str) -> Answer:
    """Say that two cases have to do with each other."""
    form = LinkForm()

    def work(session: Session) -> str:
        linking.link(session, current_viewer(), current_office(), number, *form.asked())
        return str(gettext("%(number)s and %(other)s are linked.", number=number, other=form.other.data))

    return _done(number, form, work)


@pages.post("/cases/<number>/links/remove")
def unlink(number: str) -> Answer:
    """Take a link away again."""
    form = LinkForm()
    try:
        with web.transaction() as session:
            linking.unlink(session, current_viewer(), current_office(), number, *form.asked())
    except NotFound:
        raise
    except CityopsError as refusal:
        return case_page(number, refusal=refusal, typed=form.reason.data)
    flash(gettext("The link with %(other)s is taken away.", other=form.other.data), "info")
    return redirect(url_for("cases.show", number=number, _anchor="linked"), 303)


@pages.post("/cases/<number>/split")
def split(number: str) -> Answer:
    """Make a further case of the report."""
    form = SplitForm()
    form.validate()

    def work(session: Session) -> str:
        viewer = current_viewer()
        asked = form.asked(queries.get_case(session, viewer, number))
        made = linking.split(session, viewer, current_office(), number, *asked)
        return str(gettext("%(made)s was split off from %(number)s.", made=made.number, number=number))

    return _done(number, form, work)


def _done(number: str, form: LinkForm | SplitForm, work: Callable[[Session], str]) -> Answer:
    """The case's page, with what was done, or with the form as it was typed."""
    try:
        words = web.settle(work)
    except NotFound:
        raise
    except CityopsError as refusal:
        form.refuse(refusal)
        return case_page(number, joined=form, refusal=refusal)
    flash(words, "info")
    return redirect(url_for("cases.show", number=number, _anchor="linked"), 303)
