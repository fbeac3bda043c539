"""Let a census say how old things are"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

NARROW, WIDE = ("area_code", "class_code"), ("area_code", "class_code", "put_up_on", "ended_on")


def upgrade() -> None:
    with op.batch_alter_table("components") as batch_op:
        batch_op.add_column(sa.Column("put_up_on", sa.Date(), nullable=True))
    with op.batch_alter_table("components") as batch_op:
        batch_op.drop_index(batch_op.f("ix_components_area_code_class_code"))
        batch_op.create_index(batch_op.f("ix_components_area_code_class_code_put_up_on_ended_on"), WIDE)


def downgrade() -> None:
    with op.batch_alter_table("components") as batch_op:
        batch_op.drop_index(batch_op.f("ix_components_area_code_class_code_put_up_on_ended_on"))
        batch_op.create_index(batch_op.f("ix_components_area_code_class_code"), NARROW)
    with op.batch_alter_table("components") as batch_op:
        batch_op.drop_column("put_up_on")
