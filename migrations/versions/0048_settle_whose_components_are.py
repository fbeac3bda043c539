"""Settle whose components are"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

ACTIONS = (
    *("sign_in", "sign_in_refused", "sign_in_locked", "sign_out", "password_set", "person_added"),
    *("person_ended", "post_given", "post_ended", "body_added", "jurisdiction_added", "token_created"),
    *("token_revoked", "personal_data_shown", "rule_added", "rule_ended", "calendar_added"),
    *("calendar_terms_set", "calendar_hours_set", "calendar_day_added", "calendar_day_removed"),
    *("holidays_announced", "due_times_recounted", "automation_on", "automation_off", "catalogue_published"),
    *("catalogue_dropped", "check_rules_set", "request_terms_set", "standard_added", "standard_parent_set"),
    *("warning_rule_set", "warning_rule_ended", "quiet_hours_set"),
    *("duty_contact_added", "duty_contact_removed"),
    *("centres_set", "body_ended"),
    *("grid_loaded", "grid_planned", "grid_withdrawn"),
    *("cover_layer_set", "cover_target_set", "grid_tier_set"),
    *("duty_grids_planned", "duty_grids_withdrawn", "patrol_shift_given", "patrol_shift_ended"),
    *("patrol_rhythm_set", "inspector_away", "inspector_back"),
)
NEW_ACTIONS = ("body_credit_code_set",)
ORPHANS = sa.text("body_code IS NULL AND ended_on IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("bodies") as batch_op:
        batch_op.add_column(sa.Column("credit_code", sa.String(length=18), nullable=True))
        batch_op.create_unique_constraint(op.f("uq_bodies_credit_code"), ["credit_code"])
    with op.batch_alter_table("components") as batch_op:
        batch_op.add_column(sa.Column("settled_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("settled_by", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_components_settled_by_persons"), "persons", ["settled_by"], ["id"])
    op.create_index(
        "ix_components_orphans",
        "components",
        ["area_code", "class_code"],
        postgresql_where=ORPHANS,
        sqlite_where=ORPHANS,
    )
    _say_actions((*ACTIONS, *NEW_ACTIONS))


def downgrade() -> None:
    listed = ", ".join(f"'{action}'" for action in NEW_ACTIONS)
    op.execute(f"DELETE FROM audit_entries WHERE action IN ({listed})")
    _say_actions(ACTIONS)
    op.drop_index("ix_components_orphans", table_name="components")
    with op.batch_alter_table("components") as batch_op:
        batch_op.drop_constraint(op.f("fk_components_settled_by_persons"), type_="foreignkey")
        batch_op.drop_column("settled_by")
        batch_op.drop_column("settled_on")
    with op.batch_alter_table("bodies") as batch_op:
        batch_op.drop_constraint(op.f("uq_bodies_credit_code"), type_="unique")
        batch_op.drop_column("credit_code")


def _say_actions(words: tuple[str, ...]) -> None:
    name, listed = op.f("ck_audit_entries_action_auditaction"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("audit_entries") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"action IN ({listed})")
