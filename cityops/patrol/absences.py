"""Days on which inspectors are away (leave, illness): they have no duty grid then, and are given no task."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from cityops.accounts.audit import record
from cityops.accounts.models import AuditAction, Person
from cityops.accounts.viewer import Viewer
from cityops.clock import now, today
from cityops.errors import Invalid, NotFound
from cityops.grid.duty_grids import queries as grids
from cityops.patrol.grid_owners import list_inspectors
from cityops.patrol.models import InspectorAbsence
from cityops.words import N_

MOST_DAYS = 366
MAX_REASON = 200


def list_absences(session: Session, street_code: str) -> Sequence[InspectorAbsence]:
    """Which inspectors of a street are away now or later, by their first day."""
    own = [person.id for person in list_inspectors(session, street_code)]
    rows = select(InspectorAbsence).join(InspectorAbsence.person).options(contains_eager(InspectorAbsence.person))
    rows = rows.where(InspectorAbsence.person_id.in_(own), InspectorAbsence.until_on >= today())
    return session.scalars(rows.order_by(InspectorAbsence.from_on, Person.name)).all()


def add(
    session: Session, viewer: Viewer, street_code: str, *, username: str, from_on: date, until_on: date, reason: str
) -> InspectorAbsence:
    """Write down that an inspector of a street is away from a day to a last one; open tasks stay with him.

    Raises:
        NotFound, NotAllowed: the street is not, or not wholly, the viewer's.
        Invalid: names the field; no such inspector, days in the wrong order, passed, taken or too many, no reason.
    """
    street = grids.get_street(session, viewer, street_code)
    inspectors = {person.username: person for person in list_inspectors(session, street.code)}
    if username not in inspectors:
        raise Invalid("away", N_("This is no inspector of this street."))
    if from_on < today():
        raise Invalid("away_from_on", N_("This day has passed: who had a duty grid then stays as it was."))
    if not 0 <= (until_on - from_on).days < MOST_DAYS:
        raise Invalid("away_until_on", N_("The last day is the first or a later one, within a year."))
    said = " ".join(reason.split())[:MAX_REASON]
    if not said:
        raise Invalid("reason", N_("Say why."))
    person = session.get_one(Person, inspectors[username].id, with_for_update=True, populate_existing=True)
    taken = select(InspectorAbsence.from_on).where(
        InspectorAbsence.person_id == person.id,
        InspectorAbsence.from_on <= until_on,
        InspectorAbsence.until_on >= from_on,
    )
    if session.scalar(taken.limit(1)) is not None:
        raise Invalid("away_from_on", N_("It is written down already that he is away on one of these days."))
    row = InspectorAbsence(person_id=person.id, from_on=from_on, until_on=until_on, reason=said)
    row.made_by, row.made_at = viewer.person_id, now()
    session.add(row)
    session.flush()
    record(session, viewer.person_id, AuditAction.INSPECTOR_AWAY, f"{username} {from_on} {until_on}")
    return row


def end(session: Session, viewer: Viewer, street_code: str, absence_id: int) -> None:
    """Write down that an inspector is back today, or does not go away.

    Raises:
        NotFound, NotAllowed: the street is not, or not wholly, the viewer's, or nobody of it is away so.
    """
    street = grids.get_street(session, viewer, street_code)
    row = next((each for each in list_absences(session, street.code) if each.id == absence_id), None)
    if row is None:
        raise NotFound(N_("There are no such days in this street."))
    subject = f"{row.person.username} {row.from_on} {row.until_on}"
    if row.from_on >= today():
        session.delete(row)
    else:
        row.until_on = today() - timedelta(days=1)
    record(session, viewer.person_id, AuditAction.INSPECTOR_BACK, subject)
