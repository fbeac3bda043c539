"""Settling whose components are: owner, maintainer and the body that answers, with day, person and reason."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.bodies import get_responsible
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases.component_search import component_scope
from cityops.cases.ownership.queries import OrphanGroup, in_group
from cityops.clock import today
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.grid.census.history import Why, change_many
from cityops.grid.census.models import ChangeCause
from cityops.grid.models import Component
from cityops.words import N_

MOST_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Settlement:
    """Who owns a component and who keeps it up, by the codes of bodies here; without a maintainer it is the owner."""

    owner: str
    maintainer: str = ""
    because: str = ""


def may_settle(viewer: Viewer, component: Component) -> bool:
    """Whether the viewer settles whose a component is: the administrator of its place."""
    return any(held.covers(component.area_code) for held in viewer.holding(Post.ADMINISTRATOR))


def settle(session: Session, viewer: Viewer, code: str, new: Settlement) -> Component:
    """Settle whose a component is; one that was settled before is settled anew.

    Raises:
        NotAllowed: the viewer is no administrator.
        NotFound: no such component in what he administers.
        Invalid: field `owner`, `maintainer` or `because`.
        WrongState: it stands no more.
    """
    own = component_scope(_administrator(viewer))
    component = session.scalar(select(Component).where(Component.code == code, own).with_for_update())
    if component is None:
        raise NotFound(N_("there is no component %(code)s"), code=code)
    if component.ended_on is not None:
        raise WrongState(N_("This component stands no more since %(day)s."), day=component.ended_on.isoformat())
    change_many(session, [component.id], _why(viewer, new), **facts_of(session, viewer, new))
    session.refresh(component)
    return component


def settle_orphans(session: Session, viewer: Viewer, group: OrphanGroup, expected: int, new: Settlement) -> int:
    """Settle whose all orphans of a class in a street are; gives how many.

    Args:
        expected: how many the person was shown.

    Raises:
        NotAllowed, Invalid: as `settle`; field `group` where they are too many.
        WrongState: they are not as many as the person was shown.
    """
    viewer = _administrator(viewer)
    facts = facts_of(session, viewer, new)
    # Locked: what another settles meanwhile is no orphan any more, and is not settled anew unseen.
    rows = select(Component.id).where(*in_group(viewer, group)).order_by(Component.id).with_for_update()
    ids = session.scalars(rows).all()
    if len(ids) != expected:
        reason = N_("There are %(number)s of them by now, not %(shown)s: look at them again.")
        raise WrongState(reason, number=len(ids), shown=expected)
    if len(ids) > MOST_AT_ONCE:
        raise Invalid("group", N_("At most %(most)s are settled at once: take a census in."), most=MOST_AT_ONCE)
    change_many(session, ids, _why(viewer, new), **facts)
    return len(ids)


def facts_of(session: Session, viewer: Viewer, new: Settlement) -> dict[str, Any]:
    """The facts of a component that is settled so, today.

    Raises:
        Invalid: field `owner`, `maintainer` or `because`.
    """
    if not new.because.strip():
        raise Invalid("because", N_("Write why: the paper that says so, the talk that settled it."))
    owner = _get_body(session, "owner", new.owner)
    maintainer = _get_body(session, "maintainer", new.maintainer) if new.maintainer else owner
    return {
        "owner_name": owner.name,
        "owner_code": owner.credit_code,
        "maintainer_name": maintainer.name,
        "maintainer_code": maintainer.credit_code,
        "body_code": maintainer.code,
        "settled_on": today(),
        "settled_by": viewer.person_id,
    }


def _administrator(viewer: Viewer) -> Viewer:
    if not viewer.has(Post.ADMINISTRATOR):
        raise NotAllowed(N_("Only an administrator may do this."))
    return viewer.only(Post.ADMINISTRATOR)


def _get_body(session: Session, field: str, code: str) -> Body:
    try:
        return get_responsible(session, code)
    except Invalid as refusal:
        raise Invalid(field, refusal.message, **refusal.params) from None


def _why(viewer: Viewer, new: Settlement) -> Why:
    return Why(ChangeCause.OFFICE, new.because.strip(), viewer.person_id)
