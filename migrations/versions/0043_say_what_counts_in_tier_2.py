"""Say which filing conditions count in grid tier 2"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

CHANGES = sa.table("catalog_changes", sa.column("id", sa.Integer), sa.column("kind"), sa.column("wanted", sa.Text))
NAME = "in_tier_2"


def upgrade() -> None:
    with op.batch_alter_table("filing_conditions") as batch_op:
        batch_op.add_column(sa.Column(NAME, sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("filing_conditions") as batch_op:
        batch_op.alter_column(NAME, server_default=None)
    _write_changes(lambda entry: entry | {NAME: "yes"})


def downgrade() -> None:
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
