"""The forms of the roster's pages."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length, Optional

from cityops.accounts.models import Person
from cityops.accounts.posts import POST_LABELS, Post
from cityops.errors import Invalid
from cityops.forms import Choice, RoomForm, word_choices
from cityops.roster.models import DutyShift
from cityops.roster.queries import DESKS
from cityops.words import N_

POSTS = word_choices({post: POST_LABELS[post] for post in DESKS}, _l)


class ChangeForm(RoomForm):
    """A change for one day."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {"posts": "post"}

    on = DateField(_l("Day"), [InputRequired()])
    shift = SelectField(_l("Shift"), [InputRequired()], coerce=int)
    username = SelectField(_l("Person"), [InputRequired()])
    post = SelectField(_l("Post"), [InputRequired()], choices=POSTS)
    is_on_duty = SelectField(_l("Change"), choices=[Choice("1", _l("is on duty")), Choice("0", _l("is not on duty"))])
    reason = StringField(_l("Reason"), [InputRequired(), Length(max=200)])


class ShiftForm(RoomForm):
    """A new shift."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {"name": "shift_name"}

    shift_name = StringField(_l("Name"), [InputRequired(), Length(max=32)])
    name_en = StringField(_l("Name in English"), [Optional(), Length(max=32)])
    start = TimeField(_l("Begins"), [InputRequired()])
    end = TimeField(_l("Ends"), [InputRequired()])


class PatternForm(RoomForm):
    """A new pattern."""

    from_on = DateField(_l("First day"), [InputRequired()])
    cycle_days = IntegerField(_l("Repeats after days"), [InputRequired()], default=7)


class LineForm(RoomForm):
    """A person put on days of a pattern."""

    shift = SelectField(_l("Shift"), [InputRequired()], coerce=int)
    username = SelectField(_l("Person"), [InputRequired()])
    posts = SelectMultipleField(_l("Posts"), [InputRequired()], choices=POSTS)
    days = StringField(_l("Days of the cycle"), [InputRequired(), Length(max=200)])


class HandOverForm(RoomForm):
    """What a shift leaves open."""

    shift = SelectField(_l("Shift"), [InputRequired()], coerce=int)
    on = DateField(_l("Day"), [InputRequired()])
    matters = TextAreaField(_l("Open matters"), [InputRequired(), Length(max=4_000)])


class ContactForm(RoomForm):
    """Somebody to call."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {"reporter.phone": "phone"}

    body = SelectField(_l("Body"), [InputRequired()])
    name = StringField(_l("Name"), [InputRequired(), Length(max=64)])
    phone = StringField(_l("Phone"), [InputRequired(), Length(max=30)])
    username = StringField(_l("User name"), [Optional(), Length(max=64)])


def offer(form: ChangeForm | LineForm, shifts: Sequence[DutyShift], persons: Sequence[Person], language: str) -> None:
    """Give a form its shifts and persons to choose from."""
    form.shift.choices = shift_choices(shifts, language)
    people = (Choice(each.username, f"{each.name} · {each.username}") for each in persons)
    form.username.choices = [Choice("", ""), *people]


def shift_choices(shifts: Sequence[DutyShift], language: str) -> list[Choice]:
    """Shifts to choose from."""
    return [Choice(shift.id, shift.name_en if language == "en" else shift.name) for shift in shifts]


def read_days(words: str) -> Collection[int]:
    """Days as people write them, `1, 3, 5-7`.

    >>> sorted(read_days("1，3, 5-7"))
    [1, 3, 5, 6, 7]

    Raises:
        Invalid: they are none.
    """
    days: set[int] = set()
    for part in re.split(r"[\s,，、]+", words.strip()):
        found = re.fullmatch(r"(\d{1,2})(?:[-–~](\d{1,2}))?", part)
        if found is None:
            raise Invalid("days", N_("Write days as 1, 3, 5-7."))
        first, last = int(found[1]), int(found[2] or found[1])
        days.update(range(first, last + 1))
    return days


def minute_of(item: TimeField) -> int:
    """The minute of the day in a field that has been validated."""
    return item.data.hour * 60 + item.data.minute if item.data is not None else 0


def chosen_posts(values: Sequence[str] | None) -> list[Post]:
    """The posts chosen in a form."""
    return [Post(value) for value in values or ()]
