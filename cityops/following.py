"""Who follows what happens to a case, put together once: for the web, and for what lives a city's life without it."""

from cityops.cases import component_life
from cityops.cases.office import CaseOffice
from cityops.crypto import Keys
from cityops.hotline import services as hotline
from cityops.notices import services as notices
from cityops.patrol import services as patrol


def make_office(keys: Keys) -> CaseOffice:
    """The case room's surroundings, with everybody who follows what happens to a case."""
    return CaseOffice(keys=keys, followers=(patrol.follow, hotline.follow, component_life.follow, notices.follow))
