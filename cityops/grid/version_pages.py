"""The administrator's pages of the grid: its versions, and surveys, which the worker looks at and takes in."""

import json
import re
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from cityops import web
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.errors import CityopsError, Invalid, NotFound, WrongState
from cityops.grid import surveys, versions
from cityops.grid.forms import SurveyForm, TakeInForm
from cityops.grid.models import VERSION_STATE_LABELS, SurveyState, VersionState
from cityops.words import N_

pages = Blueprint("grid_versions", __name__, url_prefix="/settings/grid")
pages.before_request(ask_for_the_post)


@pages.get("")
def show() -> str:
    """The versions, and a form to hand in the next survey."""
    return _versions_page(SurveyForm())


@pages.post("/surveys")
def hand_in() -> Page:
    """Hand in a file for the worker to look at; nothing is changed."""
    form, sent = SurveyForm(request.form), request.files.get("file")
    if not form.validate():
        return _versions_page(form), 422
    versions.must_survey(current_viewer())
    try:
        if sent is None or not sent.filename:
            raise Invalid("file", N_("Choose a file."))
        key = surveys.keep(web.workshop().config.surveys_folder, sent.stream, sent.filename)
        with web.transaction() as session:
            survey_id = surveys.hand_in(session, current_viewer(), key, sent.filename, form.said()).id
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
    path = surveys.faults_of(web.workshop().config.surveys_folder, survey_id)
    if not path.is_file():
        raise NotFound(N_("This file is kept no longer: hand it in again."))
    return send_file(path, "application/geopackage+sqlite3", as_attachment=True, download_name="faults.gpkg")


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
    with web.reading() as session:
        return render_template(
            "grid/versions.html",
            form=form,
            versions=versions.list_versions(session),
            surveys=surveys.list_open(session, current_viewer()),
            state_labels=VERSION_STATE_LABELS,
            planned=VersionState.PLANNED,
        )


def _survey_page(survey_id: int, form: TakeInForm) -> str:
    with web.reading() as session:
        survey = surveys.get_survey(session, current_viewer(), survey_id)
    told: dict[str, Any] = json.loads(survey.told)
    # One reason with many values is one line: its values are left out.
    by_reason = [
        (is_error, layer, re.sub(r"%\(\w+\)s", "…", _(reason)), number)
        for is_error, layer, reason, number in told.get("by_reason", ())
    ]
    return render_template(
        "grid/survey.html",
        survey=survey,
        told=told,
        by_reason=by_reason,
        form=form,
        is_waiting=survey.state in (SurveyState.TO_LOOK_AT, SurveyState.TO_TAKE_IN),
        is_taken_in=survey.state is SurveyState.TAKEN_IN,
    )
