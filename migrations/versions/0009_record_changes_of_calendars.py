"""Record changes of calendars"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BEFORE = (
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
)
ADDED = (
    "calendar_added",
    "calendar_terms_set",
    "calendar_hours_set",
    "calendar_day_added",
    "calendar_day_removed",
    "holidays_announced",
    "due_times_recounted",
)


def upgrade() -> None:
    _allow(BEFORE + ADDED)


def downgrade() -> None:
    op.execute(f"DELETE FROM audit_entries WHERE action IN ({_quoted(ADDED)})")
    _allow(BEFORE)


def _allow(words: tuple[str, ...]) -> None:
    with op.batch_alter_table("audit_entries") as table:
        # SQLite's table is made anew, without the CHECK it had.
        if op.get_context().dialect.name != "sqlite":
            table.drop_constraint(op.f("ck_audit_entries_action_auditaction"), type_="check")
        table.create_check_constraint(op.f("ck_audit_entries_action_auditaction"), f"action IN ({_quoted(words)})")


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
