"""The handling clocks of the last months, replayed under a draft's limits: nothing is touched.

Each filed case is judged by its last handling clock, as it was: when it began, its pauses, and when the work was
reported back (or now, while it runs). What the draft leaves as it was recorded keeps its recorded due time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import DraftView
from cityops.catalog.keys import Entries
from cityops.errors import Invalid
from cityops.rehearsal.past import PastClock, Rule, list_batches
from cityops.words import N_
from cityops.worktime.arithmetic import add
from cityops.worktime.arrays import NO_ANSWER, due_many
from cityops.worktime.calendar import Calendar
from cityops.worktime.limits import Limit, Unit
from cityops.worktime.queries import get_calendar
from cityops.worktime.timeline import to_moment, us_of

MOST_MONTHS = 24


@dataclass(frozen=True, slots=True)
class Turned:
    """A case that would have gone the other way, with why: the rule and due time it had, and those of the draft."""

    past: PastClock
    rule: Rule
    due_at: datetime
    is_late: bool


@dataclass(slots=True)
class Tally:
    """How many cases a body had, and how many of them were late, before and after."""

    total: int = 0
    late_before: int = 0
    late_after: int = 0
    turned_late: int = 0
    turned_on_time: int = 0

    def count(self, was_late: bool, is_late: bool) -> None:
        """One more case."""
        self.total += 1
        self.late_before += was_late
        self.late_after += is_late
        self.turned_late += is_late and not was_late
        self.turned_on_time += was_late and not is_late

    @property
    def rate_before(self) -> float:
        """The share on time as it was."""
        return 1 - self.late_before / self.total

    @property
    def rate_after(self) -> float:
        """The share on time as it would have been."""
        return 1 - self.late_after / self.total


@dataclass
class Rehearsal:
    """What came of it.

    Attributes:
        since_on: the first day on which the cases were filed.
        moved: cases that would have been due at another moment.
        unknown: cases whose due time cannot be counted then: a year without holidays is on the way.
        ended: cases under conditions that the draft ends; they are counted as they were.
        turned: the newest of the cases that would have gone the other way.
        is_whole: whether every case since the first day was looked at.
    """

    since_on: date
    whole: Tally = field(default_factory=Tally)
    bodies: dict[int, Tally] = field(default_factory=dict)
    moved: int = 0
    unknown: int = 0
    ended: int = 0
    turned: list[Turned] = field(default_factory=list)
    is_whole: bool = True


def rehearse(
    session: Session,
    viewer: Viewer | None,
    view: DraftView,
    months: int,
    *,
    most_turned: int = 200,
    most_cases: int | None = None,
) -> Rehearsal:
    """Replay the cases filed in the last months under a draft, the newest first, a batch at a time.

    Args:
        most_turned: how many of the cases that would have gone the other way are kept; all are counted.
        most_cases: how many cases are looked at; None for all.

    Raises:
        Invalid: the months are none, or too many.
    """
    now, result = clock.now(), Rehearsal(first_day(months))
    calendars: dict[str, Calendar] = {}
    for batch in list_batches(session, viewer, result.since_on):
        if most_cases is not None and result.whole.total >= most_cases:
            result.is_whole = False
            break
        rules = [wanted_rule(view.wanted, past.terms, past.area_level) for past in batch]
        result.ended += sum(rule is None for rule in rules)
        needed = {rule.calendar for rule in (*rules, *(past.rule for past in batch)) if rule is not None}
        for name in needed - calendars.keys():
            calendars[name] = get_calendar(session, name)
        for past, rule, due_at in zip(batch, rules, due_under(batch, rules, calendars), strict=True):
            count(result, past, rule, due_at, now, most_turned)
    return result


def wanted_rule(wanted: Entries, terms: str, area_level: int | None) -> Rule | None:
    """The handling limit that a draft wants for a condition or phase in areas of a level; None where it ends that."""
    entry = wanted.get((EntryKind.PHASE if "." in terms else EntryKind.CONDITION, terms))
    if entry is None:
        return None
    entry = wanted.get((EntryKind.LIMIT, f"{terms}/{area_level}"), entry)
    return Rule(int(entry["limit_value"]), Unit(entry["limit_unit"]), entry["calendar"])


def due_under(
    clocks: Sequence[PastClock], rules: Sequence[Rule | None], calendars: Mapping[str, Calendar]
) -> list[datetime | None]:
    """When each clock would have been due under its rule; None where that cannot be counted.

    A clock whose rule is the one it had, or that has none, keeps its due time.
    """
    due: list[datetime | None] = [past.due_at for past in clocks]
    other = [
        (place, past, rule)
        for place, (past, rule) in enumerate(zip(clocks, rules, strict=True))
        if rule is not None and rule != past.rule
    ]
    found = count_due([past for _, past, _ in other], [rule for _, _, rule in other], calendars)
    for (place, _, _), moment in zip(other, found, strict=True):
        due[place] = moment
    return due


def count_due(
    clocks: Sequence[PastClock], rules: Sequence[Rule], calendars: Mapping[str, Calendar]
) -> list[datetime | None]:
    """When each clock is due under its rule; None where that cannot be counted.

    Those without pauses are counted as whole arrays, rule by rule.
    """
    due: list[datetime | None] = [None] * len(clocks)
    unpaused: dict[Rule, list[int]] = {}
    for place, (past, rule) in enumerate(zip(clocks, rules, strict=True)):
        if past.pauses or past.extra_value:
            due[place] = _due_alone(calendars, past, rule)
        else:
            unpaused.setdefault(rule, []).append(place)
    for rule, places in unpaused.items():
        starts = np.array([us_of(clocks[place].started_at) for place in places], np.int64)
        found = due_many(calendars[rule.calendar], starts, rule.value, rule.unit).tolist()
        for place, moment in zip(places, found, strict=True):
            due[place] = None if moment == NO_ANSWER else to_moment(moment)
    return due


def by_change(result: Rehearsal) -> list[tuple[int, Tally]]:
    """The bodies by how much their share on time would have changed, the losers first."""
    return sorted(result.bodies.items(), key=lambda pair: (pair[1].rate_after - pair[1].rate_before, pair[0]))


def first_day(months: int) -> date:
    """The first day of the last months.

    Raises:
        Invalid: the months are none, or too many.
    """
    if not 1 <= months <= MOST_MONTHS:
        raise Invalid("months", N_("Between 1 and %(most)s months can be rehearsed."), most=MOST_MONTHS)
    return months_before(clock.today(), months)


def months_before(day: date, months: int) -> date:
    """The same day some months ago; one that a shorter month lacks is its 28th.

    >>> months_before(date(2026, 5, 31), 3)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))


def count(
    result: Rehearsal, past: PastClock, rule: Rule | None, due_at: datetime | None, now: datetime, most_turned: int
) -> None:
    """One more case, with the due time it would have had; None where that cannot be counted."""
    if due_at is None:
        result.unknown += 1
        return
    result.moved += due_at != past.due_at
    end_at = past.end_at or now
    was_late, is_late = end_at > past.due_at, end_at > due_at
    result.whole.count(was_late, is_late)
    result.bodies.setdefault(past.body_id, Tally()).count(was_late, is_late)
    if was_late != is_late and rule is not None and len(result.turned) < most_turned:
        result.turned.append(Turned(past, rule, due_at, is_late))


def _due_alone(calendars: Mapping[str, Calendar], past: PastClock, rule: Rule) -> datetime | None:
    """What was granted comes on top, counted as it was granted."""
    extra = Limit(past.extra_value, past.rule.unit)
    try:
        due_at = add(calendars[rule.calendar], past.started_at, rule.limit, past.pauses)
        return add(calendars[past.rule.calendar], due_at, extra, past.pauses) if past.extra_value else due_at
    except Invalid:
        return None
