"""The administrator's pages of the grid: its versions, and surveys, which the worker looks at and takes in."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from cityops import web
from cityops.accounts.administration import is_city_administrator
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.errors import CityopsError, Invalid, WrongState
from cityops.grid import surveys, versions
from cityops.grid.ancestry import FATE_LABELS
from cityops.grid.forms import SurveyForm, TakeInForm
from cityops.grid.handing_in import keep_sent, send_faults, send_table, survey_words
from cityops.grid.models import VERSION_STATE_LABELS, VersionState

pages = Blueprint("grid_versions", __name__, url_prefix="/settings/grid")
pages.before_request(ask_for_the_post)


@pages.get("")
def show() -> str:
    """The versions; for who may change the ground, a form to hand in the next survey."""
    return _versions_page(SurveyForm())


@pages.post("/surveys")
def hand_in() -> Page:
    """Hand in a file for the worker to look at; nothing is changed."""
    form = SurveyForm(request.form)
    if not form.validate():
        return _versions_page(form), 422
    versions.must_survey(current_viewer())
    try:
        key, name = keep_sent()
        with web.transaction() as session:
            survey_id = surveys.hand_in(session, current_viewer(), key, name, form.said()).id
    except Invalid as error:
        form.refuse(error)
        return _versions_page(form), 422
    return redirect(url_for("grid_versions.show_survey", survey_id=survey_id), 303)


@pages.get("/surveys/<int:survey_id>")
def show_survey(survey_id: int) -> str:
    """What was found in a survey's file, with the form to take it in."""
    return _survey_page(survey_id, TakeInForm())


@pages.post("/surveys/<int:survey_id>")
def take_in(survey_id: int) -> Page:
    """Order a survey that was looked at to be taken in, today or for the day given."""
    form = TakeInForm(request.form)
    if not form.validate():
        return _survey_page(survey_id, form), 422
    title, because = form.title.data or "", form.because.data or ""
    try:
        with web.transaction() as session:
            surveys.order_to_take_in(session, current_viewer(), survey_id, title, form.from_on.data, because)
    except (Invalid, WrongState) as error:
        return _refused(survey_id, form, error)
    return redirect(url_for("grid_versions.show_survey", survey_id=survey_id), 303)


@pages.get("/surveys/<int:survey_id>/faults")
def faults(survey_id: int) -> Response:
    """What was found in a survey's file and has a place, as a GeoPackage for QGIS."""
    with web.reading() as session:
        surveys.get_survey(session, current_viewer(), survey_id)
    return send_faults(survey_id)


@pages.get("/surveys/<int:survey_id>/faults.xlsx")
def table(survey_id: int) -> Response:
    """All that was found in a survey's file, as an Excel file."""
    with web.reading() as session:
        surveys.get_survey(session, current_viewer(), survey_id)
    return send_table(survey_id)


@pages.post("/<int:version_id>/withdraw")
def withdraw(version_id: int) -> Page:
    """Undo a version before its day."""
    try:
        with web.transaction() as session:
            versions.withdraw(session, current_viewer(), version_id)
    except WrongState as error:
        form = SurveyForm()
        form.form_errors.append(web.say(error))
        return _versions_page(form), 409
    flash(_("The version is withdrawn; the grid stays as it is."), "info")
    return redirect(url_for("grid_versions.show"), 303)


def _refused(survey_id: int, form: TakeInForm, error: CityopsError) -> Page:
    if isinstance(error, Invalid):
        form.refuse(error)
        return _survey_page(survey_id, form), 422
    form.form_errors.append(web.say(error))
    return _survey_page(survey_id, form), 409


def _versions_page(form: SurveyForm) -> str:
    viewer = current_viewer()
    may_survey = is_city_administrator(viewer)
    with web.reading() as session:
        return render_template(
            "grid/versions.html",
            form=form,
            versions=versions.list_versions(session),
            surveys=surveys.list_open(session, viewer) if may_survey else (),
            may_survey=may_survey,
            state_labels=VERSION_STATE_LABELS,
            planned=VersionState.PLANNED,
        )


def _survey_page(survey_id: int, form: TakeInForm) -> str:
    with web.reading() as session:
        survey = surveys.get_survey(session, current_viewer(), survey_id)
    return render_template("grid/survey.html", form=form, fate_labels=FATE_LABELS, **survey_words(survey))
