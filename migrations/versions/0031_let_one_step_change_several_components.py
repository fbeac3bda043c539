"""Let one step change several components"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

OLD, NEW = "uq_component_changes_event_id", "uq_component_changes_event_id_component_id"


def upgrade() -> None:
    with op.batch_alter_table("component_changes") as batch_op:
        batch_op.drop_constraint(op.f(OLD), type_="unique")
        batch_op.create_unique_constraint(op.f(NEW), ["event_id", "component_id"])


def downgrade() -> None:
    op.execute(
        "DELETE FROM component_changes WHERE id NOT IN (SELECT min(id) FROM component_changes GROUP BY event_id)"
    )
    with op.batch_alter_table("component_changes") as batch_op:
        batch_op.drop_constraint(op.f(NEW), type_="unique")
        batch_op.create_unique_constraint(op.f(OLD), ["event_id"])
