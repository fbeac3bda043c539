"""The forms of the calendars' pages: what can be seen without the database to be wrong."""

from datetime import time
from typing import Self

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    Field,
    FileField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import Length, NumberRange, Optional

from cityops.accounts.forms import NEEDED, PageForm
from cityops.errors import Invalid
from cityops.forms import Choice, word_choices
from cityops.web import say
from cityops.words import N_
from cityops.worktime.calendar import DAY_MINUTES, NOMINAL_MINUTES, DayException, DayKind, DayRule, Spans, Week
from cityops.worktime.editing import MOST_LABEL, Terms
from cityops.worktime.hours import WEEKDAYS, read_spans, write_spans
from cityops.worktime.models import WorkCalendar
from cityops.worktime.notices import MOST_CHARACTERS
from cityops.worktime.services import MOST_SOURCE
from cityops.worktime.timeline import FIRST_YEAR, LAST_YEAR

DAY_KIND_LABELS = {
    DayKind.SPECIAL: N_("hours of its own"),
    DayKind.HOLIDAY: N_("closed all day"),
    DayKind.MAKE_UP: N_("make-up day"),
}
DAY_RULE_LABELS = {
    DayRule.NOMINAL: N_("n times the nominal minutes"),
    DayRule.SAME_HOUR: N_("the same hour n working days later"),
}
MOST_NOTICE = 100_000
FOR_THIS, FOR_ALL = "this", "all"


class TermsForm(PageForm):
    """What a calendar is called and how it counts."""

    TERMS = ("label_zh", "label_en", "nominal_minutes", "day_rule", "observes_holidays")

    label_zh = StringField(_l("Name in Chinese"), [NEEDED, Length(max=MOST_LABEL)])
    label_en = StringField(_l("Name in English"), [NEEDED, Length(max=MOST_LABEL)])
    nominal_minutes = IntegerField(
        _l("Minutes of one working day"), [NEEDED, NumberRange(1, DAY_MINUTES)], default=NOMINAL_MINUTES
    )
    day_rule = SelectField(_l("n working days are"), choices=word_choices(DAY_RULE_LABELS, _l))
    observes_holidays = BooleanField(_l("Observes holidays and make-up days"))

    @classmethod
    def of(cls, row: WorkCalendar) -> Self:
        """The form filled with what a calendar has."""
        return cls(data={field: getattr(row, field) for field in cls.TERMS})

    def terms(self) -> Terms:
        """What was entered."""
        return Terms(
            (self.label_zh.data or "").strip(),
            (self.label_en.data or "").strip(),
            self.nominal_minutes.data or 0,
            DayRule(self.day_rule.data),
            bool(self.observes_holidays.data),
        )


class WeekForm(PageForm):
    """The hours of Monday to Sunday, each day's in its own field."""

    hours_0 = StringField(_l("Monday"), [Length(max=100)])
    hours_1 = StringField(_l("Tuesday"), [Length(max=100)])
    hours_2 = StringField(_l("Wednesday"), [Length(max=100)])
    hours_3 = StringField(_l("Thursday"), [Length(max=100)])
    hours_4 = StringField(_l("Friday"), [Length(max=100)])
    hours_5 = StringField(_l("Saturday"), [Length(max=100)])
    hours_6 = StringField(_l("Sunday"), [Length(max=100)])

    @property
    def week_fields(self) -> list[Field]:
        """The seven fields, Monday's first."""
        return [self[f"hours_{weekday}"] for weekday in range(len(WEEKDAYS))]

    def read_week(self) -> list[Spans] | None:
        """The hours of each day; None, and the reason beside each field, where one cannot be read."""
        week = [_read_beside(field) for field in self.week_fields]
        return None if any(field.errors for field in self.week_fields) else week


class CalendarForm(TermsForm, WeekForm):
    """A calendar to add."""

    name = StringField(_l("Short name"), [NEEDED, Length(max=32)])


class HoursForm(WeekForm):
    """Other weekly hours from a day on."""

    from_on = DateField(_l("From this day on"), [NEEDED])
    until_on = DateField(_l("Until before this day"), [Optional()])

    @classmethod
    def of(cls, week: Week | None) -> Self:
        """The form filled with the hours that hold."""
        form = cls()
        for field, spans in zip(form.week_fields, week.spans if week else (), strict=False):
            field.data = write_spans(spans)
        return form


class RemoveForm(PageForm):
    """A day to take out of one calendar, or of all that observe holidays."""

    day = DateField(_l("Day"), [NEEDED])
    whose = SelectField(
        _l("For"),
        choices=[Choice(FOR_THIS, _l("this calendar")), Choice(FOR_ALL, _l("all that observe holidays"))],
        default=FOR_THIS,
    )

    def whose_of(self, name: str) -> str | None:
        """The calendar it is about; None for all."""
        return None if self.whose.data == FOR_ALL else name


class DayForm(RemoveForm):
    """A day of its own, of one calendar or of all that observe holidays."""

    kind = SelectField(_l("What it is"), choices=word_choices(DAY_KIND_LABELS, _l))
    name_zh = StringField(_l("Reason"), [NEEDED, Length(max=MOST_CHARACTERS["name_zh"])])
    name_en = StringField(_l("Reason in English"), [Length(max=MOST_CHARACTERS["name_en"])])
    closed_from = TimeField(_l("Closed from"), [Optional()])
    hours = StringField(_l("Or the hours that remain"), [Length(max=100)])

    @property
    def names(self) -> tuple[str, str]:
        """The reason in Chinese and English; the Chinese one where no English was given."""
        chinese = (self.name_zh.data or "").strip()
        return chinese, (self.name_en.data or "").strip() or chinese

    @property
    def closing_minute(self) -> int | None:
        """The minute of the day from which it is closed, where that was given."""
        moment: time | None = self.closed_from.data
        return None if moment is None else moment.hour * 60 + moment.minute

    def read_day(self) -> DayException | None:
        """The day as entered; None, and the reason beside the field, where its hours cannot be read."""
        spans = _read_beside(self.hours)
        if self.closing_minute is not None and (spans or self.kind.data != DayKind.SPECIAL):
            message = N_("Either closed from a time on, or other hours, or another kind of day.")
            self.refuse(Invalid("closed_from", message))
        if self.hours.errors or self.closed_from.errors:
            return None
        chinese, english = self.names
        return DayException(DayKind(self.kind.data), spans, english, chinese)


class NoticeForm(PageForm):
    """A year's holidays handed in as a file, to be looked at first."""

    year = IntegerField(_l("Year"), [NEEDED, NumberRange(FIRST_YEAR, LAST_YEAR)])
    source = StringField(_l("Source"), [NEEDED, Length(max=MOST_SOURCE)])
    file = FileField(_l("CSV file"))


class EnterForm(PageForm):
    """The same holidays, looked at: the text of their file comes back with the page."""

    year = IntegerField(_l("Year"), [NEEDED, NumberRange(FIRST_YEAR, LAST_YEAR)])
    source = StringField(_l("Source"), [NEEDED, Length(max=MOST_SOURCE)])
    text = TextAreaField(_l("The days"), [NEEDED, Length(max=MOST_NOTICE)])
    replaces = BooleanField()


def _read_beside(field: Field) -> Spans:
    try:
        return read_spans(field.data or "")
    except Invalid as refusal:
        field.errors = [*field.errors, say(refusal)]
        return ()
