"""Which other case a step between two cases was about: its number in the timeline, where the reader sees it."""

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.viewer import Viewer
from cityops.cases import queries
from cityops.cases.models import Case
from cityops.cases.workflow import STEPS


def tell_others(session: Session, viewer: Viewer, case: Case) -> dict[int, str]:
    """The numbers of the other cases by the event's seq; no query where no step was about another case."""
    named = {event.seq: _others(json.loads(event.payload)) for event in case.events if STEPS[event.step].is_between}
    if not named:
        return {}
    wanted = {key for keys in named.values() for key in keys}
    seen = session.scalars(select(Case).where(Case.id.in_(wanted), queries.scope(viewer)))
    numbers = {each.id: each.number for each in seen}
    return {seq: ", ".join(numbers.get(key, "…") for key in keys) for seq, keys in named.items()}


def _others(payload: dict[str, Any]) -> list[int]:
    one = next((payload[name] for name in ("into", "out_of", "case") if name in payload), None)
    return payload.get("cases", []) if one is None else [one]
