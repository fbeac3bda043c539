"""Coverage as rows: the land that a tier's cells should cover, how far they do, and how far they should by when."""

from datetime import date

from shapely.geometry.base import BaseGeometry
from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from cityops.db import Base, Geometry
from cityops.words import N_

TIER_LABELS = {1: N_("grid tier 1"), 2: N_("grid tier 2")}
TIERS = tuple(TIER_LABELS)


class GridTier(Base):
    """How large the cells of a tier may be without a warning, where a city says otherwise than the standard."""

    __tablename__ = "grid_tiers"
    __table_args__ = (
        CheckConstraint("tier IN (1, 2)", name="tier"),
        CheckConstraint("0 < low_m2 AND low_m2 < high_m2", name="band"),
    )

    tier: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    low_m2: Mapped[int]
    high_m2: Mapped[int]


class CoverArea(Base):
    """A polygon of the layer of land that the cells of a tier should cover; `title` names the layer.

    The polygons that stand on one day are the tier's layer of that day.
    """

    __tablename__ = "cover_areas"
    __table_args__ = (CheckConstraint("tier IN (1, 2)", name="tier"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tier: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str] = mapped_column(String(100))
    boundary: Mapped[BaseGeometry] = mapped_column(Geometry, deferred=True)
    valid_from_on: Mapped[date]
    ended_on: Mapped[date | None]


class CoverFigure(Base):
    """How far a community's cells of a tier cover its land, from a day on until the next day that has figures.

    Counted whenever cells, areas or a layer change, so that nobody waits for it. `area_code` is empty for the land of
    the layer that lies in no community. `covered_m2` is the area of the cells inside the layer, `cells_m2` that of the
    whole cells; `open_land` is what of the layer no cell of the tier covers, and the box around it.
    """

    __tablename__ = "cover_figures"

    since_on: Mapped[date] = mapped_column(primary_key=True)
    tier: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    area_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    land_m2: Mapped[float]
    covered_m2: Mapped[float]
    cells: Mapped[int]
    cells_m2: Mapped[float]
    open_land: Mapped[BaseGeometry | None] = mapped_column(Geometry, deferred=True)
    west: Mapped[float | None]
    south: Mapped[float | None]
    east: Mapped[float | None]
    north: Mapped[float | None]


class CoverTarget(Base):
    """What share of the land a jurisdiction's cells of a tier should cover, from a day on until the next such row."""

    __tablename__ = "cover_targets"
    __table_args__ = (
        CheckConstraint("tier IN (1, 2)", name="tier"),
        CheckConstraint("0 < percent AND percent <= 100", name="percent"),
    )

    jurisdiction_id: Mapped[int] = mapped_column(ForeignKey("jurisdictions.id"), primary_key=True)
    tier: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    from_on: Mapped[date] = mapped_column(primary_key=True)
    percent: Mapped[float]
