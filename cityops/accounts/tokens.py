"""Bearer tokens for programs: shown once, kept as a hash, for a time, revoked at will."""

import secrets
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import administration, audit
from cityops.accounts.models import ApiToken, AuditAction
from cityops.accounts.signing_in import hash_secret
from cityops.accounts.viewer import Viewer
from cityops.db import rows_matched
from cityops.errors import Invalid, NotFound
from cityops.words import N_

PREFIX = "cityops_"
LASTS_DAYS = 365
MAX_DAYS = 3_650


def create_token(session: Session, viewer: Viewer | None, username: str, days: int = LASTS_DAYS) -> str:
    """Make a bearer token and answer it: the only time it is seen, because only its hash is kept.

    Raises:
        Invalid: the person is ended, or the days are not between 1 and ten years.
    """
    person = administration.get_person(session, viewer, username)
    if person.ended_on is not None and person.ended_on <= clock.today():
        raise Invalid("username", N_("The access of %(name)s has ended."), name=person.username)
    if not 1 <= days <= MAX_DAYS:
        raise Invalid("days", N_("A token lasts 1 to %(most)s days."), most=MAX_DAYS)
    token = PREFIX + secrets.token_urlsafe(32)
    moment = clock.now()
    session.add(
        ApiToken(
            person_id=person.id,
            token_hash=hash_secret(token),
            created_at=moment,
            expires_at=moment + timedelta(days=days),
        )
    )
    _record(session, viewer, AuditAction.TOKEN_CREATED, person.username)
    return token


def revoke_token(session: Session, viewer: Viewer | None, token_id: int) -> None:
    """Revoke one token by its row's key."""
    token = session.get(ApiToken, token_id)
    if token is None or token.revoked_at is not None:
        raise NotFound(N_("There is no such token any more."))
    person = administration.get_person(session, viewer, token.person.username)
    token.revoked_at = clock.now()
    _record(session, viewer, AuditAction.TOKEN_REVOKED, person.username)


def revoke_token_text(session: Session, token: str) -> None:
    """Revoke the token of this text; for the command line."""
    token_id = session.scalar(select(ApiToken.id).where(ApiToken.token_hash == hash_secret(token.strip())))
    revoke_token(session, None, token_id or 0)


def revoke_tokens_of(session: Session, viewer: Viewer | None, username: str) -> int:
    """Revoke all tokens of a person; answers how many there were."""
    person = administration.get_person(session, viewer, username)
    _record(session, viewer, AuditAction.TOKEN_REVOKED, person.username)
    return revoke_all(session, person.id)


def revoke_all(session: Session, person_id: int) -> int:
    """Revoke every token of a person; answers how many there were."""
    standing = (ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None))
    return rows_matched(session.execute(update(ApiToken).where(*standing).values(revoked_at=clock.now())))


def _record(session: Session, viewer: Viewer | None, action: AuditAction, username: str) -> None:
    audit.record(session, viewer.person_id if viewer else None, action, username)
