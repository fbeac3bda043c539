"""The forms of warnings: a rule, and the quiet hours."""

from datetime import time

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, TimeField
from wtforms.validators import InputRequired, NumberRange, Optional

from cityops.cases.names import CLOCK_LABELS, ClockName
from cityops.forms import Choice, RoomForm, word_choices
from cityops.notices.hours import Quiet
from cityops.notices.models import Moment, Owed, Recipient
from cityops.notices.rules import LEAST_EVERY, MOST_MINUTES, NewWarning
from cityops.notices.telling import MOMENT_LABELS, OWED_LABELS, RECIPIENT_LABELS

NEEDED = InputRequired(_l("Fill this in."))


class WarningForm(RoomForm):
    """A rule of warning to add or to change."""

    watches = SelectField(
        _l("Clock"),
        choices=[Choice("", _l("every clock")), *word_choices({**CLOCK_LABELS, **OWED_LABELS}, _l)],
    )
    moment = SelectField(_l("Counted from"), choices=word_choices(MOMENT_LABELS, _l))
    after_minutes = IntegerField(_l("Minutes after it"), [NEEDED, NumberRange(0, MOST_MINUTES)], default=0)
    recipient = SelectField(_l("Who is told"), choices=word_choices(RECIPIENT_LABELS, _l))
    every_minutes = IntegerField(_l("Again every … minutes"), [Optional(), NumberRange(LEAST_EVERY, MOST_MINUTES)])
    is_urgent_only = BooleanField(_l("Only cases whose condition counts in urgent hours"))

    def rule(self) -> NewWarning:
        """The rule as the service takes it."""
        watches = self.watches.data
        return NewWarning(
            clock=ClockName(watches) if watches in set(ClockName) else None,
            owed=Owed(watches) if watches in set(Owed) else None,
            moment=Moment(self.moment.data),
            after_minutes=self.after_minutes.data or 0,
            every_minutes=self.every_minutes.data,
            recipient=Recipient(self.recipient.data),
            is_urgent_only=bool(self.is_urgent_only.data),
        )


class QuietForm(RoomForm):
    """When notices that can wait are held back."""

    from_time = TimeField(_l("Quiet from"), [NEEDED])
    until_time = TimeField(_l("Quiet until"), [NEEDED])

    @classmethod
    def of(cls, quiet: Quiet) -> "QuietForm":
        """The form filled with the hours as they are."""
        begin, end = (time(*divmod(minute, 60)) for minute in (quiet.from_minute, quiet.until_minute))
        return cls(None, data={"from_time": begin, "until_time": end})

    def quiet(self) -> Quiet:
        """The hours as the service takes them."""
        return Quiet(_minute(self.from_time.data), _minute(self.until_time.data))


def _minute(moment: time | None) -> int:
    return moment.hour * 60 + moment.minute if moment is not None else 0
