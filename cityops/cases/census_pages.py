"""The administrator's page of censuses: a file handed in, looked at by the worker, and taken in when he signs."""

from flask import Blueprint, Response, redirect, render_template, request, url_for

from cityops import web
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.cases.census_forms import CensusForm, TakeInCensusForm
from cityops.errors import Invalid, WrongState
from cityops.grid import surveys, versions
from cityops.grid.handing_in import keep_sent, send_faults, send_table, survey_words
from cityops.grid.models import SurveyKind

pages = Blueprint("census", __name__, url_prefix="/settings/census")
pages.before_request(ask_for_the_post)


@pages.get("")
def show() -> str:
    """The censuses that were handed in and taken in, and a form to hand in the next."""
    return _page(CensusForm())


@pages.post("")
def hand_in() -> Page:
    """Hand in a census for the worker to rehearse; nothing is changed."""
    form = CensusForm(request.form)
    if not form.validate():
        return _page(form), 422
    versions.must_survey(current_viewer())
    try:
        said = form.said(request.files.get("classes"))
        key, name = keep_sent()
        with web.transaction() as session:
            survey_id = surveys.hand_in(session, current_viewer(), key, name, said, SurveyKind.CENSUS).id
    except Invalid as error:
        form.refuse(error)
        return _page(form), 422
    return redirect(url_for("census.show_survey", survey_id=survey_id), 303)


@pages.get("/<key(31):survey_id>")
def show_survey(survey_id: int) -> str:
    """What was found in a census, with the form to take it in."""
    return _survey_page(survey_id, TakeInCensusForm())


@pages.post("/<key(31):survey_id>")
def take_in(survey_id: int) -> Page:
    """Order a census that was looked at to be taken in."""
    form = TakeInCensusForm(request.form)
    if not form.validate():
        return _survey_page(survey_id, form), 422
    title, because = form.title.data or "", form.because.data or ""
    try:
        with web.transaction() as session:
            surveys.order_to_take_in(session, current_viewer(), survey_id, title, None, because, SurveyKind.CENSUS)
    except Invalid as error:
        form.refuse(error)
        return _survey_page(survey_id, form), 422
    except WrongState as error:
        form.form_errors.append(web.say(error))
        return _survey_page(survey_id, form), 409
    return redirect(url_for("census.show_survey", survey_id=survey_id), 303)


@pages.get("/<key(31):survey_id>/faults")
def faults(survey_id: int) -> Response:
    """What was found and has a place, as a GeoPackage for QGIS."""
    _must_be_there(survey_id)
    return send_faults(survey_id)


@pages.get("/<key(31):survey_id>/faults.xlsx")
def table(survey_id: int) -> Response:
    """All that was found, as an Excel file."""
    _must_be_there(survey_id)
    return send_table(survey_id)


def _must_be_there(survey_id: int) -> None:
    with web.reading() as session:
        surveys.get_survey(session, current_viewer(), survey_id, SurveyKind.CENSUS)


def _page(form: CensusForm) -> str:
    with web.reading() as session:
        return render_template(
            "cases/census.html",
            form=form,
            waiting=surveys.list_open(session, current_viewer(), SurveyKind.CENSUS),
            taken_in=surveys.list_taken_in(session, current_viewer(), SurveyKind.CENSUS),
        )


def _survey_page(survey_id: int, form: TakeInCensusForm) -> str:
    with web.reading() as session:
        survey = surveys.get_survey(session, current_viewer(), survey_id, SurveyKind.CENSUS)
    return render_template("cases/census_survey.html", form=form, **survey_words(survey))
