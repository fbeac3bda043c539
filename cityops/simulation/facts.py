"""What a simulated life is drawn from: cells, components, conditions, paces. Plain facts, no rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import shapely
from shapely.geometry.base import BaseGeometry

from cityops.cases.names import ClockName
from cityops.catalog.models import CaseKind
from cityops.grid.addresses.words import about, direction_from
from cityops.grid.geometry import distance_m
from cityops.worktime.arithmetic import add_minutes, clock_calendar
from cityops.worktime.calendar import Calendar
from cityops.worktime.limits import MINUTE_US, Limit


@dataclass(frozen=True, slots=True)
class Pace:
    """A limit as minutes of the calendar it runs on."""

    calendar: Calendar
    minutes: float

    @classmethod
    def of(cls, calendar: Calendar, limit: Limit) -> "Pace":
        """The pace of a limit; urgent hours run day and night."""
        running = clock_calendar(calendar, limit)
        return cls(running, limit.microseconds(running.nominal_minutes) / MINUTE_US)

    def after(self, at: datetime, share: float) -> datetime:
        """When a share of the limit has passed since `at`."""
        return add_minutes(self.calendar, at, self.minutes * share)


@dataclass(frozen=True, slots=True)
class Phase:
    """A further phase of handling.

    Attributes:
        is_other: whether another body than that of the phase before is responsible.
        body: that body; None for the street office of the place.
        is_photo_asked: whether the phase before is judged by its photos.
        is_check_asked: whether the phase before is checked at all.
    """

    limit: Limit
    pace: Pace
    is_other: bool
    body: str | None
    is_photo_asked: bool
    is_check_asked: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """A filing condition; `body` is None where the street office of the place is responsible."""

    code: str
    kind: CaseKind
    class_code: str
    class_name: str
    text: str
    body: str | None
    limit: Limit
    pace: Pace
    is_simple_allowed: bool
    is_checked_at_its_hour: bool = False
    phases: Sequence[Phase] = ()


@dataclass(frozen=True, slots=True)
class Thing:
    """A component where it stands."""

    code: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class CellFacts:
    """A cell, what it is called, and the components in it by class."""

    code: str
    boundary: BaseGeometry
    duty_grid_id: int | None
    place: str
    things: Mapping[str, Sequence[Thing]]

    def point(self, draw: Random) -> tuple[float, float]:
        """A point inside, drawn evenly."""
        west, south, east, north = self.boundary.bounds
        for _ in range(50):
            lon, lat = round(draw.uniform(west, east), 6), round(draw.uniform(south, north), 6)
            if shapely.contains_xy(self.boundary, lon, lat):
                return lon, lat
        inside = self.boundary.representative_point()
        return inside.x, inside.y


@dataclass(frozen=True, slots=True)
class Landmark:
    """A named place that people tell the way by."""

    name: str
    lon: float
    lat: float


@dataclass(frozen=True)
class CityFacts:
    """Everything a life is drawn from, each list in the order of its codes.

    Attributes:
        paces: the limits of the stages' clocks.
        bodies: codes of all bodies that can be responsible.
        departments: codes of the bodies that a case can be dispatched to by mistake.
        contractors: companies by the code of the department above them.
    """

    cells: Sequence[CellFacts]
    conditions: Sequence[Condition]
    paces: Mapping[ClockName, Pace]
    bodies: frozenset[str]
    departments: Sequence[str]
    contractors: Mapping[str, Sequence[str]]
    landmarks: Sequence[Landmark]
    _near: dict[str, Landmark | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def address(self, cell: CellFacts, lon: float, lat: float) -> str:
        """The place in words: its community, and where it lies from the nearest landmark."""
        mark = self._landmark_near(cell)
        if mark is None:
            return cell.place
        side = direction_from(mark.lon, mark.lat, lon, lat).chinese
        return f"{cell.place}{mark.name}{side}约{about(distance_m(mark.lon, mark.lat, lon, lat))}米"

    def _landmark_near(self, cell: CellFacts) -> Landmark | None:
        if cell.code not in self._near:
            centre = cell.boundary.centroid
            self._near[cell.code] = min(
                self.landmarks,
                key=lambda mark: (mark.lon - centre.x) ** 2 * 0.75 + (mark.lat - centre.y) ** 2,
                default=None,
            )
        return self._near[cell.code]
