"""Find the cases of a month by when they fell due, were filed and were sent back"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SENT_BACK = sa.text("\"end\" = 'sent_back'")


def upgrade() -> None:
    op.create_index("ix_assignments_due_at", "assignments", ["due_at"])
    op.create_index(
        "ix_assignments_sent_back", "assignments", ["ended_at"], sqlite_where=SENT_BACK, postgresql_where=SENT_BACK
    )
    op.create_index("ix_cases_filed_at", "cases", ["filed_at"])


def downgrade() -> None:
    op.drop_index("ix_cases_filed_at", table_name="cases")
    op.drop_index("ix_assignments_sent_back", table_name="assignments")
    op.drop_index("ix_assignments_due_at", table_name="assignments")
