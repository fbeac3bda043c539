"""Say which centres are in charge of a place, and which has a case to dispatch"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ACTIONS = (
    *("sign_in", "sign_in_refused", "sign_in_locked", "sign_out", "password_set", "person_added"),
    *("person_ended", "post_given", "post_ended", "body_added", "jurisdiction_added", "token_created"),
    *("token_revoked", "personal_data_shown", "rule_added", "rule_ended", "calendar_added"),
    *("calendar_terms_set", "calendar_hours_set", "calendar_day_added", "calendar_day_removed"),
    *("holidays_announced", "due_times_recounted", "automation_on", "automation_off", "catalogue_published"),
    *("catalogue_dropped", "check_rules_set", "request_terms_set", "standard_added", "standard_parent_set"),
    *("warning_rule_set", "warning_rule_ended", "quiet_hours_set"),
    *("duty_contact_added", "duty_contact_removed"),
)
ACTION = "centres_set"
STEPS = (
    *("report", "self_handle", "accept", "decline", "verify", "file", "refuse", "dispatch", "sign_for"),
    *("send_back", "report_back", "check", "close", "review", "recount", "reopen", "urge", "ask", "withdraw"),
    *("reject", "extend", "suspend", "defer", "resume", "void", "force_close", "reply", "uphold"),
    *("arbitrate", "pass_on", "hand_up", "add_co_handler", "co_report", "excuse", "recheck"),
)
NEW_STEPS = ("hand_down", "sign_at_desk", "hand_back", "take_over")


def upgrade() -> None:
    op.create_table(
        "jurisdiction_centres",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("supervision_id", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["jurisdiction_id"],
            ["jurisdictions.id"],
            name=op.f("fk_jurisdiction_centres_jurisdiction_id_jurisdictions"),
        ),
        sa.ForeignKeyConstraint(
            ["supervision_id"], ["bodies.id"], name=op.f("fk_jurisdiction_centres_supervision_id_bodies")
        ),
        sa.ForeignKeyConstraint(["command_id"], ["bodies.id"], name=op.f("fk_jurisdiction_centres_command_id_bodies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jurisdiction_centres")),
        sa.UniqueConstraint("jurisdiction_id", "from_on", name=op.f("uq_jurisdiction_centres_jurisdiction_id_from_on")),
    )
    for column in ("supervision_id", "command_id"):
        op.create_index(op.f(f"ix_jurisdiction_centres_{column}"), "jurisdiction_centres", [column])
    op.create_table(
        "desk_hops",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("case_id", BIG_KEY, nullable=False),
        sa.Column("from_body_id", sa.Integer(), nullable=False),
        sa.Column("to_body_id", sa.Integer(), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_desk_hops_case_id_cases")),
        sa.ForeignKeyConstraint(["from_body_id"], ["bodies.id"], name=op.f("fk_desk_hops_from_body_id_bodies")),
        sa.ForeignKeyConstraint(["to_body_id"], ["bodies.id"], name=op.f("fk_desk_hops_to_body_id_bodies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_hops")),
    )
    for column in ("case_id", "from_body_id", "to_body_id"):
        op.create_index(op.f(f"ix_desk_hops_{column}"), "desk_hops", [column])
    with op.batch_alter_table("cases") as batch_op:
        batch_op.add_column(sa.Column("centre_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("desk_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("desk_hops", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("desk_since_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(op.f("fk_cases_centre_id_bodies"), "bodies", ["centre_id"], ["id"])
        batch_op.create_foreign_key(op.f("fk_cases_desk_id_bodies"), "bodies", ["desk_id"], ["id"])
    with op.batch_alter_table("cases") as batch_op:
        batch_op.alter_column("desk_hops", server_default=None)
    for column in ("centre_id", "desk_id"):
        op.create_index(op.f(f"ix_cases_{column}"), "cases", [column])
    _say_steps((*STEPS, *NEW_STEPS))
    _say("audit_entries", "action", "auditaction", (*ACTIONS, ACTION))


def downgrade() -> None:
    op.execute(f"DELETE FROM audit_entries WHERE action = '{ACTION}'")
    _say("audit_entries", "action", "auditaction", ACTIONS)
    _say_steps(STEPS)
    for column in ("centre_id", "desk_id"):
        op.drop_index(op.f(f"ix_cases_{column}"), table_name="cases")
    with op.batch_alter_table("cases") as batch_op:
        for column in ("centre_id", "desk_id"):
            batch_op.drop_constraint(op.f(f"fk_cases_{column}_bodies"), type_="foreignkey")
        for column in ("desk_since_at", "desk_hops", "desk_id", "centre_id"):
            batch_op.drop_column(column)
    op.drop_table("desk_hops")
    op.drop_table("jurisdiction_centres")


def _say_steps(words: tuple[str, ...]) -> None:
    for table in ("case_events", "reporter_answers"):
        _say(table, "step", "stepname", words)


def _say(table: str, column: str, enum: str, words: tuple[str, ...]) -> None:
    name, listed = op.f(f"ck_{table}_{column}_{enum}"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({listed})")
