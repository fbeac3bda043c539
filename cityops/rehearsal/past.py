"""The handling clocks of the cases that were filed, as they went, read a batch at a time."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.orm import Session, aliased

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.cases import numbers
from cityops.cases.models import Case, ClockPause, StageClock
from cityops.cases.names import ClockName, Stage
from cityops.catalog.models import FilingCondition
from cityops.catalog.phases import FIRST_PHASE
from cityops.grid.models import Cell
from cityops.rehearsal.concerned import seen_by
from cityops.worktime.limits import Limit, Unit

BATCH = 5_000
NOT_JUDGED = (Stage.VOIDED, Stage.FORCE_CLOSED, Stage.MERGED)
"""Ends that say nothing of the work: void, done in another case, or such as no limit would have made on time."""

Pause = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit and the calendar whose hours count."""

    value: int
    unit: Unit
    calendar: str

    @property
    def limit(self) -> Limit:
        """The limit as the arithmetic takes it."""
        return Limit(self.value, self.unit)


@dataclass(frozen=True, slots=True)
class PastClock:
    """A handling clock as it was: `end_at` is when the work was reported back, None while the clock runs.

    `extra_value` is what was granted on top of the limit, in the unit and the hours of its rule.
    """

    case_id: int
    opened_at: datetime
    condition: str
    phase: int
    body_id: int
    area_level: int | None
    rule: Rule
    extra_value: int
    started_at: datetime
    due_at: datetime
    end_at: datetime | None
    pauses: tuple[Pause, ...]

    @property
    def terms(self) -> str:
        """What sets its limit: the condition, or a further phase of it."""
        return self.condition if self.phase == FIRST_PHASE else f"{self.condition}.{self.phase}"

    @property
    def number(self) -> str:
        """The number of the case."""
        return numbers.case_number(clock.city_day(self.opened_at), self.case_id)


def list_batches(
    session: Session, viewer: Viewer | None, since_on: date, *, calendars: Collection[str] | None = None
) -> Iterator[list[PastClock]]:
    """The last handling clock of each case that was filed since a day and that a body has or had, the newest first.

    Args:
        calendars: only clocks that run on one of these.
    """
    rows = _last_clocks(viewer, since_on)
    if calendars is not None:
        rows = rows.where(StageClock.calendar.in_(calendars))
    found = session.execute(rows).all()
    while found:
        yield _past_clocks(session, found)
        last = found[-1]
        older = (Case.filed_at < last.filed_at) | ((Case.filed_at == last.filed_at) & (Case.id < last.case_id))
        found = session.execute(rows.where(Case.filed_at <= last.filed_at, older)).all()


def _last_clocks(viewer: Viewer | None, since_on: date) -> Select[*tuple[Any, ...]]:
    """The rows of one batch, those filed last first."""
    later = aliased(StageClock)
    is_last = ~exists().where(
        later.case_id == StageClock.case_id, later.name == ClockName.HANDLE, later.round > StageClock.round
    )
    since = datetime(since_on.year, since_on.month, since_on.day, tzinfo=clock.CITY_ZONE)
    of_case = (Case.opened_at, Case.filed_at, Case.body_id, FilingCondition.code, Cell.area_level)
    rule = (StageClock.limit_value, StageClock.limit_unit, StageClock.calendar)
    of_clock = (
        StageClock.phase,
        StageClock.extra_value,
        StageClock.started_at,
        StageClock.due_at,
        StageClock.stopped_at,
    )
    return (
        select(Case.id.label("case_id"), *of_case, StageClock.id.label("clock_id"), *rule, *of_clock)
        .join(StageClock, StageClock.case_id == Case.id)
        .join(FilingCondition, FilingCondition.id == Case.condition_id)
        .outerjoin(Cell, Cell.id == Case.cell_id)
        .where(seen_by(viewer), Case.body_id.is_not(None), Case.stage.not_in(NOT_JUDGED), Case.filed_at >= since)
        .where(StageClock.name == ClockName.HANDLE, is_last)
        .order_by(Case.filed_at.desc(), Case.id.desc())
        .limit(BATCH)
    )


def _past_clocks(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[PastClock]:
    closed, standing = _pauses(session, [row.clock_id for row in rows])
    return [_past_clock(row, closed.get(row.clock_id, ()), standing.get(row.clock_id)) for row in rows]


def _past_clock(row: Row[*tuple[Any, ...]], closed: Sequence[Pause], standing: datetime | None) -> PastClock:
    end_at = row.stopped_at or standing
    return PastClock(
        case_id=row.case_id,
        opened_at=row.opened_at,
        condition=row.code,
        phase=row.phase,
        body_id=row.body_id,
        area_level=row.area_level,
        rule=Rule(row.limit_value, row.limit_unit, row.calendar),
        extra_value=row.extra_value,
        started_at=row.started_at,
        due_at=row.due_at,
        end_at=end_at,
        # The pause of the check begins with the end: it has moved no due time.
        pauses=tuple(pause for pause in closed if end_at is None or pause[0] < end_at),
    )


def _pauses(session: Session, clock_ids: Sequence[int]) -> tuple[dict[int, list[Pause]], dict[int, datetime]]:
    """The pauses of clocks that have ended, and since when those stand still that are paused now."""
    rows = select(ClockPause.clock_id, ClockPause.from_at, ClockPause.until_at)
    closed: dict[int, list[Pause]] = {}
    standing: dict[int, datetime] = {}
    for clock_id, from_at, until_at in session.execute(rows.where(ClockPause.clock_id.in_(clock_ids))):
        if until_at is None:
            standing[clock_id] = from_at
        else:
            closed.setdefault(clock_id, []).append((from_at, until_at))
    return closed, standing
