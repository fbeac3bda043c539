"""The tablet's report, and the rules of who checks."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FileField,
    FloatField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, NumberRange

from cityops.cases.forms import class_choices, limit_choices, parse_class
from cityops.cases.intake import NewReport
from cityops.cases.names import Source
from cityops.catalog.models import CaseClass, FilingCondition
from cityops.forms import RoomForm
from cityops.patrol.choosing import Rules

NO_PLACE = _l("Take the place from the tablet, or tap it on the map.")


class PatrolForm(RoomForm):
    """A report from the street; `uuid` makes the same form sent twice the same report."""

    FIELD_OF = {"file": "photo", "kind": "class_code"}

    uuid = HiddenField()
    photo = FileField(_l("Photo"))
    photo_after = FileField(_l("Photo after"))
    class_code = SelectField(
        _l("Class"), validate_choice=False, validators=[InputRequired(_l("This may not be empty."))]
    )
    condition = SelectField(_l("Filing condition"), validate_choice=False)
    description = TextAreaField(_l("What is seen"), validators=[InputRequired(_l("This may not be empty."))])
    address = StringField(_l("Place"))
    lon = FloatField(_l("Longitude"), validators=[InputRequired(NO_PLACE)])
    lat = FloatField(_l("Latitude"), validators=[InputRequired(NO_PLACE)])
    component_code = HiddenField(_l("Component"))
    self_handled = BooleanField(_l("I have put it right myself"))

    def offer(self, classes: Sequence[CaseClass], conditions: Sequence[FilingCondition]) -> None:
        """Fill the lists one chooses from."""
        self.class_code.choices = class_choices(classes)
        self.condition.choices = limit_choices(conditions)

    def to_report(self) -> NewReport:
        """What was seen, as the case room takes it.

        Raises:
            Invalid: a class that there is not.
        """
        kind, code = parse_class(self.class_code.data)
        return NewReport(
            uuid=self.uuid.data or "",
            source=Source.INSPECTOR,
            kind=kind,
            class_code=code,
            condition=self.condition.data or None,
            lon=self.lon.data or 0.0,
            lat=self.lat.data or 0.0,
            description=self.description.data or "",
            address=self.address.data or "",
            component_code=self.component_code.data or None,
            is_self_handled=bool(self.self_handled.data),
        )


class RulesForm(RoomForm):
    """What the city sets about who checks."""

    reach_m = IntegerField(_l("Near is, in metres"), [InputRequired(_l("Fill this in.")), NumberRange(100, 20_000)])
    pair_most = IntegerField(_l("The same pair at most"), [InputRequired(_l("Fill this in.")), NumberRange(1, 100)])
    pair_of = IntegerField(_l("of the last checks"), [InputRequired(_l("Fill this in.")), NumberRange(1, 100)])

    def rules(self) -> Rules:
        """The rules as the service takes them."""
        return Rules(self.reach_m.data or 0, self.pair_most.data or 0, self.pair_of.data or 0)
