"""The pages that rehearse a calendar's change before it is entered."""

from collections.abc import Mapping
from datetime import date
from functools import partial

from flask import Blueprint, render_template, request

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.catalog.labels import limit_words
from cityops.catalog.telling import Names
from cityops.errors import Invalid
from cityops.rehearsal import calendar_replay
from cityops.rehearsal.calendar_replay import CalendarChange, as_it_would_be
from cityops.rehearsal.forms import RehearsedDay, RehearsedHours, RehearsedRemoval, RehearsedTerms
from cityops.rehearsal.replay import Rehearsal, by_change, first_day
from cityops.rehearsal.routes import MOST_ON_PAGE
from cityops.worktime import editing
from cityops.worktime.queries import get_calendar_row
from cityops.worktime.routes import enter_day

pages = Blueprint("calendar_rehearsal", __name__, url_prefix="/settings/calendars")
pages.before_request(ask_for_the_post)

RehearsedForm = RehearsedHours | RehearsedDay | RehearsedRemoval | RehearsedTerms
KINDS: Mapping[type[RehearsedForm], str] = {
    RehearsedHours: "hours",
    RehearsedDay: "day",
    RehearsedRemoval: "removal",
    RehearsedTerms: "terms",
}
"""What the page calls the changes it rehearses."""


@pages.post("/<name>/hours/rehearsal")
def rehearse_hours(name: str) -> Page:
    """The last months under other weekly hours, and the form that enters them."""
    form = RehearsedHours(request.form)
    week, from_on = form.read_week() if form.validate() else None, form.from_on.data
    if week is None or from_on is None:
        return _page(name, form), 422
    since_on = first_day(form.months.data)
    asked = (current_viewer(), name, week, from_on, form.until_on.data, since_on)
    shown_from = since_on if from_on > clock.today() else from_on
    return _rehearse(name, form, calendar_replay.other_hours(*asked), shown_from)


@pages.post("/<name>/days/rehearsal")
def rehearse_day(name: str) -> Page:
    """The last months with a day of its own, and the form that enters it."""
    form = RehearsedDay(request.form)
    each, day = form.read_day() if form.validate() else None, form.day.data
    if each is None or day is None:
        return _page(name, form), 422
    return _rehearse(name, form, partial(enter_day, name=name, form=form, day=day, each=each), day)


@pages.post("/<name>/days/remove/rehearsal")
def rehearse_removal(name: str) -> Page:
    """The last months without a day of its own, and the form that takes it out."""
    form = RehearsedRemoval(request.form)
    day = form.day.data if form.validate() else None
    if day is None:
        return _page(name, form), 422
    change = partial(editing.remove_day, viewer=current_viewer(), day=day, name=form.whose_of(name))
    return _rehearse(name, form, change, day)


@pages.post("/<name>/terms/rehearsal")
def rehearse_terms(name: str) -> Page:
    """The last months as another way of counting would have had them, and the form that enters it."""
    form = RehearsedTerms(request.form)
    if not form.validate():
        return _page(name, form), 422
    change = partial(editing.set_terms, viewer=current_viewer(), name=name, terms=form.terms())
    return _rehearse(name, form, change, first_day(form.months.data))


def _rehearse(name: str, form: RehearsedForm, change: CalendarChange, from_on: date) -> Page:
    viewer = current_viewer()
    try:
        with web.transaction() as session:
            changed = as_it_would_be(session, change)
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(name, form), 422
    with web.reading() as session:
        result = calendar_replay.rehearse(session, viewer, changed, form.months.data, most_cases=MOST_ON_PAGE)
    return _page(name, form, result, from_on)


def _page(name: str, form: RehearsedForm, result: Rehearsal | None = None, from_on: date | None = None) -> str:
    """The form as it was filled in, and what came of it from which day on, where it could be rehearsed."""
    with web.reading() as session:
        names = Names.read(session)
        keys = result.bodies.keys() if result is not None else ()
        bodies = accounts.find_bodies(session, keys)
        return render_template(
            "rehearsal/calendar.html",
            row=get_calendar_row(session, name),
            form=form,
            kind=KINDS[type(form)],
            result=result,
            from_on=from_on,
            today=clock.today(),
            bodies=[(bodies.get(key), tally) for key, tally in by_change(result)] if result is not None else [],
            hours=lambda rule: names.value("calendar", rule.calendar),
            limit_words=limit_words,
        )
