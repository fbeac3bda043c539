"""Who: bodies as a tree, persons with posts, jurisdictions as dated ranges of community codes, tokens, audit."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops.accounts.posts import Post
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.words import N_


class BodyKind(StrEnum):
    """What a body is; any of them but the centres can be the responsible body (责任主体) of a case."""

    CITY = "city"
    DISTRICT = "district"
    SUPERVISION_CENTRE = "supervision_centre"
    COMMAND_CENTRE = "command_centre"
    DEPARTMENT = "department"
    STREET_OFFICE = "street_office"
    COMPANY = "company"


BODY_KIND_LABELS = {
    BodyKind.CITY: N_("city"),
    BodyKind.DISTRICT: N_("district"),
    BodyKind.SUPERVISION_CENTRE: N_("supervision centre"),
    BodyKind.COMMAND_CENTRE: N_("command centre"),
    BodyKind.DEPARTMENT: N_("department"),
    BodyKind.STREET_OFFICE: N_("street office"),
    BodyKind.COMPANY: N_("company"),
}

RESPONSIBLE_KINDS = (BodyKind.DEPARTMENT, BodyKind.STREET_OFFICE, BodyKind.COMPANY)


class Body(Base):
    """A centre, department, street office or company, in a tree of any depth.

    `path` holds the ids from the root down to this body, each followed by a slash (`1/4/9/`): a prefix is a subtree.
    `ended_on` is the first day without it; `successor_id` the body that has its work from then on. `credit_code` is its
    unified social credit code, by which a census names it.
    """

    __tablename__ = "bodies"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    credit_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    kind: Mapped[BodyKind] = mapped_column(words_enum(BodyKind))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    path: Mapped[str] = mapped_column(String(200), index=True)
    ended_on: Mapped[date | None]
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"), index=True)


class Jurisdiction(Base):
    """The area a body answers for, apart from the statutory codes: a set of dated ranges of community codes."""

    __tablename__ = "jurisdictions"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    is_city_wide: Mapped[bool] = mapped_column(default=False)
    ranges: Mapped[list["JurisdictionRange"]] = relationship(back_populates="jurisdiction")


class JurisdictionRange(Base):
    """Community codes from `code_from` to `code_until`, both included, from a day until another (both included)."""

    __tablename__ = "jurisdiction_ranges"
    __table_args__ = (CheckConstraint("code_from <= code_until", name="order"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[int] = mapped_column(ForeignKey("jurisdictions.id"), index=True)
    code_from: Mapped[str] = mapped_column(String(12))
    code_until: Mapped[str] = mapped_column(String(12))
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    jurisdiction: Mapped[Jurisdiction] = relationship(back_populates="ranges")


class JurisdictionCentres(Base):
    """Which centre supervises a jurisdiction and which commands it, from a day until another (both included)."""

    __tablename__ = "jurisdiction_centres"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "from_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[int] = mapped_column(ForeignKey("jurisdictions.id"))
    supervision_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    command_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    supervision: Mapped[Body] = relationship(foreign_keys=[supervision_id])
    command: Mapped[Body] = relationship(foreign_keys=[command_id])


class Person(Base):
    """Somebody who signs in. The work name is shown to colleagues; the phone is sealed."""

    __tablename__ = "persons"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(200))
    is_demo: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(8), default="zh_CN")
    phone_sealed: Mapped[str | None] = mapped_column(String(200))
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_on: Mapped[date | None]
    posts: Mapped[list["PersonPost"]] = relationship(back_populates="person")


class PersonPost(Base):
    """A post a person holds at a body, over a jurisdiction, from a day until another (both included)."""

    __tablename__ = "person_posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    post: Mapped[Post] = mapped_column(words_enum(Post))
    body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    jurisdiction_id: Mapped[int] = mapped_column(ForeignKey("jurisdictions.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    person: Mapped[Person] = relationship(back_populates="posts")
    body: Mapped[Body] = relationship()
    jurisdiction: Mapped[Jurisdiction] = relationship()


class SignIn(Base):
    """A session of the pages: the cookie carries its secret, the row only the secret's hash, and `ended_at` ends it."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApiToken(Base):
    """A bearer token; only its hash is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    person: Mapped[Person] = relationship()


class AuditAction(StrEnum):
    """What the audit list records."""

    SIGN_IN = "sign_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_LOCKED = "sign_in_locked"
    SIGN_OUT = "sign_out"
    PASSWORD_SET = "password_set"
    PERSON_ADDED = "person_added"
    PERSON_ENDED = "person_ended"
    POST_GIVEN = "post_given"
    POST_ENDED = "post_ended"
    BODY_ADDED = "body_added"
    JURISDICTION_ADDED = "jurisdiction_added"
    TOKEN_CREATED = "token_created"
    TOKEN_REVOKED = "token_revoked"
    PERSONAL_DATA_SHOWN = "personal_data_shown"
    RULE_ADDED = "rule_added"
    RULE_ENDED = "rule_ended"
    CALENDAR_ADDED = "calendar_added"
    CALENDAR_TERMS_SET = "calendar_terms_set"
    CALENDAR_HOURS_SET = "calendar_hours_set"
    CALENDAR_DAY_ADDED = "calendar_day_added"
    CALENDAR_DAY_REMOVED = "calendar_day_removed"
    HOLIDAYS_ANNOUNCED = "holidays_announced"
    DUE_TIMES_RECOUNTED = "due_times_recounted"
    AUTOMATION_ON = "automation_on"
    AUTOMATION_OFF = "automation_off"
    CATALOGUE_PUBLISHED = "catalogue_published"
    CATALOGUE_DROPPED = "catalogue_dropped"
    CHECK_RULES_SET = "check_rules_set"
    REQUEST_TERMS_SET = "request_terms_set"
    STANDARD_ADDED = "standard_added"
    STANDARD_PARENT_SET = "standard_parent_set"
    WARNING_RULE_SET = "warning_rule_set"
    WARNING_RULE_ENDED = "warning_rule_ended"
    QUIET_HOURS_SET = "quiet_hours_set"
    DUTY_CONTACT_ADDED = "duty_contact_added"
    DUTY_CONTACT_REMOVED = "duty_contact_removed"
    CENTRES_SET = "centres_set"
    BODY_ENDED = "body_ended"
    GRID_LOADED = "grid_loaded"
    GRID_PLANNED = "grid_planned"
    GRID_WITHDRAWN = "grid_withdrawn"
    COVER_LAYER_SET = "cover_layer_set"
    COVER_TARGET_SET = "cover_target_set"
    GRID_TIER_SET = "grid_tier_set"
    DUTY_GRIDS_PLANNED = "duty_grids_planned"
    DUTY_GRIDS_WITHDRAWN = "duty_grids_withdrawn"
    PATROL_SHIFT_GIVEN = "patrol_shift_given"
    PATROL_SHIFT_ENDED = "patrol_shift_ended"
    PATROL_RHYTHM_SET = "patrol_rhythm_set"
    INSPECTOR_AWAY = "inspector_away"
    INSPECTOR_BACK = "inspector_back"
    BODY_CREDIT_CODE_SET = "body_credit_code_set"
    ADDRESSES_LOADED = "addresses_loaded"


AUDIT_LABELS = {
    AuditAction.SIGN_IN: N_("signed in"),
    AuditAction.SIGN_IN_REFUSED: N_("was refused the sign-in"),
    AuditAction.SIGN_IN_LOCKED: N_("was locked out after failures"),
    AuditAction.SIGN_OUT: N_("signed out"),
    AuditAction.PASSWORD_SET: N_("set a password"),
    AuditAction.PERSON_ADDED: N_("added a person"),
    AuditAction.PERSON_ENDED: N_("ended a person's access"),
    AuditAction.POST_GIVEN: N_("gave a post"),
    AuditAction.POST_ENDED: N_("ended a post"),
    AuditAction.BODY_ADDED: N_("added a body"),
    AuditAction.JURISDICTION_ADDED: N_("added a jurisdiction"),
    AuditAction.TOKEN_CREATED: N_("made a token"),
    AuditAction.TOKEN_REVOKED: N_("revoked a token"),
    AuditAction.PERSONAL_DATA_SHOWN: N_("looked at personal data"),
    AuditAction.RULE_ADDED: N_("added a responsibility rule"),
    AuditAction.RULE_ENDED: N_("ended a responsibility rule"),
    AuditAction.CALENDAR_ADDED: N_("added a working calendar"),
    AuditAction.CALENDAR_TERMS_SET: N_("set how a calendar counts"),
    AuditAction.CALENDAR_HOURS_SET: N_("set a calendar's weekly hours"),
    AuditAction.CALENDAR_DAY_ADDED: N_("entered a day of a calendar"),
    AuditAction.CALENDAR_DAY_REMOVED: N_("took a day out of a calendar"),
    AuditAction.HOLIDAYS_ANNOUNCED: N_("entered a year's holidays"),
    AuditAction.DUE_TIMES_RECOUNTED: N_("had due times counted anew"),
    AuditAction.AUTOMATION_ON: N_("let a step go by itself"),
    AuditAction.AUTOMATION_OFF: N_("left a step to persons again"),
    AuditAction.CATALOGUE_PUBLISHED: N_("published an edition of the catalogue"),
    AuditAction.CATALOGUE_DROPPED: N_("dropped a draft of the catalogue"),
    AuditAction.CHECK_RULES_SET: N_("set who checks"),
    AuditAction.REQUEST_TERMS_SET: N_("set the numbers of a kind of request"),
    AuditAction.STANDARD_ADDED: N_("added a standard"),
    AuditAction.STANDARD_PARENT_SET: N_("set what a standard stands under"),
    AuditAction.WARNING_RULE_SET: N_("set a rule of warning"),
    AuditAction.WARNING_RULE_ENDED: N_("ended a rule of warning"),
    AuditAction.QUIET_HOURS_SET: N_("set the quiet hours"),
    AuditAction.DUTY_CONTACT_ADDED: N_("put somebody on a duty list"),
    AuditAction.DUTY_CONTACT_REMOVED: N_("took somebody off a duty list"),
    AuditAction.CENTRES_SET: N_("set which centres are in charge"),
    AuditAction.BODY_CREDIT_CODE_SET: N_("set a body's credit code"),
    AuditAction.BODY_ENDED: N_("closed a body"),
    AuditAction.GRID_LOADED: N_("loaded the grid"),
    AuditAction.GRID_PLANNED: N_("planned a version of the grid"),
    AuditAction.GRID_WITHDRAWN: N_("withdrew a version of the grid"),
    AuditAction.ADDRESSES_LOADED: N_("took in addresses"),
    AuditAction.COVER_LAYER_SET: N_("set the land that cells should cover"),
    AuditAction.COVER_TARGET_SET: N_("set a target of coverage"),
    AuditAction.GRID_TIER_SET: N_("set how large the cells of a tier may be"),
    AuditAction.DUTY_GRIDS_PLANNED: N_("drew duty grids"),
    AuditAction.DUTY_GRIDS_WITHDRAWN: N_("withdrew a change of duty grids"),
    AuditAction.PATROL_SHIFT_GIVEN: N_("gave a duty grid to an inspector"),
    AuditAction.PATROL_SHIFT_ENDED: N_("ended an inspector's hours in a duty grid"),
    AuditAction.PATROL_RHYTHM_SET: N_("set how often cells are to be visited"),
    AuditAction.INSPECTOR_AWAY: N_("wrote down that an inspector is away"),
    AuditAction.INSPECTOR_BACK: N_("wrote down that an inspector is back"),
}


class AuditEntry(Base):
    """Who did or looked at what, beside the cases' own history: sign-ins, looks at personal data, tokens, people."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_person_id_at", "person_id", "at"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    action: Mapped[AuditAction] = mapped_column(words_enum(AuditAction))
    subject: Mapped[str] = mapped_column(String(100))
    address: Mapped[str | None] = mapped_column(String(64))
    is_success: Mapped[bool] = mapped_column(default=True)
    person: Mapped[Person | None] = relationship()


class IdempotencyKey(Base):
    """A POST already answered: the same key gives the stored answer for 30 days."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("person_id", "key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    key: Mapped[str] = mapped_column(String(100))
    body_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
