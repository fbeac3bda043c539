"""A person's own notices: how many ask for his eyes, and which they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.models import Case, CaseEvent
from cityops.notices.models import Notice

EARLIER = 50


@dataclass(frozen=True)
class Listed:
    """A notice, and whether its case is still in the viewer's scope: otherwise nothing of the case is shown."""

    notice: Notice
    is_in_scope: bool


def count_open(session: Session, viewer: Viewer) -> int:
    """How many notices the viewer has not read, of cases that have not moved on."""
    own = (Notice.person_id == viewer.person_id, Notice.show_at <= clock.now())
    asks = (Notice.read_at.is_(None), Notice.settled_at.is_(None))
    return session.scalar(select(func.count()).select_from(Notice).where(*own, *asks)) or 0


def list_open(session: Session, viewer: Viewer, *, size: int, before: int | None = None) -> Sequence[Listed]:
    """The viewer's notices that ask for his eyes, the newest first, after the one with the key `before`."""
    asks: list[ColumnElement[bool]] = [Notice.read_at.is_(None), Notice.settled_at.is_(None)]
    if before is not None:
        asks.append(Notice.id < before)
    return _listed(session, viewer, *asks, size=size)


def list_earlier(session: Session, viewer: Viewer) -> Sequence[Listed]:
    """The last notices that the viewer has read, or whose case has moved on."""
    return _listed(session, viewer, Notice.read_at.is_not(None) | Notice.settled_at.is_not(None), size=EARLIER)


def _listed(session: Session, viewer: Viewer, *conditions: ColumnElement[bool], size: int) -> list[Listed]:
    found = session.execute(
        select(Notice, cases.scope(viewer))
        .join(Notice.case)
        .where(Notice.person_id == viewer.person_id, Notice.show_at <= clock.now(), *conditions)
        .order_by(Notice.id.desc())
        .limit(size)
        .options(
            contains_eager(Notice.case).options(
                joinedload(Case.case_class), joinedload(Case.condition), joinedload(Case.body), joinedload(Case.cell)
            ),
            joinedload(Notice.clock),
            joinedload(Notice.task),
            joinedload(Notice.co_handling),
            joinedload(Notice.event).options(joinedload(CaseEvent.person), joinedload(CaseEvent.body)),
        )
    )
    return [Listed(notice, bool(is_in_scope)) for notice, is_in_scope in found]
