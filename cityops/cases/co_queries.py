"""What can be asked of co-handlings; every list and `get_` takes the viewer first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, false, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from cityops import clock
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import queries
from cityops.cases.co_models import CoEnd, CoHandling
from cityops.cases.models import Case
from cityops.cases.queries import Tally
from cityops.catalog.models import FilingCondition
from cityops.errors import NotFound
from cityops.words import N_


def get_co_handling(session: Session, viewer: Viewer, co_handling_id: int) -> CoHandling:
    """A task with its case, body and photos.

    Raises:
        NotFound: there is none, or its case lies outside the viewer's scope.
    """
    found = _whole().where(CoHandling.id == co_handling_id, queries.scope(viewer))
    row = session.scalar(found)
    if row is None:
        raise NotFound(N_("There is no such task that you may see."))
    return row


def list_of(session: Session, of_case: Case) -> Sequence[CoHandling]:
    """A case's tasks with their bodies and photos, in the order they were given."""
    rows = select(CoHandling).where(CoHandling.case_id == of_case.id)
    rows = rows.options(joinedload(CoHandling.body), selectinload(CoHandling.photos))
    return session.scalars(rows.order_by(CoHandling.id)).all()


def has_open(session: Session, of_case: Case, body: Body) -> bool:
    """Whether the body has an open task in the case."""
    found = select(CoHandling.id).where(CoHandling.case_id == of_case.id, CoHandling.body_id == body.id)
    return session.scalar(found.where(CoHandling.ended_at.is_(None))) is not None


def has_had(session: Session, viewer: Viewer, of_case: Case) -> bool:
    """Whether a handler's bodies have or had a task in the case."""
    if not viewer.has(Post.HANDLER):
        return False
    found = select(CoHandling.id).join(CoHandling.body).where(CoHandling.case_id == of_case.id, _own(viewer))
    return session.scalar(found.limit(1)) is not None


def list_work(session: Session, viewer: Viewer) -> Sequence[CoHandling]:
    """The open tasks of a handler's bodies, the most pressing first."""
    rows = _whole().where(CoHandling.ended_at.is_(None), _own(viewer))
    return session.scalars(rows.order_by(CoHandling.due_at, CoHandling.id).limit(queries.MAX_PAGE)).all()


def tally_work(session: Session, viewer: Viewer) -> Tally:
    """How many open tasks a handler's bodies have, and how many of them are over or near."""
    now = clock.now()
    over, near = CoHandling.due_at < now, (CoHandling.due_at >= now) & (CoHandling.warn_at <= now)
    counts = select(func.count(), func.count().filter(over), func.count().filter(near))
    counts = counts.select_from(CoHandling).join(CoHandling.body)
    return Tally(*session.execute(counts.where(CoHandling.ended_at.is_(None), _own(viewer))).one())


@dataclass(frozen=True)
class CoScore:
    """What a body did beside the leads in a span of time: apart from the scores of what it led."""

    body: Body
    due: int
    on_time: int
    excused: int
    cost_yuan: int


def list_scores(session: Session, viewer: Viewer, begin: datetime, end: datetime) -> list[CoScore]:
    """The tasks that fell due in a span, by body, of the cases in the viewer's scope."""
    is_done = CoHandling.end == CoEnd.REPORTED
    columns = (
        CoHandling.body_id,
        func.count(),
        func.coalesce(func.sum(case((is_done & (CoHandling.ended_at <= CoHandling.due_at), 1), else_=0)), 0),
        func.coalesce(func.sum(case((CoHandling.end == CoEnd.EXCUSED, 1), else_=0)), 0),
        func.coalesce(func.sum(CoHandling.cost_yuan), 0),
    )
    rows = select(*columns).join(Case, Case.id == CoHandling.case_id).where(queries.scope(viewer))
    rows = rows.where(CoHandling.due_at >= begin, CoHandling.due_at < end).group_by(CoHandling.body_id)
    found = {row[0]: row for row in session.execute(rows)}
    bodies = session.scalars(select(Body).where(Body.id.in_(found)).order_by(Body.code))
    return [CoScore(body, *found[body.id][1:]) for body in bodies]


def _own(viewer: Viewer) -> ColumnElement[bool]:
    paths = [Body.path.startswith(held.body_path) for held in viewer.holding(Post.HANDLER)]
    return or_(*paths) if paths else false()


def _whole() -> Select[CoHandling]:
    rows = select(CoHandling).join(CoHandling.body).join(CoHandling.case)
    phases = joinedload(Case.condition).selectinload(FilingCondition.phases)
    case_too = contains_eager(CoHandling.case).options(joinedload(Case.case_class), phases)
    return rows.options(contains_eager(CoHandling.body), case_too, selectinload(CoHandling.photos))
