"""The form that publishes a draft, and what is rehearsed of a responsibility rule or a calendar."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField
from wtforms.validators import InputRequired

from cityops.cases.duty_forms import EndForm, RuleForm
from cityops.catalog.forms import DraftForm
from cityops.forms import Choice
from cityops.worktime.forms import DayForm, HoursForm, RemoveForm, TermsForm

MONTHS = (1, 3, 6, 12)
DEFAULT_MONTHS = 3
MONTHS_CHOICES = [
    Choice(each, _l("the last %(n)s months", n=each) if each > 1 else _l("the last month")) for each in MONTHS
]


class PublishForm(DraftForm):
    """From which day a draft is to be in force, and that what it leaves unfiled has been seen."""

    from_on = DateField(_l("In force from"), [InputRequired(_l("This may not be empty."))])
    agrees = BooleanField(_l("The open cases not filed yet will be filed under another class or condition"))


class RehearsedRule(RuleForm):
    """A rule to add, and over which months it is rehearsed."""

    months = SelectField(_l("Rehearsed over"), choices=MONTHS_CHOICES, coerce=int, default=DEFAULT_MONTHS)
    ends_others = BooleanField(_l("As if the rules that say otherwise of the same had ended"))


class RehearsedEnd(EndForm):
    """The last day of a rule, and over which months its end is rehearsed."""

    months = SelectField(_l("Rehearsed over"), choices=MONTHS_CHOICES, coerce=int, default=DEFAULT_MONTHS)


class RehearsedHours(HoursForm):
    """Other weekly hours of a calendar, and over which months they are rehearsed."""

    months = SelectField(_l("Rehearsed over"), choices=MONTHS_CHOICES, coerce=int, default=DEFAULT_MONTHS)


class RehearsedDay(DayForm):
    """A day of its own, and over which months it is rehearsed."""

    months = SelectField(_l("Rehearsed over"), choices=MONTHS_CHOICES, coerce=int, default=DEFAULT_MONTHS)


class RehearsedRemoval(RemoveForm):
    """A day to take out again, and over which months that is rehearsed."""

    months = SelectField(_l("Rehearsed over"), choices=MONTHS_CHOICES, coerce=int, default=DEFAULT_MONTHS)


class RehearsedTerms(TermsForm):
    """Another way of counting, and over which months it is rehearsed."""

    months = SelectField(_l("Rehearsed over"), choices=MONTHS_CHOICES, coerce=int, default=DEFAULT_MONTHS)
