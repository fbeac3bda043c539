"""The door plate that is meant by a number: the plate itself, or its place between its neighbours. Pure."""

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from cityops.grid.addresses.words import plain
from cityops.words import N_


class Plate(NamedTuple):
    """A plate of one road, what stands on it and the number it is ordered by."""

    name: str
    number: int
    lon: float
    lat: float
    area_code: str | None
    ended_on: date | None


class PlateFound(NamedTuple):
    """The place of a number; `note` with `params` says how it was come by where it is approximate."""

    name: str
    lon: float
    lat: float
    area_code: str | None
    is_approximate: bool
    note: str = ""
    params: dict[str, str] = {}


def choose_plate(plates: Sequence[Plate], number: int, rest: str) -> PlateFound | None:
    """The plate of a number among those of a road about it, else its place between the neighbours of its side.

    Odd and even numbers stand on two sides, so only neighbours of the same side are asked.

    Args:
        rest: what was typed after the number, which tells 123号 from 123弄5号.
    """
    same = [plate for plate in plates if plate.number == number]
    standing = [plate for plate in same if plate.ended_on is None]
    if same:
        chosen = min(standing or same, key=lambda plate: _strangeness(plate, number, rest))
        if chosen.ended_on is not None:
            note, params = N_("no longer since %(on)s"), {"on": chosen.ended_on.isoformat()}
            return PlateFound(chosen.name, chosen.lon, chosen.lat, chosen.area_code, False, note, params)
        return PlateFound(chosen.name, chosen.lon, chosen.lat, chosen.area_code, False)
    side = [plate for plate in plates if plate.number % 2 == number % 2 and plate.ended_on is None]
    below = max((plate for plate in side if plate.number < number), key=lambda each: each.number, default=None)
    above = min((plate for plate in side if plate.number > number), key=lambda each: each.number, default=None)
    name = f"{number}号"
    if below is not None and above is not None:
        share = (number - below.number) / (above.number - below.number)
        lon, lat = below.lon + (above.lon - below.lon) * share, below.lat + (above.lat - below.lat) * share
        params = {"low": below.name, "high": above.name}
        note = N_("approximate, between %(low)s and %(high)s")
        return PlateFound(name, lon, lat, (below if share <= 0.5 else above).area_code, True, note, params)
    nearest = below or above
    if nearest is None:
        return None
    note, params = N_("approximate, %(name)s is the nearest plate"), {"name": nearest.name}
    return PlateFound(name, nearest.lon, nearest.lat, nearest.area_code, True, note, params)


def _strangeness(plate: Plate, number: int, rest: str) -> tuple[bool, bool, int, str]:
    """How far what stands on a plate is from what was typed, the plain number first."""
    after = re.sub(rf"^\D*{number}", "", plain(plate.name))
    return after != rest, not (rest and after.startswith(rest)), len(after), plate.name
