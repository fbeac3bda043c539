"""Who is on duty where, and which tasks an inspector has."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from cityops import clock
from cityops.accounts.models import Person
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.models import Case, CaseEvent
from cityops.errors import NotFound
from cityops.grid.models import Cell, DutyGrid
from cityops.patrol.choosing import Candidate, Why
from cityops.patrol.models import InspectorShift, InspectorTask
from cityops.words import N_

# Built once: putting a statement together takes longer than running it.
_GRID_OF_CELL = (
    select(DutyGrid.id, DutyGrid.street_code)
    .join(Cell, Cell.duty_grid_id == DutyGrid.id)
    .where(Cell.id == bindparam("cell_id"))
)
_ON_DUTY = and_(
    InspectorShift.weekday == bindparam("weekday"),
    InspectorShift.start_minute <= bindparam("minute"),
    InspectorShift.end_minute > bindparam("minute"),
)
_IN_DISTRICT = DutyGrid.street_code.between(bindparam("low"), bindparam("high"))
_CANDIDATES = (
    select(InspectorShift.person_id, InspectorShift.duty_grid_id, DutyGrid.street_code, _ON_DUTY)
    .join(DutyGrid, InspectorShift.duty_grid_id == DutyGrid.id)
    .join(Person, Person.id == InspectorShift.person_id)
    .where(or_(Person.ended_on.is_(None), Person.ended_on > bindparam("on")))
    .where(or_(and_(_ON_DUTY, _IN_DISTRICT), InspectorShift.duty_grid_id == bindparam("grid_id")))
)
_INVOLVED = select(CaseEvent.person_id).where(CaseEvent.case_id == bindparam("case_id")).distinct()


def list_candidates(session: Session, cell_id: int | None, moment: datetime) -> list[Candidate]:
    """The inspectors who could take a task at this cell: on duty in its district, else its duty grid's own."""
    place = session.execute(_GRID_OF_CELL, {"cell_id": cell_id}).first()
    if place is None:
        return []
    grid_id, street_code = place
    local = moment.astimezone(clock.CITY_ZONE)
    asked = {
        "on": local.date(),
        "weekday": local.weekday(),
        "minute": local.hour * 60 + local.minute,
        "low": street_code[:6] + "000",
        "high": street_code[:6] + "999",
        "grid_id": grid_id,
    }
    rows = session.execute(_CANDIDATES, asked)
    return [Candidate(row[0], _why(row[3], row[1] == grid_id, row[2] == street_code)) for row in rows]


def _why(is_on_duty: bool, same_grid: bool, same_street: bool) -> Why:
    if not is_on_duty:
        return Why.OWN_GRID
    if same_grid:
        return Why.ON_DUTY_IN_GRID
    return Why.ON_DUTY_IN_STREET if same_street else Why.ON_DUTY_IN_DISTRICT


def list_persons_involved(session: Session, case_id: int) -> list[int]:
    """Everybody who took a step on the case so far."""
    return list(session.scalars(_INVOLVED, {"case_id": case_id}))


def list_tasks(session: Session, viewer: Viewer, *, limit: int = 100) -> Sequence[InspectorTask]:
    """The viewer's own open verify and check tasks, the most pressing first."""
    return session.scalars(
        select(InspectorTask)
        .join(InspectorTask.case)
        .where(InspectorTask.person_id == viewer.person_id, InspectorTask.done_at.is_(None), cases.scope(viewer))
        .order_by(InspectorTask.due_at, InspectorTask.id)
        .limit(limit)
        .options(
            contains_eager(InspectorTask.case).options(
                joinedload(Case.case_class), joinedload(Case.condition), joinedload(Case.body), joinedload(Case.cell)
            )
        )
    ).all()


def get_task(session: Session, viewer: Viewer, task_id: int) -> InspectorTask:
    """A task of a case in the viewer's scope, done or not.

    Raises:
        NotFound: no such task, or outside the scope.
    """
    found = session.scalar(
        select(InspectorTask)
        .join(InspectorTask.case)
        .where(InspectorTask.id == task_id, cases.scope(viewer))
        .options(contains_eager(InspectorTask.case))
    )
    if found is None:
        raise NotFound(N_("There is no such task that you may see."))
    return found


def list_shifts(session: Session, person_id: int, weekday: int) -> Sequence[tuple[InspectorShift, DutyGrid]]:
    """A person's shifts on a weekday (0 is Monday), each with its duty grid."""
    rows = session.execute(
        select(InspectorShift, DutyGrid)
        .join(DutyGrid, InspectorShift.duty_grid_id == DutyGrid.id)
        .where(InspectorShift.person_id == person_id, InspectorShift.weekday == weekday)
        .order_by(InspectorShift.start_minute)
    )
    return [(shift, duty_grid) for shift, duty_grid in rows]
