"""Changing components so that each change has its row: one by one, or the many of a census at once."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from cityops.clock import city_day, now
from cityops.grid.census.models import ChangeCause, ComponentChange, ComponentFact
from cityops.grid.models import Component

PARTIES = {
    ComponentFact.DEPARTMENT: ("department_name", "department_code"),
    ComponentFact.OWNER: ("owner_name", "owner_code"),
    ComponentFact.MAINTAINER: ("maintainer_name", "maintainer_code"),
}
WATCHED = ("state", "lon", "lat", "body_code", *(name for names in PARTIES.values() for name in names))
# A centimetre: what is nearer is the same place in another coordinate system's rounding.
SAME_DEGREES = 1e-7
CHANGED_AT_ONCE = 5_000

Difference = tuple[ComponentFact, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Why:
    """What caused a change, when, by whom, and the reason that was given."""

    cause: ChangeCause
    because: str = ""
    person_id: int | None = None
    case_id: int | None = None
    event_id: int | None = None
    at: datetime = field(default_factory=now)


@contextmanager
def changing(session: Session, component: Component, why: Why) -> Iterator[None]:
    """Write down what the block changes of a component that is locked."""
    before = _watched(component)
    yield
    rows = [row_of(component.id, each, why) for each in find_differences(before, _watched(component))]
    session.add_all(ComponentChange(**row) for row in rows)
    if rows:
        component.changed_on = city_day(why.at)


def change_many(session: Session, component_ids: Sequence[int], why: Why, **facts: Any) -> None:
    """Change many components at once to the same facts, and write down what differs."""
    for start in range(0, len(component_ids), CHANGED_AT_ONCE):
        ids = component_ids[start : start + CHANGED_AT_ONCE]
        columns = (Component.id, *(getattr(Component, name) for name in WATCHED))
        locked = select(*columns).where(Component.id.in_(ids)).order_by(Component.id).with_for_update()
        standing = [dict(row) for row in session.execute(locked).mappings()]
        differ = [(row["id"], found) for row in standing for found in find_differences(row, row | facts)]
        if differ:
            session.execute(insert(ComponentChange), [row_of(key, found, why) for key, found in differ])
        changed = update(Component).where(Component.id.in_(ids)).values(changed_on=city_day(why.at), **facts)
        session.execute(changed, execution_options={"synchronize_session": False})


def find_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """The facts that differ, each as it is written down."""
    if before["state"] != after["state"]:
        yield ComponentFact.STATE, before["state"].value, after["state"].value
    if any(abs(before[name] - after[name]) > SAME_DEGREES for name in ("lon", "lat")):
        yield ComponentFact.PLACE, _place(before), _place(after)
    for fact, names in PARTIES.items():
        if any(before[name] != after[name] for name in names):
            yield fact, _party(before, names), _party(after, names)
    if before["body_code"] != after["body_code"]:
        yield ComponentFact.BODY, before["body_code"], after["body_code"]


def row_of(component_id: int, difference: Difference, why: Why) -> dict[str, Any]:
    """The row of a change."""
    fact, before, after = difference
    return {
        "component_id": component_id,
        "fact": fact,
        "before": before,
        "after": after,
        "at": why.at,
        "cause": why.cause,
        "because": why.because[:500],
        "person_id": why.person_id,
        "case_id": why.case_id,
        "event_id": why.event_id,
    }


def _watched(component: Component) -> dict[str, Any]:
    return {name: getattr(component, name) for name in WATCHED}


def _place(facts: Mapping[str, Any]) -> str:
    return f"{facts['lon']:.7f}, {facts['lat']:.7f}"


def _party(facts: Mapping[str, Any], names: tuple[str, str]) -> str | None:
    return " ".join(facts[name] for name in names if facts[name]) or None
