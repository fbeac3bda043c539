"""Keep editions of the catalogue"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("state = 'open'")
SINCE = "2000-01-01"
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
)
ADDED = ("catalogue_published", "catalogue_dropped")


def words(name, *members):
    return sa.Enum(*members, name=name, native_enum=False, create_constraint=True, length=32)


UNIT = words("unit", "urgent_hour", "working_hour", "working_day")


def upgrade() -> None:
    with op.batch_alter_table("case_classes") as table:
        table.add_column(sa.Column("begun_on", sa.Date(), nullable=True))
    _give_stage_limits_days()
    op.create_table(
        "catalog_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("standard_id", sa.Integer(), nullable=False),
        sa.Column("state", words("draftstate", "open", "published", "dropped"), nullable=False),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_from_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["ended_by"], ["persons.id"], name=op.f("fk_catalog_drafts_ended_by_persons")),
        sa.ForeignKeyConstraint(["opened_by"], ["persons.id"], name=op.f("fk_catalog_drafts_opened_by_persons")),
        sa.ForeignKeyConstraint(
            ["standard_id"], ["standards.id"], name=op.f("fk_catalog_drafts_standard_id_standards")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_drafts")),
    )
    op.create_index(op.f("ix_catalog_drafts_standard_id"), "catalog_drafts", ["standard_id"])
    op.create_index(
        "uq_catalog_drafts_open",
        "catalog_drafts",
        ["standard_id"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_table(
        "catalog_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("kind", words("entrykind", "class", "condition", "limit", "stage"), nullable=False),
        sa.Column("key", sa.String(length=24), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("wanted", sa.Text(), nullable=True),
        sa.Column("edit", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["catalog_drafts.id"], name=op.f("fk_catalog_changes_draft_id_catalog_drafts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_changes")),
        sa.UniqueConstraint("draft_id", "kind", "key", name=op.f("uq_catalog_changes_draft_id_kind_key")),
    )
    _allow_actions((*ACTIONS, *ADDED))


def downgrade() -> None:
    audit = sa.table("audit_entries", sa.column("action", sa.String))
    op.execute(audit.delete().where(audit.c.action.in_(ADDED)))
    _allow_actions(ACTIONS)
    op.drop_table("catalog_changes")
    op.drop_table("catalog_drafts")
    _take_days_from_stage_limits()
    with op.batch_alter_table("case_classes") as table:
        table.drop_column("begun_on")


def _give_stage_limits_days() -> None:
    op.rename_table("stage_limits", "stage_limits_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE stage_limits_before RENAME CONSTRAINT pk_stage_limits TO pk_stage_limits_before")
    op.create_table(
        "stage_limits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(length=16), nullable=False),
        sa.Column("limit_value", sa.Integer(), nullable=False),
        sa.Column("limit_unit", UNIT, nullable=False),
        sa.Column("calendar", sa.String(length=32), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_limits")),
        sa.UniqueConstraint("clock", "valid_from_on", name=op.f("uq_stage_limits_clock_valid_from_on")),
    )
    op.execute(
        "INSERT INTO stage_limits (clock, limit_value, limit_unit, calendar, valid_from_on) "
        f"SELECT clock, limit_value, limit_unit, calendar, DATE('{SINCE}') FROM stage_limits_before ORDER BY clock"
    )
    op.drop_table("stage_limits_before")


def _take_days_from_stage_limits() -> None:
    op.rename_table("stage_limits", "stage_limits_after")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE stage_limits_after RENAME CONSTRAINT pk_stage_limits TO pk_stage_limits_after")
    op.create_table(
        "stage_limits",
        sa.Column("clock", sa.String(length=16), nullable=False),
        sa.Column("limit_value", sa.Integer(), nullable=False),
        sa.Column("limit_unit", UNIT, nullable=False),
        sa.Column("calendar", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("clock", name=op.f("pk_stage_limits")),
    )
    op.execute(
        "INSERT INTO stage_limits (clock, limit_value, limit_unit, calendar) "
        "SELECT clock, limit_value, limit_unit, calendar FROM stage_limits_after WHERE valid_until_on IS NULL"
    )
    op.drop_table("stage_limits_after")


def _allow_actions(actions) -> None:
    with op.batch_alter_table("audit_entries") as table:
        table.drop_constraint(op.f("ck_audit_entries_action_auditaction"), type_="check")
        quoted = ", ".join(f"'{action}'" for action in actions)
        table.create_check_constraint(op.f("ck_audit_entries_action_auditaction"), f"action IN ({quoted})")
