"""Let cases go on by themselves"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

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
)
NEW_ACTIONS = ("automation_on", "automation_off")
BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ON = sa.text("ended_at IS NULL")
STEPS = ("file", "dispatch", "close")
HELD = (
    "urgent",
    "no_condition",
    "not_confirmed",
    "incomplete",
    "review_failed",
    "no_clear_body",
    "sent_back",
    "reworked",
    "checked_by_reporter",
    "sampled",
    "refused",
)


def upgrade() -> None:
    _say_actions((*ACTIONS, *NEW_ACTIONS))
    op.create_table(
        "automation_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("step", _words("autostep", STEPS), nullable=False),
        sa.Column("class_key", sa.String(length=6), nullable=False),
        sa.Column("area_prefix", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("sample_percent", sa.Integer(), nullable=False),
        sa.Column("with_urgent", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sample_percent BETWEEN 0 AND 100", name=op.f("ck_automation_rules_share")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_rules")),
    )
    op.create_index(
        "uq_automation_rules_on",
        "automation_rules",
        ["step", "class_key", "area_prefix", "source"],
        unique=True,
        sqlite_where=ON,
        postgresql_where=ON,
    )
    op.create_table(
        "automation_entries",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("case_id", BIG_KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("held", _words("held", HELD), nullable=True),
        sa.Column("draw", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_automation_entries_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["automation_rules.id"], name=op.f("fk_automation_entries_rule_id_automation_rules")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_entries")),
        sa.UniqueConstraint("case_id", "version", name=op.f("uq_automation_entries_case_id_version")),
    )
    op.create_index("ix_automation_entries_at", "automation_entries", ["at"])
    op.create_index("ix_automation_entries_rule_id", "automation_entries", ["rule_id"])


def downgrade() -> None:
    op.drop_table("automation_entries")
    op.drop_table("automation_rules")
    # What these entries speak of is gone.
    op.execute("DELETE FROM audit_entries WHERE action IN ('automation_on', 'automation_off')")
    _say_actions(ACTIONS)


def _words(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _say_actions(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("audit_entries") as batch_op:
        # SQLite's table is made anew, without the CHECK it had.
        if op.get_context().dialect.name != "sqlite":
            batch_op.drop_constraint(op.f("ck_audit_entries_action_auditaction"), type_="check")
        batch_op.create_check_constraint(op.f("ck_audit_entries_action_auditaction"), f"action IN ({listed})")
