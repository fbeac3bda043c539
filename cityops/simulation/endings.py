"""Where lives stand when the run ends: steps beyond it are not taken, and every stage has some open cases. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cityops.cases.names import FINAL_STAGES, OPEN_STAGES, Stage
from cityops.cases.workflow import STEPS, find_way
from cityops.simulation.lives import Life


def cut(life: Life, until: datetime) -> Life:
    """The life as far as it has come by `until`."""
    call_back = life.call_back if life.call_back and life.call_back.at < until else None
    return replace(life, acts=tuple(act for act in life.acts if act.at < until), call_back=call_back)


def stages(life: Life) -> list[Stage]:
    """The stage after each act."""
    found: list[Stage] = []
    for act in life.acts:
        way = find_way(STEPS[act.step], act.result, life.told.source)
        if way is None:
            raise ValueError(f"life {life.index}: {act.step} has no result {act.result}")
        found.append(way.to or found[-1])
    return found


def hold_back(lives: Sequence[Life], least: int) -> list[Life]:
    """Leave at least `least` lives (cut already) at every open stage, where so many came by it.

    The short stages would stand empty at most moments. The lives that came to one last are held there: nobody has taken
    the next step yet. Such a life has ended otherwise, or stands where there are more than enough.
    """
    kept = list(lives)
    ways = [stages(life) for life in kept]
    held: set[int] = set()
    for stage in OPEN_STAGES:
        missing = least - sum(way[-1] is stage for way in ways)
        for k in _last_through(stage, kept, ways, held, least)[: max(0, missing)]:
            count = len(ways[k]) - ways[k][::-1].index(stage)
            kept[k] = replace(kept[k], acts=kept[k].acts[:count], call_back=None)
            ways[k] = ways[k][:count]
            held.add(k)
    return kept


def _last_through(
    stage: Stage, lives: Sequence[Life], ways: Sequence[Sequence[Stage]], held: set[int], least: int
) -> list[int]:
    """Lives that came by a stage and may be held there, the latest first."""
    standing = {other: sum(way[-1] is other for way in ways) for other in OPEN_STAGES}
    found = []
    for k, way in enumerate(ways):
        may_go_back = way[-1] in FINAL_STAGES or standing[way[-1]] > 2 * least
        if k not in held and stage in way[:-1] and may_go_back:
            came = len(way) - 1 - way[::-1].index(stage)
            found.append((lives[k].acts[came].at, k))
    return [k for _, k in sorted(found, reverse=True)]
