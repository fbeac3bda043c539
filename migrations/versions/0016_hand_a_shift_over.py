"""Hand a shift over"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hand_overs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shift_id", sa.Integer(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("matters", sa.Text(), nullable=False),
        sa.Column("urgent_cases", sa.Text(), nullable=False),
        sa.Column("overdue_cases", sa.Text(), nullable=False),
        sa.Column("left_by", sa.Integer(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["left_by"], ["persons.id"], name=op.f("fk_hand_overs_left_by_persons")),
        sa.ForeignKeyConstraint(["shift_id"], ["duty_shifts.id"], name=op.f("fk_hand_overs_shift_id_duty_shifts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_overs")),
        sa.UniqueConstraint("shift_id", "on_day", name=op.f("uq_hand_overs_shift_id_on_day")),
    )
    op.create_table(
        "hand_over_receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hand_over_id", sa.Integer(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["hand_over_id"], ["hand_overs.id"], name=op.f("fk_hand_over_receipts_hand_over_id_hand_overs")
        ),
        sa.ForeignKeyConstraint(["taken_by"], ["persons.id"], name=op.f("fk_hand_over_receipts_taken_by_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over_receipts")),
        sa.UniqueConstraint("hand_over_id", name=op.f("uq_hand_over_receipts_hand_over_id")),
    )


def downgrade() -> None:
    op.drop_table("hand_over_receipts")
    op.drop_table("hand_overs")
