"""The administrator's page of who checks: how far is near, and how often the same two may meet."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from cityops import web
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.errors import Invalid, NotAllowed
from cityops.patrol import queries, services
from cityops.patrol.forms import RulesForm

pages = Blueprint("patrol_settings", __name__, url_prefix="/settings/checks")
pages.before_request(ask_for_the_post)


@pages.get("")
def show() -> str:
    """The rules as they stand."""
    with web.reading() as session:
        return _page(RulesForm(None, obj=queries.get_rules(session)))


@pages.post("")
def change() -> Page:
    """Set them anew; they hold for what is given from now on."""
    form = RulesForm(request.form)
    if not form.validate():
        return _page(form), 422
    try:
        with web.transaction() as session:
            services.set_rules(session, current_viewer(), form.rules())
    except (Invalid, NotAllowed) as refusal:
        form.refuse(refusal)
        return _page(form), web.STATUSES[type(refusal)]
    flash(_("Set; it holds for the tasks that are given from now on."), "info")
    return redirect(url_for("patrol_settings.show"))


def _page(form: RulesForm) -> str:
    return render_template("patrol/settings.html", form=form)
