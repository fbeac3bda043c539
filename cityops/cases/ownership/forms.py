"""The form by which ownership is settled."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from cityops.cases.ownership.services import Settlement
from cityops.forms import RoomForm


class SettlementForm(RoomForm):
    """Owner, maintainer, and why; of a group how many the person was shown."""

    owner = SelectField(_l("Owned by"), [InputRequired(_l("Fill this in."))], validate_choice=False)
    maintainer = SelectField(_l("Maintained by"), validate_choice=False)
    because = StringField(_l("Reason"), [InputRequired(_l("Fill this in.")), Length(max=500)])
    expected = HiddenField()

    def settlement(self) -> Settlement:
        """What is settled."""
        return Settlement(self.owner.data or "", self.maintainer.data or "", self.because.data or "")

    @property
    def shown(self) -> int:
        """How many the person was shown."""
        given = self.expected.data or ""
        return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
