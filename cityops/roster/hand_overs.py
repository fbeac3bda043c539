"""The hand-over log: who leaves writes what is open and signs, who comes signs for it. Nothing in it is changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from cityops import clock
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.models import Case
from cityops.cases.queries import CaseFilter, is_urgent
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.roster.models import DutyShift, HandOver, HandOverReceipt
from cityops.roster.queries import DESKS
from cityops.words import N_

OVERSEERS = (Post.SUPERVISOR, Post.LEADER, Post.ADMINISTRATOR)
SHOWN = 60
MAX_WORDS = 4_000


@dataclass(frozen=True)
class Told:
    """A hand-over with its cases as the viewer sees them now, of very many the most pressing ones.

    What lies outside his scope is only counted.
    """

    row: HandOver
    urgent: Sequence[Case]
    overdue: Sequence[Case]
    urgent_count: int
    overdue_count: int


def _readable(viewer: Viewer) -> ColumnElement[bool]:
    """The log of one's own centre; who oversees reads those of the bodies below."""
    own = [held.body_id for held in viewer.holding(*DESKS)]
    paths = ["" if held.is_city_wide else held.body_path for held in viewer.holding(*OVERSEERS)]
    below = [Body.path.startswith(path) for path in paths]
    return or_(Body.id.in_(own), *below) if own or below else false()


def list_hand_overs(session: Session, viewer: Viewer) -> Sequence[HandOver]:
    """The last hand-overs that the viewer may read, the newest first."""
    return session.scalars(
        select(HandOver)
        .join(HandOver.shift)
        .join(Body, Body.id == DutyShift.body_id)
        .where(_readable(viewer))
        .order_by(HandOver.left_at.desc())
        .limit(SHOWN)
        .options(
            contains_eager(HandOver.shift),
            joinedload(HandOver.leaver),
            joinedload(HandOver.receipt).joinedload(HandOverReceipt.taker),
        )
    ).all()


def get_hand_over(session: Session, viewer: Viewer, hand_over_id: int) -> Told:
    """A hand-over with its cases.

    Raises:
        NotFound: none that the viewer may read.
    """
    row = _get(session, viewer, hand_over_id)
    urgent, overdue = json.loads(row.urgent_cases), json.loads(row.overdue_cases)
    return Told(row, _cases(session, viewer, urgent), _cases(session, viewer, overdue), len(urgent), len(overdue))


def list_shifts_to_leave(session: Session, viewer: Viewer) -> Sequence[DutyShift]:
    """The shifts of the viewer's own centres."""
    bodies = [held.body_id for held in viewer.holding(*DESKS)]
    return session.scalars(select(DutyShift).where(DutyShift.body_id.in_(bodies)).order_by(DutyShift.id)).all()


def hand_over(session: Session, viewer: Viewer, shift_id: int, on: date, matters: str) -> HandOver:
    """Leave a shift: write what is open, with the urgent and the overdue cases of the viewer's scope at this moment.

    Raises:
        Invalid: a shift of another centre, a day that is not today or yesterday, no words.
        WrongState: this shift has been handed over.
    """
    shift = next((each for each in list_shifts_to_leave(session, viewer) if each.id == shift_id), None)
    if shift is None:
        raise Invalid("shift", N_("Choose a shift of your own centre."))
    if not clock.today() - timedelta(days=1) <= on <= clock.today():
        raise Invalid("on", N_("A shift of today or yesterday is handed over."))
    words = matters.strip()
    if not 1 <= len(words) <= MAX_WORDS:
        raise Invalid("matters", N_("Write what is open, at most %(most)s characters."), most=MAX_WORDS)
    # Two that leave the same shift at once meet at this lock; the second finds what the first has written.
    session.scalar(select(DutyShift.id).where(DutyShift.id == shift.id).with_for_update())
    earlier = session.scalar(
        select(HandOver).where(HandOver.shift_id == shift.id, HandOver.on == on).options(joinedload(HandOver.leaver))
    )
    if earlier is not None:
        raise WrongState(
            N_("%(who)s has handed this shift over already."), moved_by=earlier.leaver.name, who=earlier.leaver.name
        )
    row = HandOver(shift_id=shift.id, on=on, matters=words, left_by=viewer.person_id, left_at=clock.now())
    row.urgent_cases, row.overdue_cases = _keys(session, viewer, is_urgent()), _keys(session, viewer, _is_overdue())
    session.add(row)
    session.flush()
    return row


def take(session: Session, viewer: Viewer, hand_over_id: int, remark: str) -> HandOverReceipt:
    """Sign for a hand-over as the one who comes.

    Raises:
        NotFound: none that the viewer may read.
        NotAllowed: he holds no post of the centre's desks, or wrote it himself.
        WrongState: somebody has signed for it.
    """
    row = _get(session, viewer, hand_over_id)
    if row.shift.body_id not in {held.body_id for held in viewer.holding(*DESKS)}:
        raise NotAllowed(N_("Who comes to the desk signs for a hand-over."))
    if row.left_by == viewer.person_id:
        raise NotAllowed(N_("You wrote this yourself: who comes signs for it."))
    session.scalar(select(HandOver.id).where(HandOver.id == row.id).with_for_update())
    if session.scalar(select(HandOverReceipt.id).where(HandOverReceipt.hand_over_id == row.id)) is not None:
        raise WrongState(N_("Somebody has signed for this hand-over already."))
    receipt = HandOverReceipt(hand_over_id=row.id, remark=remark.strip()[:MAX_WORDS])
    receipt.taken_by, receipt.taken_at = viewer.person_id, clock.now()
    session.add(receipt)
    session.flush()
    return receipt


def _get(session: Session, viewer: Viewer, hand_over_id: int) -> HandOver:
    row = session.scalar(
        select(HandOver)
        .join(HandOver.shift)
        .join(Body, Body.id == DutyShift.body_id)
        .where(HandOver.id == hand_over_id, _readable(viewer))
        .options(
            contains_eager(HandOver.shift),
            joinedload(HandOver.leaver),
            joinedload(HandOver.receipt).joinedload(HandOverReceipt.taker),
        )
    )
    if row is None:
        raise NotFound(N_("There is no such hand-over."))
    return row


def _is_overdue() -> ColumnElement[bool]:
    return Case.due_at < clock.now()


def _keys(session: Session, viewer: Viewer, condition: ColumnElement[bool]) -> str:
    open_cases = select(Case.id).where(cases.scope(viewer), Case.ended_at.is_(None), condition)
    return json.dumps(list(session.scalars(open_cases.order_by(Case.due_at, Case.id))))


def _cases(session: Session, viewer: Viewer, ids: Sequence[int]) -> Sequence[Case]:
    if not ids:
        return []
    pressing = CaseFilter(ids=tuple(ids[: cases.MAX_PAGE]))
    return cases.list_cases(session, viewer, pressing, size=cases.MAX_PAGE).cases
