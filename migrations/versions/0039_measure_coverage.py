"""Measure coverage"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
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
)
NEW_ACTIONS = ("cover_layer_set", "cover_target_set", "grid_tier_set")


def upgrade() -> None:
    op.create_table(
        "grid_tiers",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("low_m2", sa.Integer(), nullable=False),
        sa.Column("high_m2", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 < low_m2 AND low_m2 < high_m2", name=op.f("ck_grid_tiers_band")),
        sa.CheckConstraint("tier IN (1, 2)", name=op.f("ck_grid_tiers_tier")),
        sa.PrimaryKeyConstraint("tier", name=op.f("pk_grid_tiers")),
    )
    op.create_table(
        "cover_areas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("boundary", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint("tier IN (1, 2)", name=op.f("ck_cover_areas_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cover_areas")),
    )
    op.create_table(
        "cover_figures",
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("land_m2", sa.Double(), nullable=False),
        sa.Column("covered_m2", sa.Double(), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("cells_m2", sa.Double(), nullable=False),
        sa.Column("open_land", sa.LargeBinary(), nullable=True),
        sa.Column("west", sa.Double(), nullable=True),
        sa.Column("south", sa.Double(), nullable=True),
        sa.Column("east", sa.Double(), nullable=True),
        sa.Column("north", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("since_on", "tier", "area_code", name=op.f("pk_cover_figures")),
    )
    op.create_table(
        "cover_targets",
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("percent", sa.Double(), nullable=False),
        sa.CheckConstraint("0 < percent AND percent <= 100", name=op.f("ck_cover_targets_percent")),
        sa.CheckConstraint("tier IN (1, 2)", name=op.f("ck_cover_targets_tier")),
        sa.ForeignKeyConstraint(
            ["jurisdiction_id"], ["jurisdictions.id"], name=op.f("fk_cover_targets_jurisdiction_id_jurisdictions")
        ),
        sa.PrimaryKeyConstraint("jurisdiction_id", "tier", "from_on", name=op.f("pk_cover_targets")),
    )
    _say_actions((*ACTIONS, *NEW_ACTIONS))


def downgrade() -> None:
    listed = ", ".join(f"'{action}'" for action in NEW_ACTIONS)
    op.execute(f"DELETE FROM audit_entries WHERE action IN ({listed})")
    _say_actions(ACTIONS)
    for table in ("cover_targets", "cover_figures", "cover_areas", "grid_tiers"):
        op.drop_table(table)


def _say_actions(words: tuple[str, ...]) -> None:
    name, listed = op.f("ck_audit_entries_action_auditaction"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("audit_entries") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"action IN ({listed})")
