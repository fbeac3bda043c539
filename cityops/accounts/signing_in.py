"""Signing in and out: the lock after failures, the session's row, and an entry in the audit list for each of them."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, case, null, or_, select, update
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import audit, passwords
from cityops.accounts.models import AuditAction, Person, SignIn
from cityops.db import Database, rows_matched
from cityops.errors import NotAllowed
from cityops.words import N_

MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
UNKNOWN = "unknown"

# One sentence for an unknown name, a wrong password and a lock: it tells a guesser nothing.
REFUSED = N_(
    "This name and password do not fit, or the sign-in is locked. After %(failures)s failures it is locked for "
    "%(minutes)s minutes; then try again, or ask your administrator for a new password."
)


@dataclass(frozen=True)
class SignedIn:
    """A sign-in that was let through; `secret` goes into the session cookie and is not kept."""

    person_id: int
    secret: str
    language: str


def hash_secret(secret: str) -> str:
    """What the database keeps of a session's or a token's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def sign_in(
    database: Database, username: str, password: str, address: str | None = None, *, allow_demo: bool = True
) -> SignedIn:
    """Let a person in, or count the failure. Opens its own doors: the slow hash is checked between them.

    Args:
        allow_demo: False in production, where the demo's people may not sign in.

    Raises:
        NotAllowed: unknown, ended, locked, a demo person in production, or the wrong password; always the same words.
    """
    username = normal_username(username)
    with database.reading() as session:
        person = _find(session, username)
    is_right = passwords.is_right(person.password_hash if person else None, password)
    newer = passwords.hash_password(password) if person and is_right and person.is_dated else None
    with database.transaction() as session:
        if person is None or person.is_ended or (person.is_demo and not allow_demo):
            _record_refusal(session, person.id if person else None, username, address)
        elif not is_right:
            _count_failure(session, person.id, username, address)
        elif not _clear_failures(session, person.id, newer):
            _record_refusal(session, person.id, username, address)
        else:
            return _start(session, person, username, address)
    raise NotAllowed(REFUSED, failures=MAX_FAILURES, minutes=int(LOCKED_FOR.total_seconds()) // 60)


def sign_out(session: Session, secret: str, address: str | None = None) -> None:
    """End the session of this secret; a copy of its cookie is worth nothing afterwards."""
    person_id = session.scalar(
        update(SignIn)
        .where(SignIn.secret_hash == hash_secret(secret), SignIn.ended_at.is_(None))
        .values(ended_at=clock.now())
        .returning(SignIn.person_id)
    )
    if person_id is not None:
        audit.record(session, person_id, AuditAction.SIGN_OUT, address=address)


def end_sessions(session: Session, person_id: int) -> None:
    """End all sessions of a person: after a new password, and when the person is ended."""
    session.execute(
        update(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None)).values(ended_at=clock.now())
    )


def normal_username(username: str) -> str:
    """The form in which user names are kept and compared: small letters, nothing unprintable.

    >>> normal_username(" Lin.Xiaoman ")
    'lin.xiaoman'
    """
    return "".join(character for character in username if character.isprintable()).strip().lower()


@dataclass(frozen=True)
class _Known:
    """What the check needs of a person."""

    id: int
    password_hash: str
    language: str
    is_demo: bool
    ended_on: date | None

    @property
    def is_ended(self) -> bool:
        return self.ended_on is not None and self.ended_on <= clock.today()

    @property
    def is_dated(self) -> bool:
        return passwords.needs_rehash(self.password_hash)


def _find(session: Session, username: str) -> _Known | None:
    found = session.execute(
        select(Person.id, Person.password_hash, Person.language, Person.is_demo, Person.ended_on).where(
            Person.username == username
        )
    ).one_or_none()
    return _Known(*found) if found else None


def _is_open(moment: datetime) -> ColumnElement[bool]:
    return or_(Person.locked_until_at.is_(None), Person.locked_until_at <= moment)


def _count_failure(session: Session, person_id: int, username: str, address: str | None) -> None:
    # One UPDATE reads, counts and locks: of many guesses at once none is lost, and a lock is never extended.
    moment = clock.now()
    count = case((Person.locked_until_at.is_(None), Person.failed_sign_ins + 1), else_=1)
    lock = case((count >= MAX_FAILURES, moment + LOCKED_FOR), else_=null())
    locked_until_at = session.execute(
        update(Person)
        .where(Person.id == person_id, _is_open(moment))
        .values(failed_sign_ins=count, locked_until_at=lock)
        .returning(Person.locked_until_at)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    _record_refusal(session, person_id, username, address)
    if locked_until_at is not None:
        audit.record(session, person_id, AuditAction.SIGN_IN_LOCKED, username, address=address, is_success=False)


def _clear_failures(session: Session, person_id: int, newer_hash: str | None) -> bool:
    changed: dict[str, object] = {"failed_sign_ins": 0, "locked_until_at": None}
    if newer_hash is not None:
        changed["password_hash"] = newer_hash
    cleared = session.execute(update(Person).where(Person.id == person_id, _is_open(clock.now())).values(changed))
    return rows_matched(cleared) == 1


def _record_refusal(session: Session, person_id: int | None, username: str, address: str | None) -> None:
    # What nobody is called may be a password, typed into the wrong field.
    subject = UNKNOWN if person_id is None else username
    audit.record(session, person_id, AuditAction.SIGN_IN_REFUSED, subject, address=address, is_success=False)


def _start(session: Session, person: _Known, username: str, address: str | None) -> SignedIn:
    secret = secrets.token_urlsafe(32)
    session.add(SignIn(person_id=person.id, secret_hash=hash_secret(secret), address=address, started_at=clock.now()))
    audit.record(session, person.id, AuditAction.SIGN_IN, username, address=address)
    return SignedIn(person.id, secret, person.language)
