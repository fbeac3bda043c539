"""Deciding a correction: confirmed, it changes the component and leaves its rows of history; refused, it says why."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases.corrections.models import FACTS_OF, Correction, CorrectionKind, CorrectionState
from cityops.cases.corrections.queries import get_to_decide
from cityops.cases.ownership.services import Settlement, facts_of
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.clock import city_day, now, today
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.grid import queries as grid
from cityops.grid.census.history import Why, change_many
from cityops.grid.census.models import ChangeCause, ComponentChange
from cityops.grid.geometry import quad
from cityops.grid.models import Component, ComponentState
from cityops.grid.services import lock_revision
from cityops.words import N_

DIVISION_DIGITS = 6
SEQUENCES = 1_000_000


def may_decide(viewer: Viewer, correction: Correction) -> bool:
    """Whether the viewer decides on it: the administrator of its place, who has not proposed it."""
    held = viewer.holding(Post.ADMINISTRATOR)
    return correction.proposed_by != viewer.person_id and any(each.covers(correction.area_code) for each in held)


def decide(session: Session, viewer: Viewer, correction_id: int, *, confirms: bool, because: str) -> Correction:
    """Confirm or refuse a correction.

    Raises:
        NotAllowed: the viewer is no administrator, or has proposed it.
        NotFound: it lies outside what he administers.
        WrongState: it is decided; to confirm, the component has ended or what it is about has changed meanwhile.
        Invalid: field `because`; a refusal without a reason.
    """
    if not viewer.has(Post.ADMINISTRATOR):
        raise NotAllowed(N_("Only an administrator may do this."))
    row = get_to_decide(session, viewer, correction_id)
    if not row.is_open:
        raise WrongState(N_("%(name)s has decided on it already."), name=row.decider.name if row.decider else "")
    if not may_decide(viewer, row):
        raise NotAllowed(N_("You have proposed it: somebody else decides."))
    row.because = because.strip()
    if not confirms and not row.because:
        raise Invalid("because", N_("Write why it is refused: who proposed it reads it."))
    if confirms:
        _carry_out(session, viewer, row)
    row.state = CorrectionState.CONFIRMED if confirms else CorrectionState.REFUSED
    row.decided_by, row.decided_at = viewer.person_id, now()
    session.flush()
    return row


def _carry_out(session: Session, viewer: Viewer, row: Correction) -> None:
    if row.kind is CorrectionKind.NEW:
        row.component_id = _begin(session, row).id
        return
    component = grid.get_component_for_update(session, row.component_id or 0)
    if component.ended_on is not None:
        raise WrongState(N_("This component stands no more since %(day)s."), day=component.ended_on.isoformat())
    later = select(func.count()).where(
        ComponentChange.component_id == component.id,
        ComponentChange.id > row.seen_change_id,
        ComponentChange.fact.in_(FACTS_OF[row.kind]),
    )
    its_own = any(held.covers(component.area_code) for held in viewer.holding(Post.ADMINISTRATOR))
    if session.scalar(later) or not its_own:
        reason = N_(
            "The component has changed since this was proposed: look at it, refuse this, have it proposed anew."
        )
        raise WrongState(reason)
    why = Why(ChangeCause.OFFICE, row.because or row.reason, viewer.person_id, row.case_id)
    # Who proposed it stood there that day: a renewal need not look for it once more.
    looked_on = city_day(row.proposed_at)
    looked_on = max(looked_on, component.seen_on or looked_on)
    if row.kind is CorrectionKind.MISSING:
        change_many(session, [component.id], why, seen_on=looked_on, state=ComponentState.MISSING)
    elif row.kind is CorrectionKind.REMOVED:
        change_many(session, [component.id], why, seen_on=looked_on, state=ComponentState.REMOVED, ended_on=today())
    elif row.kind is CorrectionKind.MOVED:
        change_many(session, [component.id], why, seen_on=looked_on, **_place(session, row))
    else:
        owner = Settlement(row.body.code if row.body else "", because=why.because)
        change_many(session, [component.id], why, **facts_of(session, viewer, owner))
    session.refresh(component)


def _begin(session: Session, row: Correction) -> Component:
    if row.area_code is None:
        raise WrongState(N_("It stands outside every cell: a component's code begins with its district."))
    case_class = catalog.find_class(session, CaseKind.COMPONENT, row.class_code, today())
    # Two that are confirmed at once, or beside a census, do not get one code.
    lock_revision(session)
    component = Component(
        code=_next_code(session, row.area_code[:DIVISION_DIGITS] + row.class_code),
        class_code=row.class_code,
        name=case_class.name if case_class else row.class_code,
        initial_on=today(),
        seen_on=today(),
        state=ComponentState.IN_PLACE,
        **_place(session, row),
    )
    session.add(component)
    session.flush()
    return component


def _next_code(session: Session, begins: str) -> str:
    first = int(begins) * SEQUENCES
    last = f"{begins}{SEQUENCES - 1}"
    taken = session.scalar(select(func.max(Component.code)).where(Component.code.between(begins.ljust(17, "0"), last)))
    following = int(taken) + 1 if taken else first + 1
    if following > int(last):
        raise WrongState(N_("This class has no free codes left in the district."))
    return str(following).zfill(len(last))


def _place(session: Session, row: Correction) -> dict[str, object]:
    lon, lat = row.lon or 0.0, row.lat or 0.0
    place = grid.current_index(session).locate(lon, lat)
    return {
        "lon": lon,
        "lat": lat,
        "quad": quad(lon, lat),
        "cell_id": place and place.cell_id,
        "area_code": place and place.area_code,
    }
