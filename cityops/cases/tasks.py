"""The case room's tasks: each opens its own doors and may run twice."""

import logging

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from cityops import clock
from cityops.accounts.posts import Post
from cityops.cases import attachments, by_rule, census_looking, checkpoints, queries, recounting, succession
from cityops.cases.actor import Actor
from cityops.cases.models import Attachment, Case
from cityops.cases.office import CaseOffice
from cityops.cases.recounting import TASK
from cityops.errors import CityopsError
from cityops.queue import owe
from cityops.workshop import Workshop

log = logging.getLogger(__name__)

RECOUNTED_A_RUN = 5_000
RECOUNTED_A_BATCH = 50
MOST_RESUMED = 500
"""How many suspensions one sweep ends; the next one goes on."""


def checkpoint(workshop: Workshop) -> None:
    """Chain what was written since the last checkpoint into a new one; only its row is written inside the lock."""
    with workshop.reading() as session:
        gathered = checkpoints.gather(session)
    with workshop.transaction() as session:
        checkpoints.add(session, workshop.keys, gathered)


def make_thumbnail(workshop: Workshop, attachment_id: int) -> None:
    """Make the small picture of an attachment; the drawing happens between two doors, not inside one."""
    with workshop.reading() as session:
        row = session.get(Attachment, attachment_id)
        sha256 = row.sha256 if row else None
    if sha256 is None:
        return
    attachments.make_thumbnail(workshop.config.files_folder, sha256)
    with workshop.transaction() as session:
        attachments.mark_thumbnail(session, attachment_id)


def recount(workshop: Workshop, office: CaseOffice, calendar: str, person_id: int, body_id: int) -> None:
    """Count the open clocks of a calendar anew, a batch of cases in a transaction; what is too much for a run is owed.

    A case that somebody moved in the meantime is looked at again under its lock.
    """
    actor = Actor(person_id, Post.ADMINISTRATOR, body_id)
    with workshop.reading() as session:
        moved = recounting.list_moved(session, None, calendar)
    case_ids = sorted({each.case_id for each in moved if each.becomes_at is not None})
    for first in range(0, min(len(case_ids), RECOUNTED_A_RUN), RECOUNTED_A_BATCH):
        with workshop.transaction() as session:
            for case_id in case_ids[first : first + RECOUNTED_A_BATCH]:
                recounting.recount_case(session, office, actor, case_id, calendar)
    if len(case_ids) > RECOUNTED_A_RUN:
        with workshop.transaction() as session:
            owe(session, TASK, calendar=calendar, person_id=person_id, body_id=body_id)


def hand_over_ended(workshop: Workshop, office: CaseOffice) -> None:
    """Hand over what bodies still have open whose day has come, a batch of cases in a transaction.

    A body whose work cannot go over does not keep the others waiting; it is tried again the next time.
    """
    with workshop.reading() as session:
        body_ids = succession.list_owed(session)
    for body_id in body_ids:
        last: int | None = 0
        try:
            while last is not None:
                with workshop.transaction() as session:
                    last = succession.hand_over_owed(session, office, body_id, last)
        except (CityopsError, SQLAlchemyError) as failure:
            log.warning("what body %s has open could not go over: %s", body_id, failure)


def resume_suspended(workshop: Workshop, office: CaseOffice) -> None:
    """Let the clocks of cases run on whose suspension has ended; each in a transaction of its own.

    A case that somebody moved in the meantime is looked at again under its lock, and left alone.
    """
    ended = select(Case.id).where(Case.suspended_until_at <= clock.now()).order_by(Case.suspended_until_at)
    with workshop.reading() as session:
        case_ids = session.scalars(ended.limit(MOST_RESUMED)).all()
    for case_id in case_ids:
        try:
            with workshop.transaction() as session:
                case = queries.lock_case(session, case_id)
                if case.suspended_until_at is not None and case.suspended_until_at <= clock.now():
                    by_rule.resume(session, office, case)
        except CityopsError as refusal:
            # One case that cannot be counted does not keep the others waiting; it is tried again the next time.
            log.warning("case %s could not be resumed: %s", case_id, refusal)


def look_at_census(workshop: Workshop, survey_id: int) -> None:
    """Rehearse a census that was handed in on the page."""
    census_looking.look_at_census(workshop, survey_id)


def take_in_census(workshop: Workshop, survey_id: int) -> None:
    """Take in a census as the administrator ordered."""
    census_looking.take_in_census(workshop, survey_id)
