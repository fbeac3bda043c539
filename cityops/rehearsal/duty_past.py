"""To whom the filed cases of the last months went at first, one body after another: all of it in one query."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.cases import numbers
from cityops.cases.models import Assignment, AssignmentEnd, Case
from cityops.catalog.models import CaseClass, ConditionPhase, FilingCondition, ResponsibilityRule
from cityops.catalog.phases import FIRST_PHASE
from cityops.grid.models import Component
from cityops.rehearsal.concerned import seen_by
from cityops.rehearsal.past import NOT_JUDGED


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case as it went.

    Attributes:
        keeper: the code of the body that keeps up the component; empty without one.
        first_id: the body it was dispatched to first, in the phase that is looked at; `last_id` the one that handled
            it.
        sent_back_by: the bodies that sent it back, in order.
        detour: how long after the first dispatch it was dispatched to the last body.
        is_late: whether the last body was, or is by now, late with it.
    """

    case_id: int
    opened_at: datetime
    class_key: str
    condition_id: int | None
    area_code: str
    keeper: str
    first_id: int
    last_id: int
    sent_back_by: tuple[int, ...]
    detour: timedelta
    is_late: bool

    @property
    def number(self) -> str:
        """The number of the case."""
        return numbers.case_number(clock.city_day(self.opened_at), self.case_id)


def list_past(
    session: Session, viewer: Viewer | None, since_on: date, subject: ResponsibilityRule, most: int | None
) -> list[PastCase]:
    """The dispatched cases filed since a day that a rule is about, the newest first; at most so many.

    They are looked at in the phase of handling that the rule names, else in the first: whose a further one is follows
    from its condition, unless a rule names it.
    """
    in_phase = Assignment.phase == (subject.phase or FIRST_PHASE)
    dispatched = exists().where(Assignment.case_id == Case.id, in_phase)
    since = datetime(since_on.year, since_on.month, since_on.day, tzinfo=clock.CITY_ZONE)
    keys = {row.id: row.key for row in session.scalars(select(CaseClass))}
    chosen = (
        select(
            *(Case.id, Case.opened_at, Case.filed_at, Case.class_id, Case.condition_id, Case.area_code),
            Component.body_code,
        )
        .outerjoin(Component, Component.id == Case.component_id)
        .where(
            seen_by(viewer), Case.filed_at >= since, Case.stage.not_in(NOT_JUDGED), *_about(subject, keys), dispatched
        )
        .order_by(Case.filed_at.desc(), Case.id.desc())
        .limit(most)
        .subquery()
    )
    given = (
        *(Assignment.body_id, Assignment.dispatched_at, Assignment.due_at),
        *(Assignment.reported_back_at, Assignment.end, Assignment.on_time),
    )
    rows = select(chosen, *given).join(Assignment, and_(Assignment.case_id == chosen.c.id, in_phase))
    ordered = rows.order_by(chosen.c.filed_at.desc(), chosen.c.id.desc(), Assignment.id)
    return list(_past_cases(session.execute(ordered), keys, clock.now()))


def _about(subject: ResponsibilityRule, keys: Mapping[int, str]) -> Iterator[ColumnElement[bool]]:
    if subject.condition_code:
        named = select(FilingCondition.id).where(FilingCondition.code == subject.condition_code)
        if (subject.phase or FIRST_PHASE) != FIRST_PHASE:
            # Where the same body goes on, no rule says who has the phase first, even if that body sends it back.
            phases = FilingCondition.phases.any(
                and_(ConditionPhase.number == subject.phase, ConditionPhase.body_kind.is_not(None))
            )
            named = named.where(phases)
        yield Case.condition_id.in_(named)
    elif subject.class_key:
        yield Case.class_id.in_([class_id for class_id, key in keys.items() if key == subject.class_key])
    if subject.area_prefix:
        yield Case.area_code.startswith(subject.area_prefix)


def _past_cases(rows: Iterable[Row[Any]], keys: Mapping[int, str], now: datetime) -> Iterator[PastCase]:
    for _, group in groupby(rows, key=lambda row: row.id):
        ways = list(group)
        first, last = ways[0], ways[-1]
        yield PastCase(
            first.id,
            first.opened_at,
            keys[first.class_id],
            first.condition_id,
            first.area_code or "",
            first.body_code or "",
            first.body_id,
            last.body_id,
            tuple(way.body_id for way in ways if way.end is AssignmentEnd.SENT_BACK),
            last.dispatched_at - first.dispatched_at,
            not last.on_time if last.on_time is not None else (last.reported_back_at or now) > last.due_at,
        )
