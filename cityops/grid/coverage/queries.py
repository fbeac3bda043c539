"""Reading coverage: by jurisdiction and tier on a day, the days before it, and the land that lies open."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ColumnElement, LargeBinary, Select, and_, case, exists, func, or_, select, true, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from cityops.accounts.models import Jurisdiction, JurisdictionRange
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.errors import NotFound
from cityops.grid.coverage.models import CoverArea, CoverFigure, CoverTarget
from cityops.grid.models import GridVersion, VersionState
from cityops.grid.tiles.mvt import encode
from cityops.grid.tiles.tiling import Fields, Tile, polygon_layer
from cityops.words import N_

MOST_DAYS = 24
# What is left of a percentage by the numbers of a computer: 0.29 times 100 is a hair less than 29.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Sums:
    """The land a jurisdiction's cells of a tier should cover, what they cover of it, the cells and their whole area."""

    land_m2: float
    covered_m2: float
    cells: int
    cells_m2: float

    @property
    def share(self) -> float | None:
        """Coverage (网格覆盖率), 0 to 1; None where nothing should be covered."""
        return self.covered_m2 / self.land_m2 if self.land_m2 else None


@dataclass(frozen=True, slots=True)
class Row:
    """A jurisdiction's coverage by a tier, with its target in percent where one is set."""

    jurisdiction: Jurisdiction
    tier: int
    sums: Sums
    target: float | None

    @property
    def is_reached(self) -> bool | None:
        """Whether the target is reached; None without one, and where nothing should be covered."""
        share = self.sums.share
        return None if self.target is None or share is None else 100 * share >= self.target - ROUNDING


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which coverage changed: what changed it, and the shares by jurisdiction and tier from then on."""

    since_on: date
    causes: tuple[str, ...]
    shares: dict[tuple[int, int], float | None]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage on a day: `since_on` is when it last changed, None before the first layer; `days` are the last ones."""

    on: date
    since_on: date | None
    rows: list[Row]
    days: list[Day]

    @property
    def columns(self) -> list[tuple[Jurisdiction, int]]:
        """The jurisdictions and tiers there are figures of, in the order of the rows."""
        return [(row.jurisdiction, row.tier) for row in self.rows]


def read_coverage(session: Session, viewer: Viewer | None, on: date) -> Coverage:
    """Coverage by jurisdiction and tier on a day and the days that led to it: those wholly in the viewer's scope.

    The ranges of the jurisdictions are those of the day, in the trend those of each day. None is the command line.
    """
    past = select(CoverFigure.since_on).where(CoverFigure.since_on <= on).distinct()
    days = list(session.scalars(past.order_by(CoverFigure.since_on.desc()).limit(MOST_DAYS)))
    if not days:
        return Coverage(on, None, [], [])
    places = {place.id: place for place in session.scalars(select(Jurisdiction))}
    targets = _targets(session, on)
    now = _sums(session, _by_jurisdiction(viewer, days[:1], on))
    rows = [Row(places[key], tier, sums, targets.get((key, tier))) for (_, key, tier), sums in now.items()]
    rows.sort(key=lambda row: (not row.jurisdiction.is_city_wide, row.jurisdiction.code, row.tier))
    then = _sums(session, _by_jurisdiction(viewer, days, CoverFigure.since_on))
    causes = _causes(session, days)
    return Coverage(
        on,
        days[0],
        rows,
        [
            Day(day, causes[day], {(key, tier): sums.share for (at, key, tier), sums in then.items() if at == day})
            for day in days
        ],
    )


def open_land_tile(session: Session, viewer: Viewer, tile: Tile, on: date) -> bytes:
    """A tile of the land in the viewer's scope that a layer of the day has and no cell of its tier covers."""
    last = select(func.max(CoverFigure.since_on)).where(CoverFigure.since_on <= on).scalar_subquery()
    west, south, east, north = tile.wider_box
    meets = and_(
        CoverFigure.west <= east, CoverFigure.east >= west, CoverFigure.south <= north, CoverFigure.north >= south
    )
    found = session.execute(
        select(CoverFigure.tier, CoverFigure.area_code, type_coerce(CoverFigure.open_land, LargeBinary))
        .where(CoverFigure.since_on == last, meets, _seen(viewer))
        .order_by(CoverFigure.tier, CoverFigure.area_code)
    ).all()
    if not found:
        return b""
    shapes = np.asarray(shapely.from_wkb(np.array([row[2] for row in found], dtype=object)), dtype=object)
    fields: Fields = {"tier": [row[0] for row in found], "code": [row[1] for row in found]}
    return encode([polygon_layer("open_land", shapes, tile, fields)])


def get_open_land(session: Session, viewer: Viewer, tier: int, area_code: str, on: date) -> CoverFigure:
    """What the cells of a tier leave open in a community on a day; without a code, in no community at all.

    Raises:
        NotFound: nothing is open there, or it is not the viewer's to see.
    """
    last = select(func.max(CoverFigure.since_on)).where(CoverFigure.since_on <= on).scalar_subquery()
    of_it = (CoverFigure.since_on == last, CoverFigure.tier == tier, CoverFigure.area_code == area_code)
    figure = session.scalar(select(CoverFigure).where(*of_it, CoverFigure.west.is_not(None), _seen(viewer)))
    if figure is None:
        raise NotFound(N_("Nothing is left open there, or it is not yours to see."))
    return figure


def list_layers(session: Session) -> list[tuple[int, str, date, date | None, int]]:
    """The layers of land: tier, title, first day, the day it ended, how many polygons; of each tier the last first."""
    key = (CoverArea.tier, CoverArea.title, CoverArea.valid_from_on, CoverArea.ended_on)
    rows = select(*key, func.count()).group_by(*key).order_by(CoverArea.tier, CoverArea.valid_from_on.desc())
    return [(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(rows)]


def list_targets(session: Session) -> list[tuple[CoverTarget, Jurisdiction]]:
    """All targets with their jurisdictions, of each tier the latest first."""
    rows = select(CoverTarget, Jurisdiction).join(Jurisdiction, Jurisdiction.id == CoverTarget.jurisdiction_id)
    order = (Jurisdiction.is_city_wide.desc(), Jurisdiction.code, CoverTarget.tier, CoverTarget.from_on.desc())
    return [(row[0], row[1]) for row in session.execute(rows.order_by(*order))]


def _seen(viewer: Viewer | None) -> ColumnElement[bool]:
    return true() if viewer is None else in_jurisdiction(viewer.held, CoverFigure.area_code)


def _by_jurisdiction(
    viewer: Viewer | None, days: Collection[date], ranges_on: date | InstrumentedAttribute[date]
) -> Select[*tuple[Any, ...]]:
    """The sums of each day by jurisdiction and tier, of those jurisdictions whose land the viewer sees whole."""
    span = exists().where(
        JurisdictionRange.jurisdiction_id == Jurisdiction.id,
        JurisdictionRange.code_from <= CoverFigure.area_code,
        JurisdictionRange.code_until >= CoverFigure.area_code,
        JurisdictionRange.from_on <= ranges_on,
        or_(JurisdictionRange.until_on.is_(None), JurisdictionRange.until_on >= ranges_on),
    )
    held = or_(Jurisdiction.is_city_wide, span.correlate(CoverFigure, Jurisdiction))
    key = (CoverFigure.since_on, Jurisdiction.id, CoverFigure.tier)
    sizes = (CoverFigure.land_m2, CoverFigure.covered_m2, CoverFigure.cells, CoverFigure.cells_m2)
    return (
        select(*key, *(func.sum(size) for size in sizes))
        .select_from(CoverFigure)
        .join(Jurisdiction, held)
        .where(CoverFigure.since_on.in_(days))
        .group_by(*key)
        .having(func.sum(case((_seen(viewer), 0), else_=1)) == 0)
    )


def _sums(session: Session, rows: Select[*tuple[Any, ...]]) -> dict[tuple[date, int, int], Sums]:
    return {(row[0], row[1], row[2]): Sums(row[3], row[4], int(row[5]), row[6]) for row in session.execute(rows)}


def _targets(session: Session, on: date) -> dict[tuple[int, int], float]:
    columns = (CoverTarget.jurisdiction_id, CoverTarget.tier, CoverTarget.percent)
    rows = session.execute(select(*columns).where(CoverTarget.from_on <= on).order_by(CoverTarget.from_on))
    # The latest of each comes last, and stays.
    return {(row[0], row[1]): row[2] for row in rows}


def _causes(session: Session, days: Collection[date]) -> dict[date, tuple[str, ...]]:
    """The titles of the versions and layers that began on each of the days."""
    versions = select(GridVersion.valid_from_on, GridVersion.title).where(
        GridVersion.valid_from_on.in_(days), GridVersion.state == VersionState.IN_FORCE
    )
    lasted = or_(CoverArea.ended_on.is_(None), CoverArea.ended_on > CoverArea.valid_from_on)
    layers = select(CoverArea.valid_from_on, CoverArea.title).where(CoverArea.valid_from_on.in_(days), lasted)
    found: dict[date, list[str]] = {day: [] for day in days}
    for rows in (versions.order_by(GridVersion.id), layers.distinct().order_by(CoverArea.title)):
        for day, title in session.execute(rows):
            found[day].append(title)
    return {day: tuple(dict.fromkeys(titles)) for day, titles in found.items()}
