"""The forms of the grid's pages: what can be seen without the database to be wrong."""

from flask_babel import lazy_gettext as _l
from wtforms import DateField, FileField, SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from cityops.accounts.forms import PageForm
from cityops.errors import Invalid
from cityops.forms import Choice
from cityops.grid.records import read_mapping
from cityops.web import say

KINDS = [Choice("areas", _l("areas")), Choice("cells", _l("cells"))]


class SurveyForm(PageForm):
    """A file and what a person says of it."""

    file = FileField(_l("Survey file"))
    kind = SelectField(_l("Its features are"), choices=[Choice("", _l("as its layers are called")), *KINDS], default="")
    layer = StringField(_l("Layer"), [Length(max=100)])
    mapping = StringField(_l("Fields"), [Length(max=500)])
    crs = StringField(_l("Coordinate system"), [Length(max=40)])

    def validate_mapping(self, field: StringField) -> None:
        """Pairs of our name and the file's."""
        try:
            read_mapping(field.data or "")
        except Invalid as refusal:
            raise ValidationError(say(refusal)) from refusal

    def said(self) -> dict[str, str]:
        """What is said of the file, as it was typed."""
        return {name: (self[name].data or "").strip() for name in ("kind", "layer", "mapping", "crs")}


class TakeInForm(PageForm):
    """What a version is called, from when it holds, and why the warnings about its file are accepted."""

    title = StringField(_l("Name of the version"), [Length(max=100)])
    from_on = DateField(_l("Takes effect on"), [Optional()])
    because = StringField(_l("Why its warnings are accepted"), [Length(max=500)])
