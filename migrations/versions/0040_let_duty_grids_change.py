"""Let duty grids change on a day, and inspectors have them with dates"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
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
)
NEW_ACTIONS = ("duty_grids_planned", "duty_grids_withdrawn", "patrol_shift_given", "patrol_shift_ended")


def upgrade() -> None:
    _create_changes()
    _create_history()
    with op.batch_alter_table("duty_grids") as batch_op:
        batch_op.add_column(sa.Column("valid_from_on", sa.Date(), nullable=True))
    # A duty grid is as old as its oldest cell; one without a cell never held for a day.
    op.execute(
        "UPDATE duty_grids SET valid_from_on = COALESCE("
        "(SELECT MIN(initial_on) FROM cells WHERE cells.duty_grid_id = duty_grids.id), ended_on, CURRENT_DATE)"
    )
    with op.batch_alter_table("duty_grids") as batch_op:
        batch_op.alter_column("valid_from_on", existing_type=sa.Date(), nullable=False)
    op.execute(
        "INSERT INTO cell_duty_grids (cell_id, from_on, duty_grid_id, ended_on)"
        " SELECT id, initial_on, duty_grid_id, ended_on FROM cells"
        " WHERE duty_grid_id IS NOT NULL AND (ended_on IS NULL OR ended_on > initial_on)"
    )
    with op.batch_alter_table("inspector_shifts") as batch_op:
        batch_op.drop_constraint(op.f("uq_inspector_shifts_person_id_weekday_start_minute"), type_="unique")
        batch_op.add_column(sa.Column("from_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("ended_on", sa.Date(), nullable=True))
    # Shifts had no dates: they hold since their person has a post.
    op.execute(
        "UPDATE inspector_shifts SET from_on = COALESCE((SELECT MIN(from_on) FROM person_posts"
        " WHERE person_posts.person_id = inspector_shifts.person_id), CURRENT_DATE)"
    )
    with op.batch_alter_table("inspector_shifts") as batch_op:
        batch_op.alter_column("from_on", existing_type=sa.Date(), nullable=False)
    with op.batch_alter_table("patrol_rules") as batch_op:
        batch_op.add_column(sa.Column("watch_from_hour", sa.Integer(), nullable=False, server_default="7"))
        batch_op.add_column(sa.Column("watch_until_hour", sa.Integer(), nullable=False, server_default="21"))
    with op.batch_alter_table("patrol_rules") as batch_op:
        batch_op.alter_column("watch_from_hour", existing_type=sa.Integer(), server_default=None)
        batch_op.alter_column("watch_until_hour", existing_type=sa.Integer(), server_default=None)
    _say_actions((*ACTIONS, *NEW_ACTIONS))


def _create_changes() -> None:
    op.create_table(
        "duty_grid_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("street_code", sa.String(length=9), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "in_force",
                "withdrawn",
                name="versionstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["persons.id"], name=op.f("fk_duty_grid_changes_made_by_persons")),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["persons.id"], name=op.f("fk_duty_grid_changes_withdrawn_by_persons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_grid_changes")),
    )
    with op.batch_alter_table("duty_grid_changes") as batch_op:
        batch_op.create_index(batch_op.f("ix_duty_grid_changes_made_by"), ["made_by"])
        batch_op.create_index(batch_op.f("ix_duty_grid_changes_withdrawn_by"), ["withdrawn_by"])
        batch_op.create_index(
            "uq_duty_grid_changes_planned",
            ["street_code"],
            unique=True,
            postgresql_where=sa.text("state = 'planned'"),
            sqlite_where=sa.text("state = 'planned'"),
        )


def _create_history() -> None:
    op.create_table(
        "cell_duty_grids",
        sa.Column("cell_id", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("duty_grid_id", sa.Integer(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["cell_id"], ["cells.id"], name=op.f("fk_cell_duty_grids_cell_id_cells")),
        sa.ForeignKeyConstraint(
            ["duty_grid_id"], ["duty_grids.id"], name=op.f("fk_cell_duty_grids_duty_grid_id_duty_grids")
        ),
        sa.PrimaryKeyConstraint("cell_id", "from_on", name=op.f("pk_cell_duty_grids")),
    )
    with op.batch_alter_table("cell_duty_grids") as batch_op:
        batch_op.create_index(batch_op.f("ix_cell_duty_grids_duty_grid_id"), ["duty_grid_id"])
        batch_op.create_index(
            "uq_cell_duty_grids_open",
            ["cell_id"],
            unique=True,
            postgresql_where=sa.text("ended_on IS NULL"),
            sqlite_where=sa.text("ended_on IS NULL"),
        )


def downgrade() -> None:
    listed = ", ".join(f"'{action}'" for action in NEW_ACTIONS)
    op.execute(f"DELETE FROM audit_entries WHERE action IN ({listed})")
    _say_actions(ACTIONS)
    with op.batch_alter_table("patrol_rules") as batch_op:
        batch_op.drop_column("watch_until_hour")
        batch_op.drop_column("watch_from_hour")
    # Without dates a shift holds always: what has ended, or would be there twice, goes.
    op.execute("DELETE FROM inspector_shifts WHERE ended_on IS NOT NULL")
    op.execute(
        "DELETE FROM inspector_shifts WHERE id NOT IN"
        " (SELECT MIN(id) FROM inspector_shifts GROUP BY person_id, weekday, start_minute)"
    )
    with op.batch_alter_table("inspector_shifts") as batch_op:
        batch_op.drop_column("ended_on")
        batch_op.drop_column("from_on")
        batch_op.create_unique_constraint(
            op.f("uq_inspector_shifts_person_id_weekday_start_minute"), ["person_id", "weekday", "start_minute"]
        )
    with op.batch_alter_table("duty_grids") as batch_op:
        batch_op.drop_column("valid_from_on")
    op.drop_table("cell_duty_grids")
    op.drop_table("duty_grid_changes")


def _say_actions(words: tuple[str, ...]) -> None:
    name, listed = op.f("ck_audit_entries_action_auditaction"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("audit_entries") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"action IN ({listed})")
