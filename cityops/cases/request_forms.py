"""The forms of requests: one to ask, one to decide, one for the city's numbers."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, FileField, FloatField, HiddenField, IntegerField, SelectField, TextAreaField
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import HiddenInput

from cityops.cases.asking import Decision, NewRequest
from cityops.cases.requests import DEFAULT_TERMS, Ask, RequestKind, RequestRule, Terms
from cityops.errors import Invalid
from cityops.forms import Choice, RoomForm, word_choices
from cityops.words import N_
from cityops.worktime.limits import UNIT_LABELS, Limit, Unit


class RequestForm(RoomForm):
    """A request; fields that its kind does not ask for are taken away."""

    FIELD_OF = {"file": "photo"}

    kind = HiddenField()
    version = IntegerField(widget=HiddenInput())
    more = IntegerField(_l("How much more"))
    until_on = DateField(_l("Until"))
    body = SelectField(_l("Who should have it"), validate_choice=False)
    reason = TextAreaField(_l("Reason"))
    photo = FileField(_l("Proof (picture)"))

    def request(self) -> NewRequest:
        """The request as the service takes it.

        Raises:
            Invalid: there is no such request, or the version is no number.
        """
        if self.kind.data not in set(RequestKind):
            raise Invalid("kind", N_("There is no such request."))
        if self.version.data is None:
            raise Invalid("version", N_("The case's version is missing: reload the page."))
        return NewRequest(
            RequestKind(self.kind.data),
            self.version.data,
            self.reason.data or "",
            self.more.data,
            self.until_on.data,
            self.body.data or None,
        )


class DecisionForm(RoomForm):
    """What is said to a request."""

    decision = HiddenField()
    version = IntegerField(widget=HiddenInput())
    next = HiddenField()
    note = TextAreaField(_l("Note"))

    def asked(self) -> tuple[Decision, int]:
        """The decision and the version of the case that was seen.

        Raises:
            Invalid: it is no decision, or the version is no number.
        """
        if self.decision.data not in set(Decision) or self.version.data is None:
            raise Invalid("decision", N_("Grant it, reject it or withdraw it."))
        return Decision(self.decision.data), self.version.data


class TermsForm(RoomForm):
    """The city's numbers for one kind of request; shares are typed in percent."""

    kind = HiddenField()
    most_times = IntegerField(_l("How often"), [Optional(), NumberRange(1, 100)])
    share = FloatField(_l("Share of the limit, %"), [Optional(), NumberRange(1, 1000)])
    most_days = IntegerField(_l("Days at most"), [Optional(), NumberRange(1, 3_650)])
    month_share = FloatField(_l("Share of a body's month, %"), [Optional(), NumberRange(0.1, 100)])
    decide_value = IntegerField(_l("To be decided within"), [NumberRange(1, 1_000)])
    decide_unit = SelectField(_l("Unit"))
    calendar = SelectField(_l("Hours"))

    def offer(self, calendars: list[Choice]) -> None:
        """Fill the lists to choose from; a number that means nothing for the kind is taken away."""
        for name in ("share", "most_days", "month_share"):
            if self.kind.data in set(RequestKind) and getattr(DEFAULT_TERMS[RequestKind(self.kind.data)], name) is None:
                delattr(self, name)
        for item in self:
            item.id = item.label.field_id = f"{self.kind.data}-{item.short_name}"
        self.decide_unit.choices = word_choices(UNIT_LABELS, gettext)
        self.calendar.choices = calendars

    def fill(self, kind: RequestKind, terms: Terms) -> None:
        """Show the numbers in force."""
        self.kind.data = kind.value
        self.most_times.data, self.most_days.data = terms.most_times, terms.most_days
        self.share.data, self.month_share.data = _in_percent(terms.share), _in_percent(terms.month_share)
        self.decide_value.data, self.decide_unit.data = int(terms.decide.value), terms.decide.unit.value
        self.calendar.data = terms.calendar

    def _number(self, name: str) -> Any:
        return self[name].data if name in self else None

    def terms(self) -> Terms:
        """The numbers as the service takes them."""
        return Terms(
            self.most_times.data,
            _from_percent(self._number("share")),
            self._number("most_days"),
            _from_percent(self._number("month_share")),
            Limit(self.decide_value.data or 0, Unit(self.decide_unit.data)),
            str(self.calendar.data),
        )


def _in_percent(share: float | None) -> float | int | None:
    if share is None:
        return None
    percent = round(share * 100, 6)
    return int(percent) if percent == int(percent) else percent


def _from_percent(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def fit_request(form: RequestForm, rule: RequestRule, unit_words: str, bodies: list[Choice]) -> RequestForm:
    """A request's form with what its kind asks for, its fields named so that several stand on one page."""
    form.kind.data = rule.kind.value
    if Ask.MORE in rule.asks:
        form.more.label.text = gettext("How much more (%(unit)s)", unit=unit_words)
    else:
        del form.more
    if Ask.UNTIL not in rule.asks:
        del form.until_on
    if Ask.BODY in rule.asks:
        form.body.choices = [Choice("", gettext("I do not know")), *bodies]
    else:
        del form.body
    if Ask.PROOF not in rule.asks:
        del form.photo
    for item in form:
        item.id = item.label.field_id = f"{rule.kind.value}-{item.short_name}"
    return form
