"""Where lives stand when the run ends: steps beyond it are not taken, and something waits for everybody. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from cityops.cases.names import FINAL_STAGES, OPEN_STAGES, Stage, StepName
from cityops.cases.requests import RequestKind
from cityops.cases.workflow import DISPUTED_AFTER, STEPS, find_way
from cityops.simulation.lives import Act, Life


class Beside(StrEnum):
    """What is true of a case beside its stage."""

    DISPUTED = "whose it is"
    SHARED = "another body's task"
    JOINED = "reports merged into it"
    LINKED = "another case linked with it"


Standing = Stage | RequestKind | Beside
STANDINGS: tuple[Standing, ...] = (*Beside, *RequestKind, *OPEN_STAGES)
"""All that somebody is to find at the end: disputes, tasks, neighbours, undecided requests, the open stages."""
_JOINS = {StepName.MERGE: Beside.JOINED, StepName.MERGE_FILED: Beside.JOINED, StepName.LINK: Beside.LINKED}
_TASK_ENDS = {StepName.CO_REPORT, StepName.EXCUSE}


def cut(life: Life, until: datetime) -> Life:
    """The life as far as it has come by `until`."""
    call_back = life.call_back if life.call_back and life.call_back.at < until else None
    return replace(life, acts=tuple(act for act in life.acts if act.at < until), call_back=call_back)


def stages(life: Life) -> list[Stage]:
    """The stage after each act."""
    found: list[Stage] = []
    for act in life.acts:
        way = find_way(STEPS[act.step], act.result, life.told.source, onward=act.result)
        if way is None:
            raise ValueError(f"life {life.index}: {act.step} has no result {act.result}")
        found.append(way.to or found[-1])
    return found


def standings(life: Life, last_joined: Act | None = None) -> list[frozenset[Standing]]:
    """Where the life stands after each act, and what is true of it there.

    Args:
        last_joined: the last act of another life that concerns this one: until then it goes on, and stands nowhere.
    """
    found: list[frozenset[Standing]] = []
    asked: RequestKind | None = None
    sent_back, is_shared = 0, False
    for act, stage in zip(life.acts, stages(life), strict=True):
        if STEPS[act.step].is_of_request:
            asked = act.asks
        sent_back = 0 if act.step is StepName.ARBITRATE else sent_back + (act.step is StepName.SEND_BACK)
        is_shared = act.step is StepName.ADD_CO_HANDLER or (is_shared and act.step not in _TASK_ENDS)
        beside = {Beside.DISPUTED} if sent_back >= DISPUTED_AFTER else {Beside.SHARED} if is_shared else set()
        found.append(frozenset({stage, *beside, *({asked} if asked is not None else ())}))
    if last_joined is None:
        return found
    joined, until = _JOINS.get(last_joined.step), sum(act.at <= last_joined.at for act in life.acts) - 1
    nowhere: list[frozenset[Standing]] = [frozenset()] * until
    return nowhere + [each | {joined} if joined and not each & FINAL_STAGES else each for each in found[until:]]


def hold_back(lives: Sequence[Life], least: int) -> list[Life]:
    """Leave at least `least` lives (cut already) at every standing, where so many came by it.

    The short ones would be empty at most moments. The lives that came to one last are held there: nobody has taken
    the next step yet. Such a life has ended otherwise, or stands where there are more than enough; it has gone on until
    the last act of another that concerns it, and concerns no other itself.
    """
    kept = list(lives)
    joining = {act.other: act for life in kept for act in life.acts}
    ways = [standings(life, joining.get(life.index)) for life in kept]
    held = {k for k, life in enumerate(kept) if any(act.other is not None for act in life.acts)}
    for wanted in STANDINGS:
        missing = least - sum(wanted in way[-1] for way in ways)
        for k in _last_through(wanted, kept, ways, held, least)[: max(0, missing)]:
            count = _came_last(wanted, ways[k]) + 1
            kept[k] = replace(kept[k], acts=kept[k].acts[:count], call_back=None)
            ways[k] = ways[k][:count]
            held.add(k)
    return kept


def _last_through(
    wanted: Standing,
    lives: Sequence[Life],
    ways: Sequence[Sequence[frozenset[Standing]]],
    held: set[int],
    least: int,
) -> list[int]:
    """Lives that came by a standing and may be held there, the latest first."""
    many = {each for each in STANDINGS if sum(each in way[-1] for way in ways) > 2 * least} | FINAL_STAGES
    found = []
    for k, way in enumerate(ways):
        if k not in held and way[-1] <= many and any(wanted in each for each in way[:-1]):
            found.append((lives[k].acts[_came_last(wanted, way)].at, k))
    return [k for _, k in sorted(found, reverse=True)]


def _came_last(wanted: Standing, way: Sequence[frozenset[Standing]]) -> int:
    """The place of the last act after which a life stood so."""
    return max(place for place, each in enumerate(way) if wanted in each)
