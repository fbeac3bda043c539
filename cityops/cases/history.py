"""A case's events: appended in the step's transaction, read as its timeline, proved by `audit verify`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from cityops import clock
from cityops.accounts.viewer import HeldPost
from cityops.cases.chain import GENESIS, Link, canonical, find_break, heads_digest, link_digest
from cityops.cases.models import Case, CaseEvent, Checkpoint
from cityops.cases.workflow import Stage, StepName
from cityops.crypto import Keys

__all__ = ["GENESIS", "Broken", "append", "find_broken", "get_last", "has_done", "list_events", "make_checkpoint"]

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
    held: HeldPost,
    person_id: int,
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
        person_id=person_id,
        post=held.post,
        body_id=held.body_id,
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


def find_broken(session: Session, keys: Keys, case_id: int | None = None) -> Iterator[Broken | int]:
    """Walk the chains of all cases (or one): yields each broken one, and after each batch the count walked so far."""
    walked, after = 0, (case_id or 1) - 1
    while True:
        heads = session.execute(
            select(Case.id, Case.head_digest, Case.version)
            .where(Case.id > after, Case.id == case_id if case_id else Case.id > after)
            .order_by(Case.id)
            .limit(BATCH)
        ).all()
        if not heads:
            return
        last = heads[-1].id
        rows = session.execute(
            select(CaseEvent.case_id, CaseEvent.seq, CaseEvent.payload, CaseEvent.previous_digest, CaseEvent.digest)
            .where(CaseEvent.case_id > after, CaseEvent.case_id <= last)
            .order_by(CaseEvent.case_id, CaseEvent.seq)
        )
        links = {key: [Link(*row[1:]) for row in group] for key, group in groupby(rows, key=lambda row: row[0])}
        for head in heads:
            why = find_break(keys, head.id, links.pop(head.id, []), head.head_digest, head.version)
            if why is not None:
                yield Broken(head.id, why)
        for orphan in links:
            yield Broken(orphan, "its events stand there, the case is gone")
        walked, after = walked + len(heads), last
        yield walked


def make_checkpoint(session: Session, keys: Keys) -> Checkpoint:
    """Chain the heads and counts of all cases into a checkpoint that can be exported."""
    heads = session.execute(
        select(Case.id, Case.version, Case.head_digest).order_by(Case.id).execution_options(yield_per=BATCH)
    )
    cases, events, digest = heads_digest((row[0], row[1], row[2]) for row in heads)
    previous = session.scalar(select(Checkpoint.digest).order_by(Checkpoint.id.desc()).limit(1)) or GENESIS
    moment = clock.now()
    row = Checkpoint(
        at=moment,
        on=clock.city_day(moment),
        case_count=cases,
        event_count=events,
        heads_digest=digest,
        digest=keys.digest(f"{previous}\n{moment.isoformat()}\n{cases}\n{events}\n{digest}"),
    )
    session.add(row)
    return row
