"""Due times of whole arrays at once: what `arithmetic.add` says of each, for previews and rehearsals of many clocks.

Moments are whole microseconds since 1970 in UTC, as `timeline.us_of` makes them.
"""

from collections.abc import Iterator
from datetime import date
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from cityops.errors import Invalid
from cityops.worktime.arithmetic import add, clock_calendar
from cityops.worktime.calendar import Calendar, DayRule
from cityops.worktime.limits import Limit, Unit
from cityops.worktime.timeline import FIRST_YEAR, LAST_YEAR, Timeline, to_moment, us_of

Moments = NDArray[np.int64]
Values = NDArray[np.float64]

# Where `add` refuses: a year on the way is not known, or the calendar has too few hours.
NO_ANSWER = int(np.iinfo(np.int64).min)


def due_many(calendar: Calendar, starts: Moments, values: Values | float, unit: Unit) -> Moments:
    """When limits of `values` units that run from `starts` are due; `NO_ANSWER` where `add` would refuse.

    A calendar that counts working days by the same hour has them counted one by one.

    Args:
        values: one for each start, or one for all.

    Raises:
        Invalid: a value is no limit.

    >>> from datetime import datetime
    >>> from cityops.worktime.defaults import OFFICE
    >>> friday = us_of(datetime.fromisoformat("2026-11-06T17:30+08:00"))
    >>> due = due_many(OFFICE, np.array([friday, friday]), np.array([0.5, 1]), Unit.WORKING_HOUR)
    >>> [to_moment(int(each)).astimezone(OFFICE.zone).isoformat() for each in due]
    ['2026-11-06T18:00:00+08:00', '2026-11-09T09:00:00+08:00']
    """
    starts = np.asarray(starts, np.int64)
    wanted = np.broadcast_to(np.asarray(values, np.float64), starts.shape)
    if not starts.size:
        return starts.copy()
    for value in (wanted.min(), wanted.max()):
        Limit(float(value), unit)
    running = clock_calendar(calendar, Limit(0, unit))
    if running.day_rule is DayRule.SAME_HOUR and unit is Unit.WORKING_DAY:
        pairs = zip(starts.tolist(), wanted.tolist(), strict=True)
        return np.array([_due_alone(running, start, Limit(value, unit)) for start, value in pairs], np.int64)
    amounts = np.rint(wanted * Limit(1, unit).microseconds(running.nominal_minutes)).astype(np.int64)
    due = np.where(amounts == 0, starts, NO_ANSWER)
    for first, last in _known_runs(running):
        begins, ends = running.wall(date(first, 1, 1)), running.wall(date(last + 1, 1, 1))
        inside = (starts >= begins) & (starts < ends) & (amounts > 0)
        if inside.any():
            due[inside] = _due_in(running, last, starts[inside], amounts[inside])
    return due


def _due_alone(calendar: Calendar, start: int, limit: Limit) -> int:
    try:
        return us_of(add(calendar, to_moment(start), limit))
    except Invalid:
        return NO_ANSWER


def _known_runs(calendar: Calendar) -> Iterator[tuple[int, int]]:
    """The first and last of each run of years that can be laid out one after the other."""
    if calendar.holiday_years is None:
        yield FIRST_YEAR, LAST_YEAR
        return
    years = sorted(year for year in calendar.holiday_years if FIRST_YEAR <= year <= LAST_YEAR)
    for _, run in groupby(enumerate(years), lambda pair: pair[1] - pair[0]):
        known = [year for _, year in run]
        # The nights of a year's eve reach into it.
        known = known[1:] if calendar.has_nights else known
        if known:
            yield known[0], known[-1]


def _due_in(calendar: Calendar, last_year: int, starts: Moments, amounts: Moments) -> Moments:
    """The due times of limits that start in known years, of which `last_year` is the last."""
    line = calendar.covering(int(starts.min()), int(starts.max()))
    targets = _worked(line, starts) + amounts
    while targets.max() > line.total and line.last_year < last_year:
        line = calendar.years(line.first_year, line.last_year + 1)
        targets = _worked(line, starts) + amounts
    return _reached(line, targets)


def _worked(line: Timeline, moments: Moments) -> Moments:
    opens, closes, sums = _laid(line)
    if not opens.size:
        return np.zeros_like(moments)
    index = np.searchsorted(opens, moments, "right") - 1
    counted: Moments = sums[index] - np.maximum(0, closes[index] - moments)
    return np.where(index < 0, 0, counted)


def _reached(line: Timeline, targets: Moments) -> Moments:
    _, closes, sums = _laid(line)
    if not sums.size:
        return np.full_like(targets, NO_ANSWER)
    index = np.minimum(np.searchsorted(sums, targets, "left"), sums.size - 1)
    return np.where(targets > line.total, NO_ANSWER, closes[index] - (sums[index] - targets))


def _laid(line: Timeline) -> tuple[Moments, Moments, Moments]:
    return np.array(line.opens, np.int64), np.array(line.closes, np.int64), np.array(line.sums, np.int64)
