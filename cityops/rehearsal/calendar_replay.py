"""The handling clocks of the last months counted anew on a calendar as it would be: nothing is touched.

The change is made behind a savepoint that is taken back at once, so that it is judged and understood as if it were
entered; what is left is the calendars as values. A clock for which both calendars say the same keeps the due time that
it was given.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.rehearsal.past import list_batches
from cityops.rehearsal.replay import Rehearsal, count, count_due, first_day
from cityops.worktime import editing
from cityops.worktime.calendar import Calendar, Spans
from cityops.worktime.limits import Unit
from cityops.worktime.queries import list_calendars, load_calendar

CalendarChange = Callable[[Session], object]
_AHEAD = timedelta(days=366)


def as_it_would_be(session: Session, change: CalendarChange) -> dict[str, Calendar]:
    """The calendars that a change would alter, by name, as they would be; the change itself is taken back.

    Raises:
        CityopsError: as the change is refused.
    """
    before = _load(session)
    savepoint = session.begin_nested()
    try:
        change(session)
        session.flush()
        after = _load(session)
    finally:
        savepoint.rollback()
    return {name: calendar for name, calendar in after.items() if calendar != before.get(name)}


def other_hours(
    viewer: Viewer | None, name: str, week: Sequence[Spans], from_on: date, until_on: date | None, since_on: date
) -> CalendarChange:
    """Other weekly hours; those that begin in the future are taken to have held since a day of the past."""

    def change(session: Session) -> None:
        editing.set_hours(session, viewer, name, week, from_on, until_on)
        if from_on > clock.today():
            editing.set_hours(session, viewer, name, week, since_on, clock.today() + _AHEAD)

    return change


def rehearse(
    session: Session,
    viewer: Viewer | None,
    changed: Mapping[str, Calendar],
    months: int,
    *,
    most_turned: int = 200,
    most_cases: int | None = None,
) -> Rehearsal:
    """Count the clocks of cases filed in the last months anew that run on these calendars.

    Args:
        most_turned: how many of the cases that would have gone the other way are kept; all are counted.
        most_cases: how many cases are looked at, the newest; None for all.

    Raises:
        Invalid: the months are none, or too many.
    """
    now, result = clock.now(), Rehearsal(first_day(months))
    present = _load(session)
    wanted = {**present, **changed}
    for batch in list_batches(session, viewer, result.since_on, calendars=changed.keys()):
        if most_cases is not None and result.whole.total >= most_cases:
            result.is_whole = False
            break
        # Urgent hours know no closing time.
        places = [place for place, past in enumerate(batch) if past.rule.unit is not Unit.URGENT_HOUR]
        clocks = [batch[place] for place in places]
        rules = [past.rule for past in clocks]
        dues = zip(places, count_due(clocks, rules, present), count_due(clocks, rules, wanted), strict=True)
        moved = {place: after for place, before, after in dues if after != before}
        for place, past in enumerate(batch):
            count(result, past, past.rule, moved.get(place, past.due_at), now, most_turned)
    return result


def _load(session: Session) -> dict[str, Calendar]:
    return {row.name: load_calendar(session, row.name) for row in list_calendars(session)}
