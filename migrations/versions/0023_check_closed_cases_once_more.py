"""Check closed cases once more"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("ended_at IS NULL")
WAITS = sa.text("done_at IS NULL AND waits_because IS NOT NULL")
MANNERS = ("on_the_spot", "by_video", "by_photo", "waived")
STEPS = (
    *("report", "self_handle", "accept", "decline", "verify", "file", "refuse", "dispatch", "sign_for"),
    *("send_back", "report_back", "check", "close", "review", "recount", "reopen", "urge", "ask", "withdraw"),
    *("reject", "extend", "suspend", "defer", "resume", "void", "force_close", "reply", "uphold"),
    *("arbitrate", "pass_on", "hand_up", "add_co_handler", "co_report", "excuse"),
)
PHOTOS = ("scene", "before", "after", "verify", "check", "proof")
KINDS = ("verify", "check")
RULES = {"simple_percent": "5", "waived_percent": "20", "recheck_days": "7"}


def upgrade() -> None:
    _say("case_events", "step", "stepname", (*STEPS, "recheck"))
    _say("reporter_answers", "step", "stepname", (*STEPS, "recheck"))
    _say("attachments", "kind", "attachmentkind", (*PHOTOS, "recheck"))
    _say("inspector_tasks", "kind", "taskkind", (*KINDS, "recheck"))
    with op.batch_alter_table("inspector_tasks") as batch_op:
        batch_op.alter_column("person_id", existing_type=sa.Integer(), nullable=True)
        batch_op.alter_column("chosen_because", existing_type=sa.String(32), nullable=True)
        batch_op.add_column(sa.Column("waits_because", sa.String(32), nullable=True))
        batch_op.add_column(sa.Column("tried_at", MOMENT, nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_inspector_tasks_waits_because_wait"),
            "waits_because IN ('new', 'outside', 'nobody_on_duty', 'all_barred')",
        )
    op.create_index("ix_inspector_tasks_waiting", "inspector_tasks", ["id"], sqlite_where=WAITS, postgresql_where=WAITS)
    _ask_for_what_nobody_got()
    for column, default in RULES.items():
        with op.batch_alter_table("patrol_rules") as batch_op:
            batch_op.add_column(sa.Column(column, sa.Integer(), nullable=False, server_default=default))
        with op.batch_alter_table("patrol_rules") as batch_op:
            batch_op.alter_column(column, server_default=None)
    _make_samples()
    _make_rechecks()


def downgrade() -> None:
    op.drop_table("rechecks")
    op.drop_table("recheck_samples")
    for column in RULES:
        op.drop_column("patrol_rules", column)
    op.execute("DELETE FROM inspector_tasks WHERE kind = 'recheck' OR person_id IS NULL")
    op.drop_index("ix_inspector_tasks_waiting", table_name="inspector_tasks")
    with op.batch_alter_table("inspector_tasks") as batch_op:
        batch_op.drop_constraint(op.f("ck_inspector_tasks_waits_because_wait"), type_="check")
        batch_op.drop_column("waits_because")
        batch_op.drop_column("tried_at")
        batch_op.alter_column("person_id", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("chosen_because", existing_type=sa.String(32), nullable=False)
    _say("inspector_tasks", "kind", "taskkind", KINDS)
    op.execute("DELETE FROM attachments WHERE kind = 'recheck'")
    _say("attachments", "kind", "attachmentkind", PHOTOS)
    _say("case_events", "step", "stepname", STEPS)
    _say("reporter_answers", "step", "stepname", STEPS)


def _ask_for_what_nobody_got() -> None:
    """A case that waits for an inspector and has no task gets one that waits with it."""
    op.execute(
        "INSERT INTO inspector_tasks (case_id, kind, waits_because, case_version, turn, given_at, due_at)"
        " SELECT id, CASE stage WHEN 'verifying' THEN 'verify' ELSE 'check' END,"
        " CASE WHEN cell_id IS NULL THEN 'outside' ELSE 'new' END, version, 0, moved_at, due_at"
        " FROM cases WHERE stage IN ('verifying', 'checking') AND NOT EXISTS ("
        "SELECT 1 FROM inspector_tasks WHERE inspector_tasks.case_id = cases.id AND inspector_tasks.done_at IS NULL)"
    )


def _make_samples() -> None:
    op.create_table(
        "recheck_samples",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.Column("drawn_by", sa.Integer(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("area_prefix", sa.String(length=12), nullable=False),
        sa.Column("class_key", sa.String(length=6), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=True),
        sa.Column("manner", _words("manner", *MANNERS), nullable=True),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("waived_percent", sa.Integer(), nullable=False),
        sa.Column("simple_percent", sa.Integer(), nullable=False),
        sa.Column("closed_count", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("draw", sa.Text(), nullable=False),
        sa.Column("draw_digest", sa.String(length=120), nullable=False),
        sa.CheckConstraint("from_on <= until_on", name=op.f("ck_recheck_samples_days")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_recheck_samples_share")),
        sa.CheckConstraint("number >= 0", name=op.f("ck_recheck_samples_number_not_negative")),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_recheck_samples_body_id_bodies")),
        sa.ForeignKeyConstraint(["drawn_by"], ["persons.id"], name=op.f("fk_recheck_samples_drawn_by_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recheck_samples")),
    )
    for column in ("body_id", "drawn_by"):
        op.create_index(op.f(f"ix_recheck_samples_{column}"), "recheck_samples", [column])


def _make_rechecks() -> None:
    op.create_table(
        "rechecks",
        sa.Column("id", KEY, nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("closed_seq", sa.Integer(), nullable=False),
        sa.Column("drawn_because", _words("drawn", "own_case", "flagged", "waived", "simple", "lot"), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=True),
        sa.Column("judged_by", sa.Integer(), nullable=True),
        sa.Column("manner", _words("manner", *MANNERS), nullable=True),
        sa.Column("task_id", KEY, nullable=False),
        sa.Column("end", _words("recheckend", "upheld", "not_upheld", "lapsed"), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("answered_seq", sa.Integer(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("reopened_seq", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["recheck_samples.id"], name=op.f("fk_rechecks_sample_id_recheck_samples")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_rechecks_case_id_cases")),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_rechecks_body_id_bodies")),
        sa.ForeignKeyConstraint(["judged_by"], ["persons.id"], name=op.f("fk_rechecks_judged_by_persons")),
        sa.ForeignKeyConstraint(["task_id"], ["inspector_tasks.id"], name=op.f("fk_rechecks_task_id_inspector_tasks")),
        sa.ForeignKeyConstraint(["answered_by"], ["persons.id"], name=op.f("fk_rechecks_answered_by_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rechecks")),
        sa.UniqueConstraint("case_id", "closed_seq", name=op.f("uq_rechecks_case_id_closed_seq")),
        sa.UniqueConstraint("task_id", name=op.f("uq_rechecks_task_id")),
    )
    for column in ("sample_id", "body_id", "judged_by", "answered_by"):
        op.create_index(op.f(f"ix_rechecks_{column}"), "rechecks", [column])
    op.create_index("ix_rechecks_open", "rechecks", ["case_id"], sqlite_where=OPEN, postgresql_where=OPEN)


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _say(table: str, column: str, name: str, words: tuple[str, ...]) -> None:
    """Let a column's CHECK take these words."""
    check, listed = f"ck_{table}_{column}_{name}", ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch_op:
        # SQLite's table is made anew, without the CHECK it had.
        if op.get_context().dialect.name != "sqlite":
            batch_op.drop_constraint(op.f(check), type_="check")
        batch_op.create_check_constraint(op.f(check), f"{column} IN ({listed})")
