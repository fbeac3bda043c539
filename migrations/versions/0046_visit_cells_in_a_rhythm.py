"""Let cells be visited in a rhythm by tier, and inspectors be away"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
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
)
NEW_ACTIONS = ("patrol_rhythm_set", "inspector_away", "inspector_back")


def upgrade() -> None:
    op.create_table(
        "patrol_rhythms",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.CheckConstraint("tier IN (1, 2)", name=op.f("ck_patrol_rhythms_tier")),
        sa.CheckConstraint("visits > 0 AND days > 0", name=op.f("ck_patrol_rhythms_rhythm")),
        sa.PrimaryKeyConstraint("tier", "from_on", name=op.f("pk_patrol_rhythms")),
    )
    op.create_table(
        "inspector_absences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("from_on <= until_on", name=op.f("ck_inspector_absences_days")),
        sa.ForeignKeyConstraint(["made_by"], ["persons.id"], name=op.f("fk_inspector_absences_made_by_persons")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_inspector_absences_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_absences")),
    )
    op.create_index(op.f("ix_inspector_absences_made_by"), "inspector_absences", ["made_by"])
    op.create_index(op.f("ix_inspector_absences_person_id"), "inspector_absences", ["person_id"])
    _say_actions((*ACTIONS, *NEW_ACTIONS))


def downgrade() -> None:
    listed = ", ".join(f"'{action}'" for action in NEW_ACTIONS)
    op.execute(f"DELETE FROM audit_entries WHERE action IN ({listed})")
    _say_actions(ACTIONS)
    op.drop_table("inspector_absences")
    op.drop_table("patrol_rhythms")


def _say_actions(words: tuple[str, ...]) -> None:
    name, listed = op.f("ck_audit_entries_action_auditaction"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("audit_entries") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"action IN ({listed})")
