"""Let changes of components be proposed"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "component_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("kind", _words("correctionkind", "missing", "moved", "new", "removed", "owner"), nullable=False),
        sa.Column("state", _words("correctionstate", "open", "confirmed", "refused"), nullable=False),
        sa.Column("component_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("class_code", sa.String(length=5), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("body_id", sa.Integer(), nullable=True),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=True),
        sa.Column("photo_media_type", sa.String(length=32), nullable=True),
        sa.Column("seen_change_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.String(length=500), nullable=False),
        sa.CheckConstraint("kind = 'new' OR component_id IS NOT NULL", name=op.f("ck_component_corrections_component")),
        sa.CheckConstraint(
            "kind NOT IN ('new', 'moved') OR (lon IS NOT NULL AND lat IS NOT NULL)",
            name=op.f("ck_component_corrections_place"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_component_corrections_{column}_{table}"))
            for column, table in (
                ("component_id", "components"),
                ("body_id", "bodies"),
                ("case_id", "cases"),
                ("proposed_by", "persons"),
                ("decided_by", "persons"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_corrections")),
        sa.UniqueConstraint("uuid", name=op.f("uq_component_corrections_uuid")),
    )
    for column in ("component_id", "body_id", "case_id", "proposed_by"):
        op.create_index(op.f(f"ix_component_corrections_{column}"), "component_corrections", [column])
    op.create_index("ix_component_corrections_state_area_code", "component_corrections", ["state", "area_code"])
    op.create_index(
        "uq_component_corrections_open",
        "component_corrections",
        ["component_id", "kind"],
        unique=True,
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    )


def downgrade() -> None:
    op.drop_table("component_corrections")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
