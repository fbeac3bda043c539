"""Log changes of duty lists, and know the disputes of before"""

from alembic import op

revision = "0022"
down_revision = "0021"
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
)
ADDED = ("duty_contact_added", "duty_contact_removed")
LAST_SENT_BACK = """(
    SELECT {what} FROM case_events AS sent
    WHERE sent.case_id = cases.id AND sent.step = 'send_back'
)"""


def upgrade() -> None:
    _allow_actions((*ACTIONS, *ADDED))
    # A case that was sent back twice and has gone to nobody since is disputed, as its events say.
    op.execute(f"""
        UPDATE cases SET arbitration_since_at = {LAST_SENT_BACK.format(what="max(sent.at)")}
        WHERE stage = 'filed' AND send_back_count >= 2 AND arbitration_since_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM case_events AS given
            WHERE given.case_id = cases.id AND given.step IN ('dispatch', 'arbitrate')
            AND given.seq > {LAST_SENT_BACK.format(what="max(sent.seq)")}
        )
    """)


def downgrade() -> None:
    listed = ", ".join(f"'{word}'" for word in ADDED)
    op.execute(f"DELETE FROM audit_entries WHERE action IN ({listed})")
    _allow_actions(ACTIONS)


def _allow_actions(actions: tuple[str, ...]) -> None:
    name, listed = op.f("ck_audit_entries_action_auditaction"), ", ".join(f"'{word}'" for word in actions)
    with op.batch_alter_table("audit_entries") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"action IN ({listed})")
