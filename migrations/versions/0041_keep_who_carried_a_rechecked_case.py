"""Keep who carried a re-checked case beside who is at fault"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("rechecks") as batch_op:
        batch_op.add_column(sa.Column("at_fault_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_rechecks_at_fault_id_bodies"), "bodies", ["at_fault_id"], ["id"])
    op.create_index(op.f("ix_rechecks_at_fault_id"), "rechecks", ["at_fault_id"])
    # The body at fault stood in the place of the one that carried the case, which the task has kept.
    op.execute(
        "UPDATE rechecks SET at_fault_id = body_id,"
        " body_id = (SELECT inspector_tasks.body_id FROM inspector_tasks WHERE inspector_tasks.id = rechecks.task_id)"
        " WHERE \"end\" = 'not_upheld'"
    )


def downgrade() -> None:
    op.execute("UPDATE rechecks SET body_id = at_fault_id WHERE at_fault_id IS NOT NULL")
    op.drop_index(op.f("ix_rechecks_at_fault_id"), table_name="rechecks")
    with op.batch_alter_table("rechecks") as batch_op:
        batch_op.drop_constraint(op.f("fk_rechecks_at_fault_id_bodies"), type_="foreignkey")
        batch_op.drop_column("at_fault_id")
