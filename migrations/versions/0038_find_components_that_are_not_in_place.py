"""Find components that are not in place"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_components_not_in_place",
        "components",
        ["code"],
        postgresql_where=sa.text("state <> 'in_place'"),
        sqlite_where=sa.text("state <> 'in_place'"),
    )


def downgrade() -> None:
    op.drop_index("ix_components_not_in_place", "components")
