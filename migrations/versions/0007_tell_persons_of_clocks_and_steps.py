"""Tell persons of clocks and steps"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quiet_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("until_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "from_minute BETWEEN 0 AND 1439 AND until_minute BETWEEN 0 AND 1439", name=op.f("ck_quiet_hours_minutes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiet_hours")),
    )
    op.create_table(
        "warning_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "clock",
            sa.Enum(
                "accept",
                "verify",
                "file",
                "dispatch",
                "sign",
                "handle",
                "check",
                "close",
                name="clockname",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "moment",
            sa.Enum("started", "near", "due", name="moment", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("after_minutes", sa.Integer(), nullable=False),
        sa.Column("every_minutes", sa.Integer(), nullable=True),
        sa.Column(
            "recipient",
            sa.Enum(
                "holder",
                "operator",
                "dispatcher",
                "duty_leader",
                "handler",
                "body_above",
                "duty_list",
                name="recipient",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_urgent_only", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("after_minutes >= 0 AND every_minutes > 0", name=op.f("ck_warning_rules_minutes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warning_rules")),
    )
    op.create_table(
        "clock_warnings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("clock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["clock_id"], ["stage_clocks.id"], name=op.f("fk_clock_warnings_clock_id_stage_clocks")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["warning_rules.id"], name=op.f("fk_clock_warnings_rule_id_warning_rules")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_warnings")),
        sa.UniqueConstraint(
            "clock_id", "rule_id", "due_at", "turn", name=op.f("uq_clock_warnings_clock_id_rule_id_due_at_turn")
        ),
    )
    with op.batch_alter_table("clock_warnings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clock_warnings_made_at"), ["made_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_clock_warnings_rule_id"), ["rule_id"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "waiting",
                "near",
                "over",
                "step",
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("clock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("show_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notices_case_id_cases")),
        sa.ForeignKeyConstraint(["clock_id"], ["stage_clocks.id"], name=op.f("fk_notices_clock_id_stage_clocks")),
        sa.ForeignKeyConstraint(["event_id"], ["case_events.id"], name=op.f("fk_notices_event_id_case_events")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_notices_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "person_id",
            "clock_id",
            "kind",
            "due_at",
            "turn",
            name=op.f("uq_notices_person_id_clock_id_kind_due_at_turn"),
        ),
        sa.UniqueConstraint("person_id", "event_id", name=op.f("uq_notices_person_id_event_id")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_clock_id"), ["clock_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_made_at"), ["made_at"], unique=False)
        batch_op.create_index(
            "ix_notices_open_case_id",
            ["case_id"],
            unique=False,
            sqlite_where=sa.text("read_at IS NULL AND settled_at IS NULL"),
            postgresql_where=sa.text("read_at IS NULL AND settled_at IS NULL"),
        )
        batch_op.create_index(
            "ix_notices_open_person_id_show_at",
            ["person_id", "show_at"],
            unique=False,
            sqlite_where=sa.text("read_at IS NULL AND settled_at IS NULL"),
            postgresql_where=sa.text("read_at IS NULL AND settled_at IS NULL"),
        )
        batch_op.create_index("ix_notices_person_id_show_at", ["person_id", "show_at"], unique=False)

    with op.batch_alter_table("stage_clocks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_stage_clocks_open_warn_at",
            ["warn_at"],
            unique=False,
            sqlite_where=sa.text("stopped_at IS NULL"),
            postgresql_where=sa.text("stopped_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("stage_clocks", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_stage_clocks_open_warn_at",
            sqlite_where=sa.text("stopped_at IS NULL"),
            postgresql_where=sa.text("stopped_at IS NULL"),
        )

    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index("ix_notices_person_id_show_at")
        batch_op.drop_index(
            "ix_notices_open_person_id_show_at",
            sqlite_where=sa.text("read_at IS NULL AND settled_at IS NULL"),
            postgresql_where=sa.text("read_at IS NULL AND settled_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_notices_open_case_id",
            sqlite_where=sa.text("read_at IS NULL AND settled_at IS NULL"),
            postgresql_where=sa.text("read_at IS NULL AND settled_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_notices_made_at"))
        batch_op.drop_index(batch_op.f("ix_notices_event_id"))
        batch_op.drop_index(batch_op.f("ix_notices_clock_id"))
        batch_op.drop_index(batch_op.f("ix_notices_case_id"))

    op.drop_table("notices")
    with op.batch_alter_table("clock_warnings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_clock_warnings_rule_id"))
        batch_op.drop_index(batch_op.f("ix_clock_warnings_made_at"))

    op.drop_table("clock_warnings")
    op.drop_table("warning_rules")
    op.drop_table("quiet_hours")
