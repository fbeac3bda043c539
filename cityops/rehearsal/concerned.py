"""Which open cases a draft concerns: filed ones keep their condition, those not yet filed need one in force."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.models import Case
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import DraftView
from cityops.catalog.keys import condition_of

MOST_SHOWN = 200


@dataclass(frozen=True)
class Concern:
    """One condition or class that the draft changes or ends, with the open cases that name it.

    Attributes:
        filed: they keep what they were filed under.
        unfiled: not filed yet; under what ends they cannot be.
    """

    kind: EntryKind
    key: str
    is_ended: bool
    filed: int
    unfiled: int


def seen_by(viewer: Viewer | None) -> ColumnElement[bool]:
    """The cases that count; None stands for the command line, which sees all."""
    return true() if viewer is None else cases.scope(viewer)


def list_concerns(session: Session, viewer: Viewer | None, view: DraftView) -> list[Concern]:
    """The open cases under each condition that would begin anew or end, and not yet filed ones under an ended class."""
    conditions = _touched_conditions(view)
    found = _counts(session, viewer, Case.condition_id, list(conditions))
    concerns = [
        Concern(EntryKind.CONDITION, code, (EntryKind.CONDITION, code) not in view.wanted, *found[row_id])
        for row_id, code in conditions.items()
        if row_id in found
    ]
    classes = _ended_classes(view)
    found = _counts(session, viewer, Case.class_id, list(classes), Case.condition_id.is_(None))
    return concerns + [
        Concern(EntryKind.CLASS, key, True, *found[row_id]) for row_id, key in classes.items() if row_id in found
    ]


def count_left_unfiled(concerns: Sequence[Concern]) -> int:
    """How many open cases would have to be filed under another class or condition than the one they name."""
    return sum(each.unfiled for each in concerns if each.is_ended)


def list_concerned(session: Session, viewer: Viewer | None, view: DraftView, key: str) -> Sequence[Case]:
    """The open cases behind a concern, the newest first."""
    condition_ids = [row_id for row_id, code in _touched_conditions(view).items() if code == key]
    class_ids = [row_id for row_id, class_key in _ended_classes(view).items() if class_key == key]
    names = or_(Case.condition_id.in_(condition_ids), Case.class_id.in_(class_ids) & Case.condition_id.is_(None))
    rows = select(Case).where(seen_by(viewer), Case.ended_at.is_(None), names).order_by(Case.id.desc())
    loaded = (joinedload(Case.case_class), joinedload(Case.condition), joinedload(Case.body))
    return session.scalars(rows.options(*loaded).limit(MOST_SHOWN)).all()


def _touched_conditions(view: DraftView) -> dict[int, str]:
    kinds = (EntryKind.CONDITION, EntryKind.PHASE, EntryKind.LIMIT)
    codes = sorted({condition_of(each.key) for each in view.differences if each.kind in kinds})
    rows = ((view.standing.rows.get((EntryKind.CONDITION, code)), code) for code in codes)
    return {row_id: code for row_id, code in rows if row_id is not None}


def _ended_classes(view: DraftView) -> dict[int, str]:
    ended = [each.key for each in view.differences if each.kind is EntryKind.CLASS and each.after is None]
    return {view.standing.rows[EntryKind.CLASS, key]: key for key in ended}


def _counts(
    session: Session,
    viewer: Viewer | None,
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
    ids: Sequence[int],
    *narrower: ColumnElement[bool],
) -> dict[int, tuple[int, int]]:
    """The open cases that name each id: how many filed and how many not; what no case names is missing."""
    counts = func.count().filter(Case.filed_at.is_not(None)), func.count().filter(Case.filed_at.is_(None))
    rows = select(column, *counts).where(seen_by(viewer), Case.ended_at.is_(None), column.in_(ids), *narrower)
    found = session.execute(rows.group_by(column))
    return {row_id: (filed, unfiled) for row_id, filed, unfiled in found if row_id is not None}
