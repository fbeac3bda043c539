"""Let handling have phases"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KINDS = ("class", "condition", "limit", "stage")
BODY_KINDS = (*("city", "district", "supervision_centre", "command_centre", "department", "street_office", "company"),)
UNITS = ("urgent_hour", "working_hour", "working_day")
NAMES = ("phase_name", "phase_name_en")
CHANGES = sa.table(
    "catalog_changes", sa.column("id", sa.Integer), sa.column("kind", sa.String), sa.column("wanted", sa.Text)
)
ADDED = (
    ("cases", "phase", sa.SmallInteger(), "1"),
    ("stage_clocks", "phase", sa.SmallInteger(), "1"),
    ("assignments", "phase", sa.SmallInteger(), "1"),
    ("assignments", "stands_for_case", sa.Boolean(), sa.true()),
)


def upgrade() -> None:
    with op.batch_alter_table("filing_conditions") as table:
        table.add_column(sa.Column("phase_name", sa.String(length=20), nullable=True))
        table.add_column(sa.Column("phase_name_en", sa.String(length=40), nullable=True))
    op.create_table(
        "condition_phases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("condition_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("name_en", sa.String(length=40), nullable=False),
        sa.Column("check_before", _words("phasecheck", "on_the_spot", "by_photo", "none"), nullable=False),
        sa.Column("body_kind", _words("bodykind", *BODY_KINDS), nullable=True),
        sa.Column("body_code", sa.String(length=32), nullable=True),
        sa.Column("closing", sa.String(length=200), nullable=False),
        sa.Column("closing_en", sa.String(length=200), nullable=False),
        sa.Column("photos_after", sa.SmallInteger(), nullable=False),
        sa.Column("limit_value", sa.Integer(), nullable=False),
        sa.Column("limit_unit", _words("unit", *UNITS), nullable=False),
        sa.Column("calendar", sa.String(length=32), nullable=False),
        sa.CheckConstraint("number BETWEEN 2 AND 9", name=op.f("ck_condition_phases_number")),
        sa.CheckConstraint("limit_value > 0", name=op.f("ck_condition_phases_limit_positive")),
        sa.CheckConstraint("photos_after >= 0", name=op.f("ck_condition_phases_photos")),
        sa.ForeignKeyConstraint(
            ["condition_id"], ["filing_conditions.id"], name=op.f("fk_condition_phases_condition_id_filing_conditions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition_phases")),
        sa.UniqueConstraint("condition_id", "number", name=op.f("uq_condition_phases_condition_id_number")),
    )
    op.create_table(
        "phase_limits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("phase_id", sa.Integer(), nullable=False),
        sa.Column("area_level", sa.SmallInteger(), nullable=False),
        sa.Column("limit_value", sa.Integer(), nullable=False),
        sa.Column("limit_unit", _words("unit", *UNITS), nullable=False),
        sa.Column("calendar", sa.String(length=32), nullable=False),
        sa.CheckConstraint("area_level IN (1, 2, 3)", name=op.f("ck_phase_limits_area_level")),
        sa.CheckConstraint("limit_value > 0", name=op.f("ck_phase_limits_limit_positive")),
        sa.ForeignKeyConstraint(
            ["phase_id"], ["condition_phases.id"], name=op.f("fk_phase_limits_phase_id_condition_phases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phase_limits")),
        sa.UniqueConstraint("phase_id", "area_level", name=op.f("uq_phase_limits_phase_id_area_level")),
    )
    for table, name, kind, default in ADDED:
        # What was handled before was handled in one phase, and stands for its case.
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=default))
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column(name, server_default=None)
    _say_kinds(("class", "condition", "phase", "limit", "stage"))
    _write_changes(lambda entry: entry | dict.fromkeys(NAMES, ""))


def downgrade() -> None:
    op.execute(CHANGES.delete().where(CHANGES.c.kind == "phase"))
    _write_changes(lambda entry: {name: value for name, value in entry.items() if name not in NAMES})
    _say_kinds(KINDS)
    for table, name, _, _ in reversed(ADDED):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column(name)
    op.drop_table("phase_limits")
    op.drop_table("condition_phases")
    with op.batch_alter_table("filing_conditions") as table:
        table.drop_column("phase_name_en")
        table.drop_column("phase_name")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _write_changes(change) -> None:
    """Let the conditions that drafts hold have the values of the catalogue as it then is."""
    connection = op.get_bind()
    wanted = sa.select(CHANGES.c.id, CHANGES.c.wanted).where(
        CHANGES.c.kind == "condition", CHANGES.c.wanted.is_not(None)
    )
    for key, text in connection.execute(wanted).all():
        changed = json.dumps(change(json.loads(text)), ensure_ascii=False)
        connection.execute(CHANGES.update().where(CHANGES.c.id == key).values(wanted=changed))


def _say_kinds(kinds: tuple[str, ...]) -> None:
    with op.batch_alter_table("catalog_changes") as table:
        table.drop_constraint(op.f("ck_catalog_changes_kind_entrykind"), type_="check")
        quoted = ", ".join(f"'{kind}'" for kind in kinds)
        table.create_check_constraint(op.f("ck_catalog_changes_kind_entrykind"), f"kind IN ({quoted})")
