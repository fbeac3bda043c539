"""Give conditions limits by area level"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UNIT = sa.Enum(
    "urgent_hour",
    "working_hour",
    "working_day",
    name="unit",
    native_enum=False,
    create_constraint=True,
    length=32,
)


def upgrade() -> None:
    with op.batch_alter_table("filing_conditions") as table:
        table.add_column(sa.Column("photos_before", sa.SmallInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("photos_after", sa.SmallInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("basis", sa.String(length=100), nullable=True))
    with op.batch_alter_table("filing_conditions") as table:
        table.alter_column("photos_before", server_default=None)
        table.alter_column("photos_after", server_default=None)
        table.create_check_constraint(op.f("ck_filing_conditions_photos"), "photos_before >= 0 AND photos_after >= 0")
    op.create_table(
        "condition_limits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("condition_id", sa.Integer(), nullable=False),
        sa.Column("area_level", sa.SmallInteger(), nullable=False),
        sa.Column("limit_value", sa.Integer(), nullable=False),
        sa.Column("limit_unit", UNIT, nullable=False),
        sa.Column("calendar", sa.String(length=32), nullable=False),
        sa.CheckConstraint("area_level IN (1, 2, 3)", name=op.f("ck_condition_limits_area_level")),
        sa.CheckConstraint("limit_value > 0", name=op.f("ck_condition_limits_limit_positive")),
        sa.ForeignKeyConstraint(
            ["condition_id"], ["filing_conditions.id"], name=op.f("fk_condition_limits_condition_id_filing_conditions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition_limits")),
        sa.UniqueConstraint("condition_id", "area_level", name=op.f("uq_condition_limits_condition_id_area_level")),
    )


def downgrade() -> None:
    op.drop_table("condition_limits")
    with op.batch_alter_table("filing_conditions") as table:
        table.drop_constraint(op.f("ck_filing_conditions_photos"), type_="check")
        table.drop_column("basis")
        table.drop_column("photos_after")
        table.drop_column("photos_before")
