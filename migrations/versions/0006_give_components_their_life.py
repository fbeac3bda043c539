"""Let a filing condition say what its component is, and keep the changes that cases make to components"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATES = ("in_place", "damaged", "missing", "removed")
# The shipped conditions, by their words.
MISSING = ("盖板缺失%", "箅子缺失%", "缺株")
DAMAGED = [
    "破裂",
    "断裂",
    "破损",
    "损坏",
    "歪斜",
    "倾斜",
    "折断",
    "倒伏",
    "倾倒",
    "翻倒",
    "歪倒",
    "变形",
    "不亮",
    "全灭",
    "缺件",
    "缺条",
    "枯死",
    "枯萎",
    "死亡",
    "漏水",
    "开裂",
    "缺失",
]


def upgrade() -> None:
    with op.batch_alter_table("filing_conditions") as batch_op:
        batch_op.add_column(sa.Column("component_state", _words("componentfault", "damaged", "missing")))
    _tell_the_shipped()
    op.create_table(
        "component_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("component_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", _words("componentstate", *STATES), nullable=False),
        sa.Column("to_state", _words("componentstate", *STATES), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_component_changes_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["component_id"], ["components.id"], name=op.f("fk_component_changes_component_id_components")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["case_events.id"], name=op.f("fk_component_changes_event_id_case_events")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_changes")),
        sa.UniqueConstraint("event_id", name=op.f("uq_component_changes_event_id")),
    )
    op.create_index(op.f("ix_component_changes_case_id"), "component_changes", ["case_id"])
    op.create_index(op.f("ix_component_changes_component_id"), "component_changes", ["component_id"])


def downgrade() -> None:
    op.drop_table("component_changes")
    with op.batch_alter_table("filing_conditions") as batch_op:
        batch_op.drop_constraint(op.f("ck_filing_conditions_component_state_componentfault"), type_="check")
        batch_op.drop_column("component_state")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _tell_the_shipped() -> None:
    conditions = sa.table(
        "filing_conditions", sa.column("code", sa.String), sa.column("text", sa.String), sa.column("component_state")
    )
    of_components = conditions.c.code.like("C%")
    words = sa.or_(*(conditions.c.text.like(f"%{word}%") for word in DAMAGED))
    gone = sa.or_(*(conditions.c.text.like(pattern) for pattern in MISSING))
    op.execute(conditions.update().where(of_components, words).values(component_state="damaged"))
    op.execute(conditions.update().where(of_components, gone).values(component_state="missing"))
