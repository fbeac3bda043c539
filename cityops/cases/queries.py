"""What can be asked of the case room. Every list and `get_` takes the viewer first: scope is in the SQL."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    exists,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from cityops import clock
from cityops.accounts.bodies import existing
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost, Viewer, in_jurisdiction
from cityops.cases import numbers
from cityops.cases.clocks import Light
from cityops.cases.co_models import CoHandling
from cityops.cases.models import Assignment, Attachment, Case, CaseEvent, Report, StageClock
from cityops.cases.names import OPEN_STAGES, Stage, StepName
from cityops.cases.permission import find_held
from cityops.cases.steps import Step
from cityops.cases.workflow import STEPS, SUPERVISION, find_bar, steps_from
from cityops.catalog.models import CaseClass, ConditionPhase, FilingCondition
from cityops.catalog.phases import FIRST_PHASE
from cityops.db import BigKey
from cityops.errors import Invalid, NotFound
from cityops.grid.geometry import box_around, box_quads, distance_m, metres_per_degree
from cityops.grid.models import Cell
from cityops.words import N_
from cityops.worktime.limits import Unit

MOST_BESIDE = 20
"""How many of the cases that have to do with a case are shown at once."""

NO_CASE = N_("There is no case %(number)s that you may see.")
MAX_PAGE = 200

AREA_POSTS = tuple(post for post in Post if post is not Post.HANDLER)


def scope(viewer: Viewer, *, beside: bool = True) -> ColumnElement[bool]:
    """The cases a viewer may see: those of his jurisdictions, and as a handler those of his bodies.

    Args:
        beside: with the cases in which a handler's bodies have or had a task beside the lead, and those that another
            centre is in charge of; work lists go without.

    A case outside every cell lies in no jurisdiction; besides who sees the whole city, its reporter sees it.
    """
    conditions = []
    area_posts = viewer.holding(*AREA_POSTS)
    if area_posts:
        conditions.append(in_jurisdiction(area_posts, Case.area_code) if beside else in_charge(area_posts))
        if not viewer.is_city_wide:
            own = exists().where(Report.case_id == Case.id, Report.entered_by == viewer.person_id).correlate(Case)
            conditions.append(and_(Case.area_code.is_(None), own))
    for held in viewer.holding(Post.HANDLER):
        conditions.append(Case.body_id.in_(_bodies_under(held.body_path)))
        if beside:
            # Asked case by case: a list of all tasks they ever had would be made anew for every step.
            theirs = CoHandling.body_id.in_(_bodies_under(held.body_path))
            conditions.append(exists().where(CoHandling.case_id == Case.id, theirs).correlate(Case))
    return or_(*conditions) if conditions else false()


def in_charge(held: tuple[HeldPost, ...]) -> ColumnElement[bool]:
    """The cases that these posts cover and their centres are in charge of; `permission.sits_at` as SQL."""
    conditions = []
    for each in held:
        covers = in_jurisdiction((each,), Case.area_code)
        if each.post is Post.DISPATCHER:
            covers = and_(covers, _lies_at(Case.desk_id, each.body_id))
        elif each.post in SUPERVISION:
            covers = and_(covers, _lies_at(Case.centre_id, each.body_id))
        conditions.append(covers)
    return or_(*conditions)


def still_in_charge(centre: SQLColumnExpression[int | None]) -> ColumnElement[int | None]:
    """A case's centre or desk, null where it is in charge no more; `permission.in_charge` as SQL."""
    return sql_case((_is_left(centre), null()), else_=centre)


def _lies_at(centre: SQLColumnExpression[int | None], own_id: int) -> ColumnElement[bool]:
    return or_(centre.is_(None), centre == own_id, _is_left(centre))


def _is_left(centre: SQLColumnExpression[int | None]) -> ColumnElement[bool]:
    closed = select(Body.id).where(~existing(clock.today())).correlate(None)
    return and_(Case.ended_at.is_not(None), centre.in_(closed))


def _had(viewer: Viewer) -> ColumnElement[bool]:
    """The cases that bodies of a handler have or had: who is too late is told so, not that there is none."""
    paths = [held.body_path for held in viewer.holding(Post.HANDLER)]
    had = [
        exists().where(Assignment.case_id == Case.id, Assignment.body_id.in_(_bodies_under(path))).correlate(Case)
        for path in paths
    ]
    return or_(*had) if had else false()


def reach(viewer: Viewer) -> ColumnElement[bool]:
    """The cases a viewer may try to do something to: those he sees, and those that his bodies had."""
    return or_(scope(viewer), _had(viewer))


def _bodies_under(path: str) -> Select[int]:
    return select(Body.id).where(Body.path.startswith(path))


def get_case_for_update(session: Session, viewer: Viewer, number: str) -> Case:
    """The case of this number, its row locked until the transaction ends.

    Raises:
        NotFound: no such case, or outside the viewer's scope.
    """
    found = session.scalar(_locking(viewer), {"case_id": _find_key(number)})
    return _checked(found, number)


def get_case(session: Session, viewer: Viewer, number: str) -> Case:
    """The case of this number with what its page shows.

    Raises:
        NotFound: no such case, or outside the viewer's scope.
    """
    whole = _by_number(number, scope(viewer)).options(
        joinedload(Case.case_class),
        joinedload(Case.condition),
        joinedload(Case.body),
        joinedload(Case.centre),
        joinedload(Case.desk),
        joinedload(Case.cell),
        joinedload(Case.component),
        selectinload(Case.clocks).selectinload(StageClock.pauses),
        selectinload(Case.events).options(joinedload(CaseEvent.person), joinedload(CaseEvent.body)),
        selectinload(Case.assignments).joinedload(Assignment.body),
        selectinload(Case.attachments),
        selectinload(Case.reports),
    )
    return _checked(session.scalar(whole), number)


def get_key(session: Session, viewer: Viewer, number: str) -> int:
    """The key of the case of this number: for what has to lock several in the order of their keys.

    Raises:
        NotFound: no such case, or outside the viewer's scope.
    """
    return _checked(session.scalar(_by_number(number, scope(viewer))), number).id


def list_merged_keys(session: Session, case_id: int) -> list[int]:
    """The keys of the cases that were merged into this one, the oldest first."""
    return list(session.scalars(select(Case.id).where(Case.merged_into_id == case_id).order_by(Case.id)))


def get_any_case(session: Session, number: str) -> Case:
    """The case of this number with its clocks: for the command line, which looks from no post.

    Raises:
        NotFound: no such case.
    """
    whole = _by_number(number, true()).options(selectinload(Case.clocks).selectinload(StageClock.pauses))
    return _checked(session.scalar(whole), number)


def lock_case(session: Session, case_id: int) -> Case:
    """The case with this key, its row locked: for what a rule does to it, which looks from no post."""
    locked = select(Case).where(Case.id == case_id).with_for_update(of=Case).options(*_ROW)
    return session.scalars(locked.execution_options(populate_existing=True)).one()


# Built once for who comes again and again: putting it together takes longer than running it.
@lru_cache(maxsize=1_000)
def _locking(viewer: Viewer) -> Select[Case]:
    locked = select(Case).where(Case.id == bindparam("case_id", type_=BigKey), reach(viewer)).with_for_update(of=Case)
    # What this session read of the case before it had the lock may be old by now.
    return locked.execution_options(populate_existing=True).options(*_ROW)


def _by_number(number: str, seen: ColumnElement[bool]) -> Select[Case]:
    return select(Case).where(Case.id == _find_key(number), seen)


def _find_key(number: str) -> int:
    found = numbers.find_key(number)
    if found is None:
        raise NotFound(NO_CASE, number=number[:40])
    return found[1]


def _checked(case: Case | None, number: str) -> Case:
    if case is None or case.number.replace("-", "") != number.strip().replace("-", ""):
        raise NotFound(NO_CASE, number=number[:40])
    return case


def can_see(session: Session, viewer: Viewer, case: Case) -> bool:
    """Whether a case lies in the viewer's scope."""
    return session.scalar(select(Case.id).where(Case.id == case.id, scope(viewer))) is not None


def get_report(session: Session, viewer: Viewer, number: str) -> Report:
    """The report of this number with its case.

    Raises:
        NotFound: no such report, or its case lies outside the viewer's scope.
    """
    found = numbers.find_key(number, is_report=True)
    report = found and session.scalar(
        select(Report)
        .join(Report.case)
        .where(Report.id == found[1], scope(viewer))
        .options(contains_eager(Report.case).joinedload(Case.case_class))
    )
    if not report or report.number.replace("-", "") != number.strip().upper().replace("-", ""):
        raise NotFound(N_("There is no report %(number)s that you may see."), number=number[:40])
    return report


# Built once: putting a statement together takes longer than running it.
_BY_UUID = select(Report).where(Report.uuid == bindparam("uuid"))
_PHOTO_DIGESTS = select(Attachment.sha256).where(Attachment.case_id == bindparam("case_id")).order_by(Attachment.id)


def find_report_by_uuid(session: Session, uuid: str) -> Report | None:
    """The report with this client-made id."""
    return session.scalar(_BY_UUID, {"uuid": uuid})


def list_photo_digests(session: Session, case_id: int) -> list[str]:
    """The SHA-256 of each of the case's photos, in the order they were added."""
    return list(session.scalars(_PHOTO_DIGESTS, {"case_id": case_id}))


@dataclass(frozen=True)
class CaseFilter:
    """What a list of cases is narrowed to; None does not narrow.

    Attributes:
        is_open: True for open cases only, False for ended ones only.
        area: a prefix of community codes.
        light: `over` or `near`, of open cases.
        ids: exactly these, for lists that stand behind a figure.
    """

    stages: tuple[Stage, ...] = ()
    is_open: bool | None = None
    body_code: str | None = None
    cell_code: str | None = None
    class_code: str | None = None
    area: str | None = None
    due_before: datetime | None = None
    text: str | None = None
    light: Light | None = None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Page:
    """A page of cases, and the cursor of the next one where there is one."""

    cases: Sequence[Case]
    next_cursor: str | None


def list_cases(
    session: Session, viewer: Viewer, wanted: CaseFilter, *, cursor: str | None = None, size: int = 50
) -> Page:
    """Cases in the viewer's scope, newest first, a page at a time; a fixed number of queries."""
    statement = narrowed(select(Case).where(scope(viewer)), wanted).order_by(Case.id.desc())
    if cursor:
        statement = statement.where(Case.id < cursor_id(cursor))
    rows = session.scalars(statement.options(*_ROW).limit(min(size, MAX_PAGE) + 1)).all()
    more = len(rows) > min(size, MAX_PAGE)
    rows = rows[: min(size, MAX_PAGE)]
    return Page(rows, str(rows[-1].id) if more else None)


def list_work(session: Session, viewer: Viewer, wanted: CaseFilter, *, size: int = 50, skip: int = 0) -> Sequence[Case]:
    """Open cases in the viewer's scope, the most pressing first."""
    statement = narrowed(select(Case).where(scope(viewer, beside=False), Case.ended_at.is_(None)), wanted)
    statement = statement.order_by(Case.due_at.is_(None), Case.due_at, Case.id).options(*_ROW)
    return session.scalars(statement.limit(min(size, MAX_PAGE)).offset(skip)).all()


def count_work(session: Session, viewer: Viewer, wanted: CaseFilter) -> Row[int, int, int]:
    """How many open cases there are, how many of them are over, and how many near."""
    over, near = _lit(Light.OVER), _lit(Light.NEAR)
    statement = select(func.count(), func.count().filter(over), func.count().filter(near)).select_from(Case)
    own = scope(viewer, beside=False)
    return session.execute(statement.where(own, Case.ended_at.is_(None), *conditions_of(wanted))).one()


@dataclass(frozen=True)
class Tally:
    """How many open cases there are, how many of them are over, and how many near."""

    total: int = 0
    over: int = 0
    near: int = 0


def tally_by_stage(session: Session, viewer: Viewer) -> dict[Stage, Tally]:
    """The open cases of each stage in the viewer's scope, counted by their lights; every open stage is there."""
    counts = (func.count(), func.count().filter(_lit(Light.OVER)), func.count().filter(_lit(Light.NEAR)))
    own = scope(viewer, beside=False)
    statement = select(Case.stage, *counts).where(own, Case.ended_at.is_(None)).group_by(Case.stage)
    found = {stage: Tally(total, over, near) for stage, total, over, near in session.execute(statement)}
    return {stage: found.get(stage, Tally()) for stage in OPEN_STAGES}


def list_outside(session: Session, viewer: Viewer, *, size: int = MAX_PAGE) -> Sequence[Case]:
    """Cases outside every cell, newest first: somebody has to say whose they are."""
    statement = select(Case).where(scope(viewer), Case.area_code.is_(None)).order_by(Case.id.desc())
    return session.scalars(statement.options(*_ROW).limit(size)).all()


def list_near(
    session: Session,
    viewer: Viewer,
    lon: float,
    lat: float,
    *,
    radius_m: float = 100.0,
    class_id: int | None = None,
    not_id: int | None = None,
    closed_since: datetime | None = None,
    size: int = 5,
) -> list[tuple[Case, float]]:
    """Open cases near a point in the viewer's scope, the nearest first, each with its distance in metres.

    Args:
        closed_since: instead of the open ones, those closed since then, in a stage from which a case is reopened.
    """
    wanted: ColumnElement[bool] = Case.ended_at.is_(None)
    if closed_since is not None:
        wanted = and_(Case.ended_at >= closed_since, Case.stage.in_(STEPS[StepName.REOPEN].stages))
    # Each range by itself: where they stand as alternatives beside the class, SQLite reads the whole class.
    ranges = box_quads(*box_around(lon, lat, radius_m))
    in_box = union_all(*(select(Case.id).where(Case.quad.between(first, last), wanted) for first, last in ranges))
    statement = select(Case).where(scope(viewer), Case.id.in_(in_box)).options(*_ROW)
    if class_id is not None:
        statement = statement.where(Case.class_id == class_id)
    # On so small a piece of the earth degrees order as metres do, once those of longitude are made as long.
    metres_per_lon, metres_per_lat = metres_per_degree(lat)
    east, north = (Case.lon - lon) * metres_per_lon, (Case.lat - lat) * metres_per_lat
    nearest = statement.order_by(east * east + north * north, Case.id).limit(size + 1)
    found = [(case, distance_m(lon, lat, case.lon, case.lat)) for case in session.scalars(nearest)]
    near = [pair for pair in found if pair[1] <= radius_m and pair[0].id != not_id]
    return sorted(near, key=lambda pair: (pair[1], pair[0].id))[:size]


def is_urgent() -> ColumnElement[bool]:
    """Whether the limit of the phase of handling at which a case stands runs day and night."""
    condition = select(FilingCondition.id).where(FilingCondition.id == Case.condition_id, Case.phase == FIRST_PHASE)
    phase = select(ConditionPhase.id).where(
        ConditionPhase.condition_id == Case.condition_id, ConditionPhase.number == Case.phase
    )
    return or_(
        condition.where(FilingCondition.limit_unit == Unit.URGENT_HOUR).correlate(Case).exists(),
        phase.where(ConditionPhase.limit_unit == Unit.URGENT_HOUR).correlate(Case).exists(),
    )


def steps_open_to(viewer: Viewer, case: Case, taken: Collection[StepName] | None = None) -> tuple[Step, ...]:
    """The steps the table allows this viewer now: the buttons of the case page.

    Args:
        taken: of a list's case, what `list_steps_taken` found for it; without it the case's own events are read.
    """
    steps = steps_from(case.stage)
    if taken is None:
        asks = any(step.not_after for step in steps)
        taken = {event.step for event in case.events if event.person_id == viewer.person_id} if asks else ()
    body_path = case.body.path if case.body is not None else None
    return tuple(
        step
        for step in steps
        if find_held(viewer, step.posts, case, body_path, from_above=step.is_from_above) is not None
        and not set(step.not_after) & set(taken)
        and find_bar(step, case.marks) is None
    )


def list_steps_taken(session: Session, viewer: Viewer, case_ids: Collection[int]) -> dict[int, set[StepName]]:
    """The steps that this viewer took on each of these cases; a case without any is not there."""
    statement = select(CaseEvent.case_id, CaseEvent.step).where(CaseEvent.person_id == viewer.person_id)
    found: dict[int, set[StepName]] = {}
    for case_id, step in session.execute(statement.where(CaseEvent.case_id.in_(case_ids))):
        found.setdefault(case_id, set()).add(step)
    return found


_ROW = (
    joinedload(Case.case_class),
    joinedload(Case.condition),
    joinedload(Case.body),
    joinedload(Case.centre),
    joinedload(Case.desk),
    joinedload(Case.cell).load_only(Cell.code, Cell.area_level),
)


def cursor_id(cursor: str) -> int:
    """The key in a list's cursor.

    Raises:
        Invalid: no list gave this one.
    """
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Invalid("cursor", N_("This cursor is not one this list gave."))
    return int(cursor)


def narrowed(statement: Select[Case], wanted: CaseFilter) -> Select[Case]:
    """A statement over cases, narrowed."""
    return statement.where(*conditions_of(wanted))


def conditions_of(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """What a filter asks of a case, as SQL."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.stages:
        conditions.append(Case.stage.in_(wanted.stages))
    if wanted.is_open is not None:
        conditions.append(Case.ended_at.is_(None) if wanted.is_open else Case.ended_at.is_not(None))
    if wanted.body_code:
        conditions.append(Case.body_id.in_(select(Body.id).where(Body.code == wanted.body_code)))
    if wanted.class_code:
        conditions.append(Case.class_id.in_(select(CaseClass.id).where(CaseClass.code == wanted.class_code)))
    if wanted.area:
        conditions.append(Case.area_code.between(wanted.area.ljust(12, "0"), wanted.area.ljust(12, "9")))
    if wanted.cell_code:
        conditions.append(Case.cell.has(code=wanted.cell_code))
    if wanted.due_before:
        conditions.append(and_(Case.ended_at.is_(None), Case.due_at < wanted.due_before))
    if wanted.light is not None:
        conditions.append(and_(Case.ended_at.is_(None), _lit(wanted.light)))
    if wanted.ids is not None:
        conditions.append(Case.id.in_(wanted.ids))
    if wanted.text:
        conditions.append(_matches(wanted.text))
    return conditions


def _lit(state: Light) -> ColumnElement[bool]:
    moment = clock.now()
    if state is Light.OVER:
        return Case.due_at < moment
    if state is Light.NEAR:
        return and_(Case.warn_at <= moment, Case.due_at >= moment)
    return Case.warn_at > moment


def _matches(words: str) -> ColumnElement[bool]:
    found = numbers.find_key(words) or numbers.find_key(words, is_report=True)
    if found is None:
        pattern = words.strip()[:60]
        return or_(Case.address.contains(pattern, autoescape=True), Case.description.contains(pattern, autoescape=True))
    if words.strip().upper().startswith("R"):
        return Case.id.in_(select(Report.case_id).where(Report.id == found[1]))
    return Case.id == found[1]
