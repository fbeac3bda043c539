"""Who is on duty where, and which tasks an inspector has."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Subquery,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, contains_eager, joinedload

from cityops import clock
from cityops.accounts.models import Body, Person, PersonPost
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.models import Assignment, Case, CaseEvent
from cityops.cases.names import StepName
from cityops.cases.requests import RequestKind
from cityops.db import setting
from cityops.errors import NotFound
from cityops.grid import queries as grid
from cityops.grid.geometry import distance_m
from cityops.grid.models import Cell, DutyGrid
from cityops.patrol.choosing import Bar, Candidate, Flag, Rules, Wait, Why
from cityops.patrol.models import CheckFlag, InspectorAbsence, InspectorShift, InspectorTask, PatrolRules, TaskKind
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


def is_away(on: date | BindParameter[date]) -> ColumnElement[bool]:
    """The condition that a shift's person is away on a day."""
    return and_(
        InspectorAbsence.person_id == InspectorShift.person_id,
        InspectorAbsence.from_on <= on,
        InspectorAbsence.until_on >= on,
    )


_HOLDS = and_(
    ~exists().where(is_away(bindparam("on"))),
    InspectorShift.from_on <= bindparam("on"),
    or_(InspectorShift.ended_on.is_(None), InspectorShift.ended_on > bindparam("on")),
    or_(DutyGrid.ended_on.is_(None), DutyGrid.ended_on > bindparam("on")),
)
_IN_DISTRICT = DutyGrid.street_code.between(bindparam("low"), bindparam("high"))
_HELD_NOW = and_(
    PersonPost.person_id == InspectorShift.person_id,
    PersonPost.from_on <= bindparam("on"),
    or_(PersonPost.until_on.is_(None), PersonPost.until_on >= bindparam("on")),
)
_OWN_BODY, _CARRIER = aliased(Body), aliased(Body)
# Of a body that was given the case, in whichever phase, of one below it, or of one above it, whose handlers see its
# cases too.
_HANDLES = (
    exists()
    .where(_HELD_NOW, PersonPost.post == Post.HANDLER, _OWN_BODY.id == PersonPost.body_id)
    .where(Assignment.case_id == bindparam("case_id"), _CARRIER.id == Assignment.body_id)
    .where(or_(_OWN_BODY.path.startswith(_CARRIER.path), _CARRIER.path.startswith(_OWN_BODY.path)))
    .correlate(InspectorShift)
)
_CANDIDATES = (
    select(InspectorShift.person_id, InspectorShift.duty_grid_id, DutyGrid.street_code, _ON_DUTY, _HANDLES)
    .join(DutyGrid, InspectorShift.duty_grid_id == DutyGrid.id)
    .join(Person, Person.id == InspectorShift.person_id)
    .where(or_(Person.ended_on.is_(None), Person.ended_on > bindparam("on")))
    .where(exists().where(_HELD_NOW, PersonPost.post == Post.INSPECTOR).correlate(InspectorShift))
    .where(_HOLDS, or_(and_(_ON_DUTY, _IN_DISTRICT), InspectorShift.duty_grid_id == bindparam("grid_id")))
)
JUDGED = (StepName.VERIFY, StepName.CHECK)
REPORTED = (StepName.REPORT, StepName.SELF_HANDLE)
_APPEALED = and_(CaseEvent.step == StepName.ASK, CaseEvent.result == RequestKind.APPEAL.value)
_INVOLVED = (
    select(CaseEvent.step, CaseEvent.person_id)
    .where(CaseEvent.case_id == bindparam("case_id"), CaseEvent.person_id.is_not(None))
    .where(or_(CaseEvent.step.in_([*REPORTED, *JUDGED]), _APPEALED))
    .order_by(CaseEvent.seq)
)


PAIRED = (TaskKind.CHECK, TaskKind.RECHECK)
"""What one inspector gets only so often for the same body, or for cases of the same reporter."""


def _last_checks(column: InstrumentedAttribute[int | None], name: str) -> Subquery:
    last = select(literal(name).label("of"), InspectorTask.person_id, InspectorTask.id)
    last = last.where(column == bindparam(name), InspectorTask.kind.in_(PAIRED), InspectorTask.person_id.is_not(None))
    return last.order_by(InspectorTask.id.desc()).limit(bindparam("size")).subquery()


_LAST_CHECKS = union_all(
    select(_last_checks(InspectorTask.body_id, "body_id")),
    select(_last_checks(InspectorTask.reporter_id, "reporter_id")),
)


def get_rules(session: Session) -> Rules:
    """What the city has set about who checks."""
    row = setting(session, "rules of checks", lambda: session.get(PatrolRules, 1))
    return row.rules if row is not None else Rules()


def list_candidates(session: Session, case: Case, moment: datetime, reach_m: int) -> list[Candidate]:
    """The inspectors who could take a case's task: on duty in its district, else its duty grid's own.

    Who holds a handler's post of a body that was given the case, in whichever phase, is barred.
    """
    place = session.execute(_GRID_OF_CELL, {"cell_id": case.cell_id}).first()
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
        "case_id": case.id,
    }
    middles = grid.current_index(session).duty_grid_middles

    def why(its_grid_id: int, its_street: str, is_on_duty: bool) -> Why:
        if not is_on_duty:
            return Why.OWN_GRID
        if its_grid_id == grid_id:
            return Why.ON_DUTY_IN_GRID
        if its_street == street_code:
            return Why.ON_DUTY_IN_STREET
        middle = middles.get(its_grid_id)
        is_near = middle is not None and distance_m(case.lon, case.lat, *middle) <= reach_m
        return Why.ON_DUTY_NEAR if is_near else Why.ON_DUTY_IN_DISTRICT

    handles = frozenset({Bar.HANDLES})
    return [
        Candidate(person_id, why(its_grid, its_street, is_on_duty), handles if is_handler else frozenset())
        for person_id, its_grid, its_street, is_on_duty, is_handler in session.execute(_CANDIDATES, asked)
    ]


def list_judging_steps(session: Session, case_id: int) -> list[tuple[StepName, int]]:
    """Who reported the case, verified or checked it so far, or appealed against a mark, in order."""
    rows = session.execute(_INVOLVED, {"case_id": case_id})
    return [(step, person_id) for step, person_id in rows if person_id is not None]


def list_last_checks(
    session: Session, body_id: int | None, reporter_id: int | None, size: int
) -> tuple[list[int], list[int]]:
    """Who got the last checks of a body, and of the cases that a person reported; the newest first."""
    asked = {"body_id": body_id, "reporter_id": reporter_id, "size": size}
    found: dict[str, list[tuple[int, int]]] = {"body_id": [], "reporter_id": []}
    for of, person_id, task_id in session.execute(_LAST_CHECKS, asked):
        found[of].append((task_id, person_id))
    of_body, of_reporter = (
        [person for _, person in sorted(rows, reverse=True)] for rows in (found["body_id"], found["reporter_id"])
    )
    return of_body, of_reporter


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


def list_flags(
    session: Session, viewer: Viewer, *, flag: Flag | None = None, before: int | None = None, size: int = 50
) -> Sequence[CheckFlag]:
    """What was flagged of the answers in the viewer's scope, newest first, with case, event and person."""
    flags = select(CheckFlag).join(CheckFlag.case).where(cases.scope(viewer))
    if flag is not None:
        flags = flags.where(CheckFlag.flag == flag)
    if before is not None:
        flags = flags.where(CheckFlag.id < before)
    whole = contains_eager(CheckFlag.case).options(joinedload(Case.case_class), joinedload(Case.condition))
    flags = flags.options(whole, joinedload(CheckFlag.event).joinedload(CaseEvent.person))
    return session.scalars(flags.order_by(CheckFlag.id.desc()).limit(size)).all()


def list_waiting(
    session: Session, viewer: Viewer, *, after: int | None = None, size: int = 50
) -> Sequence[InspectorTask]:
    """The open tasks in the viewer's scope for which nobody is found, the oldest first, with their cases."""
    statement = select(InspectorTask).join(InspectorTask.case).where(_waits(viewer))
    if after is not None:
        statement = statement.where(InspectorTask.id > after)
    whole = contains_eager(InspectorTask.case).options(joinedload(Case.case_class), joinedload(Case.condition))
    statement = statement.options(whole, joinedload(InspectorTask.person))
    return session.scalars(statement.order_by(InspectorTask.id).limit(size)).all()


def count_waiting(session: Session, viewer: Viewer) -> int:
    """How many open tasks in the viewer's scope have nobody."""
    waiting = select(func.count()).select_from(InspectorTask).join(InspectorTask.case).where(_waits(viewer))
    return session.scalar(waiting) or 0


def _waits(viewer: Viewer) -> ColumnElement[bool]:
    no_one = and_(InspectorTask.done_at.is_(None), InspectorTask.waits_because.is_not(None))
    return and_(no_one, cases.scope(viewer))


def list_left_behind(session: Session, moment: datetime, limit: int) -> Sequence[InspectorTask]:
    """Open tasks of nobody, or of one who has left or holds no inspector's post now; the longest untried first.

    A place outside every cell has no inspectors, so its tasks are left out; so is what waits for its hour.
    """
    on = clock.city_day(moment)
    holds_post = (
        exists()
        .where(PersonPost.person_id == InspectorTask.person_id, PersonPost.post == Post.INSPECTOR)
        .where(PersonPost.from_on <= on, or_(PersonPost.until_on.is_(None), PersonPost.until_on >= on))
    )
    has_left = exists().where(Person.id == InspectorTask.person_id, Person.ended_on <= on)
    return session.scalars(
        select(InspectorTask)
        .where(InspectorTask.done_at.is_(None), or_(has_left, ~holds_post))
        .where(func.coalesce(InspectorTask.waits_because, "") != Wait.OUTSIDE)
        .where(or_(InspectorTask.not_before_at.is_(None), InspectorTask.not_before_at <= moment))
        .order_by(func.coalesce(InspectorTask.tried_at, InspectorTask.given_at), InspectorTask.id)
        .limit(limit)
    ).all()


def get_case_of_task_for_update(session: Session, task: InspectorTask) -> Case:
    """The case of a task, its row locked until the transaction ends; the task as it stands then."""
    locked = select(Case).where(Case.id == task.case_id).with_for_update(of=Case).options(joinedload(Case.body))
    case = session.scalars(locked.execution_options(populate_existing=True)).one()
    session.refresh(task)
    return case


def list_tasks_of_case(session: Session, case_id: int) -> Sequence[InspectorTask]:
    """Every task that was given for a case, the oldest first; for the command line, which sees all."""
    return session.scalars(
        select(InspectorTask)
        .where(InspectorTask.case_id == case_id)
        .order_by(InspectorTask.id)
        .options(joinedload(InspectorTask.person))
    ).all()


def list_usernames(session: Session, person_ids: Collection[int]) -> dict[int, str]:
    """The user names of persons by their keys."""
    rows = session.execute(select(Person.id, Person.username).where(Person.id.in_(person_ids)))
    return dict(rows.all())


def list_shifts(session: Session, person_id: int, on: date) -> Sequence[tuple[InspectorShift, DutyGrid]]:
    """A person's shifts on a day, each with its duty grid."""
    rows = session.execute(
        select(InspectorShift, DutyGrid)
        .join(DutyGrid, InspectorShift.duty_grid_id == DutyGrid.id)
        .where(_HOLDS, InspectorShift.person_id == person_id, InspectorShift.weekday == on.weekday())
        .order_by(InspectorShift.start_minute),
        {"on": on},
    )
    return [(shift, duty_grid) for shift, duty_grid in rows]
