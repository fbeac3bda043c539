"""Who follows what happens to a case, put together once: for the web, and for what lives a city's life without it."""

from datetime import timedelta
from functools import partial

from cityops.cases import arbitration, component_life
from cityops.cases.office import CaseOffice, Follower
from cityops.config import LATE_ENTRY_HOURS, REOPEN_DAYS
from cityops.crypto import Keys
from cityops.hotline import services as hotline
from cityops.notices import services as notices
from cityops.patrol import services as patrol


def _at_work(keys: Keys) -> tuple[Follower, ...]:
    """Who has something to do with a case's step."""
    return partial(patrol.follow, keys), hotline.follow, component_life.follow, arbitration.follow


def make_quiet_office(keys: Keys) -> CaseOffice:
    """The surroundings for a life that is lived afterwards: nobody is told of what was weeks ago."""
    return CaseOffice(keys=keys, followers=_at_work(keys))


def make_office(keys: Keys, late_entry_hours: int = LATE_ENTRY_HOURS, reopen_days: int = REOPEN_DAYS) -> CaseOffice:
    """The case room's surroundings, with everybody who follows what happens to a case."""
    followers = (*_at_work(keys), notices.follow)
    return CaseOffice(
        keys=keys, followers=followers, late_entry=timedelta(hours=late_entry_hours), reopen_days=reopen_days
    )
