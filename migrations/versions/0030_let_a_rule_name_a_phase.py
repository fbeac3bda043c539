"""Let a responsibility rule name a phase"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

CHECK = "ck_responsibility_rules_phase_of_condition"


def upgrade() -> None:
    with op.batch_alter_table("responsibility_rules") as batch_op:
        batch_op.add_column(sa.Column("phase", sa.SmallInteger(), nullable=True))
        batch_op.create_check_constraint(
            op.f(CHECK), "phase IS NULL OR (phase BETWEEN 1 AND 9 AND condition_code <> '')"
        )


def downgrade() -> None:
    # Without its phase such a rule would be about the whole condition, which nobody decided.
    op.execute("DELETE FROM responsibility_rules WHERE phase IS NOT NULL")
    with op.batch_alter_table("responsibility_rules") as batch_op:
        batch_op.drop_constraint(op.f(CHECK), type_="check")
        batch_op.drop_column("phase")
