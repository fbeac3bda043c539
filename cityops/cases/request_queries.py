"""What is asked for cases: by case, waiting for a decision, and counted by month. Scope is in the SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, contains_eager, joinedload, selectinload

from cityops import clock
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.cases import queries
from cityops.cases.models import Assignment, Attachment, AttachmentKind, Case, CaseEvent
from cityops.cases.queries import Tally
from cityops.cases.request_models import CaseRequest, RequestTerms
from cityops.cases.requests import DEFAULT_TERMS, RULES, Ask, RequestKind, RequestState, Terms
from cityops.errors import NotFound
from cityops.words import N_

NO_REQUEST = N_("There is no such request that you may see.")
MAX_PAGE = 200

_TOLD = (
    joinedload(CaseRequest.asked).joinedload(CaseEvent.person),
    joinedload(CaseRequest.decided).joinedload(CaseEvent.person),
    joinedload(CaseRequest.body),
    joinedload(CaseRequest.suggested_body),
)
_CASE = (
    joinedload(Case.case_class),
    joinedload(Case.condition),
    joinedload(Case.body),
    joinedload(Case.centre),
    joinedload(Case.desk),
    joinedload(Case.cell),
    selectinload(Case.clocks),
)


def get_terms(session: Session, kind: RequestKind) -> Terms:
    """The city's numbers for a kind of request; the defaults where it has set none."""
    row = session.get(RequestTerms, kind)
    return DEFAULT_TERMS[kind] if row is None else _terms(row)


def list_terms(session: Session) -> dict[RequestKind, Terms]:
    """The numbers in force for every kind."""
    own = {row.kind: _terms(row) for row in session.scalars(select(RequestTerms))}
    return {kind: own.get(kind, DEFAULT_TERMS[kind]) for kind in RequestKind}


def _terms(row: RequestTerms) -> Terms:
    return Terms(row.most_times, row.share, row.most_days, row.month_share, row.decide, row.calendar)


def get_request(session: Session, viewer: Viewer, request_id: int) -> CaseRequest:
    """A request for a case in the viewer's scope.

    Raises:
        NotFound: there is none, or its case lies outside.
    """
    found = _requests().where(CaseRequest.id == request_id, queries.scope(viewer))
    request = session.scalar(found)
    if request is None:
        raise NotFound(NO_REQUEST)
    return request


def get_number(session: Session, viewer: Viewer, request_id: int) -> str:
    """The number of the case for which a request was made that the viewer may try to decide or withdraw.

    Raises:
        NotFound: there is none, or its case lies outside.
    """
    wanted = select(Case).join(CaseRequest, CaseRequest.case_id == Case.id)
    case = session.scalar(wanted.where(CaseRequest.id == request_id, queries.reach(viewer)))
    if case is None:
        raise NotFound(NO_REQUEST)
    return case.number


def list_of_case(session: Session, case: Case) -> Sequence[CaseRequest]:
    """Everything asked for a case that the caller has been given, the newest first."""
    return session.scalars(
        select(CaseRequest).where(CaseRequest.case_id == case.id).order_by(CaseRequest.id.desc()).options(*_TOLD)
    ).all()


@dataclass(frozen=True)
class RequestPage:
    """A page of requests, and the key after which the next one begins, where there is one."""

    requests: Sequence[CaseRequest]
    next_after: int | None


def list_to_decide(session: Session, viewer: Viewer, *, after: int | None = None, size: int = 50) -> RequestPage:
    """What waits for a decision of one of the viewer's posts, the most pressing first; a fixed number of queries.

    Args:
        after: the last request of the page before, which may have been decided meanwhile.
    """
    wanted = _requests().where(CaseRequest.state == RequestState.OPEN, _decides(viewer))
    place = tuple_(CaseRequest.due_at, CaseRequest.id)
    if after is not None:
        last = select(CaseRequest.due_at, CaseRequest.id).where(CaseRequest.id == after)
        wanted = wanted.where(place > last.scalar_subquery())
    most = min(size, MAX_PAGE)
    rows = session.scalars(wanted.order_by(CaseRequest.due_at, CaseRequest.id).limit(most + 1)).all()
    return RequestPage(rows[:most], rows[most - 1].id if len(rows) > most else None)


def tally_to_decide(session: Session, viewer: Viewer) -> Tally:
    """How much waits for a decision of one of the viewer's posts, and how much of it is late."""
    late = func.count().filter(CaseRequest.due_at < clock.now())
    wanted = select(func.count(), late).select_from(CaseRequest).join(Case, Case.id == CaseRequest.case_id)
    row = session.execute(wanted.where(CaseRequest.state == RequestState.OPEN, _decides(viewer))).one()
    return Tally(row[0], row[1])


def count_asked(session: Session, case: Case, kind: RequestKind, assignment_id: int | None) -> tuple[int, bool]:
    """How often this was asked under one assignment (of the case, where there is none), and whether it is undecided.

    What was withdrawn was not asked.
    """
    rows = session.execute(
        select(CaseRequest.state, CaseRequest.assignment_id).where(
            CaseRequest.case_id == case.id, CaseRequest.kind == kind
        )
    ).all()
    times = sum(row.assignment_id == assignment_id and row.state is not RequestState.WITHDRAWN for row in rows)
    return times, any(row.state is RequestState.OPEN for row in rows)


def has_proof(session: Session, case: Case, since: datetime) -> bool:
    """Whether a proof was added to the case since a moment that no earlier request has used."""
    proved = [rule.kind for rule in RULES.values() if Ask.PROOF in rule.asks]
    used = select(func.max(CaseRequest.asked_at)).where(CaseRequest.case_id == case.id, CaseRequest.kind.in_(proved))
    newest = select(func.max(Attachment.added_at)).where(
        Attachment.case_id == case.id, Attachment.kind == AttachmentKind.PROOF
    )
    added_at, used_at = session.scalar(newest), session.scalar(used)
    return added_at is not None and added_at >= since and (used_at is None or added_at > used_at)


@dataclass(frozen=True)
class MonthOfBody:
    """What a body was given in a month, and what was granted of one kind of request."""

    given: int
    granted: int


def count_month(session: Session, body_id: int, kind: RequestKind, begin: datetime, end: datetime) -> MonthOfBody:
    """What counts against a month's share cap: from `begin` up to, not including, `end`."""
    given = select(func.count()).select_from(Assignment).where(Assignment.body_id == body_id)
    given = given.where(Assignment.dispatched_at >= begin, Assignment.dispatched_at < end)
    granted = select(func.count()).select_from(CaseRequest).where(CaseRequest.body_id == body_id)
    granted = granted.where(
        CaseRequest.kind == kind,
        CaseRequest.state == RequestState.GRANTED,
        CaseRequest.decided_at >= begin,
        CaseRequest.decided_at < end,
    )
    return MonthOfBody(session.scalar(given) or 0, session.scalar(granted) or 0)


@dataclass(frozen=True)
class LedgerRow:
    """A body's month of one kind of request."""

    body: Body
    kind: RequestKind
    asked: int
    granted: int
    rejected: int
    undecided: int
    given: int

    @property
    def share(self) -> float | None:
        """What was granted as a share of what the body was given."""
        return self.granted / self.given if self.given else None


def list_ledger(session: Session, viewer: Viewer, begin: datetime, end: datetime) -> list[LedgerRow]:
    """What bodies asked for in a month, by body and kind, in the viewer's scope: two queries."""
    states = [func.count().filter(CaseRequest.state == state) for state in _LEDGER_STATES]
    asked = (
        select(Body, CaseRequest.kind, func.count(), *states)
        .join(CaseRequest, CaseRequest.body_id == Body.id)
        .join(Case, Case.id == CaseRequest.case_id)
        .where(CaseRequest.asked_at >= begin, CaseRequest.asked_at < end, _seen(viewer, CaseRequest.body_id))
        .group_by(Body.id, CaseRequest.kind)
        .order_by(Body.code, CaseRequest.kind)
    )
    given = (
        select(Assignment.body_id, func.count().label("number"))
        .join(Case, Case.id == Assignment.case_id)
        .where(Assignment.dispatched_at >= begin, Assignment.dispatched_at < end, _seen(viewer, Assignment.body_id))
        .group_by(Assignment.body_id)
    )
    had = {row.body_id: row.number for row in session.execute(given)}
    rows = session.execute(asked).all()
    return [LedgerRow(each[0], each[1], each[2], each[3], each[4], each[5], had.get(each[0].id, 0)) for each in rows]


_LEDGER_STATES = (RequestState.GRANTED, RequestState.REJECTED, RequestState.OPEN)


def _seen(
    viewer: Viewer, body_id: InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
) -> ColumnElement[bool]:
    """The rows of the viewer's area, and as a handler those of the own bodies."""
    held = viewer.holding(*queries.AREA_POSTS)
    conditions = [in_jurisdiction(held, Case.area_code) if held else false()]
    for each in viewer.holding(Post.HANDLER):
        conditions.append(body_id.in_(select(Body.id).where(Body.path.startswith(each.body_path))))
    return or_(*conditions)


def _requests() -> Select[CaseRequest]:
    return (
        select(CaseRequest)
        .join(Case, Case.id == CaseRequest.case_id)
        .options(contains_eager(CaseRequest.case).options(*_CASE), *_TOLD)
    )


def _decides(viewer: Viewer) -> ColumnElement[bool]:
    """The requests that one of the viewer's posts decides: in its jurisdiction, or as a handler of its body."""
    conditions: list[ColumnElement[bool]] = []
    for held in viewer.held:
        kinds = [rule.kind for rule in RULES.values() if held.post in rule.deciders]
        if not kinds:
            continue
        reach: ColumnElement[bool]
        if held.post is Post.HANDLER:
            reach = Case.body_id.in_(select(Body.id).where(Body.path.startswith(held.body_path)))
        else:
            reach = queries.in_charge((held,))
        conditions.append(and_(CaseRequest.kind.in_(kinds), reach))
    return or_(*conditions) if conditions else false()
