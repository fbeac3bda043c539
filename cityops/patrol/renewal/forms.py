"""The forms of a renewal: beginning one, and what is found of a component of its sample."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, FloatField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from cityops.accounts.models import Body
from cityops.cases.forms import body_choices
from cityops.cases.telling import named
from cityops.errors import Invalid
from cityops.forms import Choice, RoomForm
from cityops.grid.models import AREA_LEVEL_LABELS, Area
from cityops.patrol.renewal.rules import Level
from cityops.patrol.renewal.services import Judged, NewCampaign
from cityops.words import N_

FILL = InputRequired(_l("Fill this in."))
PERCENT = NumberRange(0, 100)
RIGHT, WRONG = "right", "wrong"


class CampaignForm(RoomForm):
    """A renewal to begin."""

    title = StringField(_l("Name of the renewal"), [FILL, Length(max=100)])
    begins_on = DateField(_l("Begins on"), [FILL])
    ends_on = DateField(_l("Ends on"), [FILL])
    areas = SelectMultipleField(_l("Districts and streets"), validate_choice=False)
    majors = SelectMultipleField(_l("Major classes"), validate_choice=False)
    body = SelectField(_l("Surveying body"), validate_choice=False)
    level = SelectField(
        _l("Inspection level"), choices=[Choice(each.value, each.value) for each in Level], default=Level.II.value
    )
    most_faulty_percent = FloatField(_l("At fault at most, percent"), [FILL, PERCENT], default=5.0)
    least_seen_percent = FloatField(_l("Seen at least, percent"), [FILL, PERCENT], default=95.0)

    def offer(self, areas: Sequence[Area], majors: Mapping[str, str], bodies: Sequence[Body]) -> None:
        """Fill the lists one chooses from."""
        self.areas.choices = [Choice(each.code, f"{named(each)} · {_level(each)}") for each in areas]
        self.majors.choices = [Choice(code, f"{code} {name}") for code, name in majors.items()]
        self.body.choices = body_choices(bodies)

    def campaign(self, majors: Mapping[str, str]) -> NewCampaign:
        """The renewal as the service takes it.

        Raises:
            Invalid: a major class that there is not.
        """
        chosen = self.majors.data or []
        if not set(chosen) <= set(majors):
            raise Invalid("majors", N_("Choose from the list."))
        if self.begins_on.data is None or self.ends_on.data is None:
            raise Invalid("begins_on", N_("Fill this in."))
        return NewCampaign(
            title=self.title.data or "",
            begins_on=self.begins_on.data,
            ends_on=self.ends_on.data,
            areas=self.areas.data or [],
            majors=[] if set(chosen) == set(majors) else chosen,
            body=self.body.data or "",
            level=Level(self.level.data),
            most_faulty_percent=self.most_faulty_percent.data or 0.0,
            least_seen_percent=self.least_seen_percent.data or 0.0,
        )


class CheckForm(RoomForm):
    """What is found of a component on site."""

    is_found = RadioField(_l("Does it stand there?"), validate_choice=False)
    is_class_right = RadioField(_l("Class"), validate_choice=False)
    is_place_right = RadioField(_l("Place"), validate_choice=False)
    is_state_right = RadioField(_l("State"), validate_choice=False)
    is_owner_right = RadioField(_l("Owner and maintainer"), validate_choice=False)
    note = TextAreaField(_l("Note"), [Length(max=500)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_found.choices = [(RIGHT, gettext("it stands there")), (WRONG, gettext("not found"))]
        for each in self.judged_fields:
            each.choices = [(RIGHT, gettext("right")), (WRONG, gettext("wrong"))]

    @property
    def judged_fields(self) -> tuple[RadioField, ...]:
        """What is judged of a component that stands there."""
        return self.is_class_right, self.is_place_right, self.is_state_right, self.is_owner_right

    def judged(self) -> Judged:
        """What was found, as the service takes it.

        Raises:
            Invalid: it is not said whether it stands there.
        """
        is_found = _answer(self.is_found.data)
        if is_found is None:
            raise Invalid("is_found", N_("Say whether it stands there."))
        class_right, place_right, state_right, owner_right = (_answer(each.data) for each in self.judged_fields)
        return Judged(is_found, class_right, place_right, state_right, owner_right, self.note.data or "")


class NoteForm(RoomForm):
    """A word with a decision."""

    note = StringField(_l("Note"), [Length(max=500)])


def _answer(given: str | None) -> bool | None:
    return {RIGHT: True, WRONG: False}.get(given or "")


def _level(area: Area) -> str:
    return str(gettext(AREA_LEVEL_LABELS[area.level]))
