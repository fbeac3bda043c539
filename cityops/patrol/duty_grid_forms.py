"""The forms of the duty grids' pages: a street as it is drawn, an inspector's hours and their end."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import DateField, SelectField, SelectMultipleField, StringField, TimeField
from wtforms.validators import InputRequired, Optional

from cityops.accounts.models import Person
from cityops.clock import today
from cityops.errors import Invalid
from cityops.forms import Choice, RoomForm
from cityops.grid.duty_grids.rules import NamedGrid, Plan
from cityops.grid.models import DutyGrid
from cityops.patrol.grid_owners import Hours
from cityops.patrol.models import InspectorShift
from cityops.words import N_

CELL = "cell-"


class DrawForm(RoomForm):
    """From when a street's duty grids are as they are drawn; the cells and names are read beside it."""

    from_on = DateField(_l("In force from"), [InputRequired(_l("Fill this in."))])


class HoursForm(RoomForm):
    """An inspector's hours in a duty grid."""

    grid = SelectField(_l("Duty grid"), [InputRequired(_l("Fill this in."))])
    username = SelectField(_l("Inspector"), [InputRequired(_l("Fill this in."))])
    weekdays = SelectMultipleField(_l("Days of the week"), [InputRequired(_l("Fill this in."))], coerce=int)
    start = TimeField(_l("Begins"), [InputRequired(_l("Fill this in."))])
    end = TimeField(_l("Ends"), [InputRequired(_l("Fill this in."))])
    from_on = DateField(_l("First day"), [InputRequired(_l("Fill this in."))])
    until_on = DateField(_l("Last day"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.weekdays.choices = [Choice(day, word) for day, word in enumerate(weekday_words())]

    def offer(self, grids: Iterable[DutyGrid], inspectors: Iterable[Person]) -> None:
        """Fill the lists one chooses from."""
        self.grid.choices = [Choice("", ""), *(Choice(grid.code, f"{grid.name} · {grid.code}") for grid in grids)]
        people = (Choice(person.username, f"{person.name} · {person.username}") for person in inspectors)
        self.username.choices = [Choice("", ""), *people]

    def hours(self) -> Hours:
        """The hours as the service takes them.

        Raises:
            Invalid: a time or day is missing.
        """
        if self.start.data is None or self.end.data is None or self.from_on.data is None:
            raise Invalid("start", N_("Fill this in."))
        return Hours(
            grid_code=self.grid.data,
            username=self.username.data,
            weekdays=tuple(self.weekdays.data or ()),
            start_minute=self.start.data.hour * 60 + self.start.data.minute,
            end_minute=self.end.data.hour * 60 + self.end.data.minute,
            from_on=self.from_on.data,
            until_on=self.until_on.data,
        )


class EndForm(RoomForm):
    """The last day of an inspector's hours."""

    last_on = DateField(_l("Last day"), [InputRequired(_l("Fill this in."))], default=today)


class AwayForm(RoomForm):
    """Days on which an inspector is away."""

    away = SelectField(_l("Inspector"), [InputRequired(_l("Fill this in."))])
    away_from_on = DateField(_l("First day"), [InputRequired(_l("Fill this in."))])
    away_until_on = DateField(_l("Last day"), [InputRequired(_l("Fill this in."))])
    reason = StringField(_l("Why"), [InputRequired(_l("Fill this in."))])

    def offer(self, inspectors: Iterable[Person]) -> None:
        """Fill the list one chooses from."""
        people = (Choice(person.username, f"{person.name} · {person.username}") for person in inspectors)
        self.away.choices = [Choice("", ""), *people]

    def asked(self) -> dict[str, Any]:
        """What the service takes."""
        days = {"from_on": self.away_from_on.data, "until_on": self.away_until_on.data}
        return {"username": self.away.data, "reason": self.reason.data, **days}


def read_plan(sent: MultiDict[str, str]) -> Plan:
    """A street as it was drawn: `grid` names the grids, `name-…` and `name_en-…` what they are called, `cell-…` a
    cell's grid.
    """
    grids = tuple(
        NamedGrid(code, sent.get(f"name-{code}", "").strip(), sent.get(f"name_en-{code}", "").strip())
        for code in sent.getlist("grid")
    )
    cells = {name.removeprefix(CELL): value for name, value in sent.items() if name.startswith(CELL) and value}
    return Plan(grids, cells)


def weekday_words() -> list[str]:
    """The days of the week in the reader's language, from Monday."""
    words = get_locale().days["stand-alone"]["abbreviated"]
    return [words[day] for day in range(7)]


def tell_weekdays(shifts: Sequence[InspectorShift]) -> str:
    """The days of the week on which shifts are, in words."""
    days: Collection[int] = sorted({shift.weekday for shift in shifts})
    words = weekday_words()
    return gettext("every day") if len(days) == len(words) else " ".join(words[day] for day in days)
