"""The forms of merging: into which case, and why it is taken apart again."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, StringField
from wtforms.widgets import HiddenInput

from cityops.cases.merging import NewMerge
from cityops.errors import Invalid
from cityops.forms import RoomForm
from cityops.words import N_


def seen_version(version: int | None) -> int:
    """The version of the case that was seen.

    Raises:
        Invalid: it is no number.
    """
    if version is None:
        raise Invalid("version", N_("The case's version is missing: reload the page."))
    return version


class MergeForm(RoomForm):
    """Into which case a case is merged, or why it is taken apart; `next` is where the page was opened from."""

    version = IntegerField(widget=HiddenInput())
    next = HiddenField()
    into = StringField(_l("Number of the main case"))
    reason = StringField(_l("Reason"))

    def seen(self) -> int:
        """The version of the case that was seen; Invalid as `seen_version`."""
        return seen_version(self.version.data)

    def merge(self) -> NewMerge:
        """The merge as the service takes it; Invalid as `seen`."""
        return NewMerge(self.seen(), (self.into.data or "").strip(), self.reason.data)
