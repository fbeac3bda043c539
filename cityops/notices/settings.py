"""The administrator's pages of warnings: which rules speak of which clocks to whom, and the quiet hours."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.errors import Invalid, NotAllowed
from cityops.notices import rules
from cityops.notices.forms import QuietForm, WarningForm
from cityops.notices.sweeping import find_quiet
from cityops.notices.telling import MOMENT_LABELS, RECIPIENT_LABELS, watched_words

pages = Blueprint("notices_settings", __name__, url_prefix="/settings/warnings")
pages.before_request(ask_for_the_post)

REFUSALS = (Invalid, NotAllowed)


@pages.get("")
def show() -> str:
    """The rules, those that have ended, the quiet hours, and a form to add a rule."""
    return _page()


@pages.post("")
def add() -> Page:
    """Add a rule."""
    form = WarningForm(request.form)
    if not form.validate():
        return _page(form), 422
    try:
        with web.transaction() as session:
            number = rules.add_rule(session, current_viewer(), form.rule()).id
    except REFUSALS as refusal:
        form.refuse(refusal)
        return _page(form), web.STATUSES[type(refusal)]
    flash(_("Rule #%(number)s speaks of what comes to it from now on.", number=number), "info")
    return redirect(url_for("notices_settings.show"))


@pages.get("/<key(31):number>")
def show_rule(number: int) -> str:
    """One rule, to be changed or ended."""
    return _rule_page(number)


@pages.post("/<key(31):number>")
def change(number: int) -> Page:
    """Change a rule, or let it speak again."""
    form = WarningForm(request.form)
    if not form.validate():
        return _rule_page(number, form), 422
    try:
        with web.transaction() as session:
            rules.change_rule(session, current_viewer(), number, form.rule())
    except REFUSALS as refusal:
        form.refuse(refusal)
        return _rule_page(number, form), web.STATUSES[type(refusal)]
    flash(_("Rule #%(number)s speaks of what comes to it from now on.", number=number), "info")
    return redirect(url_for("notices_settings.show"))


@pages.post("/<key(31):number>/end")
def end(number: int) -> Response:
    """Let a rule speak no more."""
    with web.transaction() as session:
        rules.end_rule(session, current_viewer(), number)
    flash(_("Rule #%(number)s speaks no more.", number=number), "info")
    return redirect(url_for("notices_settings.show"))


@pages.post("/quiet-hours")
def set_quiet() -> Page:
    """Set the quiet hours."""
    form = QuietForm(request.form)
    if not form.validate():
        return _page(quiet_form=form), 422
    try:
        with web.transaction() as session:
            rules.set_quiet(session, current_viewer(), form.quiet())
    except NotAllowed as refusal:
        form.refuse(refusal)
        return _page(quiet_form=form), 403
    flash(_("Set; it holds for the notices that are made from now on."), "info")
    return redirect(url_for("notices_settings.show"))


def _page(form: WarningForm | None = None, quiet_form: QuietForm | None = None) -> str:
    viewer = current_viewer()
    with web.reading() as session:
        return render_template(
            "notices/rules.html",
            form=form or WarningForm(None),
            quiet_form=quiet_form or QuietForm.of(find_quiet(session)),
            rules=rules.list_rules(session, viewer),
            spoken=rules.count_spoken(session),
            days=rules.COUNTED_DAYS,
            may_set=rules.may_set(viewer),
            moment_labels=MOMENT_LABELS,
            recipient_labels=RECIPIENT_LABELS,
            watched_words=watched_words,
        )


def _rule_page(number: int, refused: WarningForm | None = None) -> str:
    viewer = current_viewer()
    with web.reading() as session:
        rule = rules.get_rule(session, viewer, number)
        form = refused or WarningForm(None, obj=rule)
        return render_template("notices/rule.html", rule=rule, form=form, may_set=rules.may_set(viewer))
