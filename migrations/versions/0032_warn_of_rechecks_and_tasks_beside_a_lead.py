"""Warn of re-checks and of tasks beside a lead"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OWED = sa.Enum("recheck", "co_handling", name="owed", native_enum=False, create_constraint=True, length=32)
RECIPIENTS = ("holder", "operator", "dispatcher", "duty_leader", "handler", "body_above", "duty_list")
RECIPIENT = "supervisor"
OF_ONE = "ck_warning_rules_of_one"
DAY_MINUTES = 24 * 60
TABLES = {"task_id": "inspector_tasks", "co_handling_id": "co_handlings"}
RULES = sa.table(
    "warning_rules",
    sa.column("id", sa.Integer),
    sa.column("owed", sa.String),
    sa.column("moment", sa.String),
    sa.column("after_minutes", sa.Integer),
    sa.column("recipient", sa.String),
    sa.column("is_urgent_only", sa.Boolean),
    sa.column("is_active", sa.Boolean),
)
FIRST_RULES = (
    ("recheck", "due", 0, "holder"),
    ("recheck", "due", DAY_MINUTES, "supervisor"),
    ("co_handling", "near", 0, "holder"),
    ("co_handling", "due", 0, "holder"),
    ("co_handling", "due", 0, "body_above"),
)
RUNNING = {
    "recheck": "SELECT id AS task_id, due_at AS warn_at, due_at FROM inspector_tasks"
    " WHERE kind = 'recheck' AND done_at IS NULL",
    "co_handling": "SELECT id AS co_handling_id, warn_at, due_at FROM co_handlings WHERE ended_at IS NULL",
}
HAS_COME = {"near": "warn_at <= :since AND due_at > :moment", "due": "due_at <= :since"}


def upgrade() -> None:
    with op.batch_alter_table("warning_rules") as batch_op:
        batch_op.add_column(sa.Column("owed", OWED, nullable=True))
        batch_op.create_check_constraint(op.f(OF_ONE), "clock IS NULL OR owed IS NULL")
    _say_recipients((*RECIPIENTS, RECIPIENT))
    _name("clock_warnings", ("rule_id", "due_at", "turn"), after=())
    with op.batch_alter_table("clock_warnings") as batch_op:
        batch_op.alter_column("clock_id", existing_type=KEY, nullable=True)
    _name("notices", ("kind", "due_at", "turn"), after=("person_id",))
    for column in TABLES:
        op.create_index(op.f(f"ix_notices_{column}"), "notices", [column])
    _add_first_rules()


def downgrade() -> None:
    for column in TABLES:
        op.drop_index(op.f(f"ix_notices_{column}"), table_name="notices")
    for table in ("notices", "clock_warnings"):
        op.execute(f"DELETE FROM {table} WHERE task_id IS NOT NULL OR co_handling_id IS NOT NULL")
    op.execute(
        "DELETE FROM clock_warnings WHERE rule_id IN (SELECT id FROM warning_rules WHERE recipient = 'supervisor')"
    )
    op.execute("DELETE FROM warning_rules WHERE owed IS NOT NULL OR recipient = 'supervisor'")
    _forget("notices", ("kind", "due_at", "turn"), after=("person_id",))
    _forget("clock_warnings", ("rule_id", "due_at", "turn"), after=())
    with op.batch_alter_table("clock_warnings") as batch_op:
        batch_op.alter_column("clock_id", existing_type=KEY, nullable=False)
    _say_recipients(RECIPIENTS)
    with op.batch_alter_table("warning_rules") as batch_op:
        batch_op.drop_constraint(op.f(OF_ONE), type_="check")
        batch_op.drop_constraint(op.f("ck_warning_rules_owed_owed"), type_="check")
        batch_op.drop_column("owed")


def _name(table: str, unique_with: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Let a table's rows name a re-check's task or a co-handling, each once."""
    with op.batch_alter_table(table) as batch_op:
        for column, named in TABLES.items():
            batch_op.add_column(sa.Column(column, KEY, nullable=True))
            batch_op.create_foreign_key(op.f(f"fk_{table}_{column}_{named}"), named, [column], ["id"])
            unique = (*after, column, *unique_with)
            batch_op.create_unique_constraint(op.f(f"uq_{table}_{'_'.join(unique)}"), list(unique))


def _forget(table: str, unique_with: tuple[str, ...], after: tuple[str, ...]) -> None:
    with op.batch_alter_table(table) as batch_op:
        for column, named in TABLES.items():
            batch_op.drop_constraint(op.f(f"uq_{table}_{'_'.join((*after, column, *unique_with))}"), type_="unique")
            batch_op.drop_constraint(op.f(f"fk_{table}_{column}_{named}"), type_="foreignkey")
            batch_op.drop_column(column)


def _say_recipients(words: tuple[str, ...]) -> None:
    name, listed = op.f("ck_warning_rules_recipient_recipient"), ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("warning_rules") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"recipient IN ({listed})")


def _add_first_rules() -> None:
    """A city that is warned of its clocks is warned of these as well."""
    connection = op.get_bind()
    if connection.execute(sa.select(sa.func.count()).select_from(RULES)).scalar_one() == 0:
        return
    names = ("owed", "moment", "after_minutes", "recipient")
    rest = {"is_urgent_only": False, "is_active": True}
    connection.execute(RULES.insert(), [dict(zip(names, rule, strict=True)) | rest for rule in FIRST_RULES])
    _pass_over(connection)


def _pass_over(connection: sa.Connection) -> None:
    """Nobody is told of what has come to these rules already."""
    moments = [sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("moment", "since")]
    moment = datetime.now(UTC)
    rules = sa.select(RULES.c.id, RULES.c.owed, RULES.c.moment, RULES.c.after_minutes).where(RULES.c.owed.is_not(None))
    for number, owed, begins, after_minutes in connection.execute(rules).all():
        column = {"recheck": "task_id", "co_handling": "co_handling_id"}[owed]
        claim = sa.text(
            f"INSERT INTO clock_warnings ({column}, rule_id, due_at, turn, made_at)"
            f" SELECT {column}, :rule, due_at, 0, :moment FROM ({RUNNING[owed]}) AS running WHERE {HAS_COME[begins]}"
        )
        since = moment - timedelta(minutes=after_minutes)
        connection.execute(claim.bindparams(*moments), {"rule": number, "moment": moment, "since": since})
