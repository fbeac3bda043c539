"""Keep where verifies and checks were answered"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MANNERS = ("on_the_spot", "by_video", "by_photo", "waived")
FLAGS = ("own_case", "pair_too_often")
NEW_FLAGS = ("far_away", "no_position", "same_position", "waived")


def upgrade() -> None:
    op.create_table(
        "check_answers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "manner",
            sa.Enum(*MANNERS, name="manner", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("located_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_m", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_check_answers_case_id_cases")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_check_answers_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_answers")),
        sa.UniqueConstraint("case_id", "seq", name=op.f("uq_check_answers_case_id_seq")),
    )
    op.create_index(op.f("ix_check_answers_person_id_located_at"), "check_answers", ["person_id", "located_at"])
    _say_flags((*FLAGS, *NEW_FLAGS))


def downgrade() -> None:
    listed = ", ".join(f"'{word}'" for word in NEW_FLAGS)
    op.execute(f"DELETE FROM check_flags WHERE flag IN ({listed})")
    _say_flags(FLAGS)
    op.drop_table("check_answers")


def _say_flags(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("check_flags") as batch_op:
        # SQLite's table is made anew, without the CHECK it had.
        if op.get_context().dialect.name != "sqlite":
            batch_op.drop_constraint(op.f("ck_check_flags_flag_flag"), type_="check")
        batch_op.create_check_constraint(op.f("ck_check_flags_flag_flag"), f"flag IN ({listed})")
