"""The forms of the addresses' page: what can be seen without the database to be wrong."""

from flask_babel import lazy_gettext as _l
from wtforms import FileField, SelectField, StringField
from wtforms.validators import Length

from cityops.accounts.forms import PageForm
from cityops.forms import Choice
from cityops.grid.addresses.models import ADDRESS_KIND_LABELS, AddressKind
from cityops.grid.forms import SurveyForm

# Areas come with their boundaries, as a survey of the grid.
KINDS = [Choice(kind, _l(label)) for kind, label in ADDRESS_KIND_LABELS.items() if kind is not AddressKind.AREA]


class AddressesForm(SurveyForm):
    """A file of addresses and what a person says of it."""

    file = FileField(_l("File of addresses"))
    kind = SelectField(
        _l("All of its places are"), choices=[Choice("", _l("as the file says of each")), *KINDS], default=""
    )


class TakeInAddressesForm(PageForm):
    """What the record calls the file, and why the warnings about it are accepted."""

    title = StringField(_l("Name in the record"), [Length(max=100)])
    because = StringField(_l("Why its warnings are accepted"), [Length(max=500)])
