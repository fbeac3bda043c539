"""The draw of a task's inspector: the lot keyed, the whole of it written down, and proved again afterwards."""

import json
from dataclasses import dataclass
from typing import Any

from cityops.cases.chain import canonical
from cityops.crypto import Keys
from cityops.patrol.choosing import Draw, Flag, lot_text
from cityops.patrol.models import InspectorTask


@dataclass(frozen=True)
class Proof:
    """A task's draw worked out again.

    Attributes:
        lots: the lot of everybody between whom it was drawn, the lowest first.
        wrong: what does not hold, None where all does.
    """

    told: dict[str, Any]
    lots: list[tuple[int, str]]
    wrong: str | None


def lot_of(keys: Keys, task: InspectorTask, person_id: int, key_name: str | None = None) -> str:
    """A person's lot for a task: its key's name, the algorithm, the digest."""
    return keys.digest(lot_text(task.case_id, task.kind, task.case_version, task.turn, person_id), key_name)


def write_down(keys: Keys, task: InspectorTask, drawn: Draw, instead_of: int | None = None) -> None:
    """Put a draw on its task and sign it."""
    lot = lot_of(keys, task, drawn.chosen.person_id)
    told = {
        "key": lot.partition(":")[0],
        "lot": lot,
        "drawn": drawn.chosen.person_id,
        "between": {str(each.person_id): each.why.value for each in drawn.pool},
        "passed_over": {str(each.person_id): sorted(each.bars) for each in drawn.passed_over},
        "flags": sorted(drawn.flags),
        "turn": task.turn,
    }
    if instead_of is not None:
        told["instead_of"] = instead_of
    task.draw = canonical(told)
    task.draw_digest = keys.digest(_signed(task))


def left_by(task: InspectorTask) -> int | None:
    """Whose the task was before it was drawn anew; None where it was nobody's."""
    told: dict[str, Any] = json.loads(task.draw) if task.draw else {}
    return told.get("instead_of")


def flags_of(task: InspectorTask) -> frozenset[Flag]:
    """What the draw itself flagged."""
    return frozenset(Flag(word) for word in json.loads(task.draw)["flags"]) if task.draw else frozenset()


def prove(keys: Keys, task: InspectorTask) -> Proof | None:
    """Work a task's draw out again; None for a task that was given without one."""
    if task.draw is None or task.draw_digest is None:
        return None
    told = json.loads(task.draw)
    if not all(keys.has(name) for name in (told["key"], task.draw_digest.partition(":")[0])):
        return Proof(told, [], "its key is not there")
    if keys.digest(_signed(task), task.draw_digest.partition(":")[0]) != task.draw_digest:
        return Proof(told, [], "what was written down of it was changed")
    lots = sorted((lot_of(keys, task, int(person), told["key"]), int(person)) for person in told["between"])
    wrong = None if lots[0] == (told["lot"], task.person_id) else "the lot fell on another"
    return Proof(told, [(person, lot) for lot, person in lots], wrong)


def _signed(task: InspectorTask) -> str:
    return f"drawn\n{task.case_id}\n{task.kind}\n{task.case_version}\n{task.person_id}\n{task.draw}"
