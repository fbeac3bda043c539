"""The catalogue of a standard as it was last published, as entries with the rows behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, selectinload

from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.catalog.columns import NO, YES, Known
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.keys import Entry, Key, condition_of, key_of
from cityops.catalog.models import CaseClass, ConditionPhase, FilingCondition, HasLimit, HasTerms, StageLimit
from cityops.worktime import queries as worktime


@dataclass(frozen=True)
class Standing:
    """Entries by kind and key, and the key of the row behind each; behind a phase or limit it is its condition's."""

    entries: dict[Key, Entry]
    rows: dict[Key, int]

    def row_of(self, kind: EntryKind, key: str) -> int | None:
        """The row that a change of an entry is a change of; None where there is none yet."""
        if kind in {EntryKind.PHASE, EntryKind.LIMIT}:
            return self.rows.get((EntryKind.CONDITION, condition_of(key)))
        return self.rows.get((kind, key))


def read_standing(session: Session, standard_id: int) -> Standing:
    """What has been published of a standard and has no end, what begins on a later day included; and the stages."""
    standing = Standing({}, {})
    for row in list_standing_classes(session, standard_id):
        _add(standing, EntryKind.CLASS, _class_entry(row), row.id)
    for condition in list_standing_conditions(session, standard_id):
        _add(standing, EntryKind.CONDITION, _condition_entry(condition), condition.id)
        _add_limits(standing, condition.code, condition, condition.id)
        for phase in condition.phases:
            entry = _phase_entry(condition.code, phase)
            _add(standing, EntryKind.PHASE, entry, condition.id)
            _add_limits(standing, entry["code"], phase, condition.id)
    for stage in list_standing_stages(session):
        _add(standing, EntryKind.STAGE, {"clock": stage.clock} | _limit_fields(stage), stage.id)
    return standing


def list_standing_classes(session: Session, standard_id: int) -> Sequence[CaseClass]:
    """The classes of a standard that have no end."""
    rows = select(CaseClass).where(CaseClass.standard_id == standard_id, CaseClass.ended_on.is_(None))
    return session.scalars(rows.order_by(CaseClass.kind, CaseClass.code)).all()


def list_standing_conditions(session: Session, standard_id: int) -> Sequence[FilingCondition]:
    """The filing conditions of a standard that have no end, with their classes, limits and phases."""
    rows = (
        select(FilingCondition)
        .join(FilingCondition.case_class)
        .where(CaseClass.standard_id == standard_id, CaseClass.ended_on.is_(None))
        .where(FilingCondition.valid_until_on.is_(None))
        .options(contains_eager(FilingCondition.case_class), selectinload(FilingCondition.limits))
        .options(selectinload(FilingCondition.phases))
        .order_by(FilingCondition.code)
    )
    return session.scalars(rows).all()


def list_standing_stages(session: Session) -> Sequence[StageLimit]:
    """The limits of the stages that have no end."""
    return session.scalars(
        select(StageLimit).where(StageLimit.valid_until_on.is_(None)).order_by(StageLimit.clock)
    ).all()


def read_known(session: Session, today: date) -> Known:
    """The calendars and bodies that entries may name today."""
    names = [row.name for row in worktime.list_calendars(session)]
    bodies = accounts.list_bodies(session, RESPONSIBLE_KINDS, today)
    return Known(
        today,
        {name: worktime.get_calendar(session, name) for name in names},
        {body.code: body.kind for body in bodies},
    )


def list_used(session: Session, standard_id: int) -> set[Key]:
    """Every class and filing condition there ever was under a standard: their codes are never used again."""
    classes = session.scalars(select(CaseClass).where(CaseClass.standard_id == standard_id)).all()
    codes = select(FilingCondition.code).join(FilingCondition.case_class).where(CaseClass.standard_id == standard_id)
    used = {(EntryKind.CLASS, key_of(EntryKind.CLASS, _class_entry(row))) for row in classes}
    return used | {(EntryKind.CONDITION, code) for code in session.scalars(codes)}


def next_condition_code(class_key: str, used: Iterable[Key]) -> str:
    """The code of a class's next filing condition: one more than the highest there ever was.

    >>> next_condition_code("matter-06010", [(EntryKind.CONDITION, "M06010-2")])
    'M06010-3'
    """
    kind, _, number = class_key.partition("-")
    prefix = f"{kind[:1].upper()}{number}-"
    taken = [int(key[len(prefix) :]) for each, key in used if each is EntryKind.CONDITION and key.startswith(prefix)]
    return f"{prefix}{max(taken, default=0) + 1}"


def _add(standing: Standing, kind: EntryKind, entry: Entry, row_id: int) -> None:
    key = kind, key_of(kind, entry)
    standing.entries[key] = entry
    standing.rows[key] = row_id


def _add_limits(standing: Standing, code: str, terms: HasTerms, row_id: int) -> None:
    for limit in terms.limits:
        entry = {"condition": code, "area_level": str(limit.area_level)} | _limit_fields(limit)
        _add(standing, EntryKind.LIMIT, entry, row_id)


def _class_entry(row: CaseClass) -> Entry:
    return {
        "kind": row.kind.value,
        "code": row.code,
        "major_code": row.major_code,
        "major_name": row.major_name,
        "major_name_en": row.major_name_en or "",
        "name": row.name,
        "name_en": row.name_en or "",
    }


def _condition_entry(row: FilingCondition) -> Entry:
    return {
        "code": row.code,
        "text": row.text,
        "text_en": row.text_en,
        "closing": row.closing,
        "closing_en": row.closing_en,
        **_limit_fields(row),
        "body_kind": row.body_kind.value,
        "body_code": row.body_code or "",
        "is_simple_allowed": YES if row.is_simple_allowed else NO,
        "check_same_time": YES if row.check_same_time else NO,
        "in_tier_2": YES if row.in_tier_2 else NO,
        "component_state": row.component_state.value if row.component_state else "",
        "photos_before": str(row.photos_before),
        "photos_after": str(row.photos_after),
        "basis": row.basis or "",
        "phase_name": row.phase_name or "",
        "phase_name_en": row.phase_name_en or "",
    }


def _phase_entry(condition: str, row: ConditionPhase) -> Entry:
    return {
        "code": f"{condition}.{row.number}",
        "name": row.name,
        "name_en": row.name_en,
        "closing": row.closing,
        "closing_en": row.closing_en,
        **_limit_fields(row),
        "body_kind": row.body_kind.value if row.body_kind else "",
        "body_code": row.body_code or "",
        "check_before": row.check_before.value,
        "photos_after": str(row.photos_after),
    }


def _limit_fields(row: HasLimit) -> dict[str, str]:
    return {"limit_value": str(row.limit_value), "limit_unit": row.limit_unit.value, "calendar": row.calendar}
