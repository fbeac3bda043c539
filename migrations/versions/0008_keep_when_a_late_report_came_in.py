"""Keep when a report came in that was entered later"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reports", sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reports", sa.Column("late_reason", sa.String(length=200), nullable=True))


def downgrade() -> None:
    op.drop_column("reports", "late_reason")
    op.drop_column("reports", "occurred_at")
    op.drop_column("cases", "occurred_at")
