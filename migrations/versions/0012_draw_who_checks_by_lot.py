"""Draw who checks by lot"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WHY = ("on_duty_in_grid", "on_duty_in_street", "on_duty_in_district", "own_grid")
ACTIONS = (
    "sign_in",
    "sign_in_refused",
    "sign_in_locked",
    "sign_out",
    "password_set",
    "person_added",
    "person_ended",
    "post_given",
    "post_ended",
    "body_added",
    "jurisdiction_added",
    "token_created",
    "token_revoked",
    "personal_data_shown",
    "rule_added",
    "rule_ended",
    "calendar_added",
    "calendar_terms_set",
    "calendar_hours_set",
    "calendar_day_added",
    "calendar_day_removed",
    "holidays_announced",
    "due_times_recounted",
    "automation_on",
    "automation_off",
    "catalogue_published",
    "catalogue_dropped",
)
FLAGS = ("own_case", "pair_too_often")


def upgrade() -> None:
    op.create_table(
        "patrol_rules",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reach_m", sa.Integer(), nullable=False),
        sa.Column("pair_most", sa.Integer(), nullable=False),
        sa.Column("pair_of", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_patrol_rules_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_rules")),
    )
    op.create_table(
        "check_flags",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column(
            "flag", sa.Enum(*FLAGS, name="flag", native_enum=False, create_constraint=True, length=32), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_check_flags_case_id_cases")),
        sa.ForeignKeyConstraint(["event_id"], ["case_events.id"], name=op.f("fk_check_flags_event_id_case_events")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_flags")),
        sa.UniqueConstraint("event_id", "flag", name=op.f("uq_check_flags_event_id_flag")),
    )
    op.create_index(op.f("ix_check_flags_case_id"), "check_flags", ["case_id"])
    with op.batch_alter_table("inspector_tasks") as batch_op:
        batch_op.add_column(sa.Column("case_version", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("turn", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("body_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reporter_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("draw", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("draw_digest", sa.String(length=120), nullable=True))
        batch_op.create_foreign_key(op.f("fk_inspector_tasks_body_id_bodies"), "bodies", ["body_id"], ["id"])
        batch_op.create_foreign_key(op.f("fk_inspector_tasks_reporter_id_persons"), "persons", ["reporter_id"], ["id"])
    with op.batch_alter_table("inspector_tasks") as batch_op:
        batch_op.alter_column("case_version", server_default=None)
        batch_op.alter_column("turn", server_default=None)
    op.create_index("ix_inspector_tasks_body_id_id", "inspector_tasks", ["body_id", "id"])
    op.create_index("ix_inspector_tasks_reporter_id_id", "inspector_tasks", ["reporter_id", "id"])
    _say("inspector_tasks", "chosen_because", "why", (*WHY[:2], "on_duty_near", *WHY[2:]))
    _say("audit_entries", "action", "auditaction", (*ACTIONS, "check_rules_set"))


def downgrade() -> None:
    op.execute(
        "UPDATE inspector_tasks SET chosen_because = 'on_duty_in_district' WHERE chosen_because = 'on_duty_near'"
    )
    _say("inspector_tasks", "chosen_because", "why", WHY)
    op.execute("DELETE FROM audit_entries WHERE action = 'check_rules_set'")
    _say("audit_entries", "action", "auditaction", ACTIONS)
    op.drop_index("ix_inspector_tasks_reporter_id_id", table_name="inspector_tasks")
    op.drop_index("ix_inspector_tasks_body_id_id", table_name="inspector_tasks")
    with op.batch_alter_table("inspector_tasks") as batch_op:
        batch_op.drop_constraint(op.f("fk_inspector_tasks_reporter_id_persons"), type_="foreignkey")
        batch_op.drop_constraint(op.f("fk_inspector_tasks_body_id_bodies"), type_="foreignkey")
        for name in ("draw_digest", "draw", "reporter_id", "body_id", "turn", "case_version"):
            batch_op.drop_column(name)
    op.drop_table("check_flags")
    op.drop_table("patrol_rules")


def _say(table: str, column: str, words_of: str, words: tuple[str, ...]) -> None:
    """Give a column of words its CHECK anew."""
    listed = ", ".join(f"'{word}'" for word in words)
    name = op.f(f"ck_{table}_{column}_{words_of}")
    with op.batch_alter_table(table) as batch_op:
        # SQLite's table is made anew, without the CHECK it had.
        if op.get_context().dialect.name != "sqlite":
            batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({listed})")
