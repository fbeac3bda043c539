"""The pages that rehearse a responsibility rule before it is added or ended."""

from datetime import date

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import Page, ask_for_the_post
from cityops.cases.duty_forms import RuleForm
from cityops.cases.duty_routes import offer_choices, words_of
from cityops.catalog.models import ResponsibilityRule
from cityops.errors import Invalid, NotAllowed
from cityops.rehearsal import duty_replay
from cityops.rehearsal.duty_replay import DutyRehearsal
from cityops.rehearsal.forms import RehearsedEnd, RehearsedRule
from cityops.rehearsal.routes import MOST_ON_PAGE

pages = Blueprint("duty_rehearsal", __name__, url_prefix="/settings/rules")
pages.before_request(ask_for_the_post)


@pages.post("/rehearsal")
def rehearse_new() -> Page:
    """The last months under the rules with one more, and the form that adds it."""
    form, viewer = RehearsedRule(request.form), current_viewer()
    with web.reading() as session:
        offer_choices(session, form)
        if not form.validate():
            return _page(session, form), 422
        try:
            change = duty_replay.adding(session, viewer, form.rule(), ends_others=bool(form.ends_others.data))
        except (Invalid, NotAllowed) as refusal:
            form.refuse(refusal)
            return _page(session, form), web.STATUSES[type(refusal)]
        result = duty_replay.rehearse(session, viewer, change, form.months.data, most_cases=MOST_ON_PAGE)
        return _page(session, form, change.on, result)


@pages.post("/<key(31):number>/rehearsal")
def rehearse_end(number: int) -> Page:
    """The last months under the rules without one, and the form that ends it."""
    form, names, viewer = RehearsedEnd(request.form), RuleForm(None), current_viewer()
    last_on = form.last_on.data if form.validate() else None
    with web.reading() as session:
        offer_choices(session, names)
        change = duty_replay.ending(session, viewer, number, last_on or clock.today())
        if last_on is None:
            return _page(session, form, names=names, rule=change.subject), 422
        result = duty_replay.rehearse(session, viewer, change, form.months.data, most_cases=MOST_ON_PAGE)
        return _page(session, form, change.on, result, names=names, rule=change.subject)


def _page(
    session: Session,
    form: RehearsedRule | RehearsedEnd,
    on: date | None = None,
    result: DutyRehearsal | None = None,
    *,
    names: RuleForm | None = None,
    rule: ResponsibilityRule | None = None,
) -> str:
    """The form as it was filled in; what came of it, where it could be rehearsed; the rule that would end."""
    return render_template(
        "rehearsal/duty.html",
        form=form,
        rule=rule,
        on=on,
        result=result,
        bodies=accounts.find_bodies(session, result.body_ids if result is not None else ()),
        words=words_of(names or form),
        Outcome=duty_replay.Outcome,
    )
