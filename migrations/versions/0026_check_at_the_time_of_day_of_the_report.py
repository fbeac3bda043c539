"""Check at the time of day of the report"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

FLAGS = ("own_case", "pair_too_often", "far_away", "no_position", "same_position", "waived")
WAITS = ("outside", "nobody_on_duty", "all_barred")
CHANGES = sa.table("catalog_changes", sa.column("id", sa.Integer), sa.column("kind"), sa.column("wanted", sa.Text))
NAME = "check_same_time"


def upgrade() -> None:
    with op.batch_alter_table("filing_conditions") as batch_op:
        batch_op.add_column(sa.Column(NAME, sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("filing_conditions") as batch_op:
        batch_op.alter_column(NAME, server_default=None)
    _write_changes(lambda entry: entry | {NAME: "no"})
    op.add_column("inspector_tasks", sa.Column("not_before_at", sa.DateTime(timezone=True), nullable=True))
    _say("inspector_tasks", "waits_because", "wait", ("new", "not_yet", *WAITS))
    _say("check_flags", "flag", "flag", (*FLAGS, "other_time"))


def downgrade() -> None:
    op.execute("DELETE FROM check_flags WHERE flag = 'other_time'")
    _say("check_flags", "flag", "flag", FLAGS)
    op.execute("UPDATE inspector_tasks SET waits_because = 'new' WHERE waits_because = 'not_yet'")
    _say("inspector_tasks", "waits_because", "wait", ("new", *WAITS))
    op.drop_column("inspector_tasks", "not_before_at")
    _write_changes(lambda entry: {name: value for name, value in entry.items() if name != NAME})
    op.drop_column("filing_conditions", NAME)


def _write_changes(change) -> None:
    """Let the conditions that drafts hold have the values of the catalogue as it then is."""
    connection = op.get_bind()
    wanted = sa.select(CHANGES.c.id, CHANGES.c.wanted).where(
        CHANGES.c.kind == "condition", CHANGES.c.wanted.is_not(None)
    )
    for key, text in connection.execute(wanted).all():
        changed = json.dumps(change(json.loads(text)), ensure_ascii=False)
        connection.execute(CHANGES.update().where(CHANGES.c.id == key).values(wanted=changed))


def _say(table: str, column: str, name: str, words: tuple[str, ...]) -> None:
    """Let a column's CHECK take these words."""
    check, listed = f"ck_{table}_{column}_{name}", ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch_op:
        # SQLite's table is made anew, without the CHECK it had.
        if op.get_context().dialect.name != "sqlite":
            batch_op.drop_constraint(op.f(check), type_="check")
        batch_op.create_check_constraint(op.f(check), f"{column} IN ({listed})")
