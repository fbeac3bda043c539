"""Renew the census"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

LEVELS = ("I", "II", "III")
STATES = ("surveyed", "sampled", "accepted", "sent_back")


def upgrade() -> None:
    with op.batch_alter_table("components") as batch_op:
        batch_op.add_column(sa.Column("seen_on", sa.Date(), nullable=True))
    _create_campaigns()
    _create_samples()
    op.create_table(
        "component_sightings",
        sa.Column("id", _big(), nullable=False),
        sa.Column("component_id", _big(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.Integer(), nullable=False),
        _key("component_sightings", "component_id", "components"),
        _key("component_sightings", "seen_by", "persons"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_sightings")),
        sa.UniqueConstraint(
            "component_id", "seen_by", "seen_on", name=op.f("uq_component_sightings_component_id_seen_by_seen_on")
        ),
    )


def downgrade() -> None:
    for table in (
        "component_sightings",
        "renewal_checks",
        "renewal_samples",
        "renewal_figures",
        "renewal_streets",
        "renewal_campaigns",
    ):
        op.drop_table(table)
    with op.batch_alter_table("components") as batch_op:
        batch_op.drop_column("seen_on")


def _create_campaigns() -> None:
    op.create_table(
        "renewal_campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("majors", sa.String(length=60), nullable=False),
        sa.Column("level", _words("level", LEVELS), nullable=False),
        sa.Column("most_faulty_percent", sa.Double(), nullable=False),
        sa.Column("least_seen_percent", sa.Double(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("begins_on <= ends_on", name=op.f("ck_renewal_campaigns_days")),
        sa.CheckConstraint("most_faulty_percent BETWEEN 0 AND 100", name=op.f("ck_renewal_campaigns_most_faulty")),
        sa.CheckConstraint("least_seen_percent BETWEEN 0 AND 100", name=op.f("ck_renewal_campaigns_least_seen")),
        _key("renewal_campaigns", "body_id", "bodies"),
        _key("renewal_campaigns", "made_by", "persons"),
        _key("renewal_campaigns", "closed_by", "persons"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal_campaigns")),
    )
    op.create_index(op.f("ix_renewal_campaigns_body_id"), "renewal_campaigns", ["body_id"])
    op.create_table(
        "renewal_streets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("street_code", sa.String(length=9), nullable=False),
        sa.Column("first_area", sa.String(length=12), nullable=False),
        sa.Column("last_area", sa.String(length=12), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("state", _words("streetstate", STATES), nullable=False),
        _key("renewal_streets", "campaign_id", "renewal_campaigns"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal_streets")),
        sa.UniqueConstraint("campaign_id", "street_code", name=op.f("uq_renewal_streets_campaign_id_street_code")),
    )
    op.create_table(
        "renewal_figures",
        sa.Column("street_id", sa.Integer(), nullable=False),
        sa.Column("major", sa.String(length=2), nullable=False),
        sa.Column("standing", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        _key("renewal_figures", "street_id", "renewal_streets"),
        sa.PrimaryKeyConstraint("street_id", "major", name=op.f("pk_renewal_figures")),
    )


def _create_samples() -> None:
    op.create_table(
        "renewal_samples",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("street_id", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.Integer(), nullable=False),
        sa.Column("lot_count", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("level", _words("level", LEVELS), nullable=False),
        sa.Column("most_faulty_percent", sa.Double(), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("draw", sa.Text(), nullable=False),
        sa.Column("draw_digest", sa.String(length=120), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("faulty", sa.Integer(), nullable=True),
        sa.Column("is_accepted", sa.Boolean(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        _key("renewal_samples", "street_id", "renewal_streets"),
        _key("renewal_samples", "drawn_by", "persons"),
        _key("renewal_samples", "decided_by", "persons"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal_samples")),
    )
    op.create_index("ix_renewal_samples_street_id_id", "renewal_samples", ["street_id", "id"])
    judged = ("is_found", "is_class_right", "is_place_right", "is_state_right", "is_owner_right")
    op.create_table(
        "renewal_checks",
        sa.Column("id", _big(), nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("component_id", _big(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_by", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Boolean(), nullable=True) for name in judged),
        sa.Column("note", sa.String(length=500), nullable=False),
        _key("renewal_checks", "sample_id", "renewal_samples"),
        _key("renewal_checks", "component_id", "components"),
        _key("renewal_checks", "checked_by", "persons"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal_checks")),
        sa.UniqueConstraint("sample_id", "component_id", name=op.f("uq_renewal_checks_sample_id_component_id")),
    )
    op.create_index(op.f("ix_renewal_checks_component_id"), "renewal_checks", ["component_id"])
    is_open = sa.text("checked_at IS NULL")
    op.create_index(
        "ix_renewal_checks_open",
        "renewal_checks",
        ["sample_id", "id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _words(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))
