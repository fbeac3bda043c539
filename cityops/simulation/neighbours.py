"""A life that has to do with the one before it: told twice, named in the same call, or of one cause. Pure.

The first of two neighbours is lived as if it were alone; the second is written with an eye on the first's acts.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from cityops.cases.names import FINAL_STAGES, ClockName, Source, Stage, StepName
from cityops.simulation import wording
from cityops.simulation.endings import stages
from cityops.simulation.habits import TAKEN_APART, Bond
from cityops.simulation.lives import Act, CallBack, Life, Told
from cityops.simulation.plot import Plot

DOUBLES = frozenset({Bond.TOLD_TWICE, Bond.FOUND_OUT_LATER})
"""The same fault reported twice."""


def told_again(plot: Plot, first: Life) -> None:
    """The same once more, by another: seen at intake and merged; taken apart where it was another fault."""
    plot.do(StepName.REPORT)
    plot.wait(ClockName.ACCEPT, 0.15)
    plot.do(StepName.MERGE, note=plot.say(wording.SAME), other=first.index)
    if plot.chance(TAKEN_APART):
        plot.come_to(plot.at + timedelta(minutes=plot.draw.randint(10, 60)))
        plot.do(StepName.UNMERGE, result=Stage.REPORTED.value, note=plot.say(wording.ANOTHER), other=first.index)
        plot.take_in()


def found_out_later(plot: Plot, first: Life) -> None:
    """The same once more, which is seen only when it has been filed."""
    plot.report()
    filed = next((k for k, act in enumerate(plot.acts) if act.step is StepName.FILE), None)
    if filed is None:
        return
    plot.acts = plot.acts[: filed + 1]
    plot.at = plot.acts[-1].at
    plot.wait(ClockName.DISPATCH, 0.2)
    plot.do(StepName.MERGE_FILED, note=plot.say(wording.SAME), other=first.index)
    if plot.chance(TAKEN_APART):
        plot.come_to(plot.at + timedelta(minutes=plot.draw.randint(10, 60)))
        plot.do(StepName.UNMERGE_FILED, result=Stage.FILED.value, note=plot.say(wording.ANOTHER), other=first.index)
        plot.give_to_body()


def named_beside(plot: Plot, first: Life) -> None:
    """A caller named two faults: the second becomes a case of its own."""
    plot.do(StepName.REPORT, other=first.index)
    plot.take_in()


def of_one_cause(plot: Plot, first: Life) -> None:
    """A fault beside another one: somebody links the two soon after it was accepted."""
    plot.report()
    before, after = plot.acts[1], plot.acts[2] if len(plot.acts) > 2 else None
    if after is None:
        return
    at = before.at + (after.at - before.at) / 2
    note = plot.say(wording.ONE_CAUSE)
    plot.acts.insert(2, Act(at, StepName.LINK, plot.draw.random(), note=note, other=first.index))


WRITERS: Mapping[Bond, Callable[[Plot, Life], None]] = {
    Bond.TOLD_TWICE: told_again,
    Bond.FOUND_OUT_LATER: found_out_later,
    Bond.NAMED_BESIDE: named_beside,
    Bond.OF_ONE_CAUSE: of_one_cause,
}


def can_begin(bond: Bond, first: Life) -> bool:
    """Whether a life can have such a neighbour at all."""
    if bond is Bond.NONE or first.acts[0].step is not StepName.REPORT:
        return False
    return bond is not Bond.NAMED_BESIDE or first.told.source is Source.HOTLINE


def tell(bond: Bond, first: Told, own: Told) -> Told:
    """What the second says: the same fault in another's words, another fault of the same reporter, or its own."""
    if bond in DOUBLES:
        return replace(first, source=own.source, description=own.description, name=own.name, phone=own.phone)
    if bond is Bond.NAMED_BESIDE:
        return replace(own, name=first.name, phone=first.phone)
    return own


def holds(acts: list[Act], first: Life) -> bool:
    """Whether the first life stands where each act needs it: open, and filed before what is merged when filed."""
    filed_at = next((act.at for act in first.acts if act.step is StepName.FILE), None)
    for act in acts:
        if act.other is None or act.step is StepName.LINK:
            continue
        if _stage_at(first, act.at) in FINAL_STAGES:
            return False
        if act.step is StepName.MERGE_FILED and (filed_at is None or filed_at > _filed_at(acts)):
            return False
    return any(act.other is not None for act in acts)


def call_back(plot: Plot, first: Life) -> CallBack | None:
    """The call to who told of it: of a merged one when the first has ended."""
    last = plot.acts[-1]
    return plot.call_back(first.acts[-1] if last.step in {StepName.MERGE, StepName.MERGE_FILED} else last)


def _filed_at(acts: list[Act]) -> datetime:
    return next(act.at for act in acts if act.step is StepName.FILE)


def _stage_at(life: Life, at: datetime) -> Stage:
    taken = sum(act.at <= at for act in life.acts)
    return stages(life)[taken - 1]
