"""Say what a survey holds"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

KINDS = sa.Enum("grid", "census", name="surveykind", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    with op.batch_alter_table("grid_surveys") as batch_op:
        batch_op.add_column(sa.Column("kind", KINDS, nullable=False, server_default="grid"))
    with op.batch_alter_table("grid_surveys") as batch_op:
        batch_op.alter_column("kind", existing_type=KINDS, server_default=None)


def downgrade() -> None:
    op.execute("DELETE FROM grid_surveys WHERE kind <> 'grid'")
    with op.batch_alter_table("grid_surveys") as batch_op:
        batch_op.drop_constraint(op.f("ck_grid_surveys_kind_surveykind"), type_="check")
        batch_op.drop_column("kind")
