"""Keep what is asked for a case"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KIND = sa.Enum(
    "extend",
    "suspend",
    "defer",
    "send_back",
    "void",
    "force_close",
    "oversee",
    "appeal",
    name="requestkind",
    native_enum=False,
    create_constraint=True,
    length=32,
)
STAGES = (
    *("reported", "verifying", "accepted", "filed", "dispatched", "handling", "checking", "closing", "reviewing"),
    *("closed", "declined", "refused"),
)
NEW_STAGES = ("voided", "force_closed")
STEPS = (
    *("report", "self_handle", "accept", "decline", "verify", "file", "refuse", "dispatch", "sign_for", "send_back"),
    *("report_back", "check", "close", "review", "recount"),
)
NEW_STEPS = (
    *("reopen", "urge", "ask", "withdraw", "reject", "extend", "suspend", "defer", "resume", "void", "force_close"),
    *("reply", "uphold"),
)
AUDITED = (
    *("sign_in", "sign_in_refused", "sign_in_locked", "sign_out", "password_set", "person_added", "person_ended"),
    *("post_given", "post_ended", "body_added", "jurisdiction_added", "token_created", "token_revoked"),
    *("personal_data_shown", "rule_added", "rule_ended", "calendar_added", "calendar_terms_set"),
    *("calendar_hours_set", "calendar_day_added", "calendar_day_removed", "holidays_announced"),
    *("due_times_recounted", "automation_on", "automation_off", "catalogue_published", "catalogue_dropped"),
    *("check_rules_set",),
)
NEW_AUDITED = ("request_terms_set",)
ENDS, NEW_ENDS = ("passed", "sent_back"), ("voided", "forced")
PHOTOS, NEW_PHOTOS = ("scene", "before", "after", "verify", "check"), ("proof",)
# Table, column, the name of its words, the words there were, the words that come.
WORDS = (
    ("cases", "stage", "stage", STAGES, NEW_STAGES),
    ("case_events", "from_stage", "stage", STAGES, NEW_STAGES),
    ("case_events", "to_stage", "stage", STAGES, NEW_STAGES),
    ("case_events", "step", "stepname", STEPS, NEW_STEPS),
    ("reporter_answers", "step", "stepname", STEPS, NEW_STEPS),
    ("assignments", "end", "assignmentend", ENDS, NEW_ENDS),
    ("attachments", "kind", "attachmentkind", PHOTOS, NEW_PHOTOS),
    ("audit_entries", "action", "auditaction", AUDITED, NEW_AUDITED),
)
DEFAULTED = (("cases", "reopen_count"), ("cases", "open_requests"), ("stage_clocks", "extra_value"))


def _allow(table: str, column: str, enum: str, words: tuple[str, ...]) -> None:
    name, listed = op.f(f"ck_{table}_{column}_{enum}"), ", ".join(f"'{word}'" for word in words)
    quoted = f'"{column}"' if column == "end" else column
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{quoted} IN ({listed})")


def upgrade() -> None:
    op.create_table(
        "request_terms",
        sa.Column(
            "kind",
            KIND,
            nullable=False,
        ),
        sa.Column("most_times", sa.Integer(), nullable=True),
        sa.Column("share", sa.Double(), nullable=True),
        sa.Column("most_days", sa.Integer(), nullable=True),
        sa.Column("month_share", sa.Double(), nullable=True),
        sa.Column("decide_value", sa.Integer(), nullable=False),
        sa.Column(
            "decide_unit",
            sa.Enum(
                "urgent_hour",
                "working_hour",
                "working_day",
                name="unit",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("calendar", sa.String(length=32), nullable=False),
        sa.CheckConstraint("decide_value > 0", name=op.f("ck_request_terms_decide_positive")),
        sa.CheckConstraint("month_share > 0 AND month_share <= 1", name=op.f("ck_request_terms_share_of_a_month")),
        sa.CheckConstraint("most_days > 0", name=op.f("ck_request_terms_days_positive")),
        sa.CheckConstraint("most_times > 0", name=op.f("ck_request_terms_times_positive")),
        sa.CheckConstraint("share > 0 AND share <= 10", name=op.f("ck_request_terms_share_of_a_limit")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_request_terms")),
    )
    op.create_table(
        "case_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            KIND,
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "granted",
                "rejected",
                "withdrawn",
                "lapsed",
                name="requeststate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("assignment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("body_id", sa.Integer(), nullable=True),
        sa.Column("asked_seq", sa.Integer(), nullable=False),
        sa.Column("decided_seq", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("more_value", sa.Integer(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("suggested_body_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_case_requests_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_case_requests_body_id_bodies")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_requests_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["suggested_body_id"], ["bodies.id"], name=op.f("fk_case_requests_suggested_body_id_bodies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_requests")),
    )
    with op.batch_alter_table("case_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_requests_assignment_id"), ["assignment_id"], unique=False)
        batch_op.create_index("ix_case_requests_body_id_decided_at", ["body_id", "decided_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_requests_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            "ix_case_requests_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(batch_op.f("ix_case_requests_suggested_body_id"), ["suggested_body_id"], unique=False)
        batch_op.create_index(
            "uq_case_requests_open",
            ["case_id", "kind"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("exempted_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reopen_count", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("open_requests", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("suspended_until_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_cases_suspended",
            ["suspended_until_at"],
            unique=False,
            sqlite_where=sa.text("suspended_until_at IS NOT NULL"),
            postgresql_where=sa.text("suspended_until_at IS NOT NULL"),
        )

    with op.batch_alter_table("stage_clocks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("extra_value", sa.Integer(), nullable=False, server_default="0"))
    for table, column in DEFAULTED:
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column(column, server_default=None)
    for table, column, enum, old, new in WORDS:
        _allow(table, column, enum, old + new)


def downgrade() -> None:
    for table, column, enum, old, _ in WORDS:
        _allow(table, column, enum, old)
    with op.batch_alter_table("stage_clocks", schema=None) as batch_op:
        batch_op.drop_column("extra_value")

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_cases_suspended",
            sqlite_where=sa.text("suspended_until_at IS NOT NULL"),
            postgresql_where=sa.text("suspended_until_at IS NOT NULL"),
        )
        batch_op.drop_column("suspended_until_at")
        batch_op.drop_column("open_requests")
        batch_op.drop_column("reopen_count")

    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.drop_column("exempted_at")

    with op.batch_alter_table("case_requests", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_case_requests_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index(batch_op.f("ix_case_requests_suggested_body_id"))
        batch_op.drop_index(
            "ix_case_requests_due", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index(batch_op.f("ix_case_requests_case_id"))
        batch_op.drop_index("ix_case_requests_body_id_decided_at")
        batch_op.drop_index(batch_op.f("ix_case_requests_assignment_id"))

    op.drop_table("case_requests")
    op.drop_table("request_terms")
