"""Checkpoints: what the histories held at a moment, in one digest that can be kept elsewhere and compared later.

Each covers the events written since the one before and is chained to it, so that one pass over the events proves all of
them, and the last one's digest stands for the whole history before it.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases.chain import GENESIS
from cityops.cases.models import CaseEvent, Checkpoint
from cityops.crypto import Keys
from cityops.errors import Conflict, Invalid
from cityops.words import N_

SETTLED_AFTER = timedelta(minutes=10)
"""No transaction stays open so long: an event written this long ago is committed, or never will be."""

BATCH = 2_000


@dataclass(frozen=True)
class Facts:
    """A checkpoint as it is signed and printed; `digest` is the HMAC over the rest."""

    at: datetime
    until: datetime
    cases: int
    events: int
    events_digest: str
    previous: str
    digest: str = ""

    def signed_text(self) -> str:
        """What the digest is over."""
        moments = f"{self.at.isoformat()}\n{self.until.isoformat()}"
        return f"{self.previous}\n{moments}\n{self.cases}\n{self.events}\n{self.events_digest}"

    def as_json(self) -> str:
        """The checkpoint on one line, as `cityops audit checkpoint` prints it."""
        return json.dumps(asdict(self), default=datetime.isoformat)


@dataclass(frozen=True)
class BrokenCheckpoint:
    """A checkpoint that no longer fits, by its moment, and what is wrong."""

    at: str
    why: str


def facts_of(row: Checkpoint) -> Facts:
    """The signed facts of a checkpoint's row."""
    counts = row.case_count, row.event_count
    return Facts(row.at, row.until_at, *counts, row.events_digest, row.previous_digest, row.digest)


def list_checkpoints(session: Session) -> list[Facts]:
    """All checkpoints, oldest first."""
    return [facts_of(row) for row in session.scalars(select(Checkpoint).order_by(Checkpoint.id))]


def gather(session: Session, until: datetime | None = None) -> Facts:
    """What the next checkpoint has to say, not signed yet: reads the events written since the last one.

    Args:
        until: the moment before which every event is settled; by default ten minutes ago.
    """
    at, last = clock.machine_now(), _find_last(session)
    until = until or at - SETTLED_AFTER
    statement = select(CaseEvent.case_id, CaseEvent.seq, CaseEvent.digest).order_by(CaseEvent.case_id, CaseEvent.seq)
    if last is not None:
        until = max(until, last.until_at)
        statement = statement.where(CaseEvent.written_at >= last.until_at)
    statement = statement.where(CaseEvent.written_at < until).execution_options(yield_per=BATCH)
    tally = _Tally()
    for case_id, seq, digest in session.execute(statement):
        tally.add(case_id, seq, digest)
    cases, events, previous = (last.case_count, last.event_count, last.digest) if last else (0, 0, GENESIS)
    return Facts(at, until, cases + tally.cases, events + tally.events, tally.digest(), previous)


def add(session: Session, keys: Keys, gathered: Facts) -> Checkpoint:
    """Sign what was gathered and write it down.

    Raises:
        Conflict: another checkpoint was written since it was gathered.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Two that are written at once would both follow the same one, and look like a forgery.
        session.execute(text("LOCK TABLE checkpoints IN SHARE ROW EXCLUSIVE MODE"))
    last = _find_last(session)
    if (last.digest if last else GENESIS) != gathered.previous:
        raise Conflict(N_("Another checkpoint was made at the same moment: that one counts."))
    row = Checkpoint(
        at=gathered.at,
        on=clock.city_day(gathered.at),
        until_at=gathered.until,
        case_count=gathered.cases,
        event_count=gathered.events,
        events_digest=gathered.events_digest,
        previous_digest=gathered.previous,
        digest=keys.digest(gathered.signed_text()),
    )
    session.add(row)
    session.flush()
    return row


class Proof:
    """Holds the checkpoints against the events, each of which is shown to it once, by case and seq."""

    def __init__(self, checkpoints: Sequence[Facts]) -> None:
        self.checkpoints = checkpoints
        self._untils = [each.until for each in checkpoints]
        self._tallies = [_Tally() for _ in checkpoints]

    def see(self, case_id: int, seq: int, digest: str, written_at: datetime) -> None:
        """Count an event to the checkpoint that covers it; the newest events have none yet."""
        place = bisect_right(self._untils, written_at)
        if place < len(self._tallies):
            self._tallies[place].add(case_id, seq, digest)

    def find_broken(self, keys: Keys) -> list[BrokenCheckpoint]:
        """The checkpoints that do not follow each other, or whose events are no longer all there as they were."""
        broken, previous, cases, events = [], GENESIS, 0, 0
        for each, tally in zip(self.checkpoints, self._tallies, strict=True):
            why = "does not follow the checkpoint before it" if each.previous != previous else _find_forgery(keys, each)
            if why is None and (each.cases - cases, each.events - events) != (tally.cases, tally.events):
                why = f"covers {each.events - events} events since the one before, {tally.events} are there"
            if why is None and tally.digest() != each.events_digest:
                why = "the events it covers are not those that were there"
            if why is not None:
                broken.append(BrokenCheckpoint(each.at.isoformat(), why))
            previous, cases, events = each.digest, each.cases, each.events
        return broken

    def compare(self, keys: Keys, exported: Iterable[Facts]) -> list[BrokenCheckpoint]:
        """The exported checkpoints that are not this city's, or that the database no longer has."""
        broken, digests = [], {each.digest for each in self.checkpoints}
        for each in exported:
            why = _find_forgery(keys, each)
            if why is None and each.digest not in digests:
                why = "the database does not have it: its checkpoints were cut back or made anew"
            if why is not None:
                broken.append(BrokenCheckpoint(each.at.isoformat(), f"exported checkpoint: {why}"))
        return broken


def read_exported(lines: Iterable[str]) -> list[Facts]:
    """The checkpoints that `cityops audit checkpoint` printed, one a line.

    Raises:
        Invalid: a line that is none, or no line at all.
    """
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            moments = {name: datetime.fromisoformat(fields[name]) for name in ("at", "until")}
            found.append(Facts(**(fields | moments)))
        except (ValueError, TypeError, KeyError):
            raise Invalid("checkpoint", N_("Line %(n)s is no checkpoint as cityops printed it."), n=number) from None
    if not found:
        raise Invalid("checkpoint", N_("There is no checkpoint in this file."))
    return found


class _Tally:
    """Count of cases begun and of events, and SHA-256 over the events (case, seq, digest) as they come."""

    def __init__(self) -> None:
        self.cases = self.events = 0
        self._hash = hashlib.sha256()

    def add(self, case_id: int, seq: int, digest: str) -> None:
        self._hash.update(f"{case_id} {seq} {digest}\n".encode())
        self.events += 1
        self.cases += seq == 1

    def digest(self) -> str:
        return self._hash.hexdigest()


def _find_last(session: Session) -> Checkpoint | None:
    return session.scalars(select(Checkpoint).order_by(Checkpoint.id.desc()).limit(1)).one_or_none()


def _find_forgery(keys: Keys, facts: Facts) -> str | None:
    key_name = facts.digest.partition(":")[0]
    if key_name not in keys.by_name:
        return f"names the unknown key {key_name}"
    return None if keys.digest(facts.signed_text(), key_name) == facts.digest else "was changed"
