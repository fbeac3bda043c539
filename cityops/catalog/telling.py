"""What a draft changes, told to a person: values as words, entries by their names."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts import queries as accounts
from cityops.accounts.models import BODY_KIND_LABELS
from cityops.catalog.columns import LIMIT_FIELDS, NO, YES
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import DraftView
from cityops.catalog.entries import Difference
from cityops.catalog.keys import Entries, Entry, class_key_of, condition_of
from cityops.catalog.labels import CLOCK_LABELS, LEVEL_LABELS, limit_words
from cityops.catalog.models import CASE_KIND_LABELS, COMPONENT_FAULT_LABELS
from cityops.catalog.phases import PHASE_CHECK_LABELS
from cityops.words import N_
from cityops.worktime import queries as worktime
from cityops.worktime.limits import UNIT_LABELS, Limit, Unit

ACT_LABELS = {"added": N_("added"), "ended": N_("ended"), "changed": N_("changed")}
KIND_LABELS = {
    EntryKind.CLASS: N_("class"),
    EntryKind.CONDITION: N_("filing condition"),
    EntryKind.PHASE: N_("phase of handling"),
    EntryKind.LIMIT: N_("limit for areas"),
    EntryKind.STAGE: N_("limit of a stage"),
}


@dataclass(frozen=True)
class Names:
    """What calendars and bodies are called in the reader's language."""

    english: bool
    calendars: Mapping[str, str]
    bodies: Mapping[str, str]

    @classmethod
    def read(cls, session: Session) -> "Names":
        """The names as they are."""
        english = web.language() == "en"
        return cls(
            english,
            {row.name: row.label_en if english else row.label_zh for row in worktime.list_calendars(session)},
            {row.code: row.name_en if english else row.name for row in accounts.list_bodies(session)},
        )

    def value(self, column: str, text: str) -> str:
        """A value of an entry in words."""
        words = {"calendar": self.calendars, "body_code": self.bodies}.get(column)
        if words is not None:
            return words.get(text, text)
        label = _LABELS.get(column, {}).get(text)
        return gettext(label) if label else text

    def called(self, entry: Entry, name: str) -> str:
        """A text of an entry that has one in two languages, in the reader's."""
        return (entry.get(f"{name}_en") if self.english else "") or entry.get(name, "")

    def limit(self, entry: Entry) -> str:
        """The limit of an entry: `2 working days (office hours)`."""
        words = limit_words(Limit(int(entry["limit_value"]), Unit(entry["limit_unit"])))
        return f"{words} ({self.value('calendar', entry['calendar'])})"

    def body(self, entry: Entry) -> str:
        """Who is responsible under a condition, or in a phase of it."""
        if not entry["body_kind"]:
            return str(gettext("the same body goes on"))
        return self.value("body_code", entry["body_code"]) or str(gettext("street office of the place"))


@dataclass(frozen=True)
class ToldChange:
    """One difference, told; `fields` are label, before and after of each value that differs."""

    difference: Difference
    title: str
    kind: str
    act: str
    fields: list[tuple[str, str, str]]


def tell_changes(names: Names, view: DraftView) -> list[ToldChange]:
    """What publishing the draft would add, end and change, field by field; a limit's value, unit and hours together."""
    entries = {**view.standing.entries, **view.wanted}
    return [_told(names, entries, each) for each in view.differences]


def title_of(names: Names, entries: Entries, kind: EntryKind, key: str) -> str:
    """What an entry is called by people: its class, condition, phase, level or stage."""
    if kind is EntryKind.STAGE:
        return str(gettext(CLOCK_LABELS[key]))
    if kind is EntryKind.CLASS:
        return names.called(entries[kind, key], "name")
    if kind is EntryKind.LIMIT:
        code, _, level = key.partition("/")
        limited = EntryKind.PHASE if "." in code else EntryKind.CONDITION
        return f"{title_of(names, entries, limited, code)} · {gettext(LEVEL_LABELS[int(level)])}"
    if kind is EntryKind.PHASE:
        condition = title_of(names, entries, EntryKind.CONDITION, condition_of(key))
        return f"{condition} · {names.called(entries[kind, key], 'name')}"
    above = entries.get((EntryKind.CLASS, class_key_of(key)), {})
    return f"{names.called(above, 'name')} · {names.called(entries[kind, key], 'text')}"


def _told(names: Names, entries: Entries, found: Difference) -> ToldChange:
    before, after = (
        names.limit(each) if each and "limit_value" in each else "" for each in (found.before, found.after)
    )
    fields = [(str(gettext("Limit")), before, after)] if before != after else []
    if found.act == "changed":
        fields += [
            (str(gettext(column.label)), names.value(column.name, old), names.value(column.name, new))
            for column, old, new in found.fields
            if column.name not in LIMIT_FIELDS
        ]
    title = title_of(names, entries, found.kind, found.key)
    return ToldChange(found, title, str(gettext(KIND_LABELS[found.kind])), str(gettext(ACT_LABELS[found.act])), fields)


_LABELS: Mapping[str, Mapping[str, str]] = {
    "limit_unit": {unit.value: label for unit, label in UNIT_LABELS.items()},
    "body_kind": {kind.value: label for kind, label in BODY_KIND_LABELS.items()},
    "kind": {kind.value: label for kind, label in CASE_KIND_LABELS.items()},
    "is_simple_allowed": {YES: N_("yes"), NO: N_("no")},
    "check_same_time": {YES: N_("yes"), NO: N_("no")},
    "in_tier_2": {YES: N_("yes"), NO: N_("no")},
    "component_state": {fault.value: label for fault, label in COMPONENT_FAULT_LABELS.items()} | {"": N_("whole")},
    "check_before": {check.value: label for check, label in PHASE_CHECK_LABELS.items()},
    "clock": CLOCK_LABELS,
}
