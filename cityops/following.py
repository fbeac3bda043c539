"""Who follows what happens to a case, put together once: for the web, and for what lives a city's life without it."""

from datetime import timedelta
from functools import partial

from cityops.cases import arbitration, component_life
from cityops.cases.office import CaseOffice, Follower
from cityops.config import Config
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


def make_office(keys: Keys, config: Config | None = None) -> CaseOffice:
    """The case room's surroundings, with everybody who follows what happens to a case; by default as a city is set."""
    followers = (*_at_work(keys), notices.follow)
    if config is None:
        return CaseOffice(keys, followers)
    return CaseOffice(
        keys,
        followers,
        late_entry=timedelta(hours=config.late_entry_hours),
        reopen_days=config.reopen_days,
        doubles_days=config.doubles_days,
        place_limit_m=config.place_limit_m,
        answer_photos=config.answer_photos,
    )
