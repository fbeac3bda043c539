"""Take in the census of components"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

STATES = ("in_place", "damaged", "missing", "removed")
TEXTS = {
    "department_code": 18,
    "department_name": 100,
    "owner_code": 18,
    "owner_name": 100,
    "maintainer_code": 18,
    "maintainer_name": 100,
    "source": 30,
    "note": 1000,
}


def upgrade() -> None:
    _say_states(("in_place", "damaged", "missing", "abandoned", "removed"))
    accuracy = sa.Enum("A", "B", "C", name="accuracy", native_enum=False, create_constraint=True, length=32)
    with op.batch_alter_table("components") as batch_op:
        for name, length in TEXTS.items():
            batch_op.add_column(sa.Column(name, sa.String(length=length), nullable=True))
        batch_op.add_column(sa.Column("accuracy", accuracy, nullable=True))
        batch_op.add_column(sa.Column("changed_on", sa.Date(), nullable=True))
        batch_op.create_index(batch_op.f("ix_components_body_code"), ["body_code"])


def downgrade() -> None:
    # What was given up is what an earlier city calls removed.
    op.execute("UPDATE component_changes SET to_state = 'removed' WHERE to_state = 'abandoned'")
    op.execute("UPDATE component_changes SET from_state = 'removed' WHERE from_state = 'abandoned'")
    op.execute("UPDATE components SET state = 'removed' WHERE state = 'abandoned'")
    with op.batch_alter_table("components") as batch_op:
        batch_op.drop_index(batch_op.f("ix_components_body_code"))
        batch_op.drop_constraint(batch_op.f("ck_components_accuracy_accuracy"), type_="check")
        batch_op.drop_column("changed_on")
        batch_op.drop_column("accuracy")
        for name in reversed(TEXTS):
            batch_op.drop_column(name)
    _say_states(STATES)


def _say_states(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    for table, column in (
        ("components", "state"),
        ("component_changes", "from_state"),
        ("component_changes", "to_state"),
    ):
        name = op.f(f"ck_{table}_{column}_componentstate")
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(name, type_="check")
            batch_op.create_check_constraint(name, f"{column} IN ({listed})")
