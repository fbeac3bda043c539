"""Which command centre has a case to dispatch: the one in charge of its place, or one that it was handed to.

The city's centre hands a case to a district's, whose dispatcher signs for it by a clock of its own and dispatches it or
hands it back; a centre above takes over what stays lying below.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from cityops import clock
from cityops.accounts.bodies import existing, exists_on
from cityops.accounts.centres import find_centres
from cityops.accounts.holders import list_holders
from cityops.accounts.models import Body, BodyKind
from cityops.accounts.posts import Post
from cityops.cases.acting import Act, given
from cityops.cases.models import Case
from cityops.cases.permission import stands_over
from cityops.db import Base, BigKey, UtcDateTime
from cityops.errors import WrongState
from cityops.words import N_


class DeskHop(Base):
    """A case handed from a command centre to one below it, until it was handed back or taken over again."""

    __tablename__ = "desk_hops"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    from_body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    to_body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    handed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    from_body: Mapped[Body] = relationship(foreign_keys=[from_body_id], viewonly=True)
    to_body: Mapped[Body] = relationship(foreign_keys=[to_body_id], viewonly=True)


def list_of(session: Session, case: Case) -> Sequence[DeskHop]:
    """The hops of a case between centres, the oldest first, with the centres."""
    rows = select(DeskHop).where(DeskHop.case_id == case.id).order_by(DeskHop.id)
    return session.scalars(rows.options(joinedload(DeskHop.from_body), joinedload(DeskHop.to_body))).all()


def list_below(session: Session, case: Case, from_path: str) -> list[Body]:
    """The command centres below another that can take a case: somebody dispatches its place there today."""
    held = [held for _, held in list_holders(session, [Post.DISPATCHER]) if held.covers(case.area_code)]
    ids = {each.body_id for each in held if stands_over(from_path, each.body_path)}
    centres = select(Body).where(Body.id.in_(ids), Body.kind == BodyKind.COMMAND_CENTRE, existing(clock.today()))
    return list(session.scalars(centres.order_by(Body.code)))


def after_hand_down(act: Act) -> None:
    """The case lies at the centre below, which has to sign for it."""
    case, to_id = act.case, given(act.body_id)
    from_id = given(case.desk_id or act.actor.body_id)
    act.session.add(DeskHop(case_id=case.id, from_body_id=from_id, to_body_id=to_id, handed_at=act.moment))
    case.desk_hops += 1
    _lay(act, to_id)
    case.desk_since_at = act.moment


def after_sign_at_desk(act: Act) -> None:
    """The centre below has taken it."""
    _open_hops(act)[-1].signed_at = act.moment
    act.case.desk_since_at = None


def after_hand_back(act: Act) -> None:
    """The case lies at the centre again from which it came."""
    hop = _open_hops(act)[-1]
    hop.ended_at = act.moment
    act.case.desk_hops -= 1
    _lay(act, hop.from_body_id)


def after_take_over(act: Act) -> None:
    """The case lies at the centre that took it; whatever it was handed on from there is over."""
    own, hops = given(act.actor.body_id), _open_hops(act)
    kept = next((number for number, hop in enumerate(hops) if hop.from_body_id == own), 0)
    for hop in hops[kept:]:
        hop.ended_at = act.moment
    act.case.desk_hops = act.facts["hops"] = kept
    _lay(act, own)


def lie_anew(act: Act) -> None:
    """A case that comes back lies at the centres in charge of its place by now.

    It stays at the desk that it had where that one's centre, or the one above that handed it down, is in charge by now
    or stands over the one that is: what was taken over from above was not to go back.
    """
    case, today = act.case, clock.city_day(act.moment)
    centres, hops = find_centres(act.session, case.area_code, today), _open_hops(act)
    supervision_id, command = (centres.supervision_id, centres.command) if centres is not None else (None, None)
    desks = [hops[0].from_body, *(hop.to_body for hop in hops)] if hops else [case.desk]
    stands = _commands(desks[0], command) and all(desk is None or exists_on(desk, today) for desk in desks)
    if stands and case.centre_id == supervision_id:
        return
    case.centre_id = supervision_id
    if not stands:
        if case.desk_since_at is not None:
            raise WrongState(N_("The centre that was to sign for it is in charge no more: report this anew."))
        for hop in hops:
            hop.ended_at = act.moment
        case.desk_hops = 0
        _lay(act, command.id if command is not None else None)
    act.session.expire(case, ["centre"])
    act.facts |= {"centre": case.centre_id, "desk": case.desk_id, "hops": case.desk_hops}


def _commands(centre: Body | None, in_charge: Body | None) -> bool:
    """Whether a centre is the one in charge of a place or stands over it; where none is, no centre is needed."""
    if centre is None or in_charge is None:
        return centre is in_charge
    return centre.id == in_charge.id or stands_over(centre.path, in_charge.path)


def _lay(act: Act, body_id: int | None) -> None:
    act.case.desk_id, act.case.desk_since_at = body_id, None
    act.case.desk = act.session.get_one(Body, body_id) if body_id is not None else None
    act.facts["desk"] = body_id


def _open_hops(act: Act) -> Sequence[DeskHop]:
    rows = select(DeskHop).where(DeskHop.case_id == act.case.id, DeskHop.ended_at.is_(None)).order_by(DeskHop.id)
    return act.session.scalars(rows).all()
