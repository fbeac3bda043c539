"""Take in the land to be covered on its page"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

KINDS = ("grid", "census")


def upgrade() -> None:
    _say_kinds((*KINDS, "cover"))


def downgrade() -> None:
    op.execute("DELETE FROM grid_surveys WHERE kind = 'cover'")
    _say_kinds(KINDS)


def _say_kinds(words: tuple[str, ...]) -> None:
    name, listed = op.f("ck_grid_surveys_kind_surveykind"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("grid_surveys") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, sa.text(f"kind IN ({listed})"))
