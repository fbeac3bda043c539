"""Whether entries fit into a catalogue: whole in themselves, hanging on what there is, under codes not used before."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from cityops import clock
from cityops.catalog.columns import COLUMNS, completed, read_entry
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.entries import BadEntries, without_orphans
from cityops.catalog.keys import Entries, Entry, Key, over
from cityops.catalog.standing import Standing, list_used, read_known
from cityops.errors import Invalid
from cityops.words import N_

KEY_FIELD: Mapping[EntryKind, str] = {
    EntryKind.CLASS: "code",
    EntryKind.CONDITION: "code",
    EntryKind.PHASE: "code",
    EntryKind.LIMIT: "condition",
    EntryKind.STAGE: "clock",
}
"""The field that a fault of an entry's key is about."""


def fit_entries(
    session: Session, standard_id: int, standing: Standing, present: Entries, wanted: Mapping[Key, Entry | None]
) -> dict[Key, Entry | None]:
    """The wanted entries as they are kept, each whole in itself and in its place in the catalogue.

    Args:
        present: the entries as the draft has them.
        wanted: the values as they were typed; None ends an entry.

    Raises:
        BadEntries: something is wrong with one or several of them.
    """
    known, used = read_known(session, clock.today()), list_used(session, standard_id)
    entries: dict[Key, Entry | None] = {}
    faults: list[tuple[Key, Invalid]] = []
    for key, typed in wanted.items():
        raw = completed(key[0], typed, present.get(key)) if typed is not None else None
        if raw is not None and _same(key[0], raw, present.get(key)):
            # What was taken once is no fault of who hands it in again, whatever has become of its body since.
            entries[key] = present[key]
            continue
        entries[key], found = (None, []) if raw is None else read_entry(key[0], raw, known)
        found = found or [each for each in [_misfit(standing, present, used, key, entries[key])] if each is not None]
        faults += [(key, fault) for fault in found]
    remaining = without_orphans(_overlaid(present, entries))
    for key, entry in entries.items():
        above = over(*key)
        if entry is not None and above is not None and above not in remaining:
            message = N_("There is no “%(key)s” in this standard, or it ends.")
            faults.append((key, Invalid(KEY_FIELD[key[0]], message, key=above[1])))
    faults += _unnamed(remaining, entries)
    if faults:
        raise BadEntries(faults)
    return entries


def _unnamed(remaining: Entries, entries: Mapping[Key, Entry | None]) -> list[tuple[Key, Invalid]]:
    """Where phases follow, the first one needs a name; the fault is that of the entry that was handed in."""
    phases = [key for key in remaining if key[0] is EntryKind.PHASE]
    lacking = [(key, above) for key in phases if (above := over(*key)) and not remaining[above]["phase_name"]]
    message = N_("Further phases follow: the first one, which is the condition itself, needs a name.")
    named = {above if above in entries else key for key, above in lacking if {key, above} & entries.keys()}
    return [(key, Invalid("phase_name" if key[0] is EntryKind.CONDITION else "code", message)) for key in sorted(named)]


def _same(kind: EntryKind, raw: Entry, entry: Entry | None) -> bool:
    return entry is not None and all(
        raw.get(column.name, "").strip() == entry.get(column.name, "") for column in COLUMNS[kind]
    )


def _overlaid(entries: Entries, over_them: Mapping[Key, Entry | None]) -> Entries:
    merged = {**entries, **over_them}
    return {key: entry for key, entry in merged.items() if entry is not None}


def _misfit(standing: Standing, present: Entries, used: set[Key], key: Key, entry: Entry | None) -> Invalid | None:
    """What keeps an entry, whole in itself, out of this catalogue."""
    kind, name = key
    field, stands = KEY_FIELD[kind], key in standing.entries
    if entry is None:
        if kind is EntryKind.STAGE:
            return Invalid(field, N_("The limit of a stage can be changed, not ended: its clock needs one."))
        return None if stands or key in present else Invalid(field, N_("There is no “%(key)s” to end."), key=name)
    if not stands and key in used:
        return Invalid(field, N_("“%(key)s” was used before and has ended: take another number."), key=name)
    if kind is EntryKind.CLASS and stands and entry != standing.entries[key]:
        return Invalid(field, N_("A class in force keeps its number and names: end it and add another."))
    return None
