"""The tablet's report, and the rules of who checks."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    FileField,
    FloatField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, NumberRange

from cityops.accounts.models import Body
from cityops.cases.at_place import MANNER_LABELS, Manner
from cityops.cases.duty_forms import area_choices, class_key_choices
from cityops.cases.forms import body_choices, class_choices, limit_choices, parse_class
from cityops.cases.intake import NewReport
from cityops.cases.names import Source
from cityops.catalog.models import CaseClass, FilingCondition
from cityops.errors import Invalid
from cityops.forms import Choice, RoomForm, word_choices
from cityops.grid.coverage.models import TIER_LABELS
from cityops.grid.models import Area
from cityops.patrol.choosing import Rules
from cityops.patrol.rechecks import NewSample
from cityops.patrol.rhythm import MOST_DAYS, MOST_VISITS
from cityops.words import N_

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

    simple_percent = IntegerField(
        _l("Re-checked of what was put right on the spot, percent"),
        [InputRequired(_l("Fill this in.")), NumberRange(0, 100)],
    )
    waived_percent = IntegerField(
        _l("Re-checked of what was closed without a check, percent"),
        [InputRequired(_l("Fill this in.")), NumberRange(0, 100)],
    )
    recheck_days = IntegerField(_l("Days for a re-check"), [InputRequired(_l("Fill this in.")), NumberRange(1, 60)])
    watch_from_hour = IntegerField(
        _l("Duty grids are watched from, o'clock"), [InputRequired(_l("Fill this in.")), NumberRange(0, 23)]
    )
    watch_until_hour = IntegerField(_l("until, o'clock"), [InputRequired(_l("Fill this in.")), NumberRange(1, 24)])

    def rules(self) -> Rules:
        """The rules as the service takes them."""
        return Rules(**self.data)


class RhythmForm(RoomForm):
    """How often the cells of a tier are to be visited from a day on."""

    tier = SelectField(_l("Tier"), coerce=int)
    visits = IntegerField(_l("Visits"), [InputRequired(_l("Fill this in.")), NumberRange(1, MOST_VISITS)], default=1)
    days = IntegerField(
        _l("in so many days"), [InputRequired(_l("Fill this in.")), NumberRange(1, MOST_DAYS)], default=1
    )
    from_on = DateField(_l("From the day"), [InputRequired(_l("Fill this in."))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tier.choices = [Choice(tier, gettext(label)) for tier, label in TIER_LABELS.items()]

    def asked(self) -> dict[str, Any]:
        """What the service takes."""
        return {field.name: field.data for field in self}


class SampleForm(RoomForm):
    """A sample of closed cases to draw."""

    FIELD_OF = {"area": "area_prefix", "percent": "amount", "number": "amount"}

    from_on = DateField(_l("Closed on or after"), [InputRequired(_l("Fill this in."))])
    until_on = DateField(_l("Closed on or before"), [InputRequired(_l("Fill this in."))])
    amount = IntegerField(_l("How many"), [InputRequired(_l("Fill this in.")), NumberRange(0, 100_000)], default=5)
    measure = SelectField(_l("Counted in"))
    area_prefix = SelectField(_l("Area"), validate_choice=False)
    class_key = SelectField(_l("Class"), validate_choice=False)
    body = SelectField(_l("Responsible body"), validate_choice=False)
    manner = SelectField(_l("How it was checked"), validate_choice=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.manner.choices = [Choice("", gettext("any way")), *word_choices(MANNER_LABELS, gettext)]
        self.measure.choices = [Choice("percent", gettext("percent")), Choice("number", gettext("cases"))]

    def offer(self, areas: Sequence[Area], classes: Sequence[CaseClass], bodies: Sequence[Body]) -> dict[str, str]:
        """Fill the lists one chooses from; the words of areas and classes by their codes."""
        offered_areas, offered_classes = area_choices(areas), class_key_choices(classes)
        self.area_prefix.choices, self.class_key.choices = offered_areas, offered_classes
        self.body.choices = [Choice("", gettext("every body")), *body_choices(bodies)[1:]]
        return {each.value: each.label for each in (*offered_areas, *offered_classes)}

    def sample(self) -> NewSample:
        """The sample as the service takes it.

        Raises:
            Invalid: a day is missing, or a kind of check that there is not.
        """
        is_share, manner = self.measure.data == "percent", self.manner.data or ""
        if self.from_on.data is None or self.until_on.data is None:
            raise Invalid("from_on", N_("Fill this in."))
        if manner and manner not in set(Manner):
            raise Invalid("manner", N_("Choose how it was judged."))
        return NewSample(
            from_on=self.from_on.data,
            until_on=self.until_on.data,
            percent=self.amount.data if is_share else None,
            number=None if is_share else self.amount.data,
            area_prefix=self.area_prefix.data or "",
            class_key=self.class_key.data or "",
            body=self.body.data or "",
            manner=Manner(manner) if manner else None,
        )
