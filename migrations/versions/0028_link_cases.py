"""Link cases"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STEPS = (
    *("report", "self_handle", "accept", "decline", "verify", "file", "refuse", "dispatch", "sign_for"),
    *("send_back", "report_back", "check", "close", "review", "recount", "reopen", "urge", "ask", "withdraw"),
    *("reject", "extend", "suspend", "defer", "resume", "void", "force_close", "reply", "uphold", "arbitrate"),
    *("pass_on", "hand_up", "add_co_handler", "co_report", "excuse", "recheck"),
    *("hand_down", "sign_at_desk", "hand_back", "take_over"),
    *("merge", "merge_filed", "carry", "take_in", "unmerge", "unmerge_filed", "let_go"),
)
NEW_STEPS = ("split", "split_off", "link", "unlink")
KIND = sa.Enum("related", "split", name="linkkind", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "case_links",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("other_id", KEY, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("case_id < other_id", name=op.f("ck_case_links_in_order")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_links_case_id_cases")),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name=op.f("fk_case_links_other_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_links")),
        sa.UniqueConstraint("case_id", "other_id", name=op.f("uq_case_links_case_id_other_id")),
    )
    op.create_index(op.f("ix_case_links_other_id"), "case_links", ["other_id"])
    _say_steps((*STEPS, *NEW_STEPS))


def downgrade() -> None:
    _say_steps(STEPS)
    op.drop_table("case_links")


def _say_steps(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    for table in ("case_events", "reporter_answers"):
        name = op.f(f"ck_{table}_step_stepname")
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(name, type_="check")
            batch_op.create_check_constraint(name, f"step IN ({listed})")
