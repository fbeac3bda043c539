"""Let a co-handler show what was done"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("attachments") as batch_op:
        batch_op.add_column(sa.Column("co_handling_id", KEY, nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_attachments_co_handling_id_co_handlings"), "co_handlings", ["co_handling_id"], ["id"]
        )
        batch_op.create_check_constraint(
            op.f("ck_attachments_of_what_was_done"), "co_handling_id IS NULL OR kind = 'after'"
        )
    op.create_index(op.f("ix_attachments_co_handling_id"), "attachments", ["co_handling_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_attachments_co_handling_id"), table_name="attachments")
    with op.batch_alter_table("attachments") as batch_op:
        batch_op.drop_constraint(op.f("ck_attachments_of_what_was_done"), type_="check")
        batch_op.drop_constraint(op.f("fk_attachments_co_handling_id_co_handlings"), type_="foreignkey")
        batch_op.drop_column("co_handling_id")
