"""How often the cells of a tier are to be visited, and how often they were. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

ONE_VISIT = timedelta(hours=1)
MOST_DAYS = 31
MOST_VISITS = 24


class Rhythm(NamedTuple):
    """How many visits a cell is due in so many days."""

    visits: int
    days: int


USUAL = {1: Rhythm(1, 1), 2: Rhythm(1, 7)}
"""By tier, where the city has set nothing: every day in the street, every week in the country."""


class Trace(NamedTuple):
    """That an inspector was in a cell at a moment."""

    cell_code: str
    person_id: int
    at: datetime


def count_visits(traces: Iterable[Trace]) -> dict[str, int]:
    """Visits by cell: what one inspector leaves in a cell within an hour of his first trace there is one visit.

    >>> nine = datetime(2026, 11, 20, 9)
    >>> minutes = (0, 59, 60)
    >>> count_visits([*(Trace("a", 1, nine + timedelta(minutes=m)) for m in minutes), Trace("a", 2, nine)])
    {'a': 3}
    """
    counts: dict[str, int] = {}
    came_at: dict[tuple[str, int], datetime] = {}
    for cell_code, person_id, at in sorted(traces, key=lambda trace: trace.at):
        last = came_at.get((cell_code, person_id))
        if last is None or at - last >= ONE_VISIT:
            came_at[cell_code, person_id] = at
            counts[cell_code] = counts.get(cell_code, 0) + 1
    return counts
