"""The forms of the page of responsibility rules."""

from collections.abc import Sequence

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from cityops.cases.telling import named
from cityops.catalog.labels import phase_words
from cityops.catalog.models import CaseClass, ConditionPhase, FilingCondition
from cityops.catalog.phases import FIRST_PHASE
from cityops.catalog.rules import MAX_NOTE, MAX_REFERENCE, NewRule
from cityops.forms import Choice, RoomForm
from cityops.grid.models import AREA_LEVEL_LABELS, Area


class RuleForm(RoomForm):
    """A rule to add."""

    FIELD_OF = {"area": "area_prefix", "condition": "condition_code"}

    class_key = SelectField(_l("Class"), validate_choice=False)
    condition_code = SelectField(_l("Filing condition or phase"), validate_choice=False)
    area_prefix = SelectField(_l("Area"), validate_choice=False)
    body = SelectField(_l("Responsible body"), validate_choice=False)
    from_on = DateField(_l("First day"), [Optional()])
    until_on = DateField(_l("Last day"), [Optional()])
    reference = StringField(_l("Standard or decision"), [Length(max=MAX_REFERENCE)])
    note = StringField(_l("Note"), [Length(max=MAX_NOTE)])

    def rule(self) -> NewRule:
        """The rule as the service takes it."""
        return NewRule(
            body=self.body.data or "",
            class_key=self.class_key.data or "",
            condition_code=self.condition_code.data or "",
            area_prefix=self.area_prefix.data or "",
            from_on=self.from_on.data,
            until_on=self.until_on.data,
            reference=self.reference.data or "",
            note=self.note.data or "",
        )


class EndForm(RoomForm):
    """The last day of a rule."""

    last_on = DateField(_l("Last day"), [InputRequired(_l("Fill this in."))])


def class_key_choices(classes: Sequence[CaseClass]) -> list[Choice]:
    """Every class, then each by name or code."""
    offered = [
        Choice(each.key, named(each), {"data-under": each.key, "data-words": each.name_en or ""}) for each in classes
    ]
    return [Choice("", gettext("every class")), *offered]


def phase_choices(conditions: Sequence[FilingCondition], further: Sequence[ConditionPhase]) -> list[Choice]:
    """The phases of handling that a rule can name, by the code that the catalogue gives each.

    They are those of the conditions that have several, without any in which the same body goes on.
    """
    of_condition: dict[int, list[ConditionPhase]] = {}
    for phase in further:
        of_condition.setdefault(phase.condition_id, []).append(phase)
    offered = []
    for condition in conditions:
        if condition.id in of_condition:
            offered.append(_phase_choice(condition, FIRST_PHASE, condition))
            others = (each for each in of_condition[condition.id] if each.body_kind is not None)
            offered += (_phase_choice(condition, each.number, each) for each in others)
    return offered


def _phase_choice(condition: FilingCondition, number: int, terms: FilingCondition | ConditionPhase) -> Choice:
    code = f"{condition.code}.{number}"
    words = f"{named(condition.case_class)} · {named(condition)} · {phase_words(terms)}"
    return Choice(code, words, {"data-under": code, "data-words": code})


def area_choices(areas: Sequence[Area]) -> list[Choice]:
    """The whole city, then each area with its level."""
    offered = [
        Choice(each.code, named(each), {"data-under": gettext(AREA_LEVEL_LABELS[each.level]), "data-words": each.code})
        for each in areas
    ]
    return [Choice("", gettext("whole city")), *offered]
