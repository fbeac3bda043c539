"""Publishing a draft: old rows end the day before, new ones begin, all or nothing."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import audit
from cityops.accounts.models import AuditAction, BodyKind
from cityops.accounts.viewer import Viewer
from cityops.catalog.columns import YES, read_entry
from cityops.catalog.draft_models import CatalogDraft, DraftState, EntryKind
from cityops.catalog.drafts import DraftView, lock_draft, must_edit
from cityops.catalog.entries import BadEntries, Difference
from cityops.catalog.keys import PHASE_NUMBERS, Entry, Key, class_key_of, condition_of
from cityops.catalog.models import (
    CaseClass,
    CaseKind,
    ComponentFault,
    ConditionLimit,
    ConditionPhase,
    FilingCondition,
    HasLimit,
    LevelLimit,
    PhaseLimit,
    StageLimit,
    Standard,
)
from cityops.catalog.phases import PhaseCheck
from cityops.catalog.standing import (
    list_standing_classes,
    list_standing_conditions,
    list_standing_stages,
    read_known,
)
from cityops.errors import Conflict, Invalid, WrongState
from cityops.words import N_
from cityops.worktime.limits import Unit

_DAY = timedelta(days=1)
_Limited = TypeVar("_Limited", bound=LevelLimit)


def publish(session: Session, viewer: Viewer | None, draft_id: int, seen: int, from_on: date) -> CatalogDraft:
    """Bring a draft into force from a day: what it changes ends the day before, and nothing that stands is altered.

    Args:
        seen: how many edits the draft had when the publisher looked at it.
        from_on: the first day of what is new; today or later.

    Raises:
        Conflict: the draft, or what it was made upon, has changed since.
        WrongState: it has been published or dropped, or changes nothing.
        BadEntries: what it wants cannot be taken any more, for instance because a body has ended.
        Invalid: the day is past, or not after the one on which a row it ends begins.
    """
    must_edit(viewer)
    # One edition after the other, whatever their standards: they share the limits of the stages.
    session.scalars(select(Standard.id).order_by(Standard.id).with_for_update()).all()
    view = lock_draft(session, viewer, draft_id)
    draft, found = view.draft, view.differences
    _check_unmoved(view, seen)
    _check_day(draft.standard, from_on)
    if not found:
        raise WrongState(N_("This draft changes nothing: there is nothing to publish."))
    _check_entries(session, found)
    classes = _publish_classes(session, draft.standard_id, found, from_on)
    _publish_conditions(session, view, found, classes, from_on)
    _publish_stages(session, found, from_on)
    person_id = None if viewer is None else viewer.person_id
    draft.state, draft.valid_from_on = DraftState.PUBLISHED, from_on
    draft.ended_by, draft.ended_at = person_id, clock.now()
    audit.record(session, person_id, AuditAction.CATALOGUE_PUBLISHED, f"{draft.standard.reference}, {from_on}")
    session.flush()
    return draft


def _check_unmoved(view: DraftView, seen: int) -> None:
    if view.draft.edits != seen:
        raise Conflict(N_("The draft has been changed since you looked: look at the difference again."))
    for change in view.draft.changes:
        if change.based_on != view.standing.row_of(change.kind, change.key):
            raise Conflict(
                N_("“%(key)s” has been published anew since this draft changed it: change it once more."),
                key=change.key,
            )


def _check_day(standard: Standard, from_on: date) -> None:
    if from_on < clock.today():
        raise Invalid("from_on", N_("An edition comes into force today or later, never back."))
    begins, ends = standard.valid_from_on, standard.valid_until_on
    if from_on < begins or (ends is not None and ends < from_on):
        raise Invalid(
            "from_on", N_("The standard %(reference)s is not in force on this day."), reference=standard.reference
        )


def _check_entries(session: Session, found: Iterable[Difference]) -> None:
    known = read_known(session, clock.today())
    wanted = [each for each in found if each.after is not None]
    faults = [
        ((each.kind, each.key), fault) for each in wanted for fault in read_entry(each.kind, each.after or {}, known)[1]
    ]
    if faults:
        raise BadEntries(faults)


def _publish_classes(
    session: Session, standard_id: int, found: Iterable[Difference], from_on: date
) -> Mapping[str, CaseClass]:
    """The classes by key: those that stand, end or begin."""
    classes = {f"{row.kind}-{row.code}": row for row in list_standing_classes(session, standard_id)}
    for each in found:
        if each.kind is EntryKind.CLASS and each.after is None:
            classes[each.key].ended_on = from_on
        elif each.kind is EntryKind.CLASS and each.after is not None:
            classes[each.key] = _class_row(standard_id, each.after, from_on)
            session.add(classes[each.key])
    return classes


def _publish_conditions(
    session: Session,
    view: DraftView,
    found: Iterable[Difference],
    classes: Mapping[str, CaseClass],
    from_on: date,
) -> None:
    """A condition whose phases or limits change begins anew too: a case keeps the limits it was filed under."""
    kinds = (EntryKind.CONDITION, EntryKind.PHASE, EntryKind.LIMIT)
    codes = sorted({condition_of(each.key) for each in found if each.kind in kinds})
    standing = {row.code: row for row in list_standing_conditions(session, view.draft.standard_id)}
    for code in codes:
        if code in standing:
            _end(standing[code], code, from_on)
        entry = view.wanted.get((EntryKind.CONDITION, code))
        if entry is not None:
            row = _condition_row(entry, classes[class_key_of(code)], from_on)
            row.limits = [_filled(ConditionLimit(), limit) for limit in _limits_of(view.wanted, code)]
            row.phases = [_phase_row(view.wanted, phase) for phase in _phases_of(view.wanted, code)]
            session.add(row)


def _limits_of(wanted: Mapping[Key, Entry], code: str) -> list[Entry]:
    found = (wanted.get((EntryKind.LIMIT, f"{code}/{level}")) for level in (1, 2, 3))
    return [each for each in found if each is not None]


def _phases_of(wanted: Mapping[Key, Entry], code: str) -> list[Entry]:
    found = (wanted.get((EntryKind.PHASE, f"{code}.{number}")) for number in PHASE_NUMBERS)
    return [each for each in found if each is not None]


def _publish_stages(session: Session, found: Iterable[Difference], from_on: date) -> None:
    standing = {row.clock: row for row in list_standing_stages(session)}
    for each in found:
        if each.kind is EntryKind.STAGE and each.after is not None:
            if each.key in standing:
                _end(standing[each.key], each.key, from_on)
            row = StageLimit(clock=each.key, valid_from_on=from_on)
            _fill_limit(row, each.after)
            session.add(row)


def _end(row: FilingCondition | StageLimit, key: str, from_on: date) -> None:
    if from_on <= row.valid_from_on:
        raise Invalid(
            "from_on", N_("“%(key)s” itself begins on %(day)s: choose a later day."), key=key, day=row.valid_from_on
        )
    row.valid_until_on = from_on - _DAY


def _class_row(standard_id: int, entry: Entry, from_on: date) -> CaseClass:
    return CaseClass(
        standard_id=standard_id,
        kind=CaseKind(entry["kind"]),
        code=entry["code"],
        major_code=entry["major_code"],
        major_name=entry["major_name"],
        major_name_en=entry["major_name_en"] or None,
        name=entry["name"],
        name_en=entry["name_en"] or None,
        begun_on=from_on,
    )


def _condition_row(entry: Entry, case_class: CaseClass, from_on: date) -> FilingCondition:
    row = FilingCondition(
        case_class=case_class,
        code=entry["code"],
        text=entry["text"],
        text_en=entry["text_en"],
        closing=entry["closing"],
        closing_en=entry["closing_en"],
        body_kind=BodyKind(entry["body_kind"]),
        body_code=entry["body_code"] or None,
        is_simple_allowed=entry["is_simple_allowed"] == YES,
        check_same_time=entry["check_same_time"] == YES,
        in_tier_2=entry["in_tier_2"] == YES,
        component_state=ComponentFault(entry["component_state"]) if entry["component_state"] else None,
        photos_before=int(entry["photos_before"]),
        photos_after=int(entry["photos_after"]),
        basis=entry["basis"] or None,
        phase_name=entry["phase_name"] or None,
        phase_name_en=entry["phase_name_en"] or None,
        valid_from_on=from_on,
    )
    _fill_limit(row, entry)
    return row


def _phase_row(wanted: Mapping[Key, Entry], entry: Entry) -> ConditionPhase:
    row = ConditionPhase(
        number=int(entry["code"].rpartition(".")[2]),
        name=entry["name"],
        name_en=entry["name_en"],
        closing=entry["closing"],
        closing_en=entry["closing_en"],
        check_before=PhaseCheck(entry["check_before"]),
        body_kind=BodyKind(entry["body_kind"]) if entry["body_kind"] else None,
        body_code=entry["body_code"] or None,
        photos_after=int(entry["photos_after"]),
    )
    _fill_limit(row, entry)
    row.limits = [_filled(PhaseLimit(), limit) for limit in _limits_of(wanted, entry["code"])]
    return row


def _filled(row: _Limited, entry: Entry) -> _Limited:
    row.area_level = int(entry["area_level"])
    _fill_limit(row, entry)
    return row


def _fill_limit(row: HasLimit, entry: Entry) -> None:
    row.limit_value, row.limit_unit = int(entry["limit_value"]), Unit(entry["limit_unit"])
    row.calendar = entry["calendar"]
