"""A POST sent twice is done once: its key's row is inserted first, in the work's own transaction.

A second caller with the same key waits for that row (PostgreSQL: for the unique index; SQLite: for the one writer) and
then gets the stored answer. A refusal rolls the row back with everything else: it is not stored and may be tried again.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import IdempotencyKey
from cityops.accounts.viewer import Viewer
from cityops.db import rows_matched
from cityops.errors import Invalid
from cityops.words import N_

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=30)
MAX_KEY_LENGTH = 100

# Built once, and on the table itself: these two statements are part of every POST.
_TABLE = cast(Table, IdempotencyKey.__table__)
_TOLD: dict[str, Any] = {name: bindparam(name) for name in ("person_id", "key", "body_digest", "created_at")}
_INSERT = {
    "sqlite": sqlite.insert(_TABLE).values(_TOLD).on_conflict_do_nothing().returning(_TABLE.c.id),
    "postgresql": postgresql.insert(_TABLE).values(_TOLD).on_conflict_do_nothing().returning(_TABLE.c.id),
}
_STORE = update(_TABLE).where(_TABLE.c.id == bindparam("row_id"))
_STORE = _STORE.values(status=bindparam("status"), answer=bindparam("answer"))


@dataclass(frozen=True)
class Begun:
    """The row of a key: with a status, what was answered under it before."""

    id: int
    status: int | None = None
    answer: str | None = None


def begin(session: Session, viewer: Viewer, key: str, body_digest: str) -> Begun:
    """The row of this person's key, new or from before; where its `status` is set, the stored answer is the answer.

    Has to be the transaction's first statement that writes.

    Args:
        key: 1 to 100 printable ASCII characters chosen by the caller.
        body_digest: SHA-256 of what was asked, as `web.body_digest()` gives it.

    Raises:
        Invalid: not a key, or the key was used for something else.
    """
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise Invalid(HEADER, N_("An idempotency key is 1 to 100 printable characters."))
    # Waits here where another transaction has inserted the same key and not yet ended.
    told = {"person_id": viewer.person_id, "key": key, "body_digest": body_digest, "created_at": clock.now()}
    new_id = session.scalar(_INSERT[session.get_bind().dialect.name], told)
    if new_id is not None:
        return Begun(new_id)
    row = session.scalars(
        select(IdempotencyKey).where(IdempotencyKey.person_id == viewer.person_id, IdempotencyKey.key == key)
    ).one()
    if row.body_digest != body_digest:
        raise Invalid(HEADER, N_("This idempotency key was used for another request: make a new one."))
    return Begun(row.id, row.status, row.answer)


def store(session: Session, begun: Begun, status: int, answer: str) -> None:
    """Keep the answer, in the transaction of the work it tells of."""
    session.execute(_STORE, {"row_id": begun.id, "status": status, "answer": answer})


def forget_old(session: Session) -> int:
    """Delete the answers of 30 days ago and before; answers how many."""
    return rows_matched(
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < clock.now() - KEPT_FOR))
    )
