"""What the case room needs to work, put together once by `app.py` and handed to every service."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cityops.cases.models import Case, CaseEvent
from cityops.crypto import Keys
from cityops.grid.index import Located
from cityops.worktime.calendar import Calendar

Follower = Callable[[Session, Case, CaseEvent], None]


@dataclass(frozen=True)
class CaseOffice:
    """The case room's surroundings.

    Attributes:
        keys: seals personal data, signs the history.
        locate: the cell of a point on the present grid, None outside every cell.
        calendar: a working calendar by name.
        followers: called inside the step's transaction with each event (hotline, patrol, assessment).
    """

    keys: Keys
    locate: Callable[[Session, float, float], Located | None]
    calendar: Callable[[Session, str], Calendar]
    followers: tuple[Follower, ...] = ()
