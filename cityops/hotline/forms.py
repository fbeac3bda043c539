"""The intake form: what a caller tells, in the order he tells it."""

from collections.abc import Sequence

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, FloatField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from cityops import clock
from cityops.cases.forms import class_choices, limit_choices, parse_class
from cityops.cases.intake import NewReport
from cityops.cases.names import SOURCE_LABELS, Source
from cityops.catalog.models import CaseClass, FilingCondition
from cityops.errors import Invalid
from cityops.forms import RoomForm, word_choices
from cityops.words import N_

DESK_SOURCES = (Source.HOTLINE, Source.PUBLIC, Source.TRANSFER, Source.LEADER, Source.VIDEO, Source.SENSOR)

REQUIRED = InputRequired(_l("This may not be empty."))


class IntakeForm(RoomForm):
    """A report as an operator takes it in; `uuid` makes the same form sent twice the same report.

    `same_as` is the number of the open case that the caller tells of once more.
    """

    FIELD_OF = {"reporter.name": "reporter_name", "reporter.phone": "reporter_phone", "kind": "class_code"}

    uuid = HiddenField()
    source = SelectField(_l("Source"), validate_choice=False)
    description = TextAreaField(_l("What is told"), validators=[REQUIRED])
    class_code = SelectField(_l("Class"), validate_choice=False, validators=[REQUIRED])
    condition = SelectField(_l("Filing condition"), validate_choice=False)
    address = StringField(_l("Place"))
    lon = FloatField(_l("Longitude"), validators=[InputRequired(_l("Choose the place on the map or from the list."))])
    lat = FloatField(_l("Latitude"), validators=[InputRequired(_l("Choose the place on the map or from the list."))])
    component_code = HiddenField(_l("Component"))
    reporter_name = StringField(_l("Reporter's name"))
    reporter_phone = StringField(_l("Telephone"))
    occurred_at = DateTimeLocalField(_l("When it came in"), validators=[Optional()])
    late_reason = StringField(_l("Why it is entered later"))
    same_as = HiddenField()

    def offer(self, classes: Sequence[CaseClass], conditions: Sequence[FilingCondition]) -> None:
        """Fill the lists one chooses from."""
        self.source.choices = word_choices({source: SOURCE_LABELS[source] for source in DESK_SOURCES}, gettext)
        self.class_code.choices = class_choices(classes)
        self.condition.choices = limit_choices(conditions)

    def to_report(self) -> NewReport:
        """What was told, as the case room takes it.

        Raises:
            Invalid: a source or class that there is not.
        """
        kind, code = parse_class(self.class_code.data)
        occurred_at = self.occurred_at.data
        if self.source.data not in set(DESK_SOURCES):
            raise Invalid("source", N_("Choose where the report came from."))
        return NewReport(
            uuid=self.uuid.data or "",
            source=Source(self.source.data),
            kind=kind,
            class_code=code,
            condition=self.condition.data or None,
            lon=self.lon.data or 0.0,
            lat=self.lat.data or 0.0,
            description=self.description.data or "",
            address=self.address.data or "",
            component_code=self.component_code.data or None,
            reporter_name=self.reporter_name.data or None,
            reporter_phone=self.reporter_phone.data or None,
            occurred_at=occurred_at and occurred_at.replace(tzinfo=clock.CITY_ZONE),
            late_reason=self.late_reason.data or None,
        )
