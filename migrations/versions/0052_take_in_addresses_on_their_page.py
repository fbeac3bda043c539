"""Take in addresses on their page"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

KINDS = ("grid", "census", "cover")
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
    *("patrol_rhythm_set", "inspector_away", "inspector_back", "body_credit_code_set"),
)


def upgrade() -> None:
    _say("grid_surveys", "kind", "surveykind", (*KINDS, "addresses"))
    _say("audit_entries", "action", "auditaction", (*ACTIONS, "addresses_loaded"))


def downgrade() -> None:
    op.execute("DELETE FROM audit_entries WHERE action = 'addresses_loaded'")
    _say("audit_entries", "action", "auditaction", ACTIONS)
    op.execute("DELETE FROM grid_surveys WHERE kind = 'addresses'")
    _say("grid_surveys", "kind", "surveykind", KINDS)


def _say(table: str, column: str, words_name: str, words: tuple[str, ...]) -> None:
    name, listed = op.f(f"ck_{table}_{column}_{words_name}"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, sa.text(f"{column} IN ({listed})"))
