"""The small forms of the case page: one for each step of the workflow table, and one for a photo."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    FileField,
    FloatField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from cityops.accounts.models import BODY_KIND_LABELS, Body
from cityops.cases.at_place import ANSWERS, MANNER_LABELS, AtPlace, Manner
from cityops.cases.attachments import TAKEN_BY
from cityops.cases.models import ATTACHMENT_LABELS, AttachmentKind
from cityops.cases.names import StepName
from cityops.cases.services import StepRequest
from cityops.cases.steps import Need, Step
from cityops.cases.telling import named
from cityops.cases.workflow import RESULT_LABELS
from cityops.catalog.labels import limit_words
from cityops.catalog.models import CaseClass, CaseKind, FilingCondition
from cityops.errors import Invalid
from cityops.forms import Choice, RoomForm, word_choices
from cityops.words import N_

PHOTO_OF_STEP: Mapping[StepName, AttachmentKind] = {
    StepName.VERIFY: AttachmentKind.VERIFY,
    StepName.REPORT_BACK: AttachmentKind.AFTER,
    StepName.CHECK: AttachmentKind.CHECK,
    StepName.RECHECK: AttachmentKind.RECHECK,
}
"""What the photo shows that is sent with a step."""


class StepForm(RoomForm):
    """What a step has to be given; fields that its step does not need are taken away."""

    FIELD_OF = {"file": "photo"}

    step = HiddenField()
    version = IntegerField(widget=HiddenInput())
    next = HiddenField()
    condition = SelectField(_l("Filing condition"), validate_choice=False)
    body = SelectField(_l("Responsible body"), validate_choice=False)
    result = RadioField(_l("Result"), validate_choice=False)
    note = TextAreaField(_l("Note"))
    photo = FileField(_l("Photo"))
    lon = FloatField(widget=HiddenInput(), validators=[Optional()])
    lat = FloatField(widget=HiddenInput(), validators=[Optional()])
    located_at = HiddenField()
    manner = SelectField(_l("How it was judged"), validate_choice=False)
    at_place_reason = StringField(_l("Why not at the place"))

    def request(self) -> StepRequest:
        """The step as the service takes it.

        Raises:
            Invalid: the version is no number, or there is no such step.
        """
        name = self.step.data or ""
        if name not in set(StepName):
            raise Invalid("step", N_("There is no such step."))
        if self.version.data is None:
            raise Invalid("version", N_("The case's version is missing: reload the page."))
        return StepRequest(
            StepName(name),
            self.version.data,
            result=self.result.data or None,
            condition=self.condition.data or None,
            body=self.body.data or None,
            note=self.note.data or None,
            at_place=self._at_place(),
        )

    def _at_place(self) -> AtPlace:
        """Where the tablet was; a moment that cannot be read is none, and so is its position."""
        located_at = None
        with suppress(ValueError):
            located_at = datetime.fromisoformat(self.located_at.data or "")
        is_known = located_at is not None and located_at.tzinfo is not None
        manner = self.manner.data or Manner.ON_THE_SPOT
        if manner not in set(Manner):
            raise Invalid("manner", N_("Choose how it was judged."))
        return AtPlace(
            lon=self.lon.data if is_known else None,
            lat=self.lat.data if is_known else None,
            located_at=located_at if is_known else None,
            reason=self.at_place_reason.data or None,
            manner=Manner(manner),
            is_proof_asked=True,
        )


def condition_choices(
    conditions: Sequence[FilingCondition], class_id: int | None = None, area_level: int | None = None
) -> list[Choice]:
    """Filing conditions to choose from, those of one class first, each with its limit in areas of a level beside it."""
    ordered = sorted(conditions, key=lambda each: (each.class_id != class_id, each.code))
    return [
        Choice(
            each.code,
            f"{named(each.case_class)} · {named(each)}",
            {"data-under": limit_words(each.limit_in(area_level).limit), "data-words": each.code},
        )
        for each in ordered
    ]


def class_value(case_class: CaseClass) -> str:
    """A class as a form's choice: component and matter classes share their numbers."""
    return f"{case_class.kind.value}-{case_class.code}"


def parse_class(value: str | None) -> tuple[CaseKind, str]:
    """The kind and code of a class chosen in a form.

    Raises:
        Invalid: nothing a list offered; the error names `class_code`.
    """
    kind, _, code = (value or "").partition("-")
    if kind not in set(CaseKind) or not code:
        raise Invalid("class_code", N_("Choose a class from the list."))
    return CaseKind(kind), code


def class_choices(classes: Sequence[CaseClass]) -> list[Choice]:
    """Classes to choose from, by name or code, none of them chosen."""
    offered = [
        Choice(
            class_value(each),
            named(each),
            {"data-under": each.code, "data-words": f"{each.name} {each.name_en or ''}"},
        )
        for each in classes
    ]
    return [Choice("", ""), *offered]


def limit_choices(conditions: Sequence[FilingCondition]) -> list[Choice]:
    """Filing conditions to choose from, each with the class it is for and its limits, none of them chosen.

    `data-limit` is its own limit, `data-limit-2` the one in areas of the second level, where that is another.
    """
    offered = [
        Choice(each.code, named(each), {"data-for": class_value(each.case_class)} | _limit_marks(each))
        for each in conditions
    ]
    return [Choice("", gettext("not known yet")), *offered]


def _limit_marks(condition: FilingCondition) -> dict[str, str]:
    by_level = {f"data-limit-{row.area_level}": limit_words(row.limit) for row in condition.limits}
    return {"data-limit": limit_words(condition.limit)} | by_level


def body_choices(bodies: Sequence[Body]) -> list[Choice]:
    """Responsible bodies to choose from, each with its kind beside it, none of them chosen."""
    offered = [Choice(body.code, named(body), {"data-under": gettext(BODY_KIND_LABELS[body.kind])}) for body in bodies]
    return [Choice("", ""), *offered]


def fit_form(form: StepForm, step: Step, conditions: list[Choice], bodies: list[Choice]) -> StepForm:
    """A step's form with what the step needs, its fields named so that several stand on one page."""
    needs = set(step.needs)
    if Need.CONDITION in needs:
        form.condition.choices = conditions
    else:
        del form.condition
    if needs & {Need.BODY, Need.CENTRE}:
        form.body.choices = bodies
        form.body.label.text = gettext("Command centre") if Need.CENTRE in needs else form.body.label.text
    elif step.name is StepName.RECHECK and bodies:
        form.body.choices = bodies
        form.body.label.text = gettext("Whose work is at fault")
    else:
        del form.body
    if Need.RESULT in needs:
        form.result.choices = [Choice(word, gettext(RESULT_LABELS[word])) for word in step.answers]
    else:
        del form.result
    if step.name not in PHOTO_OF_STEP:
        del form.photo
    if step.name in ANSWERS:
        form.manner.choices = word_choices(MANNER_LABELS, gettext)
    else:
        del form.lon, form.lat, form.located_at, form.manner, form.at_place_reason
    if Need.REASON in needs:
        form.note.label.text = gettext("Reason")
    elif Need.NOTE in needs:
        form.note.label.text = gettext("What was done")
    for item in form:
        item.id = item.label.field_id = f"{step.name.value}-{item.short_name}"
    return form


class PhotoForm(RoomForm):
    """A photo added to a case; `uuid` makes the same photo sent twice one photo."""

    uuid = HiddenField()
    kind = SelectField(_l("What it shows"), validate_choice=False)
    photo = FileField(_l("Photo"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = word_choices({kind: ATTACHMENT_LABELS[kind] for kind in TAKEN_BY}, gettext)
