"""A case's events: appended in the step's transaction, read as its timeline, proved by `audit verify`."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import String, bindparam, select, type_coerce
from sqlalchemy.orm import Session, joinedload

from cityops import clock
from cityops.cases.actor import Actor
from cityops.cases.chain import GENESIS, Head, Link, Tie, canonical, find_break, link_digest, note_digest
from cityops.cases.link_models import CaseLink
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import Stage, StepName
from cityops.cases.replay import Projection
from cityops.crypto import Keys

__all__ = ["GENESIS", "Broken", "Walked", "append", "find_broken", "get_last", "has_done", "list_events"]

BATCH = 2_000

# Built once: putting a statement together takes longer than running it.
_TAKEN = (
    select(CaseEvent.id)
    .where(CaseEvent.case_id == bindparam("case_id"), CaseEvent.person_id == bindparam("person_id"))
    .where(CaseEvent.step.in_(bindparam("steps", expanding=True)))
    .limit(1)
)


def append(
    session: Session,
    keys: Keys,
    case: Case,
    *,
    step: StepName,
    result: str,
    to: Stage,
    at: datetime,
    actor: Actor,
    note: str | None,
    payload: Mapping[str, Any],
) -> CaseEvent:
    """Append the next event to a case's chain."""
    text = canonical(payload)
    seq = case.version + 1
    event = CaseEvent(
        case_id=case.id,
        seq=seq,
        step=step,
        result=result,
        from_stage=case.stage if case.version else None,
        to_stage=to,
        at=at,
        written_at=clock.machine_now(),
        person_id=actor.person_id,
        post=actor.post,
        body_id=actor.body_id,
        note=note,
        payload=text,
        previous_digest=case.head_digest,
        digest=link_digest(keys, case.id, seq, case.head_digest, text),
    )
    session.add(event)
    return event


def get_last(session: Session, case_id: int) -> CaseEvent:
    """The case's last event, with the person who took the step."""
    return session.scalars(
        select(CaseEvent)
        .where(CaseEvent.case_id == case_id)
        .order_by(CaseEvent.seq.desc())
        .limit(1)
        .options(joinedload(CaseEvent.person))
    ).one()


def list_events(session: Session, case_id: int) -> Sequence[CaseEvent]:
    """The case's timeline, oldest first, with persons and bodies."""
    return session.scalars(
        select(CaseEvent)
        .where(CaseEvent.case_id == case_id)
        .order_by(CaseEvent.seq)
        .options(joinedload(CaseEvent.person), joinedload(CaseEvent.body))
    ).all()


def has_done(session: Session, case_id: int, person_id: int, steps: Sequence[StepName]) -> bool:
    """Whether this person took one of these steps on the case."""
    return session.scalar(_TAKEN, {"case_id": case_id, "person_id": person_id, "steps": steps}) is not None


@dataclass(frozen=True)
class Broken:
    """A case whose history was changed, and what is wrong with it."""

    case_id: int
    why: str


@dataclass(frozen=True)
class Walked:
    """How far a walk over the histories has come."""

    cases: int
    events: int


Seen = Callable[[int, int, str, datetime], None]
"""Is told of every event: its case, seq, digest and the moment it was written."""

# Words of tables are read as plain text: a word that somebody put there by force must not stop the walk.
PROJECTED = tuple(each.name for each in fields(Projection))
_WORDS = frozenset({"stage", "source"})
_HEAD: tuple[Any, ...] = (
    *(Case.id, Case.version, Case.head_digest),
    *(type_coerce(getattr(Case, name), String) if name in _WORDS else getattr(Case, name) for name in PROJECTED),
)
_LINK: tuple[Any, ...] = (
    CaseEvent.seq,
    type_coerce(CaseEvent.step, String),
    CaseEvent.result,
    type_coerce(CaseEvent.from_stage, String),
    type_coerce(CaseEvent.to_stage, String),
    CaseEvent.at,
    CaseEvent.person_id,
    type_coerce(CaseEvent.post, String),
    CaseEvent.body_id,
    CaseEvent.note,
    CaseEvent.payload,
    CaseEvent.previous_digest,
    CaseEvent.digest,
)


def find_broken(
    session: Session, keys: Keys, case_id: int | None = None, seen: Seen | None = None
) -> Iterator[Broken | Walked]:
    """Walk the chains of all cases (or one): yields each broken one, and after each batch how far it has come.

    Only a session that sees one moment of a living city (`reading()`) finds its cases where their events are.
    """
    cases, events, after = 0, 0, 0
    while True:
        heads = _heads(session, after, case_id)
        last = max(heads) if len(heads) == BATCH else None
        cases += len(heads)
        ties = find_ties(session, keys, after=after, last=last, case_id=case_id)
        for key, links in _histories(session, after, last, case_id, seen):
            events += len(links)
            head = heads.pop(key, None)
            gone = "its events stand there, the case is gone"
            why = gone if head is None else find_break(keys, head, links, ties.get(key, {}))
            if why is not None:
                yield Broken(key, why)
        for head in heads.values():
            yield Broken(
                head.case_id, find_break(keys, head, (), ties.get(head.case_id, {})) or "the case has no history"
            )
        yield Walked(cases, events)
        if last is None:
            return
        after = last


def _heads(session: Session, after: int, case_id: int | None) -> dict[int, Head]:
    statement = select(*_HEAD).where(Case.id > after).order_by(Case.id).limit(BATCH)
    if case_id is not None:
        statement = statement.where(Case.id == case_id)
    rows = session.execute(statement).all()
    return {row[0]: Head(row[0], row[1], row[2], dict(zip(PROJECTED, row[3:], strict=True))) for row in rows}


def find_ties(
    session: Session, keys: Keys, *, after: int = 0, last: int | None = None, case_id: int | None = None
) -> Mapping[int, Mapping[int, Tie]]:
    """The links of one case, or of those after `after` until `last` (None: to the end), by both cases' keys."""
    found: dict[int, dict[int, Tie]] = defaultdict(dict)
    for own, other in ((CaseLink.case_id, CaseLink.other_id), (CaseLink.other_id, CaseLink.case_id)):
        rows = select(own, other, type_coerce(CaseLink.kind, String), CaseLink.made_at, CaseLink.reason)
        rows = rows.where(own > after)
        if last is not None:
            rows = rows.where(own <= last)
        if case_id is not None:
            rows = rows.where(own == case_id)
        for key, beside, kind, made_at, reason in session.execute(rows):
            found[key][beside] = (kind, made_at, note_digest(keys, reason))
    return found


def _histories(
    session: Session, after: int, last: int | None, case_id: int | None, seen: Seen | None
) -> Iterator[tuple[int, list[Link]]]:
    """The histories of the cases after `after` until `last` (None: to the very end, past the last case's row)."""
    statement = select(CaseEvent.case_id, CaseEvent.written_at, *_LINK).where(CaseEvent.case_id > after)
    if last is not None:
        statement = statement.where(CaseEvent.case_id <= last)
    if case_id is not None:
        statement = statement.where(CaseEvent.case_id == case_id)
    statement = statement.order_by(CaseEvent.case_id, CaseEvent.seq).execution_options(yield_per=BATCH)
    for key, rows in groupby(session.execute(statement), key=itemgetter(0)):
        links = []
        for row in rows:
            link = Link(*row[2:])
            if seen is not None:
                seen(key, link.seq, link.digest, row[1])
            links.append(link)
        yield key, links
