"""The pages of the years: which holidays are known, and a year's announcement, looked at before it is entered."""

import io

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from cityops import clock, web
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.errors import Invalid, WrongState
from cityops.words import N_
from cityops.worktime import queries, services
from cityops.worktime.forms import DAY_KIND_LABELS, MOST_NOTICE, EnterForm, NoticeForm
from cityops.worktime.hours import WEEKDAYS
from cityops.worktime.notices import BadNotice, Fault, Notice, read_notice
from cityops.worktime.services import Changes

pages = Blueprint("worktime_holidays", __name__, url_prefix="/settings/holidays")
pages.before_request(ask_for_the_post)


@pages.get("")
def list_years() -> str:
    """The years that are known, and a form to hand in the next."""
    return _years_page(NoticeForm(data={"year": clock.today().year + 1}))


@pages.post("/preview")
def preview() -> Page:
    """What a file would change; nothing is written."""
    form = NoticeForm(request.form)
    if not form.validate():
        return _years_page(form), 422
    year = form.year.data or 0
    try:
        text = _text_of_upload()
        notice = _read(text, year)
    except BadNotice as refusal:
        return _years_page(form, refusal.faults), 422
    except Invalid as error:
        form.refuse(error)
        return _years_page(form), 422
    with web.reading() as session:
        changes = services.compare_year(session, year, notice)
    enter = EnterForm(data={"year": year, "source": form.source.data, "text": text, "replaces": changes.is_known})
    return _preview_page(enter, notice, changes)


@pages.post("")
def enter_year() -> Page:
    """Enter the days that were looked at."""
    form = EnterForm(request.form)
    if not form.validate():
        return _years_page(NoticeForm(request.form)), 422
    year, source = form.year.data or 0, (form.source.data or "").strip()
    notice = _read(form.text.data or "", year)
    try:
        with web.transaction() as session:
            services.announce_year(session, current_viewer(), year, notice, source, replaces=bool(form.replaces.data))
    except (Invalid, WrongState) as error:
        refused = NoticeForm(request.form)
        refused.form_errors.append(web.say(error))
        return _years_page(refused), 422
    said = _("The holidays of %(year)s are entered. Due times that have been counted stay as they are.", year=year)
    flash(said, "info")
    return redirect(url_for("worktime_holidays.list_years"))


def _text_of_upload() -> str:
    sent = request.files.get("file")
    content = sent.read(MOST_NOTICE * 4) if sent is not None else b""
    if not content:
        raise Invalid("file", N_("Choose a file."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("file", N_("The file is not written in UTF-8.")) from None
    if len(text) > MOST_NOTICE:
        raise Invalid("file", N_("The file is too long to be a year's holidays."))
    return text


def _read(text: str, year: int) -> Notice:
    return read_notice(io.StringIO(text, newline=""), year)


def _years_page(form: NoticeForm, faults: list[Fault] | None = None) -> str:
    with web.reading() as session:
        return render_template(
            "worktime/holidays.html",
            years=list(reversed(queries.list_years(session))),
            form=form,
            faults=[(each.line, each.field, web.say(each.refusal)) for each in faults or ()],
        )


def _preview_page(form: EnterForm, notice: Notice, changes: Changes) -> str:
    days = sorted({*changes.added, *changes.removed})
    rows = [(day, changes.removed.get(day), changes.added.get(day)) for day in days]
    return render_template(
        "worktime/holidays_preview.html",
        form=form,
        rows=rows,
        count=len(notice),
        changes=changes,
        kind_labels=DAY_KIND_LABELS,
        weekdays=WEEKDAYS,
    )
