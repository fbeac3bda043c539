"""Reading corrections: those of a viewer's jurisdictions, and his own."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.cases.corrections.models import Correction, CorrectionState
from cityops.cases.queries import AREA_POSTS
from cityops.errors import NotFound
from cityops.words import N_

WHOLE = (
    joinedload(Correction.component),
    joinedload(Correction.body),
    joinedload(Correction.case),
    joinedload(Correction.proposer),
    joinedload(Correction.decider),
)


def scope(viewer: Viewer) -> ColumnElement[bool]:
    """The corrections that a viewer may see."""
    own = Correction.proposed_by == viewer.person_id
    held = viewer.holding(*AREA_POSTS)
    return or_(own, in_jurisdiction(held, Correction.area_code)) if held else own


def list_corrections(
    session: Session,
    viewer: Viewer,
    *,
    state: CorrectionState | None = None,
    before: int | None = None,
    size: int = 50,
) -> Sequence[Correction]:
    """A page of corrections, the newest first; one query."""
    rows = select(Correction).where(scope(viewer))
    if state is not None:
        rows = rows.where(Correction.state == state)
    if before is not None:
        rows = rows.where(Correction.id < before)
    return session.scalars(rows.order_by(Correction.id.desc()).limit(size).options(*WHOLE)).all()


def list_open_of(session: Session, viewer: Viewer, component_id: int) -> Sequence[Correction]:
    """What is proposed for a component and not decided, as far as the viewer sees it."""
    rows = select(Correction).where(Correction.component_id == component_id, scope(viewer))
    return session.scalars(
        rows.where(Correction.state == CorrectionState.OPEN).order_by(Correction.id).options(*WHOLE)
    ).all()


def get_correction(session: Session, viewer: Viewer, correction_id: int) -> Correction:
    """A correction that the viewer may see.

    Raises:
        NotFound: there is none.
    """
    found = select(Correction).where(Correction.id == correction_id, scope(viewer)).options(*WHOLE)
    return _found(session.scalar(found))


def get_to_decide(session: Session, viewer: Viewer, correction_id: int) -> Correction:
    """A correction in what the viewer administers, its row locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    inside = in_jurisdiction(viewer.holding(Post.ADMINISTRATOR), Correction.area_code)
    found = select(Correction).where(Correction.id == correction_id, inside).with_for_update()
    return _found(session.scalar(found.execution_options(populate_existing=True)))


def _found(correction: Correction | None) -> Correction:
    if correction is None:
        raise NotFound(N_("There is no such correction."))
    return correction
