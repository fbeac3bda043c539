"""The forms by which a correction is proposed and decided."""

from collections.abc import Mapping
from typing import ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import FileField, FloatField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from cityops.cases.corrections.models import CorrectionKind
from cityops.cases.corrections.services import NewCorrection
from cityops.forms import RoomForm, client_made_id

NEEDED = InputRequired(_l("Fill this in."))


class CorrectionForm(RoomForm):
    """What is proposed; which fields are shown goes by the kind. `address` finds a place on the map and is not kept."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {"file": "photo"}

    uuid = HiddenField()
    case = HiddenField()
    class_code = SelectField(_l("What it is"), validate_choice=False)
    body = SelectField(_l("Whose it is"), validate_choice=False)
    address = StringField(_l("Find a place"))
    lon = FloatField(_l("Longitude"), validators=[Optional()])
    lat = FloatField(_l("Latitude"), validators=[Optional()])
    reason = TextAreaField(_l("What is seen, and how you know"), [NEEDED, Length(max=500)])
    photo = FileField(_l("Photo"))

    def correction(self, kind: CorrectionKind, component_code: str) -> NewCorrection:
        """What is proposed."""
        lon, lat = self.lon.data, self.lat.data
        return NewCorrection(
            uuid=client_made_id(self.uuid.data),
            kind=kind,
            reason=self.reason.data or "",
            component_code=component_code,
            class_code=self.class_code.data or "",
            point=(lon, lat) if lon is not None and lat is not None else None,
            body=self.body.data or "",
            case_number=self.case.data or "",
        )


class CorrectionDecisionForm(RoomForm):
    """Confirm or refuse, and why."""

    because = StringField(_l("Reason"), [Length(max=500)])
