"""What the case room needs to work, put together once by `app.py` and handed to every service."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from sqlalchemy.orm import Session

from cityops.cases.models import Case, CaseEvent
from cityops.config import DOUBLES_DAYS, LATE_ENTRY_HOURS, PLACE_LIMIT_M, REOPEN_DAYS
from cityops.crypto import Keys

Follower = Callable[[Session, Case, CaseEvent], None]


@dataclass(frozen=True)
class CaseOffice:
    """The case room's surroundings.

    Attributes:
        keys: seals personal data, signs the history.
        followers: called inside the step's transaction with each event (hotline, patrol).
        late_entry: how long ago a report may have come in that is entered now.
        reopen_days: for how many days a closed case can be reopened.
        doubles_days: for how many days a closed case is offered at intake as perhaps the same thing.
        place_limit_m: how far from the place a verify or check may be answered without a reason.
        answer_photos: whether such an answer needs a photo of its own on the pages.
    """

    keys: Keys
    followers: tuple[Follower, ...] = ()
    late_entry: timedelta = timedelta(hours=LATE_ENTRY_HOURS)
    reopen_days: int = REOPEN_DAYS
    doubles_days: int = DOUBLES_DAYS
    place_limit_m: int = PLACE_LIMIT_M
    answer_photos: bool = True

    @property
    def offered_days(self) -> int:
        """For how many days a closed case is offered at intake: no longer than it can be reopened."""
        return min(self.doubles_days, self.reopen_days)


def current_office() -> CaseOffice:
    """The case room's surroundings in this application."""
    office: CaseOffice = current_app.extensions["cityops.office"]
    return office
