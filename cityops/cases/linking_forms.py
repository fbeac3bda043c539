"""The forms of linking: with which case and why, and what a case is split into."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import FloatField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from cityops.cases.forms import class_choices, parse_class
from cityops.cases.intake import NewReport
from cityops.cases.merging_forms import seen_version
from cityops.cases.models import Case
from cityops.catalog.models import CaseClass
from cityops.errors import Invalid
from cityops.forms import RoomForm, client_made_id
from cityops.words import N_


class LinkForm(RoomForm):
    """With which case another is linked, and why; or why the link is taken away."""

    version = IntegerField(widget=HiddenInput())
    other = StringField(_l("Number of the other case"))
    reason = StringField(_l("Reason"))

    def fit(self, case: Case) -> "LinkForm":
        """The form for a case, its fields named apart from the page's other forms."""
        self.version.data = case.version
        for item in self:
            item.id = item.label.field_id = f"link-{item.short_name}"
        return self

    def asked(self) -> tuple[int, str, str]:
        """The version that was seen, the other case's number, the reason; Invalid without a version."""
        return seen_version(self.version.data), (self.other.data or "").strip(), self.reason.data or ""


class SplitForm(RoomForm):
    """The further case: what it is about and where; `uuid` makes the same form sent twice the same case."""

    FIELD_OF = {"kind": "class_code"}

    version = IntegerField(widget=HiddenInput())
    uuid = HiddenField()
    class_code = SelectField(_l("Class"), validate_choice=False)
    description = TextAreaField(_l("What is told"))
    address = StringField(_l("Place"))
    lon = FloatField(_l("Longitude"), validators=[Optional()])
    lat = FloatField(_l("Latitude"), validators=[Optional()])

    def fit(self, case: Case, classes: Sequence[CaseClass]) -> "SplitForm":
        """The form with what it offers for a case, its fields named apart from the page's other forms."""
        self.version.data, self.uuid.data = case.version, client_made_id(self.uuid.data)
        self.class_code.choices = class_choices(classes)
        if not self.errors:
            self.description.data, self.address.data = case.description, case.address
            self.lon.data, self.lat.data = case.lon, case.lat
        for item in self:
            item.id = item.label.field_id = f"split-{item.short_name}"
        return self

    def asked(self, case: Case) -> tuple[int, NewReport]:
        """The version that was seen, and the further case as the service takes it.

        Raises:
            Invalid: the version, the class or the place is none.
        """
        if self.lon.data is None or self.lat.data is None:
            raise Invalid("lon", N_("Say where it is: longitude and latitude."))
        kind, code = parse_class(self.class_code.data)
        new = NewReport(
            uuid=client_made_id(self.uuid.data),
            source=case.source,
            kind=kind,
            class_code=code,
            lon=self.lon.data,
            lat=self.lat.data,
            description=self.description.data or "",
            address=self.address.data or "",
        )
        return seen_version(self.version.data), new
