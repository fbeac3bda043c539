"""Let standards stand under others"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
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
)
ADDED = ("standard_added", "standard_parent_set")


def upgrade() -> None:
    with op.batch_alter_table("standards") as table:
        table.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_standards_parent_id_standards"), "standards", ["parent_id"], ["id"])
        table.create_index(op.f("ix_standards_parent_id"), ["parent_id"])
    with op.batch_alter_table("filing_conditions") as table:
        table.drop_constraint(op.f("uq_filing_conditions_code_valid_from_on"), type_="unique")
        table.create_unique_constraint(
            op.f("uq_filing_conditions_code_class_id_valid_from_on"), ["code", "class_id", "valid_from_on"]
        )
    _allow_actions((*ACTIONS, *ADDED))


def downgrade() -> None:
    audit = sa.table("audit_entries", sa.column("action", sa.String))
    op.execute(audit.delete().where(audit.c.action.in_(ADDED)))
    _allow_actions(ACTIONS)
    with op.batch_alter_table("filing_conditions") as table:
        table.drop_constraint(op.f("uq_filing_conditions_code_class_id_valid_from_on"), type_="unique")
        table.create_unique_constraint(op.f("uq_filing_conditions_code_valid_from_on"), ["code", "valid_from_on"])
    with op.batch_alter_table("standards") as table:
        table.drop_index(op.f("ix_standards_parent_id"))
        table.drop_constraint(op.f("fk_standards_parent_id_standards"), type_="foreignkey")
        table.drop_column("parent_id")


def _allow_actions(actions) -> None:
    with op.batch_alter_table("audit_entries") as table:
        table.drop_constraint(op.f("ck_audit_entries_action_auditaction"), type_="check")
        quoted = ", ".join(f"'{action}'" for action in actions)
        table.create_check_constraint(op.f("ck_audit_entries_action_auditaction"), f"action IN ({quoted})")
