"""Count due times anew"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STEPS = (
    *("report", "self_handle", "accept", "decline", "verify", "file", "refuse", "dispatch", "sign_for", "send_back"),
    *("report_back", "check", "close", "review"),
)
TABLES = ("case_events", "reporter_answers")


def upgrade() -> None:
    _allow((*STEPS, "recount"))


def downgrade() -> None:
    # A history that has such a step cannot go back: events are never deleted.
    _allow(STEPS)


def _allow(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    for table in TABLES:
        name = op.f(f"ck_{table}_step_stepname")
        with op.batch_alter_table(table) as batch_op:
            # SQLite's table is made anew, without the CHECK it had.
            if op.get_context().dialect.name != "sqlite":
                batch_op.drop_constraint(name, type_="check")
            batch_op.create_check_constraint(name, f"step IN ({listed})")
