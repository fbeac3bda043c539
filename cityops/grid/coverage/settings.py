"""The administrator's page of tiers and coverage: how large cells may be, how much should be covered, which layers."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts.queries import list_jurisdictions
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.clock import today
from cityops.errors import CityopsError, Invalid
from cityops.forms import Choice
from cityops.grid.coverage import queries as coverage_queries
from cityops.grid.coverage import services as coverage
from cityops.grid.coverage.forms import BandForm, TargetForm
from cityops.grid.coverage.models import TIER_LABELS
from cityops.grid.tiers import find_bands

pages = Blueprint("grid_coverage_settings", __name__, url_prefix="/settings/coverage")
pages.before_request(ask_for_the_post)


@pages.get("")
def show() -> str:
    """The bands, the targets and the layers."""
    return _page(TargetForm(data={"from_on": today()}), BandForm())


@pages.post("/targets")
def set_target() -> Page:
    """Set a jurisdiction's target of coverage by a tier."""
    form = TargetForm(request.form)
    with web.reading() as session:
        form.jurisdiction.choices = _places(session)
    if not form.validate():
        return _page(form, BandForm()), 422
    try:
        with web.transaction() as session:
            coverage.set_target(session, current_viewer(), **form.asked())
    except CityopsError as error:
        _refuse(form, error)
        return _page(form, BandForm()), 422
    flash(_("The target is set."), "info")
    return redirect(url_for("grid_coverage_settings.show"), 303)


@pages.post("/bands")
def set_band() -> Page:
    """Set how large the cells of a tier may be."""
    form = BandForm(request.form)
    if not form.validate():
        return _page(TargetForm(data={"from_on": today()}), form), 422
    try:
        with web.transaction() as session:
            coverage.set_band(session, current_viewer(), **form.asked())
    except CityopsError as error:
        _refuse(form, error)
        return _page(TargetForm(data={"from_on": today()}), form), 422
    flash(_("The size is set: surveys are checked by it from here on."), "info")
    return redirect(url_for("grid_coverage_settings.show"), 303)


def _refuse(form: TargetForm | BandForm, error: CityopsError) -> None:
    if isinstance(error, Invalid):
        form.refuse(error)
    else:
        form.form_errors.append(web.say(error))


def _page(target_form: TargetForm, band_form: BandForm) -> str:
    with web.reading() as session:
        target_form.jurisdiction.choices = _places(session)
        return render_template(
            "grid/coverage_settings.html",
            tier_words={tier: _(label) for tier, label in TIER_LABELS.items()},
            target_form=target_form,
            band_form=band_form,
            bands=find_bands(session),
            targets=coverage_queries.list_targets(session),
            layers=coverage_queries.list_layers(session),
        )


def _places(session: Session) -> list[Choice]:
    is_english = web.language() == "en"
    return [Choice(place.code, place.name_en if is_english else place.name) for place in list_jurisdictions(session)]
