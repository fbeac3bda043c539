"""Proposing a correction of a component: by whom, for which, with which reason and photo."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops.accounts.bodies import get_responsible
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.attachments import Photo
from cityops.cases.component_search import component_scope
from cityops.cases.corrections.models import Correction, CorrectionKind, CorrectionState
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.clock import now, today
from cityops.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.grid import queries as grid
from cityops.grid.census.models import ComponentChange
from cityops.grid.geometry import check_point
from cityops.grid.models import Component
from cityops.words import N_

PROPOSERS = (Post.INSPECTOR, Post.HANDLER, Post.OPERATOR, Post.DUTY_LEADER, Post.DISPATCHER)
# Nobody can photograph whose something is.
WITHOUT_PHOTO = (CorrectionKind.OWNER,)


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """What is proposed.

    Attributes:
        uuid: made by the page.
        component_code: empty for a new component, which has a class.
        point: where it stands, where it is new or has moved.
        body: the code of the body whose it is said to be.
        case_number: the case in which it was seen.
    """

    uuid: str
    kind: CorrectionKind
    reason: str
    component_code: str = ""
    class_code: str = ""
    point: tuple[float, float] | None = None
    body: str = ""
    case_number: str = ""


def get_proposable(session: Session, viewer: Viewer, code: str) -> Component:
    """A standing component for which the viewer may propose a correction.

    Raises:
        NotAllowed: none of his posts proposes.
        NotFound: it lies outside what he sees.
        WrongState: it stands no more.
    """
    seen = component_scope(_proposing(viewer))
    component = session.scalar(select(Component).where(Component.code == code, seen))
    if component is None:
        raise NotFound(N_("there is no component %(code)s"), code=code)
    if component.ended_on is not None:
        raise WrongState(N_("This component stands no more since %(day)s."), day=component.ended_on.isoformat())
    return component


def may_propose(viewer: Viewer) -> bool:
    """Whether one of the viewer's posts proposes corrections."""
    return viewer.has(*PROPOSERS)


def propose(session: Session, viewer: Viewer, new: NewCorrection, photo: Photo | None) -> Correction:
    """Propose a correction; the same form again gives the same one.

    Raises:
        NotAllowed, NotFound, WrongState: as `get_proposable`; a place or a case that the viewer does not see.
        Invalid: field `reason`, `photo`, `class_code`, `lon`, `lat` or `body`.
        Conflict: the same is proposed for it already and not decided.
    """
    earlier = session.scalar(select(Correction).where(Correction.uuid == new.uuid))
    if earlier is not None and earlier.proposed_by == viewer.person_id:
        return earlier
    row = _for_new(session, viewer, new) if new.kind is CorrectionKind.NEW else _for_known(session, viewer, new)
    if not new.reason.strip():
        raise Invalid("reason", N_("Write what is seen, and how you know."))
    if photo is None and new.kind not in WITHOUT_PHOTO:
        raise Invalid("photo", N_("Take a photo of the place: the office decides by it."))
    row.reason = new.reason.strip()
    if photo is not None:
        row.photo_sha256, row.photo_media_type = photo.sha256, photo.media_type
    if new.case_number:
        case = cases.get_case(session, viewer, new.case_number)
        if row.component_id is not None and case.component_id != row.component_id:
            raise Invalid("case", N_("This case is about another component."))
        row.case_id = case.id
    session.add(row)
    session.flush()
    return row


def _proposing(viewer: Viewer) -> Viewer:
    if not may_propose(viewer):
        raise NotAllowed(N_("None of your posts proposes corrections of components."))
    return viewer.only(*PROPOSERS)


def _for_new(session: Session, viewer: Viewer, new: NewCorrection) -> Correction:
    if catalog.find_class(session, CaseKind.COMPONENT, new.class_code, today()) is None:
        raise Invalid("class_code", N_("Choose what it is."))
    row = _begun(viewer, new, new.class_code)
    _place(session, row, new)
    if not any(held.covers(row.area_code) for held in _proposing(viewer).held):
        raise NotAllowed(N_("This place lies outside your jurisdiction."))
    return row


def _for_known(session: Session, viewer: Viewer, new: NewCorrection) -> Correction:
    # Two who propose the same at once come one after the other.
    component = grid.get_component_for_update(session, get_proposable(session, viewer, new.component_code).id)
    waiting = session.scalar(
        select(Correction).where(
            Correction.component_id == component.id,
            Correction.kind == new.kind,
            Correction.state == CorrectionState.OPEN,
        )
    )
    if waiting is not None:
        reason = N_("%(name)s has proposed the same already; it waits for its decision.")
        raise Conflict(reason, name=waiting.proposer.name)
    row = _begun(viewer, new, component.class_code)
    row.component_id, row.area_code = component.id, component.area_code
    last = select(func.max(ComponentChange.id)).where(ComponentChange.component_id == component.id)
    row.seen_change_id = session.scalar(last) or 0
    if new.kind is CorrectionKind.MOVED:
        _place(session, row, new)
        # Where it stands in the survey is whose decision it is.
        row.area_code = component.area_code
    if new.kind is CorrectionKind.OWNER:
        row.body_id = get_responsible(session, new.body).id
    return row


def _begun(viewer: Viewer, new: NewCorrection, class_code: str) -> Correction:
    return Correction(
        uuid=new.uuid,
        kind=new.kind,
        class_code=class_code,
        proposed_by=_proposing(viewer).person_id,
        proposed_at=now(),
    )


def _place(session: Session, row: Correction, new: NewCorrection) -> None:
    if new.point is None:
        raise Invalid("lon", N_("Say where it stands."))
    lon, lat = new.point
    check_point(lon, lat)
    place = grid.current_index(session).locate(lon, lat)
    row.lon, row.lat, row.area_code = lon, lat, place and place.area_code
