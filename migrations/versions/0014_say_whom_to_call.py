"""Say whom to call"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty_contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("phone_sealed", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_duty_contacts_body_id_bodies")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_duty_contacts_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_contacts")),
        sa.UniqueConstraint("body_id", "position", name=op.f("uq_duty_contacts_body_id_position")),
    )
    with op.batch_alter_table("duty_contacts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duty_contacts_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("call", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_column("call")

    with op.batch_alter_table("duty_contacts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_duty_contacts_person_id"))

    op.drop_table("duty_contacts")
