"""Let a closing body have a successor"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

ACTIONS = (
    *("sign_in", "sign_in_refused", "sign_in_locked", "sign_out", "password_set", "person_added"),
    *("person_ended", "post_given", "post_ended", "body_added", "jurisdiction_added", "token_created"),
    *("token_revoked", "personal_data_shown", "rule_added", "rule_ended", "calendar_added"),
    *("calendar_terms_set", "calendar_hours_set", "calendar_day_added", "calendar_day_removed"),
    *("holidays_announced", "due_times_recounted", "automation_on", "automation_off", "catalogue_published"),
    *("catalogue_dropped", "check_rules_set", "request_terms_set", "standard_added", "standard_parent_set"),
    *("warning_rule_set", "warning_rule_ended", "quiet_hours_set"),
    *("duty_contact_added", "duty_contact_removed"),
    "centres_set",
)
ACTION = "body_ended"
STEPS = (
    *("report", "self_handle", "accept", "decline", "verify", "file", "refuse", "dispatch", "sign_for"),
    *("send_back", "report_back", "check", "close", "review", "recount", "reopen", "urge", "ask", "withdraw"),
    *("reject", "extend", "suspend", "defer", "resume", "void", "force_close", "reply", "uphold"),
    *("arbitrate", "pass_on", "hand_up", "add_co_handler", "co_report", "excuse", "recheck"),
    *("hand_down", "sign_at_desk", "hand_back", "take_over"),
    *("merge", "merge_filed", "carry", "take_in", "unmerge", "unmerge_filed", "let_go"),
    *("split", "split_off", "link", "unlink"),
)
STEP = "succeed"


def upgrade() -> None:
    with op.batch_alter_table("bodies") as batch_op:
        batch_op.add_column(sa.Column("successor_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_bodies_successor_id_bodies"), "bodies", ["successor_id"], ["id"])
    op.create_index(op.f("ix_bodies_successor_id"), "bodies", ["successor_id"])
    _say_steps((*STEPS, STEP))
    _say("audit_entries", "action", "auditaction", (*ACTIONS, ACTION))


def downgrade() -> None:
    op.execute(f"DELETE FROM audit_entries WHERE action = '{ACTION}'")
    _say("audit_entries", "action", "auditaction", ACTIONS)
    _say_steps(STEPS)
    op.drop_index(op.f("ix_bodies_successor_id"), table_name="bodies")
    with op.batch_alter_table("bodies") as batch_op:
        batch_op.drop_constraint(op.f("fk_bodies_successor_id_bodies"), type_="foreignkey")
        batch_op.drop_column("successor_id")


def _say_steps(words: tuple[str, ...]) -> None:
    for table in ("case_events", "reporter_answers"):
        _say(table, "step", "stepname", words)


def _say(table: str, column: str, enum: str, words: tuple[str, ...]) -> None:
    name, listed = op.f(f"ck_{table}_{column}_{enum}"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({listed})")
