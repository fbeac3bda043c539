"""Which centre supervises a place and which commands it: set for each jurisdiction, from a day on.

A district without centres of its own is the city's: what is said of the whole city holds wherever nothing else is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from cityops import clock
from cityops.accounts import audit
from cityops.accounts.administration import is_city_administrator, must_administer
from cityops.accounts.bodies import exists_on
from cityops.accounts.models import AuditAction, Body, BodyKind, Jurisdiction, JurisdictionCentres, JurisdictionRange
from cityops.accounts.queries import NO_JURISDICTION, find_body, find_jurisdiction
from cityops.accounts.viewer import Viewer
from cityops.errors import Invalid, NotAllowed, NotFound
from cityops.words import N_


@dataclass(frozen=True)
class InCharge:
    """A jurisdiction with the centres in charge of it now, and those that are to be later."""

    jurisdiction: Jurisdiction
    now: JurisdictionCentres | None
    later: Sequence[JurisdictionCentres]


def find_centres(session: Session, area_code: str | None, on: date) -> JurisdictionCentres | None:
    """The centres in charge of a place on a day; the city's outside every cell, and where nothing else is said."""
    holds = or_(JurisdictionRange.until_on.is_(None), JurisdictionRange.until_on >= on)
    there = select(JurisdictionRange.jurisdiction_id).where(
        JurisdictionRange.code_from <= (area_code or ""),
        JurisdictionRange.code_until >= (area_code or ""),
        JurisdictionRange.from_on <= on,
        holds,
    )
    rows = (
        select(JurisdictionCentres)
        .join(Jurisdiction, Jurisdiction.id == JurisdictionCentres.jurisdiction_id)
        .where(_in_force(on), or_(Jurisdiction.is_city_wide, Jurisdiction.id.in_(there)))
        .order_by(Jurisdiction.is_city_wide, Jurisdiction.code)
        .limit(1)
        .options(joinedload(JurisdictionCentres.command))
    )
    return session.scalar(rows)


def list_in_charge(session: Session) -> list[InCharge]:
    """Every jurisdiction, the whole city first, with its ranges and centres: a fixed number of queries."""
    today = clock.today()
    centres = joinedload(JurisdictionCentres.supervision), joinedload(JurisdictionCentres.command)
    still = or_(JurisdictionCentres.until_on.is_(None), JurisdictionCentres.until_on >= today)
    rows = select(JurisdictionCentres).where(still).order_by(JurisdictionCentres.from_on).options(*centres)
    said: dict[int, list[JurisdictionCentres]] = {}
    for row in session.scalars(rows):
        said.setdefault(row.jurisdiction_id, []).append(row)
    known = select(Jurisdiction).order_by(Jurisdiction.is_city_wide.desc(), Jurisdiction.code)
    found = []
    for jurisdiction in session.scalars(known.options(selectinload(Jurisdiction.ranges))):
        own = said.get(jurisdiction.id, [])
        now = next((row for row in own if row.from_on <= today), None)
        found.append(InCharge(jurisdiction, now, [row for row in own if row is not now]))
    return found


def set_centres(
    session: Session,
    viewer: Viewer | None,
    *,
    jurisdiction: str,
    supervision: str,
    command: str,
    from_on: date | None = None,
) -> JurisdictionCentres:
    """Say which centres are in charge of a jurisdiction from a day on (default: today); all by code.

    Cases that are open stay at the desk that has them.

    Raises:
        NotAllowed: the viewer does not administer the whole city.
        NotFound: there is no such jurisdiction.
        Invalid: no such centre on that day, a day that has passed, or one before what is said already.
    """
    must_administer(viewer)
    if not is_city_administrator(viewer):
        raise NotAllowed(N_("Only the city's administrator says which centres are in charge."))
    place, day = find_jurisdiction(session, jurisdiction), from_on or clock.today()
    if place is None:
        raise NotFound(NO_JURISDICTION, code=jurisdiction[:32])
    if day < clock.today():
        raise Invalid("from_on", N_("This day has passed: choose today or a later one."))
    supervising = _centre(session, "supervision", supervision, BodyKind.SUPERVISION_CENTRE, day)
    commanding = _centre(session, "command", command, BodyKind.COMMAND_CENTRE, day)
    # Two that say it at once meet at this lock.
    session.scalar(select(Jurisdiction.id).where(Jurisdiction.id == place.id).with_for_update())
    row = _from(session, place, day)
    row.supervision, row.command = supervising, commanding
    session.flush()
    subject = f"{place.code}: {supervising.code}, {commanding.code} from {day}"
    audit.record(session, viewer.person_id if viewer else None, AuditAction.CENTRES_SET, subject)
    return row


def _from(session: Session, place: Jurisdiction, day: date) -> JurisdictionCentres:
    """What is said of a jurisdiction from a day on, in place of what was said before."""
    said = select(JurisdictionCentres).where(JurisdictionCentres.jurisdiction_id == place.id)
    last = session.scalar(said.order_by(JurisdictionCentres.from_on.desc()).limit(1))
    if last is not None and last.from_on > day:
        raise Invalid(
            "from_on",
            N_("Something is said from %(day)s on already: choose that day or a later one."),
            day=str(last.from_on),
        )
    if last is not None and last.from_on == day:
        return last
    if last is not None:
        last.until_on = day - timedelta(days=1)
    row = JurisdictionCentres(jurisdiction_id=place.id, from_on=day)
    session.add(row)
    return row


def _in_force(on: date) -> ColumnElement[bool]:
    ended = or_(JurisdictionCentres.until_on.is_(None), JurisdictionCentres.until_on >= on)
    return (JurisdictionCentres.from_on <= on) & ended


def _centre(session: Session, field: str, code: str, kind: BodyKind, on: date) -> Body:
    body = find_body(session, code)
    if body is None or body.kind is not kind or not exists_on(body, on):
        raise Invalid(field, N_("There is no such centre on that day."))
    return body
