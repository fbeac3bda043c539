"""Keep every change of a component"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

FACTS = ("state", "place", "department", "owner", "maintainer", "body")
CAUSES = ("case", "census", "office")
STATES = ("in_place", "damaged", "missing", "abandoned", "removed")


def upgrade() -> None:
    with op.batch_alter_table("component_changes") as batch_op:
        for column in ("from_state", "to_state"):
            batch_op.drop_constraint(op.f(f"ck_component_changes_{column}_componentstate"), type_="check")
        batch_op.alter_column(
            "from_state", new_column_name="before", type_=sa.String(length=120), existing_nullable=False, nullable=True
        )
        batch_op.alter_column(
            "to_state", new_column_name="after", type_=sa.String(length=120), existing_nullable=False, nullable=True
        )
        batch_op.alter_column("case_id", existing_type=sa.BigInteger(), existing_nullable=False, nullable=True)
        batch_op.alter_column("event_id", existing_type=sa.BigInteger(), existing_nullable=False, nullable=True)
        # Every change until here was a state that a case changed.
        batch_op.add_column(sa.Column("fact", sa.String(length=32), nullable=False, server_default="state"))
        batch_op.add_column(sa.Column("cause", sa.String(length=32), nullable=False, server_default="case"))
        batch_op.add_column(sa.Column("because", sa.String(length=500), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("person_id", sa.Integer(), nullable=True))
    with op.batch_alter_table("component_changes") as batch_op:
        for column, words in (("fact", FACTS), ("cause", CAUSES)):
            name = {"fact": "componentfact", "cause": "changecause"}[column]
            listed = ", ".join(f"'{word}'" for word in words)
            batch_op.alter_column(column, server_default=None)
            batch_op.create_check_constraint(op.f(f"ck_component_changes_{column}_{name}"), f"{column} IN ({listed})")
        batch_op.alter_column("because", server_default=None)
        batch_op.create_foreign_key(op.f("fk_component_changes_person_id_persons"), "persons", ["person_id"], ["id"])
    op.create_index(op.f("ix_component_changes_person_id"), "component_changes", ["person_id"])


def downgrade() -> None:
    op.execute("DELETE FROM component_changes WHERE fact <> 'state' OR event_id IS NULL")
    op.drop_index(op.f("ix_component_changes_person_id"), table_name="component_changes")
    with op.batch_alter_table("component_changes") as batch_op:
        batch_op.drop_constraint(op.f("fk_component_changes_person_id_persons"), type_="foreignkey")
        batch_op.drop_constraint(op.f("ck_component_changes_fact_componentfact"), type_="check")
        batch_op.drop_constraint(op.f("ck_component_changes_cause_changecause"), type_="check")
        for column in ("person_id", "because", "cause", "fact"):
            batch_op.drop_column(column)
        batch_op.alter_column("case_id", existing_type=sa.BigInteger(), existing_nullable=True, nullable=False)
        batch_op.alter_column("event_id", existing_type=sa.BigInteger(), existing_nullable=True, nullable=False)
        batch_op.alter_column(
            "before", new_column_name="from_state", type_=sa.String(length=32), existing_nullable=True, nullable=False
        )
        batch_op.alter_column(
            "after", new_column_name="to_state", type_=sa.String(length=32), existing_nullable=True, nullable=False
        )
    listed = ", ".join(f"'{word}'" for word in STATES)
    with op.batch_alter_table("component_changes") as batch_op:
        for column in ("from_state", "to_state"):
            name = op.f(f"ck_component_changes_{column}_componentstate")
            batch_op.create_check_constraint(name, f"{column} IN ({listed})")
