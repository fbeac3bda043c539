"""The calendars' pages under Settings: the list, and each one with its hours, its days and a month of it."""

from collections.abc import Callable
from datetime import date, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts.forms import PageForm
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.errors import NOTHING_HERE, Invalid, NotFound
from cityops.worktime import editing, queries
from cityops.worktime.calendar import DayException
from cityops.worktime.forms import (
    DAY_KIND_LABELS,
    DAY_RULE_LABELS,
    CalendarForm,
    DayForm,
    HoursForm,
    RemoveForm,
    TermsForm,
)
from cityops.worktime.hours import WEEKDAYS
from cityops.worktime.month import month_of
from cityops.worktime.showing import tell_week
from cityops.worktime.timeline import FIRST_YEAR, LAST_YEAR

pages = Blueprint("worktime", __name__, url_prefix="/settings/calendars")
pages.before_request(ask_for_the_post)


@pages.app_context_processor
def words() -> dict[str, object]:
    """What the administrator's first pages ask: which years' holidays are missing."""
    return {"missing_years": _missing_years}


@pages.get("")
def list_calendars() -> str:
    """The calendars with their hours of today, and a form to add one."""
    return _list_page(CalendarForm())


@pages.post("")
def add_calendar() -> Page:
    """Add a calendar."""
    form = CalendarForm(request.form)
    week = form.read_week() if form.validate() else None
    if week is None:
        return _list_page(form), 422
    name = (form.name.data or "").strip()
    try:
        with web.transaction() as session:
            editing.add_calendar(session, current_viewer(), name, form.terms(), week)
    except Invalid as error:
        form.refuse(error)
        return _list_page(form), 422
    return redirect(url_for("worktime.show_calendar", name=name))


@pages.get("/<name>")
def show_calendar(name: str) -> str:
    """One calendar: a month of it, its days and hours, and how it counts."""
    return _calendar_page(name)


@pages.post("/<name>/terms")
def set_terms(name: str) -> Page:
    """Change what a calendar is called and how it counts."""
    form = TermsForm(request.form)
    if not form.validate():
        return _calendar_page(name, form), 422
    return _change(name, form, lambda session: editing.set_terms(session, current_viewer(), name, form.terms()))


@pages.post("/<name>/hours")
def set_hours(name: str) -> Page:
    """Enter other weekly hours from a day on."""
    form = HoursForm(request.form)
    week, from_on = form.read_week() if form.validate() else None, form.from_on.data
    if week is None or from_on is None:
        return _calendar_page(name, form), 422
    return _change(
        name,
        form,
        lambda session: editing.set_hours(session, current_viewer(), name, week, from_on, form.until_on.data),
    )


@pages.post("/<name>/days")
def add_day(name: str) -> Page:
    """Enter a day of its own, for this calendar or for all."""
    form = DayForm(request.form)
    each, day = form.read_day() if form.validate() else None, form.day.data
    if each is None or day is None:
        return _calendar_page(name, form), 422
    return _change(name, form, lambda session: enter_day(session, name, form, day, each))


def enter_day(session: Session, name: str, form: DayForm, day: date, each: DayException) -> None:
    """Enter what a form says of a day: closed from a time on, or the day as it is."""
    minute, whose = form.closing_minute, form.whose_of(name)
    if minute is None:
        editing.add_day(session, current_viewer(), day, each, whose)
    else:
        editing.close_from(session, current_viewer(), day, minute, form.names, whose)


@pages.post("/<name>/days/remove")
def remove_day(name: str) -> Response:
    """Take a day out of this calendar, or out of all."""
    form = RemoveForm(request.form)
    if not form.validate() or form.day.data is None:
        raise NotFound(NOTHING_HERE)
    with web.transaction() as session:
        editing.remove_day(session, current_viewer(), form.day.data, form.whose_of(name))
    flash(_("It is an ordinary day again. Due times that have been counted stay as they are."), "info")
    return redirect(url_for("worktime.show_calendar", name=name, month=request.args.get("month")))


def _missing_years() -> queries.MissingYears | None:
    with web.reading() as session:
        return queries.find_missing_years(session, clock.today())


def _change(name: str, form: PageForm, change: Callable[[Session], object]) -> Page:
    """Make a change of a calendar, and show its page again: with the change, or with why it was refused."""
    try:
        with web.transaction() as session:
            change(session)
    except Invalid as error:
        form.refuse(error)
        return _calendar_page(name, form), 422
    flash(_("The calendar is changed. Due times that have been counted stay as they are."), "info")
    return redirect(url_for("worktime.show_calendar", name=name, month=request.args.get("month")))


def _list_page(form: CalendarForm) -> str:
    today = clock.today()
    with web.reading() as session:
        rows = queries.list_calendars(session)
        return render_template(
            "worktime/calendars.html",
            rows=[(row, tell_week(queries.load_calendar(session, row.name).week_on(today))) for row in rows],
            form=form,
            rule_labels=DAY_RULE_LABELS,
        )


def _calendar_page(name: str, refused: PageForm | None = None) -> str:
    today, first = clock.today(), _asked_month()
    with web.reading() as session:
        row = queries.get_calendar_row(session, name)
        calendar = queries.load_calendar(session, name)
        week = calendar.week_on(today)
        return render_template(
            "worktime/calendar.html",
            row=row,
            month=month_of(calendar, first.year, first.month),
            first=first,
            earlier=first - timedelta(days=1),
            later=first + timedelta(days=31),
            today=today,
            weeks=[(each, tell_week(each)) for each in reversed(calendar.weeks)],
            week=week,
            days=[(each, queries.spans_of(each.spans)) for each in queries.list_days(session, row, first.year)],
            weekdays=WEEKDAYS,
            terms_form=refused if isinstance(refused, TermsForm) else TermsForm.of(row),
            hours_form=refused if isinstance(refused, HoursForm) else HoursForm.of(week),
            day_form=refused if isinstance(refused, DayForm) else DayForm(),
            kind_labels=DAY_KIND_LABELS,
            rule_labels=DAY_RULE_LABELS,
        )


def _asked_month() -> date:
    """The first day of the month asked for, else of this one."""
    try:
        first = date.fromisoformat(f"{request.args.get('month', '')}-01")
    except ValueError:
        first = clock.today().replace(day=1)
    return first if FIRST_YEAR < first.year < LAST_YEAR else clock.today().replace(day=1)
