"""The gazetteer's rows: areas, zones, blocks, roads, door plates and landmarks by their names (地理编码, GB/T 30428.3).

A row is one name of one place: what is renamed ends and begins again under the same code, so that a former name leads
to the place of today. The names of areas follow `areas`, which alone has their boundaries.
"""

from datetime import date, datetime
from enum import StrEnum

from shapely.geometry.base import BaseGeometry
from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, and_, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from cityops.db import Base, BigKey, Geometry, UtcDateTime, words_enum
from cityops.words import N_

STANDING = text("ended_on IS NULL AND NOT is_alias")


class AddressKind(StrEnum):
    """The six kinds of basic locations (基本地点数据)."""

    AREA = "area"
    ZONE = "zone"
    BLOCK = "block"
    ROAD = "road"
    PLATE = "plate"
    LANDMARK = "landmark"


ADDRESS_KIND_LABELS = {
    AddressKind.AREA: N_("area"),
    AddressKind.ZONE: N_("named zone"),
    AddressKind.BLOCK: N_("block"),
    AddressKind.ROAD: N_("road"),
    AddressKind.PLATE: N_("door plate"),
    AddressKind.LANDMARK: N_("landmark"),
}

# What a door plate can be numbered along or within.
NUMBERED = (AddressKind.ROAD, AddressKind.BLOCK, AddressKind.ZONE)


class Address(Base):
    """One name of a place: its standard name, a name in use beside it (`is_alias`), or one that has ended.

    `code` is the survey's own; an area's is its division code. A door plate is named by what stands on it (`123号`) and
    knows its road, block or zone by `parent_code`, so that it stays when the road is renamed; `number` is what plates
    are ordered by. `category` is the survey's word for a landmark, or the level of an area. `pinyin` has one sound for
    each letter of the plain name, parted by blanks; plates have none, as they are found by their road. `line` is a
    road's course. `area_code` is the community's, an area's its own.
    """

    __tablename__ = "addresses"
    __table_args__ = (
        Index("uq_addresses_standing_code", "code", unique=True, postgresql_where=STANDING, sqlite_where=STANDING),
        Index(None, "code"),
        Index(None, "parent_code", "number"),
        Index(None, "quad"),
        CheckConstraint("(kind = 'plate') = (parent_code IS NOT NULL)", name="plate_has_parent"),
        CheckConstraint("(kind = 'plate') = (number IS NOT NULL)", name="plate_has_number"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    kind: Mapped[AddressKind] = mapped_column(words_enum(AddressKind))
    category: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(100))
    pinyin: Mapped[str] = mapped_column(Text, default="")
    is_alias: Mapped[bool] = mapped_column(default=False)
    parent_code: Mapped[str | None] = mapped_column(String(32))
    number: Mapped[int | None]
    lon: Mapped[float]
    lat: Mapped[float]
    quad: Mapped[int] = mapped_column(BigInteger)
    cell_id: Mapped[int | None] = mapped_column(ForeignKey("cells.id"), index=True)
    area_code: Mapped[str | None] = mapped_column(String(12))
    line: Mapped[BaseGeometry | None] = mapped_column(Geometry, deferred=True)
    valid_from_on: Mapped[date]
    ended_on: Mapped[date | None]


def not_ended_on(on: date) -> ColumnElement[bool]:
    """A condition: the names that have not ended by a day; they may begin later."""
    return or_(Address.ended_on.is_(None), Address.ended_on > on)


def standing_on(on: date) -> ColumnElement[bool]:
    """A condition: the standard names that hold on a day."""
    return and_(Address.valid_from_on <= on, not_ended_on(on), Address.is_alias.is_(False))


class GazetteerRevision(Base):
    """The one row (id 1) that counts the changes of the gazetteer; `mark` as in the grid's revision."""

    __tablename__ = "gazetteer_revision"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    number: Mapped[int]
    mark: Mapped[str] = mapped_column(String(32))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
