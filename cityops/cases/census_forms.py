"""The forms of the census page: what can be seen without the database to be wrong."""

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import FileField, SelectField, StringField
from wtforms.validators import Length, Optional, Regexp, ValidationError

from cityops.accounts.forms import PageForm
from cityops.errors import Invalid
from cityops.forms import Choice
from cityops.grid.census.classes import EDITIONS, read_kinds
from cityops.grid.models import TOLERANCES_M, Accuracy
from cityops.grid.records import read_mapping
from cityops.web import say
from cityops.words import N_

MOST_KINDS_BYTES = 200_000
ACCURACIES = [Choice(each.value, f"{each.value} ±{TOLERANCES_M[each]:g} m") for each in Accuracy]


class CensusForm(PageForm):
    """A census file and what a person says of it."""

    file = FileField(_l("Census file"))
    layer = StringField(_l("Layer"), [Length(max=100)])
    mapping = StringField(_l("Fields"), [Length(max=500)])
    crs = StringField(_l("Coordinate system"), [Length(max=40)])
    edition = SelectField(
        _l("Codes of 16 digits are numbered by"),
        choices=[Choice("", _l("there are none")), *(Choice(year, year) for year in EDITIONS)],
        default="",
    )
    accuracy = SelectField(_l("Survey accuracy"), choices=ACCURACIES, default=Accuracy.A.value)
    division = StringField(_l("Division for new codes"), [Optional(), Regexp(r"^[0-9]{6}$", message=_l("Six digits."))])
    classes = FileField(_l("The city's own kinds"))

    def validate_mapping(self, field: StringField) -> None:
        """Pairs of our name and the file's."""
        try:
            read_mapping(field.data or "")
        except Invalid as refusal:
            raise ValidationError(say(refusal)) from refusal

    def said(self, kinds: FileStorage | None) -> dict[str, str]:
        """What is said of the file, as it was typed, and the lines of the kinds' file.

        Raises:
            Invalid: field `classes`; it is no such file.
        """
        texts = ("layer", "mapping", "crs", "edition", "accuracy", "division")
        said = {name: (self[name].data or "").strip() for name in texts}
        return said | {"classes": _read_kinds(kinds)}


class TakeInCensusForm(PageForm):
    """What the record calls the census, and why the warnings about its file are accepted."""

    title = StringField(_l("Name of the census"), [Length(max=100)])
    because = StringField(_l("Why its warnings are accepted"), [Length(max=500)])


def _read_kinds(sent: FileStorage | None) -> str:
    if sent is None or not sent.filename:
        return ""
    data = sent.stream.read(MOST_KINDS_BYTES + 1)
    if len(data) > MOST_KINDS_BYTES:
        raise Invalid("classes", N_("This file is too large to be a list of kinds."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise Invalid("classes", N_("The words of this file cannot be read: save it as UTF-8.")) from error
    read_kinds(text.splitlines())
    return text
