"""Keep a gazetteer of six kinds

Landmarks go on as addresses of that kind, and the standing areas get their names beside them.
"""

import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from alembic import op
from pypinyin import lazy_pinyin

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

ADDRESSES = sa.table(
    "addresses",
    *(sa.column(name) for name in ("code", "kind", "category", "name", "pinyin", "is_alias", "lon", "lat", "quad")),
    *(sa.column(name) for name in ("cell_id", "area_code", "valid_from_on", "ended_on")),
)
LONG_AGO = date(2000, 1, 1)
AREAS = "SELECT code, name, name_en, level, boundary, valid_from_on FROM areas WHERE ended_on IS NULL ORDER BY id"


def upgrade() -> None:
    op.create_table(
        "gazetteer_revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_gazetteer_revision_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gazetteer_revision")),
    )
    op.create_table(
        "addresses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "area",
                "zone",
                "block",
                "road",
                "plate",
                "landmark",
                name="addresskind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("category", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("pinyin", sa.Text(), nullable=False),
        sa.Column("is_alias", sa.Boolean(), nullable=False),
        sa.Column("parent_code", sa.String(length=32), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("quad", sa.BigInteger(), nullable=False),
        sa.Column("cell_id", sa.Integer(), nullable=True),
        sa.Column("area_code", sa.String(length=12), nullable=True),
        sa.Column("line", sa.LargeBinary(), nullable=True),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(kind = 'plate') = (number IS NOT NULL)", name=op.f("ck_addresses_plate_has_number")),
        sa.CheckConstraint("(kind = 'plate') = (parent_code IS NOT NULL)", name=op.f("ck_addresses_plate_has_parent")),
        sa.ForeignKeyConstraint(["cell_id"], ["cells.id"], name=op.f("fk_addresses_cell_id_cells")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
    )
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_addresses_cell_id"), ["cell_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_addresses_code"), ["code"], unique=False)
        batch_op.create_index(batch_op.f("ix_addresses_parent_code_number"), ["parent_code", "number"], unique=False)
        batch_op.create_index(batch_op.f("ix_addresses_quad"), ["quad"], unique=False)
        batch_op.create_index(
            "uq_addresses_standing_code",
            ["code"],
            unique=True,
            postgresql_where=sa.text("ended_on IS NULL AND NOT is_alias"),
            sqlite_where=sa.text("ended_on IS NULL AND NOT is_alias"),
        )

    connection = op.get_bind()
    rows = [*_areas(connection), *_landmarks(connection)]
    if rows:
        connection.execute(sa.insert(ADDRESSES), rows)
    with op.batch_alter_table("landmarks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_landmarks_name"))
        batch_op.drop_index(batch_op.f("ix_landmarks_quad"))
    op.drop_table("landmarks")


def downgrade() -> None:
    op.create_table(
        "landmarks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("quad", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_landmarks")),
    )
    with op.batch_alter_table("landmarks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_landmarks_quad"), ["quad"], unique=False)
        batch_op.create_index(batch_op.f("ix_landmarks_name"), ["name"], unique=False)

    op.execute(
        "INSERT INTO landmarks (name, kind, lon, lat, quad) SELECT name, coalesce(category, ''), lon, lat, quad"
        " FROM addresses WHERE kind = 'landmark' AND ended_on IS NULL AND NOT is_alias ORDER BY id"
    )
    op.drop_table("addresses")
    op.drop_table("gazetteer_revision")


def _areas(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    columns = {"boundary": sa.LargeBinary(), "valid_from_on": sa.Date()}
    for area in connection.execute(sa.text(AREAS).columns(**columns)):
        point = shapely.from_wkb(area.boundary).representative_point()
        place = {"lon": point.x, "lat": point.y, "quad": _quad(point.x, point.y), "cell_id": None}
        place |= {
            "code": area.code,
            "area_code": area.code,
            "kind": "area",
            "category": area.level,
            "valid_from_on": area.valid_from_on,
        }
        yield {**place, **_named(area.name, is_alias=False)}
        if area.name_en != area.name:
            yield {**place, **_named(area.name_en, is_alias=True)}


def _landmarks(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """Landmarks with the cell each stands in, on a shared edge the lowest code, as everything is located."""
    marks = connection.execute(sa.text("SELECT id, name, kind, lon, lat, quad FROM landmarks ORDER BY id")).all()
    if not marks:
        return
    active = "SELECT id, area_code, boundary FROM cells WHERE ended_on IS NULL ORDER BY code"
    cells = connection.execute(sa.text(active).columns(boundary=sa.LargeBinary())).all()
    tree = shapely.STRtree(shapely.from_wkb(np.array([cell.boundary for cell in cells], dtype=object)))
    pairs = tree.query(shapely.points([(mark.lon, mark.lat) for mark in marks]), predicate="intersects")
    cell_of: dict[int, int] = {}
    for mark, cell in sorted(zip(*pairs.tolist(), strict=True)):
        cell_of.setdefault(mark, cell)
    for number, mark in enumerate(marks):
        cell = cells[cell_of[number]] if number in cell_of else None
        yield {
            "code": f"L{mark.id:016x}",
            "kind": "landmark",
            "category": mark.kind or None,
            "lon": mark.lon,
            "lat": mark.lat,
            "quad": mark.quad,
            "valid_from_on": LONG_AGO,
            "cell_id": cell and cell.id,
            "area_code": cell and cell.area_code,
            **_named(mark.name, is_alias=False),
        }


def _named(name: str, *, is_alias: bool) -> dict[str, Any]:
    letters = "".join(each for each in unicodedata.normalize("NFKC", name).lower() if each.isalnum())[:60]
    sounds = " ".join(lazy_pinyin(each, errors=list)[0] for each in letters)
    whole = lazy_pinyin(letters, errors=list)
    if len(whole) == len(letters):
        sounds = " ".join(whole)
    return {"name": name, "pinyin": sounds, "is_alias": is_alias, "ended_on": None}


def _quad(lon: float, lat: float) -> int:
    """Morton code of the point's zoom-20 tile."""
    size = 1 << 20
    x = int((lon + 180.0) / 360.0 * size)
    y = int((1.0 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2.0 * size)
    return sum(((x >> bit & 1) | (y >> bit & 1) << 1) << 2 * bit for bit in range(20))
