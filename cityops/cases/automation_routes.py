"""The administrator's page of what goes by itself: its switches, what ran today, and what was left to persons."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from cityops import clock, web
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import PAGE_SIZE, Page, ask_for_the_post, next_url
from cityops.cases import automation
from cityops.cases.automation import MAX_NOTE, NewAutomation
from cityops.cases.duty_forms import area_choices, class_key_choices
from cityops.cases.duty_routes import AREA_LEVELS
from cityops.cases.names import SOURCE_LABELS
from cityops.cases.plain_cases import AUTO_STEP_LABELS, HELD_LABELS, AutoStep, Held
from cityops.catalog import queries as catalog
from cityops.errors import Invalid, NotAllowed
from cityops.forms import Choice, RoomForm, word_choices
from cityops.grid import queries as grid

pages = Blueprint("automation", __name__, url_prefix="/settings/automation")
pages.before_request(ask_for_the_post)

WORDED = ("class_key", "area_prefix", "source")


class AutomationForm(RoomForm):
    """A step to let go by itself."""

    FIELD_OF = {"area": "area_prefix"}

    step = SelectField(_l("Step"), choices=word_choices(AUTO_STEP_LABELS, _l))
    class_key = SelectField(_l("Class"), validate_choice=False)
    area_prefix = SelectField(_l("Area"), validate_choice=False)
    source = SelectField(_l("Source"), validate_choice=False)
    sample_percent = IntegerField(
        _l("Percent for a person's look"), [InputRequired(_l("Fill this in.")), NumberRange(0, 100)], default=5
    )
    with_urgent = BooleanField(_l("urgent cases too"))
    note = StringField(_l("Note"), [Length(max=MAX_NOTE)])

    def automation(self) -> NewAutomation:
        """The rule as the service takes it."""
        return NewAutomation(
            step=AutoStep(self.step.data),
            sample_percent=self.sample_percent.data or 0,
            class_key=self.class_key.data or "",
            area_prefix=self.area_prefix.data or "",
            source=self.source.data or "",
            with_urgent=bool(self.with_urgent.data),
            note=self.note.data or "",
        )


@pages.get("")
def show() -> str:
    """The switches with what each did today, and the newest of what was done or left."""
    return _page(AutomationForm(None))


@pages.post("")
def switch_on() -> Page:
    """Let a step go by itself."""
    form = AutomationForm(request.form)
    if not form.validate():
        return _page(form), 422
    try:
        number = web.settle(lambda session: automation.switch_on(session, current_viewer(), form.automation()).id)
    except (Invalid, NotAllowed) as error:
        form.refuse(error)
        return _page(form), 403 if isinstance(error, NotAllowed) else 422
    flash(_("Rule #%(number)s is on.", number=number), "info")
    return redirect(url_for("automation.show"))


@pages.post("/<key(31):number>/off")
def switch_off(number: int) -> Response:
    """Leave a step to persons again."""
    with web.transaction() as session:
        automation.switch_off(session, current_viewer(), number)
    flash(_("Rule #%(number)s is off.", number=number), "info")
    return redirect(url_for("automation.show"))


def _page(form: AutomationForm) -> str:
    viewer, before = current_viewer(), web.find_asked_key("before")
    asked = request.args.get("held", "")
    held = Held(asked) if asked in set(Held) else None
    with web.reading() as session:
        _offer(session, form)
        entries = automation.list_entries(session, viewer, held=held, before=before, limit=PAGE_SIZE + 1)
        return render_template(
            "cases/automation.html",
            form=form,
            rules=automation.list_rules(session, viewer),
            today=automation.tally_today(session, viewer),
            entries=entries[:PAGE_SIZE],
            held=held,
            held_labels=HELD_LABELS,
            step_labels=AUTO_STEP_LABELS,
            words={name: {each.value: each.label for each in form[name].choices} for name in WORDED},
            first_url=url_for("automation.show", held=held) if before else None,
            next_url=next_url(entries, lambda last: {"before": last.id, "held": asked}),
        )


def _offer(session: Session, form: AutomationForm) -> None:
    areas = [area for level in AREA_LEVELS for area in grid.list_areas(session, level)]
    form.class_key.choices = class_key_choices(catalog.list_classes(session, clock.today()))
    form.area_prefix.choices = area_choices(areas)
    form.source.choices = [Choice("", _("every source")), *word_choices(SOURCE_LABELS, _)]
