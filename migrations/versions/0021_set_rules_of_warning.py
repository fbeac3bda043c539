"""Set rules of warning"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
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
    "rule_added",
    "rule_ended",
    "calendar_added",
    "calendar_terms_set",
    "calendar_hours_set",
    "calendar_day_added",
    "calendar_day_removed",
    "holidays_announced",
    "due_times_recounted",
    "automation_on",
    "automation_off",
    "catalogue_published",
    "catalogue_dropped",
    "check_rules_set",
    "request_terms_set",
    "standard_added",
    "standard_parent_set",
)
ADDED = ("warning_rule_set", "warning_rule_ended", "quiet_hours_set")


def upgrade() -> None:
    _allow_actions((*ACTIONS, *ADDED))


def downgrade() -> None:
    audit = sa.table("audit_entries", sa.column("action", sa.String))
    op.execute(audit.delete().where(audit.c.action.in_(ADDED)))
    _allow_actions(ACTIONS)


def _allow_actions(actions) -> None:
    with op.batch_alter_table("audit_entries") as table:
        table.drop_constraint(op.f("ck_audit_entries_action_auditaction"), type_="check")
        quoted = ", ".join(f"'{action}'" for action in actions)
        table.create_check_constraint(op.f("ck_audit_entries_action_auditaction"), f"action IN ({quoted})")
