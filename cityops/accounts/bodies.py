"""Which bodies there are on a day, and which of them can be given something to do: the one place that says so."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import RESPONSIBLE_KINDS, Body
from cityops.errors import Invalid
from cityops.words import N_

NO_RESPONSIBLE = N_("There is no responsible body with this code.")
CLOSED = N_("%(code)s is closed since %(day)s: choose the body that has its work now.")


def exists_on(body: Body, on: date) -> bool:
    """Whether a body has not ended by a day: `ended_on` is the first day without it."""
    return body.ended_on is None or on < body.ended_on


def existing(on: date) -> ColumnElement[bool]:
    """`exists_on` as SQL."""
    return or_(Body.ended_on.is_(None), Body.ended_on > on)


def is_responsible(body: Body, on: date) -> bool:
    """Whether a body can be given cases and tasks on a day."""
    return body.kind in RESPONSIBLE_KINDS and exists_on(body, on)


def responsible(on: date) -> ColumnElement[bool]:
    """`is_responsible` as SQL."""
    return and_(Body.kind.in_(RESPONSIBLE_KINDS), existing(on))


def find_heirs(session: Session, bodies: Iterable[Body], on: date) -> dict[int, Body]:
    """Who has the work of each body on a day, by the body's key: itself, or where it has closed its successor.

    One query for each generation of successors. Where they are a circle, it is one of them, which has closed as well.
    """
    asked = list(bodies)
    known: dict[int | None, Body] = {body.id: body for body in asked}
    while ids := {_gone_over_to(body, on) for body in known.values()} - known.keys() - {None}:
        known |= {body.id: body for body in session.scalars(select(Body).where(Body.id.in_(ids)))}
    return {body.id: _last_heir(body, known, on) for body in asked}


def _last_heir(body: Body, known: Mapping[int | None, Body], on: date) -> Body:
    seen = {None, body.id}
    while (heir_id := _gone_over_to(body, on)) not in seen:
        seen.add(heir_id)
        body = known[heir_id]
    return body


def _gone_over_to(body: Body, on: date) -> int | None:
    return None if exists_on(body, on) else body.successor_id


def find_responsible(session: Session, on: date, codes: Collection[str] | None = None) -> dict[str, Body]:
    """Who can be given cases and tasks on a day where a code stands, by the code: that body, or who has its work.

    Args:
        codes: those that are looked for; None for every one.
    """
    named = select(Body) if codes is None else select(Body).where(Body.code.in_(codes))
    bodies = session.scalars(named.where(Body.kind.in_(RESPONSIBLE_KINDS))).all()
    heirs = find_heirs(session, bodies, on)
    return {body.code: heirs[body.id] for body in bodies if is_responsible(heirs[body.id], on)}


def get_responsible(session: Session, code: str) -> Body:
    """The body of this code, which can be given cases and tasks today; it is not closed before this transaction ends.

    Raises:
        Invalid: there is none, it has closed, or it is a centre or a part of the tree that handles nothing.
    """
    found = select(Body).where(Body.code == code).with_for_update(read=True)
    body = session.scalar(found.execution_options(populate_existing=True))
    if body is None or body.kind not in RESPONSIBLE_KINDS:
        raise Invalid("body", NO_RESPONSIBLE)
    if not exists_on(body, clock.today()):
        raise Invalid("body", CLOSED, code=body.code, day=str(body.ended_on))
    return body
