"""The rows of a draft's page: classes with their conditions and phases as the draft has them, and the stages."""

from dataclasses import dataclass, field

from flask_babel import gettext

from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import DraftView
from cityops.catalog.keys import PHASE_NUMBERS, Entries, Entry, class_key_of
from cityops.catalog.labels import CLOCK_LABELS, LEVEL_LABELS
from cityops.catalog.telling import Names, title_of

MOST_CLASSES = 60


@dataclass(frozen=True)
class PhaseRow:
    """A further phase of handling under a condition, in words."""

    code: str
    name: str
    limits: list[str]
    body: str
    check: str
    is_changed: bool


@dataclass(frozen=True)
class ConditionRow:
    """A filing condition of a draft, in words; `next_phase` is the code of a further phase, where there may be one."""

    code: str
    text: str
    limits: list[str]
    body: str
    phase: str
    is_changed: bool
    phases: list[PhaseRow]
    next_phase: str


@dataclass(frozen=True)
class ClassRow:
    """A class of a draft with its conditions."""

    key: str
    code: str
    name: str
    conditions: list[ConditionRow] = field(default_factory=list)


def list_rows(names: Names, view: DraftView, words: str) -> list[ClassRow]:
    """The classes that hold every word in their code, names or conditions; without words those that are changed."""
    wanted = words.lower().split()
    rows = []
    for class_key, entry, codes in _classes(view.wanted):
        texts = [*entry.values(), *(view.wanted[EntryKind.CONDITION, code]["text"] for code in codes), *codes]
        text = " ".join(texts).lower()
        row = ClassRow(class_key, entry["code"], names.called(entry, "name"))
        row.conditions.extend(_condition(names, view, code) for code in codes)
        is_changed = view.standing.entries.get((EntryKind.CLASS, class_key)) != entry
        if all(word in text for word in wanted) if wanted else is_changed or any(x.is_changed for x in row.conditions):
            rows.append(row)
        if len(rows) == MOST_CLASSES:
            break
    return rows


def phase_before(names: Names, view: DraftView, code: str) -> str:
    """What the phase before a further phase is called; the first one is its condition's."""
    condition, _, number = code.partition(".")
    earlier = (f"{condition}.{each}" for each in reversed(PHASE_NUMBERS) if each < number)
    found = (view.wanted.get((EntryKind.PHASE, each)) for each in earlier)
    entry = next((each for each in found if each is not None), None)
    if entry is not None:
        return names.called(entry, "name")
    return names.called(view.wanted[EntryKind.CONDITION, condition], "phase_name")


def stage_rows(names: Names, view: DraftView) -> list[tuple[str, str, str, bool]]:
    """The stages in the order of a case's life: name, label, limit, whether the draft changes it."""
    found = []
    for name in CLOCK_LABELS:
        entry = view.wanted.get((EntryKind.STAGE, name))
        if entry is not None:
            is_changed = view.standing.entries.get((EntryKind.STAGE, name)) != entry
            title = title_of(names, view.wanted, EntryKind.STAGE, name)
            found.append((name, title, names.limit(entry), is_changed))
    return found


def _classes(entries: Entries) -> list[tuple[str, Entry, list[str]]]:
    by_class: dict[str, list[str]] = {}
    for kind, key in entries:
        if kind is EntryKind.CONDITION:
            by_class.setdefault(class_key_of(key), []).append(key)
    classes = sorted((key, entry) for (kind, key), entry in entries.items() if kind is EntryKind.CLASS)
    return [(key, entry, sorted(by_class.get(key, []), key=lambda code: (len(code), code))) for key, entry in classes]


def _condition(names: Names, view: DraftView, code: str) -> ConditionRow:
    entry = view.wanted[EntryKind.CONDITION, code]
    limits, is_changed = _limits(names, view, EntryKind.CONDITION, code)
    codes = {f"{code}.{number}": (EntryKind.PHASE, f"{code}.{number}") in view.wanted for number in PHASE_NUMBERS}
    phases = [_phase(names, view, each) for each, is_there in codes.items() if is_there]
    return ConditionRow(
        code,
        names.called(entry, "text"),
        limits,
        names.body(entry),
        names.called(entry, "phase_name"),
        is_changed or any(each.is_changed for each in phases),
        phases,
        next_phase=next((each for each, is_there in codes.items() if not is_there), ""),
    )


def _phase(names: Names, view: DraftView, code: str) -> PhaseRow:
    entry = view.wanted[EntryKind.PHASE, code]
    limits, is_changed = _limits(names, view, EntryKind.PHASE, code)
    check = names.value("check_before", entry["check_before"])
    return PhaseRow(code, names.called(entry, "name"), limits, names.body(entry), check, is_changed)


def _limits(names: Names, view: DraftView, kind: EntryKind, code: str) -> tuple[list[str], bool]:
    """The limits of a condition or phase in words, and whether the draft changes it or one of them."""
    keys = [(kind, code), *((EntryKind.LIMIT, f"{code}/{level}") for level in LEVEL_LABELS)]
    levels = [view.wanted[key] for key in keys[1:] if key in view.wanted]
    limits = [names.limit(view.wanted[kind, code])]
    limits += [f"{gettext(LEVEL_LABELS[int(each['area_level'])])} {names.limit(each)}" for each in levels]
    return limits, any(view.wanted.get(key) != view.standing.entries.get(key) for key in keys)
