"""What the forms of all rooms share: a refusal stands beside its field, an id made by the page is one."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias
from uuid import UUID, uuid4

from flask_wtf import FlaskForm
from wtforms import Form, SelectChoice  # type: ignore[attr-defined]

from cityops.errors import CityopsError
from cityops.web import say

Choice: TypeAlias = SelectChoice
"""One option of a list: its value, what it is called, and the marks that scripts read. WTForms' types lack it."""


def refuse(form: Form, refusal: CityopsError, field_of: Mapping[str, str]) -> None:
    """Put a service's refusal beside the field it is about, or over the form where the form has no such field.

    Args:
        field_of: the form's names for fields that the service calls otherwise.
    """
    name = getattr(refusal, "field", "")
    item = form._fields.get(field_of.get(name, name))
    if item is None:
        form.form_errors.append(say(refusal))
    else:
        item.errors = [*item.errors, say(refusal)]


def word_choices(labels: Mapping[Any, str], translate: Callable[[str], Any]) -> list[Choice]:
    """The words of a table to choose from, each by its label.

    Args:
        translate: `gettext` during a request, `lazy_gettext` where a form is declared.
    """
    return [Choice(word.value, translate(label)) for word, label in labels.items()]


def client_made_id(given: str | None) -> str:
    """The id that a page was given, so that the same form sent twice is one thing; a new one where it is none."""
    try:
        return str(UUID(given or ""))
    except ValueError:
        return str(uuid4())


class RoomForm(FlaskForm):  # type: ignore[misc]
    """A form of a room's page."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {}

    class Meta:
        """The token is checked for the whole application before any form is read."""

        csrf = False

    def refuse(self, refusal: CityopsError) -> None:
        """Put a service's refusal beside the field it is about, or over the form."""
        refuse(self, refusal, self.FIELD_OF)
