"""Where: areas, unit cells, duty grids and components as rows.

Coordinates are WGS84/CGCS2000 longitude and latitude. Codes are strings: 6 district + 3 street + 3 community + 3 cell
(GB/T 47678.3, GB/T 10114). What history names is ended (`ended_on`, the first day it no longer holds), never deleted.
"""

from datetime import date, datetime
from enum import StrEnum

from shapely.geometry.base import BaseGeometry
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops import clock
from cityops.db import Base, BigKey, Geometry, UtcDateTime, words_enum
from cityops.words import N_

ACTIVE = text("ended_on IS NULL")


class AreaLevel(StrEnum):
    """The levels of the administrative division (GB/T 2260, GB/T 10114), and the development zone beside them."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    ZONE = "zone"


AREA_LEVEL_LABELS = {
    AreaLevel.CITY: N_("city"),
    AreaLevel.DISTRICT: N_("district"),
    AreaLevel.STREET: N_("street"),
    AreaLevel.COMMUNITY: N_("community"),
    AreaLevel.ZONE: N_("development zone"),
}


class ComponentState(StrEnum):
    """How a component was last found: 完好, 破损, 丢失, 废弃, 移除 (GB/T 47678.5-2026, table 2)."""

    IN_PLACE = "in_place"
    DAMAGED = "damaged"
    MISSING = "missing"
    ABANDONED = "abandoned"
    REMOVED = "removed"


COMPONENT_STATE_LABELS = {
    ComponentState.IN_PLACE: N_("in place"),
    ComponentState.DAMAGED: N_("damaged"),
    ComponentState.MISSING: N_("missing"),
    ComponentState.ABANDONED: N_("abandoned"),
    ComponentState.REMOVED: N_("removed"),
}


class Accuracy(StrEnum):
    """How exactly a component's place was surveyed: the mean error against the nearest fixed point."""

    A = "A"
    B = "B"
    C = "C"


TOLERANCES_M = {Accuracy.A: 0.5, Accuracy.B: 1.0, Accuracy.C: 10.0}


class VersionState(StrEnum):
    """What has become of a version of the grid."""

    PLANNED = "planned"
    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"


VERSION_STATE_LABELS = {
    VersionState.PLANNED: N_("planned"),
    VersionState.IN_FORCE: N_("in force"),
    VersionState.WITHDRAWN: N_("withdrawn"),
}


class GridVersion(Base):
    """A survey's areas and cells, taken in at one time (a first survey, a re-survey); in force from its day for good.

    The counts say what it did to the cells that stood before it. `because` is why the warnings about its file were
    accepted, by `person_id`, who handed it in; both are empty for the command line.
    """

    __tablename__ = "grid_versions"
    __table_args__ = (
        Index(
            "uq_grid_versions_planned",
            "state",
            unique=True,
            postgresql_where=text("state = 'planned'"),
            sqlite_where=text("state = 'planned'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    valid_from_on: Mapped[date]
    state: Mapped[VersionState] = mapped_column(words_enum(VersionState))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    warnings: Mapped[int] = mapped_column(default=0)
    because: Mapped[str] = mapped_column(String(500), default="")
    kept: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    split: Mapped[int] = mapped_column(default=0)
    merged: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    retired: Mapped[int] = mapped_column(default=0)


class SurveyState(StrEnum):
    """How far a survey's file has come that was handed in on the page."""

    TO_LOOK_AT = "to_look_at"
    LOOKED_AT = "looked_at"
    TO_TAKE_IN = "to_take_in"
    TAKEN_IN = "taken_in"


class SurveyKind(StrEnum):
    """What a survey's file holds: the grid (areas and cells), components, land to be covered, or addresses."""

    GRID = "grid"
    CENSUS = "census"
    COVER = "cover"
    ADDRESSES = "addresses"


class Survey(Base):
    """A survey's file that was handed in on the page: the worker looks at it, and takes it in when it is told to.

    `person_id` handed it in, or later ordered it to be taken in. `said` is what was said of the file, `told` what the
    worker found in it, both JSON. The file itself is kept for a day under `key`.
    """

    __tablename__ = "grid_surveys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[SurveyKind] = mapped_column(words_enum(SurveyKind), default=SurveyKind.GRID)
    state: Mapped[SurveyState] = mapped_column(words_enum(SurveyState))
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    said: Mapped[str] = mapped_column(Text)
    told: Mapped[str] = mapped_column(Text, default="{}")
    title: Mapped[str] = mapped_column(String(100), default="")
    from_on: Mapped[date | None]
    because: Mapped[str] = mapped_column(String(500), default="")


class PlannedRow(Base):
    """An area or a cell of a planned version, waiting for its day; gone once the version is in force or withdrawn."""

    __tablename__ = "grid_planned_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("grid_versions.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    values: Mapped[str] = mapped_column(Text)
    boundary: Mapped[BaseGeometry] = mapped_column(Geometry)


class Area(Base):
    """A city, district, street, community or development zone.

    `code` has 6 digits for a city or district, 9 for a street, 12 for a community; a zone has a code of its own that is
    no prefix of any other: its streets carry a district's code (see jurisdictions in `accounts`).
    """

    __tablename__ = "areas"
    __table_args__ = (
        Index("uq_areas_active_code", "code", unique=True, postgresql_where=ACTIVE, sqlite_where=ACTIVE),
        Index(None, "level", "code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    level: Mapped[AreaLevel] = mapped_column(words_enum(AreaLevel))
    parent_code: Mapped[str | None] = mapped_column(String(12), index=True)
    boundary: Mapped[BaseGeometry] = mapped_column(Geometry, deferred=True)
    area_m2: Mapped[float]
    valid_from_on: Mapped[date]
    ended_on: Mapped[date | None]


class DutyGrid(Base):
    """A duty grid (责任网格): whole cells of one street, patrolled by the same inspectors.

    One that a planned change begins has its row before its day, `valid_from_on`.
    """

    __tablename__ = "duty_grids"
    __table_args__ = (
        Index("uq_duty_grids_active_code", "code", unique=True, postgresql_where=ACTIVE, sqlite_where=ACTIVE),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    street_code: Mapped[str] = mapped_column(String(9), index=True)
    valid_from_on: Mapped[date] = mapped_column(default=clock.today)
    ended_on: Mapped[date | None]

    cells: Mapped[list["Cell"]] = relationship(back_populates="duty_grid", order_by="Cell.code")


class Cell(Base):
    """A unit cell (单元网格) of about 10,000 m², inside exactly one community.

    A changed boundary ends this row and begins another with the next `revision`; a retired code is never used again.
    `version_id` began the row and `ended_version_id` ended it.
    `grid_tier` is Ningbo's class of the grid (1 built-up, 2 less built-up), `area_level` the area's management level.
    """

    __tablename__ = "cells"
    __table_args__ = (
        Index("uq_cells_active_code", "code", unique=True, postgresql_where=ACTIVE, sqlite_where=ACTIVE),
        Index(None, "area_code"),
        Index("uq_cells_code_revision", "code", "revision", unique=True),
        CheckConstraint("grid_tier IN (1, 2)", name="grid_tier"),
        CheckConstraint("area_level IN (1, 2, 3)", name="area_level"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(15))
    area_code: Mapped[str] = mapped_column(String(12))
    duty_grid_id: Mapped[int | None] = mapped_column(ForeignKey("duty_grids.id"), index=True)
    boundary: Mapped[BaseGeometry] = mapped_column(Geometry, deferred=True)
    area_m2: Mapped[float]
    grid_tier: Mapped[int] = mapped_column(SmallInteger, default=1)
    area_level: Mapped[int] = mapped_column(SmallInteger, default=1)
    revision: Mapped[int] = mapped_column(default=1)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("grid_versions.id"), index=True)
    ended_version_id: Mapped[int | None] = mapped_column(ForeignKey("grid_versions.id"), index=True)
    initial_on: Mapped[date]
    ended_on: Mapped[date | None]

    duty_grid: Mapped[DutyGrid | None] = relationship(back_populates="cells")


class CellAncestor(Base):
    """That a cell took over land of an earlier one, and how much; a cell without a row covers what nobody covered."""

    __tablename__ = "cell_ancestors"

    cell_id: Mapped[int] = mapped_column(ForeignKey("cells.id"), primary_key=True)
    ancestor_id: Mapped[int] = mapped_column(ForeignKey("cells.id"), primary_key=True, index=True)
    shared_m2: Mapped[float]


class Component(Base):
    """A surveyed thing of the city: a manhole cover, a lamp, a bin (部件, GB/T 47678.5-2026).

    `code` has 17 digits: 6 district + 5 class + 6 sequence. `cell_id` and `area_code` are those of its present place,
    empty for one that stands outside every cell; `quad` is the Morton code of its zoom-20 tile, read in ranges by near
    search and map tiles. The codes and names of department, owner and maintainer are the survey's own words (their
    codes are unified social credit codes); `body_code` is the body of this city that answers for it, empty for an
    orphan (权属不明). `settled_on` is when `settled_by` settled whose it is (确权). `put_up_on` is known where the
    city's census tells it. `seen_on` is the last day on which a census brought it, or somebody before it confirmed it.
    """

    __tablename__ = "components"
    __table_args__ = (
        Index(None, "quad"),
        Index(None, "area_code", "class_code", "put_up_on", "ended_on"),
        Index(
            "ix_components_not_in_place",
            "code",
            postgresql_where=text("state <> 'in_place'"),
            sqlite_where=text("state <> 'in_place'"),
        ),
        Index(
            "ix_components_orphans",
            "area_code",
            "class_code",
            postgresql_where=text("body_code IS NULL AND ended_on IS NULL"),
            sqlite_where=text("body_code IS NULL AND ended_on IS NULL"),
        ),
        Index(
            "ix_components_outside",
            "id",
            postgresql_where=text("cell_id IS NULL"),
            sqlite_where=text("cell_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(17), unique=True)
    class_code: Mapped[str] = mapped_column(String(5))
    name: Mapped[str] = mapped_column(String(100))
    lon: Mapped[float]
    lat: Mapped[float]
    quad: Mapped[int] = mapped_column(BigInteger)
    cell_id: Mapped[int | None] = mapped_column(ForeignKey("cells.id"), index=True)
    area_code: Mapped[str | None] = mapped_column(String(12))
    state: Mapped[ComponentState] = mapped_column(words_enum(ComponentState), default=ComponentState.IN_PLACE)
    body_code: Mapped[str | None] = mapped_column(String(32), index=True)
    department_code: Mapped[str | None] = mapped_column(String(18))
    department_name: Mapped[str | None] = mapped_column(String(100))
    owner_code: Mapped[str | None] = mapped_column(String(18))
    owner_name: Mapped[str | None] = mapped_column(String(100))
    maintainer_code: Mapped[str | None] = mapped_column(String(18))
    maintainer_name: Mapped[str | None] = mapped_column(String(100))
    settled_on: Mapped[date | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    accuracy: Mapped[Accuracy | None] = mapped_column(words_enum(Accuracy))
    source: Mapped[str | None] = mapped_column(String(30))
    note: Mapped[str | None] = mapped_column(String(1000))
    put_up_on: Mapped[date | None]
    initial_on: Mapped[date]
    changed_on: Mapped[date | None]
    seen_on: Mapped[date | None]
    ended_on: Mapped[date | None]

    cell: Mapped[Cell | None] = relationship()


class GridRevision(Base):
    """The one row (id 1) that counts the changes of the grid; a prepared index of an older number is stale.

    `mark` is random: it tells apart the equal numbers of two databases that one process meets.
    """

    __tablename__ = "grid_revision"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    number: Mapped[int]
    mark: Mapped[str] = mapped_column(String(32))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
