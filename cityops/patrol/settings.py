"""The administrator's page of who checks, and how often cells are to be visited."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.clock import today
from cityops.errors import Invalid, NotAllowed
from cityops.grid.coverage.models import TIER_LABELS
from cityops.patrol import queries, services, visits
from cityops.patrol.forms import RhythmForm, RulesForm
from cityops.patrol.rhythm import USUAL

pages = Blueprint("patrol_settings", __name__, url_prefix="/settings/checks")
pages.before_request(ask_for_the_post)


@pages.get("")
def show() -> str:
    """The rules as they stand."""
    with web.reading() as session:
        return _page(session, RulesForm(None, obj=queries.get_rules(session)), RhythmForm(None))


@pages.post("")
def change() -> Page:
    """Set them anew; they hold for what is given from now on."""
    form = RulesForm(request.form)
    if not form.validate():
        with web.reading() as session:
            return _page(session, form, RhythmForm(None)), 422
    try:
        with web.transaction() as session:
            services.set_rules(session, current_viewer(), form.rules())
    except (Invalid, NotAllowed) as refusal:
        form.refuse(refusal)
        with web.reading() as session:
            return _page(session, form, RhythmForm(None)), web.STATUSES[type(refusal)]
    flash(_("Set; it holds for the tasks that are given from now on."), "info")
    return redirect(url_for("patrol_settings.show"))


@pages.post("/rhythm")
def set_rhythm() -> Page:
    """Set how often the cells of a tier are to be visited from a day on."""
    form, status = RhythmForm(request.form), 422
    if form.validate():
        try:
            with web.transaction() as session:
                visits.set_rhythm(session, current_viewer(), **form.asked())
            flash(_("Set."), "info")
            return redirect(url_for("patrol_settings.show"), 303)
        except (Invalid, NotAllowed) as refusal:
            form.refuse(refusal)
            status = web.STATUSES[type(refusal)]
    with web.reading() as session:
        return _page(session, RulesForm(None, obj=queries.get_rules(session)), form), status


def _page(session: Session, form: RulesForm, rhythm_form: RhythmForm) -> str:
    if rhythm_form.from_on.data is None and not rhythm_form.errors:
        rhythm_form.from_on.data = today()
    return render_template(
        "patrol/settings.html",
        form=form,
        rhythm_form=rhythm_form,
        rhythms=visits.list_rhythms(session),
        usual=USUAL,
        tier_words={tier: _(label) for tier, label in TIER_LABELS.items()},
    )
