"""The administrator's page of tiers and coverage: how large cells may be, how much should be covered, which layers."""

import json

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts.administration import is_city_administrator
from cityops.accounts.queries import list_jurisdictions
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.clock import today
from cityops.errors import CityopsError, Invalid, WrongState
from cityops.forms import Choice
from cityops.grid import surveys
from cityops.grid.coverage import queries as coverage_queries
from cityops.grid.coverage import services as coverage
from cityops.grid.coverage.forms import BandForm, LayerForm, TargetForm
from cityops.grid.coverage.models import TIER_LABELS
from cityops.grid.forms import TakeInForm
from cityops.grid.handing_in import keep_sent, send_faults, send_table, survey_words
from cityops.grid.models import Survey, SurveyKind
from cityops.grid.tiers import find_bands
from cityops.grid.versions import must_survey

pages = Blueprint("grid_coverage_settings", __name__, url_prefix="/settings/coverage")
pages.before_request(ask_for_the_post)


@pages.get("")
def show() -> str:
    """The bands, the targets and the layers."""
    return _page(_new_target(), BandForm())


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
        return _page(_new_target(), form), 422
    try:
        with web.transaction() as session:
            coverage.set_band(session, current_viewer(), **form.asked())
    except CityopsError as error:
        _refuse(form, error)
        return _page(_new_target(), form), 422
    flash(_("The size is set: surveys are checked by it from here on."), "info")
    return redirect(url_for("grid_coverage_settings.show"), 303)


@pages.post("/layers")
def hand_in_layer() -> Page:
    """Hand in a file of land for the worker to look at; nothing is changed."""
    form = LayerForm(request.form)
    must_survey(current_viewer())
    try:
        if not form.validate():
            return _page(_new_target(), BandForm(), form), 422
        key, name = keep_sent()
        with web.transaction() as session:
            survey_id = surveys.hand_in(session, current_viewer(), key, name, form.said(), SurveyKind.COVER).id
    except Invalid as error:
        form.refuse(error)
        return _page(_new_target(), BandForm(), form), 422
    return redirect(url_for("grid_coverage_settings.show_layer", survey_id=survey_id), 303)


@pages.get("/layers/<key(31):survey_id>")
def show_layer(survey_id: int) -> str:
    """What coverage would be by a layer that was handed in, with the form to take it in."""
    return _layer_page(survey_id, TakeInForm())


@pages.post("/layers/<key(31):survey_id>")
def take_in_layer(survey_id: int) -> Page:
    """Order a layer that was looked at to be taken in, today or for the day given."""
    form = TakeInForm(request.form)
    if not form.validate():
        return _layer_page(survey_id, form), 422
    asked = (form.title.data or "", form.from_on.data, form.because.data or "", SurveyKind.COVER)
    try:
        with web.transaction() as session:
            surveys.order_to_take_in(session, current_viewer(), survey_id, *asked)
    except Invalid as error:
        form.refuse(error)
        return _layer_page(survey_id, form), 422
    except WrongState as error:
        form.form_errors.append(web.say(error))
        return _layer_page(survey_id, form), 409
    return redirect(url_for("grid_coverage_settings.show_layer", survey_id=survey_id), 303)


@pages.get("/layers/<key(31):survey_id>/faults")
def layer_faults(survey_id: int) -> Response:
    """What was found in a layer's file and has a place, as a GeoPackage for QGIS."""
    with web.reading() as session:
        surveys.get_survey(session, current_viewer(), survey_id, SurveyKind.COVER)
    return send_faults(survey_id)


@pages.get("/layers/<key(31):survey_id>/faults.xlsx")
def layer_table(survey_id: int) -> Response:
    """All that was found in a layer's file, as an Excel file."""
    with web.reading() as session:
        surveys.get_survey(session, current_viewer(), survey_id, SurveyKind.COVER)
    return send_table(survey_id)


def _layer_page(survey_id: int, form: TakeInForm) -> str:
    with web.reading() as session:
        survey = surveys.get_survey(session, current_viewer(), survey_id, SurveyKind.COVER)
    tier_word = _(TIER_LABELS[int(json.loads(survey.said)["tier"])])
    return render_template("grid/cover_survey.html", form=form, tier_word=tier_word, **survey_words(survey))


def _new_target() -> TargetForm:
    return TargetForm(data={"from_on": today()})


def _refuse(form: TargetForm | BandForm, error: CityopsError) -> None:
    if isinstance(error, Invalid):
        form.refuse(error)
    else:
        form.form_errors.append(web.say(error))


def _page(target_form: TargetForm, band_form: BandForm, layer_form: LayerForm | None = None) -> str:
    with web.reading() as session:
        target_form.jurisdiction.choices = _places(session)
        return render_template(
            "grid/coverage_settings.html",
            tier_words={tier: _(label) for tier, label in TIER_LABELS.items()},
            target_form=target_form,
            band_form=band_form,
            layer_form=layer_form or LayerForm(),
            waiting=_waiting(session),
            bands=find_bands(session),
            targets=coverage_queries.list_targets(session),
            layers=coverage_queries.list_layers(session),
        )


def _waiting(session: Session) -> list[Survey]:
    """The layers that wait to be taken in, for who may take them in."""
    viewer = current_viewer()
    return surveys.list_open(session, viewer, SurveyKind.COVER) if is_city_administrator(viewer) else []


def _places(session: Session) -> list[Choice]:
    is_english = web.language() == "en"
    return [Choice(place.code, place.name_en if is_english else place.name) for place in list_jurisdictions(session)]
