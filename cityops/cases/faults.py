"""What happened to components: the changes of one, its cases, and which broke again and again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from cityops import clock
from cityops.accounts.models import Body, Person
from cityops.accounts.viewer import Viewer
from cityops.cases import queries
from cityops.cases.clocks import spent_minutes
from cityops.cases.models import Case, StageClock
from cityops.cases.names import ClockName, Stage
from cityops.grid.census.models import (
    CHANGE_CAUSE_LABELS,
    COMPONENT_FACT_LABELS,
    ComponentChange,
    ComponentFact,
)
from cityops.grid.models import Component
from cityops.worktime import queries as worktime

MOST_CASES = 100
EXPORT_PAGE = 500


@dataclass(frozen=True)
class RepeatFault:
    """A component that cases were filed on again and again.

    Attributes:
        cases: the newest first.
        minutes: the working time of handling, as the cases' clocks have counted it.
    """

    component: Component
    cases: Sequence[Case]
    minutes: float


@dataclass(frozen=True)
class Repeats:
    """From how many cases in how many days a fault counts as a repeated one."""

    times: int = 3
    days: int = 90

    @property
    def since(self) -> datetime:
        """From when cases count."""
        return clock.now() - timedelta(days=self.days)


@dataclass(frozen=True)
class ToldChange:
    """A change of a component, with the case that caused it, or who did; bodies as such where it is about them."""

    change: ComponentChange
    case: Case | None
    person: Person | None
    before: Body | str | None
    after: Body | str | None

    @property
    def fact_label(self) -> str:
        """What has changed; an English msgid."""
        return COMPONENT_FACT_LABELS[self.change.fact]

    @property
    def cause_label(self) -> str:
        """What changed it; an English msgid."""
        return CHANGE_CAUSE_LABELS[self.change.cause]


def list_changes(session: Session, viewer: Viewer, component_id: int, *, size: int = 50) -> list[ToldChange]:
    """What of a component has changed, the newest first; by cases only as far as the viewer sees them."""
    found = session.execute(
        select(ComponentChange, Case, Person)
        .outerjoin(Case, Case.id == ComponentChange.case_id)
        .outerjoin(Person, Person.id == ComponentChange.person_id)
        .where(ComponentChange.component_id == component_id)
        .where(or_(ComponentChange.case_id.is_(None), queries.scope(viewer)))
        .order_by(ComponentChange.id.desc())
        .limit(size)
    ).all()
    codes = {code for row in found for code in (row[0].before, row[0].after) if row[0].fact is ComponentFact.BODY}
    bodies = {body.code: body for body in session.scalars(select(Body).where(Body.code.in_(codes)))} if codes else {}
    return [
        ToldChange(each, case, person, *(bodies.get(code or "", code) for code in (each.before, each.after)))
        for each, case, person in found
    ]


def list_cases_of(session: Session, viewer: Viewer, component_id: int, *, size: int = MOST_CASES) -> Sequence[Case]:
    """The cases on a component that the viewer sees with their photos, the newest first."""
    return session.scalars(
        select(Case)
        .where(Case.component_id == component_id, queries.scope(viewer))
        .order_by(Case.id.desc())
        .limit(size)
        .options(
            joinedload(Case.case_class),
            joinedload(Case.condition),
            joinedload(Case.body),
            selectinload(Case.attachments),
        )
    ).all()


def list_repeat_faults(
    session: Session, viewer: Viewer, wanted: Repeats, *, size: int = 50, skip: int = 0
) -> list[RepeatFault]:
    """Components on which that many cases were filed, the most often filed first; a fixed number of queries."""
    filed = _filed(viewer, wanted)
    often = (
        select(Case.component_id)
        .where(*filed)
        .group_by(Case.component_id)
        .having(func.count() >= wanted.times)
        .order_by(func.count().desc(), Case.component_id)
    )
    ids = session.scalars(often.limit(size).offset(skip)).all()
    components = {each.id: each for each in session.scalars(select(Component).where(Component.id.in_(ids)))}
    cases: dict[int, list[Case]] = {}
    for case in session.scalars(_with_clocks(filed, ids)):
        cases.setdefault(case.component_id or 0, []).append(case)
    minutes = _minutes_by_case(session, [case for each in cases.values() for case in each])
    return [
        RepeatFault(components[key], cases[key], sum(minutes[case.id] for case in cases[key]))
        for key in ids
        if key is not None
    ]


def iterate_repeat_faults(session: Session, viewer: Viewer, wanted: Repeats) -> Iterator[RepeatFault]:
    """All of them, read a page at a time."""
    skip = 0
    while page := list_repeat_faults(session, viewer, wanted, size=EXPORT_PAGE, skip=skip):
        yield from page
        skip += EXPORT_PAGE


def _filed(viewer: Viewer, wanted: Repeats) -> tuple[ColumnElement[bool], ...]:
    # A merged one tells of a fault that another case is about already.
    is_own = Case.stage != Stage.MERGED
    return queries.scope(viewer), Case.component_id.is_not(None), Case.filed_at >= wanted.since, is_own


def _with_clocks(filed: Sequence[ColumnElement[bool]], ids: Sequence[int | None]) -> Select[Case]:
    return (
        select(Case)
        .where(*filed, Case.component_id.in_(ids))
        .order_by(Case.id.desc())
        .options(
            joinedload(Case.case_class),
            joinedload(Case.condition),
            selectinload(Case.clocks).selectinload(StageClock.pauses),
        )
    )


def _minutes_by_case(session: Session, cases: Sequence[Case]) -> dict[int, float]:
    handling = {case.id: [row for row in case.clocks if row.name is ClockName.HANDLE] for case in cases}
    names = {row.calendar for rows in handling.values() for row in rows}
    calendars = {name: worktime.get_calendar(session, name) for name in names}
    return {key: sum(spent_minutes(calendars[row.calendar], row) for row in rows) for key, rows in handling.items()}
