"""The forms of co-handling: a task to give, an answer to it."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, SelectField, TextAreaField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from cityops.cases.co_handling import NewCoHandling
from cityops.errors import Invalid
from cityops.forms import RoomForm
from cityops.words import N_
from cityops.worktime.limits import Limit, Unit

NO_VERSION = N_("The case's version is missing: reload the page.")


class CoHandlingForm(RoomForm):
    """A task for another body."""

    version = IntegerField(widget=HiddenInput())
    body = SelectField(_l("Responsible body"), validate_choice=False)
    task = TextAreaField(_l("Task"))
    limit_value = IntegerField(_l("Limit"), default=1)
    limit_unit = SelectField(_l("Unit"), validate_choice=False, default=Unit.WORKING_DAY.value)

    def co_handling(self) -> NewCoHandling:
        """The task as the service takes it.

        Raises:
            Invalid: a number that is none, or no unit.
        """
        if self.version.data is None:
            raise Invalid("version", NO_VERSION)
        if self.limit_value.data is None or self.limit_unit.data not in set(Unit):
            raise Invalid("limit_value", N_("Say how long it may take."))
        limit = Limit(self.limit_value.data, Unit(self.limit_unit.data))
        return NewCoHandling(self.version.data, self.body.data or "", self.task.data or "", limit)


class CoAnswerForm(RoomForm):
    """What came of a task, or why the body is let off it."""

    FIELD_OF = {"result": "words", "reason": "words"}

    version = IntegerField(widget=HiddenInput())
    next = HiddenField()
    words = TextAreaField(_l("What was done, or the reason"))
    cost_yuan = IntegerField(_l("Cost in yuan"), [Optional()])

    def seen(self) -> int:
        """The version of the case that was seen.

        Raises:
            Invalid: it is no number, or the cost is none.
        """
        if self.version.data is None:
            raise Invalid("version", NO_VERSION)
        if self.cost_yuan.errors:
            raise Invalid("cost_yuan", N_("A cost is a number of yuan, from 0 on."))
        return self.version.data
