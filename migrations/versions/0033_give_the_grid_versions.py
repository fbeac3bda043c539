"""Give the grid versions"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
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
)
NEW_ACTIONS = ("grid_loaded", "grid_planned", "grid_withdrawn")


def upgrade() -> None:
    op.create_table(
        "grid_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
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
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("because", sa.String(length=500), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("split", sa.Integer(), nullable=False),
        sa.Column("merged", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_grid_versions_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["persons.id"], name=op.f("fk_grid_versions_withdrawn_by_id_persons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_versions")),
    )
    with op.batch_alter_table("grid_versions") as batch_op:
        batch_op.create_index(batch_op.f("ix_grid_versions_person_id"), ["person_id"])
        batch_op.create_index(batch_op.f("ix_grid_versions_withdrawn_by_id"), ["withdrawn_by_id"])
        batch_op.create_index(
            "uq_grid_versions_planned",
            ["state"],
            unique=True,
            postgresql_where=sa.text("state = 'planned'"),
            sqlite_where=sa.text("state = 'planned'"),
        )

    op.create_table(
        "grid_planned_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("boundary", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["grid_versions.id"], name=op.f("fk_grid_planned_rows_version_id_grid_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_planned_rows")),
    )
    with op.batch_alter_table("grid_planned_rows") as batch_op:
        batch_op.create_index(batch_op.f("ix_grid_planned_rows_version_id"), ["version_id"])

    op.create_table(
        "cell_ancestors",
        sa.Column("cell_id", sa.Integer(), nullable=False),
        sa.Column("ancestor_id", sa.Integer(), nullable=False),
        sa.Column("shared_m2", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["ancestor_id"], ["cells.id"], name=op.f("fk_cell_ancestors_ancestor_id_cells")),
        sa.ForeignKeyConstraint(["cell_id"], ["cells.id"], name=op.f("fk_cell_ancestors_cell_id_cells")),
        sa.PrimaryKeyConstraint("cell_id", "ancestor_id", name=op.f("pk_cell_ancestors")),
    )
    with op.batch_alter_table("cell_ancestors") as batch_op:
        batch_op.create_index(batch_op.f("ix_cell_ancestors_ancestor_id"), ["ancestor_id"])

    with op.batch_alter_table("cells") as batch_op:
        batch_op.add_column(sa.Column("version_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("ended_version_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_cells_ended_version_id"), ["ended_version_id"])
        batch_op.create_index(batch_op.f("ix_cells_version_id"), ["version_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_cells_ended_version_id_grid_versions"), "grid_versions", ["ended_version_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_cells_version_id_grid_versions"), "grid_versions", ["version_id"], ["id"]
        )

    _say_actions((*ACTIONS, *NEW_ACTIONS))
    # What stands already was one survey: its cells belong to the first version.
    op.execute(
        "INSERT INTO grid_versions (title, valid_from_on, state, made_at, warnings, because, kept, changed, split, merged,"
        " added, retired) SELECT 'first survey', MIN(initial_on), 'in_force', CURRENT_TIMESTAMP, 0, '', 0, 0, 0, 0,"
        " COUNT(*), 0 FROM cells HAVING COUNT(*) > 0"
    )
    op.execute("UPDATE cells SET version_id = (SELECT MIN(id) FROM grid_versions)")


def downgrade() -> None:
    listed = ", ".join(f"'{action}'" for action in NEW_ACTIONS)
    op.execute(f"DELETE FROM audit_entries WHERE action IN ({listed})")
    _say_actions(ACTIONS)
    with op.batch_alter_table("cells") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_cells_version_id_grid_versions"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_cells_ended_version_id_grid_versions"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_cells_version_id"))
        batch_op.drop_index(batch_op.f("ix_cells_ended_version_id"))
        batch_op.drop_column("ended_version_id")
        batch_op.drop_column("version_id")

    with op.batch_alter_table("cell_ancestors") as batch_op:
        batch_op.drop_index(batch_op.f("ix_cell_ancestors_ancestor_id"))

    op.drop_table("cell_ancestors")
    with op.batch_alter_table("grid_planned_rows") as batch_op:
        batch_op.drop_index(batch_op.f("ix_grid_planned_rows_version_id"))

    op.drop_table("grid_planned_rows")
    with op.batch_alter_table("grid_versions") as batch_op:
        batch_op.drop_index(
            "uq_grid_versions_planned",
            postgresql_where=sa.text("state = 'planned'"),
            sqlite_where=sa.text("state = 'planned'"),
        )
        batch_op.drop_index(batch_op.f("ix_grid_versions_withdrawn_by_id"))
        batch_op.drop_index(batch_op.f("ix_grid_versions_person_id"))

    op.drop_table("grid_versions")


def _say_actions(words: tuple[str, ...]) -> None:
    name, listed = op.f("ck_audit_entries_action_auditaction"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("audit_entries") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"action IN ({listed})")
