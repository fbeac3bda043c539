"""The administrator's page of addresses: a file handed in, looked at by the worker, and taken in when he signs."""

from flask import Blueprint, Response, redirect, render_template, request, url_for

from cityops import web
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.errors import Invalid, WrongState
from cityops.grid import surveys, versions
from cityops.grid.addresses.forms import AddressesForm, TakeInAddressesForm
from cityops.grid.addresses.models import ADDRESS_KIND_LABELS
from cityops.grid.handing_in import keep_sent, send_faults, send_table, survey_words
from cityops.grid.models import SurveyKind

pages = Blueprint("grid_addresses", __name__, url_prefix="/settings/addresses")
pages.before_request(ask_for_the_post)


@pages.get("")
def show() -> str:
    """The files of addresses that were handed in and taken in, and a form to hand in the next."""
    return _page(AddressesForm())


@pages.post("")
def hand_in() -> Page:
    """Hand in a file of addresses for the worker to rehearse; nothing is changed."""
    form = AddressesForm(request.form)
    if not form.validate():
        return _page(form), 422
    versions.must_survey(current_viewer())
    try:
        key, name = keep_sent()
        with web.transaction() as session:
            survey_id = surveys.hand_in(session, current_viewer(), key, name, form.said(), SurveyKind.ADDRESSES).id
    except Invalid as error:
        form.refuse(error)
        return _page(form), 422
    return redirect(url_for("grid_addresses.show_survey", survey_id=survey_id), 303)


@pages.get("/<key(31):survey_id>")
def show_survey(survey_id: int) -> str:
    """What was found in a file of addresses, with the form to take it in."""
    return _survey_page(survey_id, TakeInAddressesForm())


@pages.post("/<key(31):survey_id>")
def take_in(survey_id: int) -> Page:
    """Order a file of addresses that was looked at to be taken in."""
    form = TakeInAddressesForm(request.form)
    if not form.validate():
        return _survey_page(survey_id, form), 422
    title, because = form.title.data or "", form.because.data or ""
    try:
        with web.transaction() as session:
            surveys.order_to_take_in(session, current_viewer(), survey_id, title, None, because, SurveyKind.ADDRESSES)
    except Invalid as error:
        form.refuse(error)
        return _survey_page(survey_id, form), 422
    except WrongState as error:
        form.form_errors.append(web.say(error))
        return _survey_page(survey_id, form), 409
    return redirect(url_for("grid_addresses.show_survey", survey_id=survey_id), 303)


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
        surveys.get_survey(session, current_viewer(), survey_id, SurveyKind.ADDRESSES)


def _page(form: AddressesForm) -> str:
    with web.reading() as session:
        return render_template(
            "grid/addresses.html",
            form=form,
            waiting=surveys.list_open(session, current_viewer(), SurveyKind.ADDRESSES),
            taken_in=surveys.list_taken_in(session, current_viewer(), SurveyKind.ADDRESSES),
        )


def _survey_page(survey_id: int, form: TakeInAddressesForm) -> str:
    with web.reading() as session:
        survey = surveys.get_survey(session, current_viewer(), survey_id, SurveyKind.ADDRESSES)
    labels = ADDRESS_KIND_LABELS
    return render_template("grid/addresses_survey.html", form=form, kind_labels=labels, **survey_words(survey))
