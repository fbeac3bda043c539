"""Say by rules who is responsible for what"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ACTIONS = (
    "sign_in",
    "sign_in_refused",
    "sign_in_locked",
    "sign_out",
    "password_set",
    "person_added",
    "person_ended",
    "post_given",
    "post_ended",
    "body_added",
    "jurisdiction_added",
    "token_created",
    "token_revoked",
    "personal_data_shown",
)
NEW_ACTIONS = ("rule_added", "rule_ended")


def upgrade() -> None:
    _say_actions((*ACTIONS, *NEW_ACTIONS))
    op.create_table(
        "responsibility_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("class_key", sa.String(length=6), nullable=False),
        sa.Column("condition_code", sa.String(length=16), nullable=False),
        sa.Column("area_prefix", sa.String(length=12), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "condition_code = '' OR class_key <> ''", name=op.f("ck_responsibility_rules_condition_of_class")
        ),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_responsibility_rules_body_id_bodies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibility_rules")),
    )
    op.create_index("ix_responsibility_rules_body_id", "responsibility_rules", ["body_id"])
    op.create_index(
        "ix_responsibility_rules_class_key_area_prefix", "responsibility_rules", ["class_key", "area_prefix"]
    )


def downgrade() -> None:
    op.drop_table("responsibility_rules")
    # What these entries speak of is gone.
    op.execute("DELETE FROM audit_entries WHERE action IN ('rule_added', 'rule_ended')")
    _say_actions(ACTIONS)


def _say_actions(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("audit_entries") as batch_op:
        # SQLite's table is made anew, without the CHECK it had.
        if op.get_context().dialect.name != "sqlite":
            batch_op.drop_constraint(op.f("ck_audit_entries_action_auditaction"), type_="check")
        batch_op.create_check_constraint(op.f("ck_audit_entries_action_auditaction"), f"action IN ({listed})")
