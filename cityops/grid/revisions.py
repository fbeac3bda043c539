"""Counting changes: each process prepares anew what it keeps in memory of a row whose mark has changed."""

import secrets
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.clock import now
from cityops.grid.addresses.models import GazetteerRevision
from cityops.grid.models import GridRevision

Counter = TypeVar("Counter", GridRevision, GazetteerRevision)


def lock(session: Session, kind: type[Counter]) -> None:
    """Let nobody else change the grid, or the gazetteer, until this transaction ends."""
    session.execute(select(kind.number).where(kind.id == 1).with_for_update())


def bump(session: Session, kind: type[Counter]) -> int:
    """Count a change of the grid or of the gazetteer; gives the new number."""
    session.flush()
    row = session.get(kind, 1)
    if row is None:
        row = kind(id=1, number=0, mark="", changed_at=now())
        session.add(row)
    row.number += 1
    row.mark = secrets.token_hex(16)
    row.changed_at = now()
    session.flush()
    return row.number
