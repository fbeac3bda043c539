"""Let bodies work together on a case"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CO_OPEN = sa.text("ended_at IS NULL")
DISPUTED = sa.text("arbitration_since_at IS NOT NULL")
PROPOSED = sa.text("state = 'open'")
STEPS = (
    *("report", "self_handle", "accept", "decline", "verify", "file", "refuse", "dispatch", "sign_for"),
    *("send_back", "report_back", "check", "close", "review", "recount", "reopen", "urge", "ask", "withdraw"),
    *("reject", "extend", "suspend", "defer", "resume", "void", "force_close", "reply", "uphold"),
)
HELD = (
    *("urgent", "no_condition", "not_confirmed", "incomplete", "review_failed", "no_clear_body", "sent_back"),
    *("reworked", "checked_by_reporter"),
)
HELD_LAST = ("sampled", "refused")
NEW_STEPS = ("arbitrate", "pass_on", "hand_up", "add_co_handler", "co_report", "excuse")
STATES = sa.Enum(
    "open", "accepted", "dismissed", name="proposalstate", native_enum=False, create_constraint=True, length=32
)


def upgrade() -> None:
    op.create_table(
        "co_handlings",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("case_id", BIG_KEY, nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("kind", _words("cokind", "help", "make_safe"), nullable=False),
        sa.Column("task", sa.String(length=500), nullable=False),
        sa.Column("limit_value", sa.Integer(), nullable=False),
        sa.Column("limit_unit", _words("unit", "urgent_hour", "working_hour", "working_day"), nullable=False),
        sa.Column("calendar", sa.String(length=32), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_seq", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_seq", sa.Integer(), nullable=True),
        sa.Column("end", _words("coend", "reported", "excused", "lapsed"), nullable=True),
        sa.Column("result", sa.String(length=500), nullable=True),
        sa.Column("cost_yuan", sa.Integer(), nullable=True),
        sa.CheckConstraint("limit_value > 0", name=op.f("ck_co_handlings_limit_positive")),
        sa.CheckConstraint("cost_yuan >= 0", name=op.f("ck_co_handlings_cost_not_negative")),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_co_handlings_body_id_bodies")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_co_handlings_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_co_handlings")),
    )
    op.create_index("ix_co_handlings_case_id", "co_handlings", ["case_id"])
    op.create_index("ix_co_handlings_body_id_due_at", "co_handlings", ["body_id", "due_at"])
    op.create_index(
        "uq_co_handlings_open",
        "co_handlings",
        ["case_id", "body_id"],
        unique=True,
        sqlite_where=CO_OPEN,
        postgresql_where=CO_OPEN,
    )
    with op.batch_alter_table("cases") as batch_op:
        batch_op.add_column(sa.Column("open_co_handlings", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("cases") as batch_op:
        batch_op.alter_column("open_co_handlings", server_default=None)
    op.create_table(
        "proposed_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", BIG_KEY, nullable=False),
        sa.Column("class_key", sa.String(length=6), nullable=False),
        sa.Column("area_prefix", sa.String(length=12), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", STATES, nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_proposed_rules_body_id_bodies")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_proposed_rules_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["responsibility_rules.id"], name=op.f("fk_proposed_rules_rule_id_responsibility_rules")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposed_rules")),
    )
    for column in ("body_id", "case_id", "rule_id"):
        op.create_index(f"ix_proposed_rules_{column}", "proposed_rules", [column])
    op.create_index(
        "ix_proposed_rules_open", "proposed_rules", ["id"], sqlite_where=PROPOSED, postgresql_where=PROPOSED
    )
    op.add_column("cases", sa.Column("arbitration_since_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_cases_disputed", "cases", ["arbitration_since_at"], sqlite_where=DISPUTED, postgresql_where=DISPUTED
    )
    with op.batch_alter_table("assignments") as batch_op:
        batch_op.add_column(sa.Column("is_binding", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("assignments") as batch_op:
        batch_op.alter_column("is_binding", server_default=None)
    op.create_table(
        "assignment_hops",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("assignment_id", BIG_KEY, nullable=False),
        sa.Column("from_body_id", sa.Integer(), nullable=False),
        sa.Column("to_body_id", sa.Integer(), nullable=False),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_assignment_hops_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["from_body_id"], ["bodies.id"], name=op.f("fk_assignment_hops_from_body_id_bodies")),
        sa.ForeignKeyConstraint(["to_body_id"], ["bodies.id"], name=op.f("fk_assignment_hops_to_body_id_bodies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_hops")),
    )
    for column in ("assignment_id", "from_body_id", "to_body_id"):
        op.create_index(f"ix_assignment_hops_{column}", "assignment_hops", [column])
    with op.batch_alter_table("cases") as batch_op:
        batch_op.add_column(sa.Column("hop_count", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("cases") as batch_op:
        batch_op.alter_column("hop_count", server_default=None)
    _say_steps((*STEPS, *NEW_STEPS))
    _say("automation_entries", "held", "held", (*HELD, "asked", *HELD_LAST))


def downgrade() -> None:
    _say("automation_entries", "held", "held", (*HELD, *HELD_LAST))
    _say_steps(STEPS)
    with op.batch_alter_table("cases") as batch_op:
        batch_op.drop_column("hop_count")
    op.drop_table("assignment_hops")
    with op.batch_alter_table("assignments") as batch_op:
        batch_op.drop_column("is_binding")
    op.drop_index("ix_cases_disputed", table_name="cases")
    op.drop_column("cases", "arbitration_since_at")
    op.drop_table("proposed_rules")
    with op.batch_alter_table("cases") as batch_op:
        batch_op.drop_column("open_co_handlings")
    op.drop_table("co_handlings")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _say_steps(words: tuple[str, ...]) -> None:
    for table in ("case_events", "reporter_answers"):
        _say(table, "step", "stepname", words)


def _say(table: str, column: str, enum: str, words: tuple[str, ...]) -> None:
    name, listed = op.f(f"ck_{table}_{column}_{enum}"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({listed})")
