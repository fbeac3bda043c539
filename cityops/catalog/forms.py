"""The forms in which an administrator changes entries of a draft: what is typed, as entries, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, FileField, HiddenField, SelectField, StringField
from wtforms.validators import InputRequired

from cityops import web
from cityops.accounts.models import BODY_KIND_LABELS, Body, BodyKind
from cityops.catalog.columns import LIMIT_FIELDS, NO, YES
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import DraftView
from cityops.catalog.entries import BadEntries
from cityops.catalog.keys import Entry, Key
from cityops.catalog.labels import LEVEL_LABELS
from cityops.catalog.models import CASE_KIND_LABELS, COMPONENT_FAULT_LABELS, CaseKind, Standard
from cityops.catalog.phases import PHASE_CHECK_LABELS
from cityops.errors import CityopsError
from cityops.forms import Choice, RoomForm, word_choices
from cityops.worktime.limits import UNIT_LABELS
from cityops.worktime.models import WorkCalendar

PLAIN = (
    *("text", "text_en", "closing", "closing_en", "photos_before", "photos_after", "basis", "component_state"),
    *("phase_name", "phase_name_en"),
    *LIMIT_FIELDS,
)
PLAIN_OF_PHASE = ("name", "name_en", "closing", "closing_en", "check_before", "photos_after", *LIMIT_FIELDS)

USUAL = {"limit_unit": "working_day", "calendar": "office", "in_tier_2": YES}

OF_THE_PLACE = "street_office"
"""The choice of the street office of the place, where an empty one stands for something else; no body's code."""


class DraftForm(RoomForm):
    """What the forms of a draft share: `seen` is how many edits the draft had when the page was made."""

    seen = HiddenField()

    @property
    def seen_edits(self) -> int:
        """The draft's edits as the page had them; what is no number has seen none."""
        text = self.seen.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


class SheetForm(DraftForm):
    """An Excel file to be read into the draft."""

    file = FileField(_l("Excel file"))


class ParentForm(RoomForm):
    """Which standard stands above."""

    parent = SelectField(_l("Stands under"), validate_choice=False)

    def offer(self, standards: Sequence[Standard]) -> None:
        """Fill the list of standards."""
        known = (Choice(str(each.id), each.reference) for each in standards)
        self.parent.choices = [Choice("", gettext("none")), *known]

    @property
    def parent_id(self) -> int | None:
        """The chosen standard; what is no row's key is none there could be."""
        text = self.parent.data or ""
        if not text:
            return None
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


class StandardForm(ParentForm):
    """A standard to add."""

    reference = StringField(_l("Reference"))
    title = StringField(_l("Title"))
    title_en = StringField(_l("Title in English"))
    valid_from_on = DateField(_l("Valid from"), [InputRequired(_l("This may not be empty."))])


class EntryForm(DraftForm):
    """An entry with a limit."""

    limit_value = StringField(_l("Limit"))
    limit_unit = SelectField(_l("Unit"), validate_choice=False)
    calendar = SelectField(_l("Hours"), validate_choice=False)

    def offer_hours(self, calendars: Sequence[WorkCalendar]) -> None:
        """Fill the lists of units and hours."""
        english = web.language() == "en"
        hours = [Choice(row.name, row.label_en if english else row.label_zh) for row in calendars]
        for item in self:
            if item.short_name.endswith("unit"):
                item.choices = word_choices(UNIT_LABELS, gettext)
            elif item.short_name.endswith("calendar"):
                item.choices = hours

    def refuse(self, refusal: CityopsError) -> None:
        """Put every fault beside the field it is about."""
        if not isinstance(refusal, BadEntries):
            super().refuse(refusal)
            return
        for (kind, key), fault in refusal.faults:
            level = key.rpartition("/")[2]
            if kind is EntryKind.LIMIT and fault.field in LIMIT_FIELDS:
                fault.field = _level_field(level, fault.field)
            super().refuse(fault)


class StageForm(EntryForm):
    """The limit of a stage."""

    def to_entries(self, clock: str) -> dict[Key, Entry | None]:
        """What was typed."""
        return {(EntryKind.STAGE, clock): {"clock": clock} | {name: self[name].data or "" for name in LIMIT_FIELDS}}


class TermsForm(EntryForm):
    """What holds in a phase, with limits for the three levels of area; a level without a value has none of its own."""

    FIELD_OF = {"body_kind": "body_code"}

    closing = StringField(_l("Closing condition"))
    closing_en = StringField(_l("Closing condition in English"))
    level_1_limit_value = StringField(_l(LEVEL_LABELS[1]))
    level_1_limit_unit = SelectField(_l("Unit"), validate_choice=False)
    level_1_calendar = SelectField(_l("Hours"), validate_choice=False)
    level_2_limit_value = StringField(_l(LEVEL_LABELS[2]))
    level_2_limit_unit = SelectField(_l("Unit"), validate_choice=False)
    level_2_calendar = SelectField(_l("Hours"), validate_choice=False)
    level_3_limit_value = StringField(_l(LEVEL_LABELS[3]))
    level_3_limit_unit = SelectField(_l("Unit"), validate_choice=False)
    level_3_calendar = SelectField(_l("Hours"), validate_choice=False)
    body_code = SelectField(_l("Responsible body"), validate_choice=False)
    photos_after = StringField(_l("Photos to report back"), default="0")

    def offer_bodies(self, bodies: Sequence[Body]) -> None:
        """Fill the list of bodies after what goes without a name."""
        english = web.language() == "en"
        named = [
            Choice(row.code, f"{row.name_en if english else row.name} ({gettext(BODY_KIND_LABELS[row.kind])})")
            for row in bodies
        ]
        self.body_code.choices = [*self.unnamed_bodies(), *named]

    def unnamed_bodies(self) -> list[Choice]:
        """What stands for a body without naming one: the street office of the place."""
        return [Choice("", gettext("street office of the place"))]

    def limits(self, code: str) -> dict[Key, Entry | None]:
        """What was typed for the levels of a condition or phase: a limit, or that it has none."""
        return {(EntryKind.LIMIT, f"{code}/{level}"): self._limit(code, str(level)) for level in LEVEL_LABELS}

    def _limit(self, code: str, level: str) -> Entry | None:
        values = {name: self[_level_field(level, name)].data or "" for name in LIMIT_FIELDS}
        has_value = values["limit_value"].strip()
        return {"condition": code, "area_level": level} | values if has_value else None


class ConditionForm(TermsForm):
    """A filing condition with its limits; it is the first phase of handling where further ones follow."""

    text = StringField(_l("Filing condition"))
    text_en = StringField(_l("Filing condition in English"))
    is_simple_allowed = BooleanField(_l("An inspector may put this right on the spot"))
    check_same_time = BooleanField(_l("It is checked at the time of day at which it was reported"))
    in_tier_2 = BooleanField(_l("It counts in cells of grid tier 2 too"))
    component_state = SelectField(_l("The component is"), validate_choice=False)
    photos_before = StringField(_l("Photos to file"), default="0")
    basis = StringField(_l("Basis and version"))
    phase_name = StringField(_l("First phase"))
    phase_name_en = StringField(_l("First phase in English"))

    def offer_states(self) -> None:
        """Fill the list of what a fault says of the component."""
        states = word_choices(COMPONENT_FAULT_LABELS, gettext)
        self.component_state.choices = [Choice("", gettext("whole")), *states]

    def to_entries(self, code: str, kinds: Mapping[str, BodyKind]) -> dict[Key, Entry | None]:
        """What was typed: the condition, and for each level its limit or that it has none."""
        body = self.body_code.data or ""
        condition = {name: self[name].data or "" for name in PLAIN} | {
            "code": code,
            "body_kind": kinds.get(body, BodyKind.STREET_OFFICE).value,
            "body_code": body,
            "is_simple_allowed": YES if self.is_simple_allowed.data else NO,
            "check_same_time": YES if self.check_same_time.data else NO,
            "in_tier_2": YES if self.in_tier_2.data else NO,
        }
        return {(EntryKind.CONDITION, code): condition} | self.limits(code)


class PhaseForm(TermsForm):
    """A further phase of handling under a condition, with its limits."""

    name = StringField(_l("Phase"))
    name_en = StringField(_l("Phase in English"))
    check_before = SelectField(_l("Check of the phase before"), validate_choice=False)

    def unnamed_bodies(self) -> list[Choice]:
        """The body of the phase before, or the street office of the place."""
        return [
            Choice("", gettext("the same body goes on")),
            Choice(OF_THE_PLACE, gettext("street office of the place")),
        ]

    def offer_checks(self) -> None:
        """Fill the list of how the phase before is checked."""
        self.check_before.choices = word_choices(PHASE_CHECK_LABELS, gettext)

    def to_entries(self, code: str, kinds: Mapping[str, BodyKind]) -> dict[Key, Entry | None]:
        """What was typed: the phase, and for each level its limit or that it has none."""
        chosen = self.body_code.data or ""
        body = "" if chosen == OF_THE_PLACE else chosen
        kind = kinds.get(body, BodyKind.STREET_OFFICE).value if chosen else ""
        phase = {name: self[name].data or "" for name in PLAIN_OF_PHASE}
        phase |= {"code": code, "body_kind": kind, "body_code": body}
        return {(EntryKind.PHASE, code): phase} | self.limits(code)


class ClassForm(DraftForm):
    """A local class inside a major class: its number is given by the system."""

    major = SelectField(_l("Major class"), validate_choice=False)
    name = StringField(_l("Name"))
    name_en = StringField(_l("Name in English"))


def _level_field(level: str, name: str) -> str:
    return f"level_{level}_{name}"


def condition_values(view: DraftView, code: str) -> dict[str, Any]:
    """A condition of a draft as its form shows it; of a new one, what is usual."""
    entry = view.wanted.get((EntryKind.CONDITION, code), USUAL)
    marks = {name: entry.get(name) == YES for name in ("is_simple_allowed", "check_same_time", "in_tier_2")}
    return {**entry} | marks | _level_values(view, code, entry)


def phase_values(view: DraftView, code: str) -> dict[str, Any]:
    """A further phase of a draft as its form shows it; of a new one, what is usual."""
    entry = view.wanted.get((EntryKind.PHASE, code), USUAL)
    is_of_place = entry.get("body_kind") == BodyKind.STREET_OFFICE and not entry["body_code"]
    body = {"body_code": OF_THE_PLACE} if is_of_place else {}
    return {**entry} | body | _level_values(view, code, entry)


def _level_values(view: DraftView, code: str, entry: Entry) -> dict[str, str]:
    values: dict[str, str] = {}
    for level in LEVEL_LABELS:
        limit = view.wanted.get((EntryKind.LIMIT, f"{code}/{level}"), {})
        shown = {name: limit.get(name, entry.get(name, "")) for name in ("limit_unit", "calendar")}
        shown["limit_value"] = limit.get("limit_value", "")
        values |= {_level_field(str(level), name): value for name, value in shown.items()}
    return values


def major_choices(view: DraftView) -> list[Choice]:
    """The major classes of a draft, to choose from: `component-01`."""
    english, found = web.language() == "en", {}
    for (kind, _), entry in view.wanted.items():
        if kind is EntryKind.CLASS:
            name = (entry["major_name_en"] if english else "") or entry["major_name"]
            word = gettext(CASE_KIND_LABELS[CaseKind(entry["kind"])])
            found[f"{entry['kind']}-{entry['major_code']}"] = f"{word} {entry['major_code']} {name}"
    return [Choice(key, words) for key, words in sorted(found.items())]
