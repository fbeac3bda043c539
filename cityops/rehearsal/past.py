"""The handling clocks of the cases that were filed, as they went, read a batch at a time."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, exists, select
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

Pauses = tuple[tuple[datetime, datetime], ...]


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
    pauses: Pauses

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
    later = aliased(StageClock)
    is_last = ~exists().where(
        later.case_id == StageClock.case_id, later.name == ClockName.HANDLE, later.round > StageClock.round
    )
    since = datetime(since_on.year, since_on.month, since_on.day, tzinfo=clock.CITY_ZONE)
    rows = (
        select(
            *(Case.id, Case.opened_at, Case.filed_at, Case.body_id, FilingCondition.code, Cell.area_level),
            *(
                StageClock.id,
                StageClock.phase,
                StageClock.limit_value,
                StageClock.limit_unit,
                StageClock.calendar,
                StageClock.extra_value,
            ),
            *(StageClock.started_at, StageClock.due_at, StageClock.stopped_at),
        )
        .join(StageClock, StageClock.case_id == Case.id)
        .join(FilingCondition, FilingCondition.id == Case.condition_id)
        .outerjoin(Cell, Cell.id == Case.cell_id)
        .where(
            seen_by(viewer),
            Case.body_id.is_not(None),
            Case.stage.not_in(NOT_JUDGED),
            StageClock.name == ClockName.HANDLE,
            is_last,
        )
        .order_by(Case.filed_at.desc(), Case.id.desc())
        .limit(BATCH)
    )
    if calendars is not None:
        rows = rows.where(StageClock.calendar.in_(calendars))
    found = session.execute(rows.where(Case.filed_at >= since)).all()
    while found:
        yield _past_clocks(session, found)
        filed_at, case_id = found[-1][2], found[-1][0]
        older = (Case.filed_at < filed_at) | ((Case.filed_at == filed_at) & (Case.id < case_id))
        found = session.execute(rows.where(Case.filed_at >= since, Case.filed_at <= filed_at, older)).all()


def _past_clocks(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[PastClock]:
    closed, standing = _pauses(session, [row[6] for row in rows])
    clocks = []
    for (
        case_id,
        opened_at,
        _,
        body_id,
        code,
        level,
        clock_id,
        phase,
        *terms,
        extra,
        started_at,
        due_at,
        stopped_at,
    ) in rows:
        end_at = stopped_at or standing.get(clock_id)
        # The pause of the check begins with the end: it has moved no due time.
        pauses = tuple(pause for pause in closed.get(clock_id, ()) if end_at is None or pause[0] < end_at)
        rule = Rule(*terms)
        clocks.append(
            PastClock(case_id, opened_at, code, phase, body_id, level, rule, extra, started_at, due_at, end_at, pauses)
        )
    return clocks


def _pauses(
    session: Session, clock_ids: Sequence[int]
) -> tuple[dict[int, list[tuple[datetime, datetime]]], dict[int, datetime]]:
    """The pauses of clocks that have ended, and since when those stand still that are paused now."""
    rows = select(ClockPause.clock_id, ClockPause.from_at, ClockPause.until_at)
    closed: dict[int, list[tuple[datetime, datetime]]] = {}
    standing: dict[int, datetime] = {}
    for clock_id, from_at, until_at in session.execute(rows.where(ClockPause.clock_id.in_(clock_ids))):
        if until_at is None:
            standing[clock_id] = from_at
        else:
            closed.setdefault(clock_id, []).append((from_at, until_at))
    return closed, standing
