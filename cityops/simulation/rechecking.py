"""The re-checks of a simulated city: drawn by its rule every morning, by the supervision side every third day.

They look at cases of all batches, so they are played when the lives have been. Which cases the lot falls on, and who is
given them, only the city's key decides: this alone is not the same in two cities of one seed.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cityops import clock, milestones
from cityops.accounts.posts import Post
from cityops.cases.at_place import AtPlace
from cityops.cases.models import Case
from cityops.cases.names import StepName
from cityops.cases.office import CaseOffice
from cityops.cases.services import StepRequest
from cityops.db import Database
from cityops.errors import Invalid
from cityops.patrol import recheck_queries, rechecks
from cityops.patrol.recheck_models import Recheck, RecheckSample
from cityops.patrol.rechecks import NewSample
from cityops.patrol.services import hand_on_tasks
from cityops.simulation import wording
from cityops.simulation.cast import Cast
from cityops.simulation.lives import Run

BY_RULE_AT, BY_HAND_AT = time(6, 0), time(10, 0)
BY_HAND_EVERY, BY_HAND_PERCENT = 3, 6
ANSWERED, UPHELD = 0.85, 0.85
ANSWERED_WITHIN_H = 60


def play_rechecks(database: Database, office: CaseOffice, cast: Cast, run: Run) -> int:
    """Draw and answer the re-checks of a run whose lives are there, a day in a transaction; how many were answered.

    A day that was played before is left alone.
    """
    answered = 0
    for at in _mornings(run):
        with database.transaction() as session:
            milestones.keep(session, _milestone(run), run.begins)
            if milestones.move_on(session, _milestone(run), due_by=at - timedelta(seconds=1), to=at):
                answered += _play_day(session, office, cast, run, at)
    return answered


def _mornings(run: Run) -> Iterator[datetime]:
    day = clock.city_day(run.begins)
    while (at := datetime.combine(day, BY_RULE_AT, clock.CITY_ZONE)) < run.until:
        if at > run.begins:
            yield at
        day += timedelta(days=1)


def _milestone(run: Run) -> str:
    return f"rechecked {run.key}"


def _play_day(session: Session, office: CaseOffice, cast: Cast, run: Run, at: datetime) -> int:
    with clock.running_at(at):
        samples = [rechecks.draw_by_rule(session, office.keys)]
    at = datetime.combine(at.date(), BY_HAND_AT, clock.CITY_ZONE)
    # Counted back from the end, so that the last of them is two days old there and answered in part.
    if at < run.until and (clock.city_day(run.until) - at.date()).days % BY_HAND_EVERY == 2:
        with clock.running_at(at):
            samples.append(_draw_by_hand(session, office, cast, run, at))
    return sum(_answer(session, office, cast, run, sample) for sample in samples if sample is not None)


def _draw_by_hand(session: Session, office: CaseOffice, cast: Cast, run: Run, at: datetime) -> RecheckSample | None:
    supervisor = cast.at_desk(Post.SUPERVISOR, None, at, 0.0)
    new = NewSample(at.date() - timedelta(days=BY_HAND_EVERY), at.date(), percent=BY_HAND_PERCENT)
    try:
        return rechecks.draw(session, supervisor, office.keys, new)
    except Invalid:
        # Nothing was closed in these days.
        return None


def _answer(session: Session, office: CaseOffice, cast: Cast, run: Run, sample: RecheckSample) -> int:
    """Give a sample's re-checks to inspectors; most of them answer, as far as there is time until the run's end."""
    whole = joinedload(Recheck.task), joinedload(Recheck.case).selectinload(Case.reports)
    rows = session.scalars(select(Recheck).where(Recheck.sample_id == sample.id).options(*whole)).all()
    with clock.running_at(sample.drawn_at):
        hand_on_tasks(session, office.keys, len(rows))
    answered = 0
    for row in rows:
        draw = Random(f"{run.key}:recheck:{row.case.reports[0].uuid}")
        at = sample.drawn_at + timedelta(hours=draw.uniform(0.5, ANSWERED_WITHIN_H))
        inspector = cast.get(row.task.person_id) if row.task.person_id is not None else None
        if inspector is None or at >= run.until or draw.random() > ANSWERED:
            continue
        is_upheld = draw.random() < UPHELD
        carriers = [] if is_upheld else recheck_queries.list_carriers(session, row.case_id)
        place = AtPlace(row.case.lon + draw.uniform(-1, 1) / 5_000, row.case.lat, located_at=at)
        asked = StepRequest(
            StepName.RECHECK,
            row.case.version,
            "upheld" if is_upheld else "not_upheld",
            body=draw.choice(carriers).code if carriers else None,
            note=draw.choice(wording.UPHELD if is_upheld else wording.NOT_UPHELD),
            at_place=place,
        )
        with clock.running_at(at):
            rechecks.answer(session, inspector, office, row.id, asked, None)
        answered += 1
    return answered
