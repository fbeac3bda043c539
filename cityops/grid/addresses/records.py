"""Addresses on their way between files, the demo and the database."""

from dataclasses import dataclass
from datetime import date

from shapely.geometry.base import BaseGeometry

from cityops.grid.addresses.models import AddressKind
from cityops.words import N_

LAYER = N_("addresses")


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """A place of the gazetteer as a survey hands it over.

    Attributes:
        code: the survey's own; without one the place is known again by its kind, name and place.
        road: of a door plate, the code or else the name of what it is numbered along or within.
        number: of a door plate, what it is ordered by.
        aliases: names in use beside the standard one.
        former_names: names that have ended.
        valid_from_on: the day from which the name holds, the day of the import if it is not told.
        ended_on: the first day on which the place is no more.
    """

    kind: AddressKind
    name: str
    lon: float
    lat: float
    code: str | None = None
    category: str | None = None
    road: str | None = None
    number: int | None = None
    aliases: tuple[str, ...] = ()
    former_names: tuple[str, ...] = ()
    line: BaseGeometry | None = None
    valid_from_on: date | None = None
    ended_on: date | None = None
    source_line: int = 0
