"""A point told by what is near it: the nearest landmark or door plate, with direction and distance."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.clock import today
from cityops.grid.addresses.models import Address, AddressKind, standing_on
from cityops.grid.addresses.words import Direction, about, direction_from
from cityops.grid.geometry import box_around, check_point, distance_m
from cityops.grid.queries import within_quads

# Looked for in growing circles: most points of a town have something within the first.
RADII_M = (60.0, 250.0, 1_000.0)
# Nearer than this there is no saying on which side.
AT_M = 15.0

TELLING_BY = (AddressKind.LANDMARK, AddressKind.PLATE)


class Near(NamedTuple):
    """The nearest landmark or plate, and how a point lies from it; at the thing itself there is no direction."""

    name: str
    kind: AddressKind
    lon: float
    lat: float
    metres: float
    direction: Direction | None

    @property
    def about_m(self) -> int:
        """The distance as it is told."""
        return about(self.metres)


def find_near(session: Session, lon: float, lat: float) -> Near | None:
    """What a point is told by, None where nothing is near; of equally near things the landmark.

    Raises:
        Invalid: the coordinates are none, or look swapped.
    """
    check_point(lon, lat)
    for radius_m in RADII_M:
        around = within_quads(Address.quad, *box_around(lon, lat, radius_m))
        rows = select(Address).where(around, Address.kind.in_(TELLING_BY), standing_on(today()))
        found = [
            (distance_m(lon, lat, row.lon, row.lat), row.kind.value, row.code, row) for row in session.scalars(rows)
        ]
        metres, _, _, nearest = min(found, key=lambda each: each[:3], default=(radius_m + 1, "", "", None))
        if nearest is not None and metres <= radius_m:
            return _told(session, nearest, lon, lat, metres)
    return None


def _told(session: Session, row: Address, lon: float, lat: float, metres: float) -> Near:
    name = row.name
    if row.parent_code is not None:
        road = session.scalar(select(Address.name).where(Address.code == row.parent_code, standing_on(today())))
        name = f"{road or ''}{name}"
    direction = None if metres < AT_M else direction_from(row.lon, row.lat, lon, lat)
    return Near(name, row.kind, row.lon, row.lat, metres, direction)
