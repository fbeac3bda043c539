"""Say who is on duty"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty_shifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("name_en", sa.String(length=32), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "start_minute BETWEEN 0 AND 1439 AND end_minute BETWEEN 0 AND 1439", name=op.f("ck_duty_shifts_minutes")
        ),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_duty_shifts_body_id_bodies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shifts")),
        sa.UniqueConstraint("body_id", "name", name=op.f("uq_duty_shifts_body_id_name")),
    )
    op.create_table(
        "roster_patterns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("cycle_days", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cycle_days BETWEEN 1 AND 56", name=op.f("ck_roster_patterns_cycle")),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_roster_patterns_body_id_bodies")),
        sa.ForeignKeyConstraint(["made_by"], ["persons.id"], name=op.f("fk_roster_patterns_made_by_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_patterns")),
        sa.UniqueConstraint("body_id", "from_on", name=op.f("uq_roster_patterns_body_id_from_on")),
    )
    op.create_table(
        "roster_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("shift_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "post",
            sa.Enum(
                "operator",
                "duty_leader",
                "dispatcher",
                "handler",
                "inspector",
                "supervisor",
                "leader",
                "administrator",
                name="post",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_on_duty", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["persons.id"], name=op.f("fk_roster_changes_made_by_persons")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_roster_changes_person_id_persons")),
        sa.ForeignKeyConstraint(["shift_id"], ["duty_shifts.id"], name=op.f("fk_roster_changes_shift_id_duty_shifts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_changes")),
        sa.UniqueConstraint(
            "on_day", "shift_id", "person_id", "post", name=op.f("uq_roster_changes_on_day_shift_id_person_id_post")
        ),
    )
    with op.batch_alter_table("roster_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_changes_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_roster_changes_shift_id"), ["shift_id"], unique=False)

    op.create_table(
        "roster_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pattern_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("shift_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "post",
            sa.Enum(
                "operator",
                "duty_leader",
                "dispatcher",
                "handler",
                "inspector",
                "supervisor",
                "leader",
                "administrator",
                name="post",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["pattern_id"], ["roster_patterns.id"], name=op.f("fk_roster_lines_pattern_id_roster_patterns")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_roster_lines_person_id_persons")),
        sa.ForeignKeyConstraint(["shift_id"], ["duty_shifts.id"], name=op.f("fk_roster_lines_shift_id_duty_shifts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_lines")),
        sa.UniqueConstraint(
            "pattern_id",
            "day",
            "shift_id",
            "person_id",
            "post",
            name=op.f("uq_roster_lines_pattern_id_day_shift_id_person_id_post"),
        ),
    )
    with op.batch_alter_table("roster_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_lines_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_roster_lines_shift_id"), ["shift_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("roster_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roster_lines_shift_id"))
        batch_op.drop_index(batch_op.f("ix_roster_lines_person_id"))

    op.drop_table("roster_lines")
    with op.batch_alter_table("roster_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roster_changes_shift_id"))
        batch_op.drop_index(batch_op.f("ix_roster_changes_person_id"))

    op.drop_table("roster_changes")
    op.drop_table("roster_patterns")
    op.drop_table("duty_shifts")
