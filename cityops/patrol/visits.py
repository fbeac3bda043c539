"""How often cells are to be visited by tier, from a day on; and which of them were visited as due.

No track of an inspector is kept. He was in a cell where he reported something in it, or verified, checked or re-checked
a case of it on the spot, with the tablet's position near the place.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from cityops.accounts.audit import record
from cityops.accounts.models import AuditAction
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases.at_place import CheckAnswer, Manner
from cityops.cases.models import Case, CaseEvent
from cityops.clock import CITY_ZONE, today
from cityops.errors import Invalid
from cityops.grid.coverage.models import TIERS
from cityops.grid.duty_grids.queries import in_streets
from cityops.grid.models import Cell
from cityops.grid.versions import must_survey
from cityops.patrol.models import PatrolRhythm
from cityops.patrol.queries import REPORTED
from cityops.patrol.rhythm import MOST_DAYS, MOST_VISITS, USUAL, Rhythm, Trace, count_visits
from cityops.words import N_

NEAR_M = 100
"""How far from a case's place the tablet may be for its inspector to be there: across a street, with a poor signal."""


def read_rhythms(session: Session, on: date) -> dict[int, Rhythm]:
    """How often a cell of each tier is to be visited on a day."""
    rows = select(PatrolRhythm).where(PatrolRhythm.from_on <= on).order_by(PatrolRhythm.from_on)
    # The latest of each tier comes last, and stays.
    return {**USUAL, **{row.tier: row.rhythm for row in session.scalars(rows)}}


def list_rhythms(session: Session) -> Sequence[PatrolRhythm]:
    """What the city has set, of each tier the latest first."""
    return session.scalars(select(PatrolRhythm).order_by(PatrolRhythm.tier, PatrolRhythm.from_on.desc())).all()


def set_rhythm(session: Session, viewer: Viewer, *, tier: int, visits: int, days: int, from_on: date) -> None:
    """Say how often the cells of a tier are to be visited from a day on.

    Raises:
        NotAllowed: the viewer does not administer the whole city.
        Invalid: field `tier`, `visits`, `days` or `from_on`.
    """
    must_survey(viewer)
    if tier not in TIERS:
        raise Invalid("tier", N_("the value %(value)s is not allowed"), value=tier)
    if not 1 <= visits <= MOST_VISITS:
        raise Invalid("visits", N_("From 1 to %(most)s."), most=MOST_VISITS)
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("days", N_("From 1 to %(most)s."), most=MOST_DAYS)
    if from_on < today():
        raise Invalid("from_on", N_("This day has passed: what was due then stays as it was."))
    session.merge(PatrolRhythm(tier=tier, from_on=from_on, visits=visits, days=days))
    session.flush()
    record(session, viewer.person_id, AuditAction.PATROL_RHYTHM_SET, f"{tier}: {visits} / {days} d from {from_on}")


def find_visited(session: Session, tiers: Mapping[str, int], street_codes: Collection[str], on: date) -> set[str]:
    """Which cells were visited as due by the end of a day, of those whose tier is given by their code.

    A cell is due its visits in the days that end with this one.
    """
    rhythms = read_rhythms(session, on)
    longest = max(rhythm.days for rhythm in rhythms.values())
    traces = _list_traces(session, street_codes, _begin_of(on, 1 - longest), _begin_of(on, 1))
    visited: set[str] = set()
    for tier, rhythm in rhythms.items():
        since = _begin_of(on, 1 - rhythm.days)
        own = (trace for trace in traces if trace.at >= since and tiers.get(trace.cell_code) == tier)
        visited |= {code for code, visits in count_visits(own).items() if visits >= rhythm.visits}
    return visited


def _begin_of(on: date, later: int) -> datetime:
    return datetime.combine(on + timedelta(days=later), time.min, CITY_ZONE)


def _list_traces(session: Session, street_codes: Collection[str], since: datetime, until: datetime) -> list[Trace]:
    """Where inspectors were in streets; the cell of a case goes on under the same code."""
    trace = select(Cell.code, CaseEvent.person_id, CaseEvent.at).join(Case, Case.id == CaseEvent.case_id)
    trace = trace.join(Cell, Cell.id == Case.cell_id).where(
        CaseEvent.post == Post.INSPECTOR,
        CaseEvent.person_id.is_not(None),
        CaseEvent.at >= since,
        CaseEvent.at < until,
        # An event is never later than its case's last one: cases that have rested since are passed over at once.
        Case.moved_at >= since,
        in_streets(Case.area_code, street_codes),
    )
    answer = and_(CheckAnswer.case_id == CaseEvent.case_id, CheckAnswer.seq == CaseEvent.seq)
    answered = trace.join(CheckAnswer, answer).where(
        CheckAnswer.manner == Manner.ON_THE_SPOT, CheckAnswer.away_m <= NEAR_M
    )
    found = [*session.execute(trace.where(CaseEvent.step.in_(REPORTED))), *session.execute(answered)]
    return [Trace(code, person_id, at) for code, person_id, at in found if person_id is not None]
