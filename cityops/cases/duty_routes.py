"""The administrator's page of responsibility rules: who is responsible for what, where, and what is wrong with that."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import PAGE_SIZE, Page, ask_for_the_post
from cityops.cases import arbitration
from cityops.cases.duty_forms import EndForm, RuleForm, area_choices, class_key_choices, phase_choices
from cityops.cases.forms import body_choices, condition_choices
from cityops.catalog import queries as catalog
from cityops.catalog import rule_faults, rules
from cityops.catalog.rules import RuleFilter
from cityops.errors import Invalid, NotAllowed
from cityops.forms import Choice
from cityops.grid import queries as grid
from cityops.grid.models import AreaLevel

pages = Blueprint("duties", __name__, url_prefix="/settings/rules")
pages.before_request(ask_for_the_post)

AREA_LEVELS = (AreaLevel.DISTRICT, AreaLevel.STREET, AreaLevel.COMMUNITY)


@pages.get("")
def list_rules() -> str:
    """The rules, what is wrong with them, and a form to add one."""
    return _rules_page(RuleForm(None))


@pages.post("")
def add_rule() -> Page:
    """Add a rule."""
    form = RuleForm(request.form)
    if not form.validate():
        return _rules_page(form), 422
    try:
        with web.transaction() as session:
            rule = rules.add_rule(session, current_viewer(), form.rule())
            number = rule.id
    except (Invalid, NotAllowed) as error:
        form.refuse(error)
        return _rules_page(form), 403 if isinstance(error, NotAllowed) else 422
    flash(_("Rule #%(number)s is added.", number=number), "info")
    return redirect(url_for("duties.show_rule", number=number))


@pages.get("/<key(31):number>")
def show_rule(number: int) -> str:
    """One rule, with the form that ends it."""
    return _rule_page(number, EndForm(None, data={"last_on": clock.today()}))


@pages.post("/<key(31):number>/end")
def end_rule(number: int) -> Page:
    """Say a rule's last day."""
    form = EndForm(request.form)
    last_on = form.last_on.data if form.validate() else None
    if last_on is None:
        return _rule_page(number, form), 422
    try:
        with web.transaction() as session:
            rules.end_rule(session, current_viewer(), number, last_on)
    except Invalid as error:
        form.refuse(error)
        return _rule_page(number, form), 422
    flash(_("The last day of rule #%(number)s is %(day)s.", number=number, day=last_on), "info")
    return redirect(url_for("duties.list_rules"))


def _rules_page(form: RuleForm) -> str:
    kept: dict[str, Any] = {
        name: value for name, value in request.args.items() if value and name in {"class", "area", "body", "ended"}
    }
    wanted = RuleFilter(kept.get("class"), kept.get("area"), kept.get("body"), is_ended="ended" in kept)
    after = web.find_asked_key("after", bits=31) or 0
    with web.reading() as session:
        offer_choices(session, form)
        found = rules.list_rules(session, current_viewer(), wanted, after=after, limit=PAGE_SIZE + 1)
        shown = found[:PAGE_SIZE]
        return render_template(
            "cases/rules.html",
            form=form,
            rules=shown,
            faults=rule_faults.list_faults(session, current_viewer()),
            proposed=arbitration.list_proposed(session, current_viewer()),
            kept=kept,
            first_url=url_for("duties.list_rules", **kept) if after else None,
            next_url=url_for("duties.list_rules", **kept, after=shown[-1].id) if len(found) > PAGE_SIZE else None,
            words=words_of(form),
        )


def _rule_page(number: int, form: EndForm) -> str:
    names = RuleForm(None)
    with web.reading() as session:
        offer_choices(session, names)
        rule = rules.get_rule(session, current_viewer(), number)
        return render_template(
            "cases/rule.html",
            rule=rule,
            form=form,
            may_end=rules.may_change(current_viewer(), rule.area_prefix),
            today=clock.today(),
            words=words_of(names),
        )


def offer_choices(session: Session, form: RuleForm) -> None:
    """Fill the lists one chooses from."""
    today = clock.today()
    areas = [area for level in AREA_LEVELS for area in grid.list_areas(session, level)]
    form.class_key.choices = class_key_choices(catalog.list_classes(session, today))
    conditions = catalog.list_conditions_in_force(session, today)
    offered = [*condition_choices(conditions), *phase_choices(conditions, catalog.list_phases_in_force(session, today))]
    form.condition_code.choices = [Choice("", _("every condition")), *offered]
    form.area_prefix.choices = area_choices(areas)
    form.body.choices = body_choices(accounts.list_bodies(session, RESPONSIBLE_KINDS))


def words_of(form: RuleForm) -> dict[str, dict[str, str]]:
    """What the codes of a rule are called, out of what the form offers; a code that has ended is told as it is."""
    names = ("class_key", "condition_code", "area_prefix", "body")
    return {name: {each.value: each.label for each in form[name].choices} for name in names}
