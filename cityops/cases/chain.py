"""The history's chain: the canonical text of an event, and the check of a whole case's chain (pure)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cityops.cases.names import StepName
from cityops.cases.replay import Projection, begin, go_on
from cityops.crypto import Keys

GENESIS = "genesis"


@dataclass(frozen=True, slots=True)
class Link:
    """One event as its row has it, words of tables as plain text."""

    seq: int
    step: str
    result: str
    from_stage: str | None
    to_stage: str
    at: datetime
    person_id: int | None
    post: str | None
    body_id: int | None
    note: str | None
    payload: str
    previous_digest: str
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a case's row says of its own history; `row` holds the columns that its events tell (`replay.Projection`)."""

    case_id: int
    version: int
    digest: str
    row: Mapping[str, Any]


Tie = tuple[str, datetime, str | None]
"""A link with another case: its kind, when it was made, and the digest of the reason."""


def canonical(payload: Mapping[str, Any]) -> str:
    """The one text of a payload: sorted keys, no spaces, Unicode as it is.

    >>> canonical({"b": 1, "a": "井"})
    '{"a":"井","b":1}'
    """
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def link_digest(
    keys: Keys, case_id: int, seq: int, previous_digest: str, payload: str, key_name: str | None = None
) -> str:
    """The HMAC of one event over its case, its place in it, the digest before it and its text."""
    return keys.digest(f"{case_id}\n{seq}\n{previous_digest}\n{payload}", key_name)


def note_digest(keys: Keys, note: str | None) -> str | None:
    """A keyed digest of what a person typed: the payload proves the note without holding it."""
    return None if note is None else keys.lookup(f"note\n{note}")[:32]


def find_break(keys: Keys, head: Head, links: Iterable[Link], ties: Mapping[int, Tie]) -> str | None:
    """What is wrong with a case's history, or None where the case and every event stand as they were written.

    Args:
        head: what the case's row says.
        links: the events in the order of their seq.
        ties: the links that the case has, by the other case's key.
    """
    previous, seq = GENESIS, 0
    told: Projection | None = None
    tied: dict[int, Tie] = {}
    for link in links:
        seq += 1
        if link.seq != seq:
            return f"event {seq} is missing"
        if link.previous_digest != previous:
            return f"event {seq} does not follow event {seq - 1}"
        forged = _find_forgery(keys, head.case_id, link)
        if forged is not None:
            return forged
        previous, signed = link.digest, json.loads(link.payload)
        changed = _find_change(keys, link, signed)
        if changed is not None:
            return changed
        if told is None:
            told = begin(link.step, link.to_stage, link.at, signed)
        else:
            go_on(told, link.step, link.to_stage, link.at, signed)
        _tie(tied, link, signed)
    if seq != head.version or previous != head.digest:
        return f"the case stands at event {head.version}, its history ends at {seq}"
    if told is None:
        return "the case has no history"
    if head.row["stage"] != told.stage:
        return f"the case stands at {head.row['stage']}, its history at {told.stage}"
    false = [name for name, kept in head.row.items() if kept != getattr(told, name)]
    if false:
        return f"the case's {', '.join(false)} is not what its history says"
    return "the case's links are not what its history says" if tied != ties else None


def _tie(tied: dict[int, Tie], link: Link, signed: Mapping[str, Any]) -> None:
    """Let an event make a link with another case, or take it away."""
    if link.step == StepName.LINK:
        tied[signed["case"]] = ("related", link.at, signed["note"])
    elif link.step in {StepName.SPLIT, StepName.SPLIT_OFF}:
        tied[signed["case"]] = ("split", link.at, None)
    elif link.step == StepName.UNLINK:
        tied.pop(signed["case"], None)


def _find_forgery(keys: Keys, case_id: int, link: Link) -> str | None:
    """Whether an event's text is the one that was signed, in its place."""
    key_name = link.digest.partition(":")[0]
    if not keys.has(key_name):
        return f"event {link.seq} names the unknown key {key_name}"
    if link_digest(keys, case_id, link.seq, link.previous_digest, link.payload, key_name) != link.digest:
        return f"event {link.seq} was changed"
    return None


def _find_change(keys: Keys, link: Link, signed: Mapping[str, Any]) -> str | None:
    """Which column of one event, or whether its note, no longer says what was signed."""
    columns = {
        "step": (link.step, signed["step"]),
        "result": (link.result, signed["result"]),
        "from_stage": (link.from_stage, signed["from"]),
        "to_stage": (link.to_stage, signed["to"]),
        "at": (link.at, datetime.fromisoformat(signed["at"])),
        "person_id": (link.person_id, signed["by"]),
        "post": (link.post, signed["post"]),
        "body_id": (link.body_id, signed["for"]),
        "note": (note_digest(keys, link.note), signed["note"]),
    }
    changed = [name for name, (kept, said) in columns.items() if kept != said]
    return f"event {link.seq} was changed in {', '.join(changed)}" if changed else None
