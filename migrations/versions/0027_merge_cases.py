"""Merge cases into one"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STAGES = (
    *("reported", "verifying", "accepted", "filed", "dispatched", "handling", "checking", "closing", "reviewing"),
    *("closed", "declined", "refused", "voided", "force_closed"),
)
STEPS = (
    *("report", "self_handle", "accept", "decline", "verify", "file", "refuse", "dispatch", "sign_for"),
    *("send_back", "report_back", "check", "close", "review", "recount", "reopen", "urge", "ask", "withdraw"),
    *("reject", "extend", "suspend", "defer", "resume", "void", "force_close", "reply", "uphold", "arbitrate"),
    *("pass_on", "hand_up", "add_co_handler", "co_report", "excuse", "recheck"),
    *("hand_down", "sign_at_desk", "hand_back", "take_over"),
)
NEW_STEPS = ("merge", "merge_filed", "carry", "take_in", "unmerge", "unmerge_filed", "let_go")
# Table, column, the name of its words, the words there were, the words that come.
WORDS = (
    ("cases", "stage", "stage", STAGES, ("merged",)),
    ("case_events", "from_stage", "stage", STAGES, ("merged",)),
    ("case_events", "to_stage", "stage", STAGES, ("merged",)),
    ("case_events", "step", "stepname", STEPS, NEW_STEPS),
    ("reporter_answers", "step", "stepname", STEPS, NEW_STEPS),
)


def upgrade() -> None:
    with op.batch_alter_table("cases") as batch_op:
        batch_op.add_column(sa.Column("merged_into_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("merged_count", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_foreign_key(op.f("fk_cases_merged_into_id_cases"), "cases", ["merged_into_id"], ["id"])
        batch_op.create_index(op.f("ix_cases_merged_into_id"), ["merged_into_id"])
    with op.batch_alter_table("cases") as batch_op:
        batch_op.alter_column("merged_count", server_default=None)
    for table, column, enum, words, more in WORDS:
        _say(table, column, enum, (*words, *more))


def downgrade() -> None:
    for table, column, enum, words, _more in WORDS:
        _say(table, column, enum, words)
    with op.batch_alter_table("cases") as batch_op:
        batch_op.drop_index(op.f("ix_cases_merged_into_id"))
        batch_op.drop_constraint(op.f("fk_cases_merged_into_id_cases"), type_="foreignkey")
        batch_op.drop_column("merged_count")
        batch_op.drop_column("merged_into_id")


def _say(table: str, column: str, enum: str, words: tuple[str, ...]) -> None:
    name, listed = op.f(f"ck_{table}_{column}_{enum}"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({listed})")
