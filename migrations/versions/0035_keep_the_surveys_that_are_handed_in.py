"""Keep the surveys that are handed in"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grid_surveys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "to_look_at",
                "looked_at",
                "to_take_in",
                "taken_in",
                name="surveystate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("because", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_grid_surveys_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_surveys")),
    )
    with op.batch_alter_table("grid_surveys") as batch_op:
        batch_op.create_index(batch_op.f("ix_grid_surveys_person_id"), ["person_id"])


def downgrade() -> None:
    with op.batch_alter_table("grid_surveys") as batch_op:
        batch_op.drop_index(batch_op.f("ix_grid_surveys_person_id"))

    op.drop_table("grid_surveys")
