"""The form that publishes a draft."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField
from wtforms.validators import InputRequired

from cityops.catalog.forms import DraftForm


class PublishForm(DraftForm):
    """From which day a draft is to be in force, and that what it leaves unfiled has been seen."""

    from_on = DateField(_l("In force from"), [InputRequired(_l("This may not be empty."))])
    agrees = BooleanField(_l("The open cases not filed yet will be filed under another class or condition"))
