"""The history's chain: the canonical text of an event, and the check of a whole case's chain (pure)."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cityops.crypto import Keys

GENESIS = "genesis"


@dataclass(frozen=True)
class Link:
    """One event as the chain sees it."""

    seq: int
    payload: str
    previous_digest: str
    digest: str


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


def find_break(keys: Keys, case_id: int, links: Iterable[Link], head_digest: str, version: int) -> str | None:
    """What is wrong with a case's chain, or None where every event stands as it was written.

    Args:
        links: the events in the order of their seq.
        head_digest, version: what the case row says its last event is.
    """
    previous, seq = GENESIS, 0
    for link in links:
        seq += 1
        if link.seq != seq:
            return f"event {seq} is missing"
        if link.previous_digest != previous:
            return f"event {seq} does not follow event {seq - 1}"
        key_name = link.digest.partition(":")[0]
        if key_name not in keys.by_name:
            return f"event {seq} names the unknown key {key_name}"
        if link_digest(keys, case_id, seq, previous, link.payload, key_name) != link.digest:
            return f"event {seq} was changed"
        previous = link.digest
    if seq != version or previous != head_digest:
        return f"the case stands at event {version}, its history ends at {seq}"
    return None


def heads_digest(heads: Iterable[tuple[int, int, str]]) -> tuple[int, int, str]:
    """Count of cases, of events, and SHA-256 over all heads (case id, version, digest) in the order of their ids."""
    digest, cases, events = hashlib.sha256(), 0, 0
    for case_id, version, head in heads:
        digest.update(f"{case_id} {version} {head}\n".encode())
        cases += 1
        events += version
    return cases, events, digest.hexdigest()
