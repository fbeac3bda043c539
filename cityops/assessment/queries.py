"""The counts of a period, by body, area or person, and the rows behind each of them.

A score page asks a fixed number of statements, whatever the number of bodies: one for each source, grouped.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.assessment.facts import (
    CHECKED,
    COUNTS,
    DUE,
    SENT_BACK,
    TAKEN,
    Condition,
    Source,
    area_scope,
    body_scope,
    person_scope,
    within,
)
from cityops.assessment.formulas import Count, Kind, indicators_of
from cityops.assessment.periods import Span
from cityops.cases.models import Assignment, Case, CaseEvent
from cityops.cases.names import StepName
from cityops.cases.queries import AREA_POSTS, scope
from cityops.catalog.models import CaseClass
from cityops.errors import NOTHING_HERE, Invalid, NotAllowed, NotFound
from cityops.grid.duty_grids.queries import in_streets
from cityops.grid.majority import main_tier
from cityops.grid.models import Cell
from cityops.words import N_

Counts = dict[Count, int]
Statement = Select[*tuple[Any, ...]]

MAX_PAGE = 200

SCOPES = {Kind.DEPARTMENT: body_scope, Kind.AREA: area_scope, Kind.POST: person_scope}

SEES_AREAS = tuple(post for post in AREA_POSTS if post is not Post.INSPECTOR)
SEES_BODIES = (*SEES_AREAS, Post.HANDLER)
SEES: Mapping[Kind, tuple[Post, ...]] = {
    Kind.DEPARTMENT: SEES_BODIES,
    Kind.AREA: SEES_AREAS,
    Kind.POST: tuple(Post),
}
"""Who may ask for which scores; what of them each sees is in the SQL."""


@dataclass(frozen=True)
class RowOf:
    """Which row of a score a list stands behind; nothing given is all the rows together.

    Attributes:
        is_nobody: the row of what belongs to no body, or lies in no area.
        body_id: a responsible body.
        ranges: community codes, both ends included.
        step: the person, the post and the step.
        class_id: only cases of this class.
    """

    is_nobody: bool = False
    body_id: int | None = None
    ranges: tuple[tuple[str, str], ...] | None = None
    step: tuple[int, Post, StepName] | None = None
    class_id: int | None = None


EVERYTHING = RowOf()


@dataclass(frozen=True)
class Behind:
    """One row behind a figure.

    Attributes:
        at: the moment by which it belongs to the period.
        can_be_opened: whether the viewer may open the case; a body's former case stays in its score.
    """

    case: Case
    at: datetime
    can_be_opened: bool
    assignment: Assignment | None = None
    event: CaseEvent | None = None


@dataclass(frozen=True)
class BehindPage:
    """A page of rows behind a figure, and the cursor of the next one where there is one."""

    rows: list[Behind] = field(default_factory=list)
    next_cursor: str | None = None


def check_kind(viewer: Viewer, kind: Kind, count: Count | None = None) -> None:
    """Refuse a kind of scores that none of the viewer's posts reads, and a count that does not stand in it.

    Raises:
        NotAllowed: none of the posts does.
        NotFound: this kind has no such count.
    """
    if not viewer.has(*SEES[kind]):
        raise NotAllowed(N_("None of your posts reads these scores."))
    if count is not None and not any(count in each.counts for each in indicators_of(kind)):
        raise NotFound(NOTHING_HERE)


def count_rows(session: Session, viewer: Viewer, kind: Kind, span: Span) -> dict[Hashable, Counts]:
    """All counts of a kind of score, by body id, community code, or (person, post, step).

    What has no body or no area stands under None.
    """
    wanted = dict.fromkeys(count for each in indicators_of(kind) for count in each.counts)
    found: dict[Hashable, Counts] = {}
    for source in dict.fromkeys(COUNTS[count][0] for count in wanted):
        counts = [count for count in wanted if COUNTS[count][0] is source]
        keys = _group_of(kind, source)
        for row in session.execute(_counted(viewer, kind, source, counts, span).add_columns(*keys).group_by(*keys)):
            key = tuple(row[len(counts) :]) if len(keys) > 1 else row[len(counts)]
            found.setdefault(key, {}).update(zip(counts, row[: len(counts)], strict=True))
    return found


def find_inspector_tiers(session: Session, viewer: Viewer, span: Span) -> dict[int, int]:
    """The tier of the grid in whose cells each inspector took most of the steps of a period; of two alike the first."""
    counted = TAKEN.joined(select(CaseEvent.person_id, Cell.grid_tier, func.count())).join(
        Cell, Cell.id == Case.cell_id
    )
    counted = counted.where(SCOPES[Kind.POST](viewer, TAKEN), within(TAKEN, span), CaseEvent.post == Post.INSPECTOR)
    steps: dict[int, dict[int, float]] = {}
    for person_id, tier, number in session.execute(counted.group_by(CaseEvent.person_id, Cell.grid_tier)):
        steps.setdefault(person_id, {})[tier] = number
    return {person_id: tier for person_id, each in steps.items() if (tier := main_tier([each])) is not None}


def count_due_by_cell(session: Session, viewer: Viewer, span: Span, street_codes: Collection[str]) -> dict[str, Counts]:
    """What fell due in a period in the cells of streets and how much of it was on time, by the cell's code."""
    counts = [Count.TO_HANDLE, Count.HANDLED_ON_TIME]
    due = _counted(viewer, Kind.AREA, DUE, counts, span).join(Cell, Cell.id == Case.cell_id)
    due = due.where(in_streets(Case.area_code, street_codes)).add_columns(Cell.code).group_by(Cell.code)
    return {row[2]: dict(zip(counts, row[:2], strict=True)) for row in session.execute(due)}


def count_due(session: Session, viewer: Viewer, kind: Kind, span: Span) -> Counts:
    """What fell due in a period and how much of it was on time, all rows together."""
    counts = [Count.TO_HANDLE, Count.HANDLED_ON_TIME]
    row = session.execute(_counted(viewer, kind, DUE, counts, span)).one()
    return dict(zip(counts, row, strict=True))


def find_latest_class(session: Session, viewer: Viewer, kind: Kind, span: Span) -> tuple[CaseClass, int] | None:
    """The class with the most late cases, and how many there are."""
    late = behind_condition(viewer, kind, Count.LATE, span, EVERYTHING)
    number = func.count()
    grouped = DUE.joined(select(Case.class_id, number)).where(late).group_by(Case.class_id)
    row = session.execute(grouped.order_by(number.desc(), Case.class_id).limit(1)).first()
    return (session.get_one(CaseClass, row[0]), row[1]) if row else None


def count_behind(session: Session, viewer: Viewer, kind: Kind, count: Count, span: Span, row: RowOf) -> int:
    """How many rows stand behind one figure."""
    source = COUNTS[count][0]
    counted = source.joined(select(func.count())).where(behind_condition(viewer, kind, count, span, row))
    return session.scalar(counted) or 0


def list_behind(
    session: Session,
    viewer: Viewer,
    kind: Kind,
    count: Count,
    span: Span,
    row: RowOf,
    *,
    cursor: str | None = None,
    size: int = 50,
) -> BehindPage:
    """The rows behind one figure, the newest first, a page at a time; a fixed number of queries."""
    source, size = COUNTS[count][0], min(size, MAX_PAGE)
    fact: tuple[Any, ...] = {
        DUE: (Assignment,),
        SENT_BACK: (Assignment,),
        CHECKED: (Assignment,),
        TAKEN: (CaseEvent,),
    }.get(source, ())
    listed = source.joined(select(Case, source.key, source.moment, scope(viewer).label("is_seen"), *fact))
    listed = listed.where(behind_condition(viewer, kind, count, span, row)).order_by(source.key.desc())
    if cursor:
        listed = listed.where(source.key < _cursor_id(cursor))
    found = session.execute(listed.options(*_loaded(source)).limit(size + 1)).all()
    rows = [
        Behind(
            each[0],
            each[2],
            bool(each[3]),
            each[4] if fact == (Assignment,) else None,
            each[4] if fact == (CaseEvent,) else None,
        )
        for each in found[:size]
    ]
    return BehindPage(rows, str(found[size - 1][1]) if len(found) > size else None)


def behind_condition(viewer: Viewer, kind: Kind, count: Count, span: Span, row: RowOf) -> Condition:
    """The one condition of a figure: in the viewer's scope, in the period, counted, and of this row."""
    source, counted = COUNTS[count]
    return and_(SCOPES[kind](viewer, source), within(source, span), counted(span), _of_row(source, kind, row))


def _counted(viewer: Viewer, kind: Kind, source: Source, counts: Sequence[Count], span: Span) -> Statement:
    columns = [func.count().filter(COUNTS[count][1](span)).label(count.value) for count in counts]
    return source.joined(select(*columns)).where(SCOPES[kind](viewer, source), within(source, span))


def _group_of(kind: Kind, source: Source) -> tuple[InstrumentedAttribute[Any], ...]:
    if kind is Kind.POST:
        return (CaseEvent.person_id, CaseEvent.post, CaseEvent.step)
    if kind is Kind.DEPARTMENT and source.body is not None:
        return (source.body,)
    return (Case.area_code,)


def _of_row(source: Source, kind: Kind, row: RowOf) -> Condition:
    conditions: list[Condition] = [true()]
    if row.is_nobody:
        conditions.append(_group_of(kind, source)[0].is_(None))
    if row.body_id is not None and source.body is not None:
        conditions.append(source.body == row.body_id)
    if row.ranges is not None:
        spans = [and_(Case.area_code >= low, Case.area_code <= high) for low, high in row.ranges]
        conditions.append(or_(*spans))
    if row.step is not None:
        person_id, post, step = row.step
        conditions += [CaseEvent.person_id == person_id, CaseEvent.post == post, CaseEvent.step == step]
    if row.class_id is not None:
        conditions.append(Case.class_id == row.class_id)
    return and_(*conditions)


def _loaded(source: Source) -> list[Any]:
    shown = [joinedload(Case.case_class), joinedload(Case.condition), joinedload(Case.body)]
    if source is DUE or source is SENT_BACK or source is CHECKED:
        return [*shown, joinedload(Assignment.body)]
    return [*shown, joinedload(CaseEvent.person)] if source is TAKEN else shown


def _cursor_id(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Invalid("cursor", N_("This cursor is not one this list gave."))
    return int(cursor)
