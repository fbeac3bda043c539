"""What a row of the workflow's table is made of: a step, its ways, what it needs, and what bars or opens it (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cityops.accounts.posts import Post
from cityops.cases.names import ClockName, Stage, StepName
from cityops.words import N_


class Mark(StrEnum):
    """What can be true of a case beside its stage, and bars some steps or opens them."""

    SUSPENDED = "suspended"
    DISPUTED = "disputed"
    WAITING = "waiting"
    PASSED_ON = "passed_on"
    HANDED_DOWN = "handed_down"
    UNSIGNED = "unsigned"


ONLY_WHEN: Mapping[Mark, str] = {
    Mark.SUSPENDED: N_("The case is not suspended."),
    Mark.DISPUTED: N_("Nobody disputes whose it is."),
    Mark.PASSED_ON: N_("The case was not passed on."),
    Mark.HANDED_DOWN: N_("No centre above handed it to this desk."),
    Mark.UNSIGNED: N_("Nothing is to be signed for at this desk."),
}
NOT_WHEN: Mapping[Mark, str] = {
    Mark.SUSPENDED: N_("The case is suspended: resume it first."),
    Mark.DISPUTED: N_("Bodies dispute whose it is: the supervision side decides."),
    Mark.WAITING: N_("It is reported already, and waits for the co-handlers."),
    Mark.UNSIGNED: N_("The centre that has it has not signed for it yet."),
}


class Need(StrEnum):
    """What a step has to be given."""

    CONDITION = "condition"
    BODY = "body"
    CENTRE = "centre"
    REASON = "reason"
    NOTE = "note"
    RESULT = "result"


class ClockAct(StrEnum):
    """What a step does to a clock."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    START_OR_RESUME = "start_or_resume"
    EXTEND = "extend"
    GO_ON = "go_on"


@dataclass(frozen=True)
class Way:
    """One outcome of a step: where it leads, and what it does to the clocks.

    Attributes:
        to: the stage it leads to; None where the case stays where it is.
        clocks: acts on clocks, in order.
        stages: from where, where that is not from everywhere its step can be taken.
    """

    to: Stage | None
    clocks: tuple[tuple[ClockName, ClockAct], ...] = ()
    stages: tuple[Stage, ...] = ()


DONE, WAITING, LAST = "done", "waiting", "last"
PASSED, NEXT, OTHER = "passed", "next", "other"
"""Where another phase of handling follows, a step leads on to it: to the same body's `NEXT`, or an `OTHER` body's."""
_CHOSEN_BY_NOBODY = frozenset({DONE, WAITING, LAST, NEXT, OTHER})


@dataclass(frozen=True)
class Step:
    """One row of the workflow's table.

    Attributes:
        name: the step's word in the API.
        label: what its button says (msgid).
        done: how the timeline tells it (msgid).
        stages: where it can be taken; empty for the two that begin a case.
        posts: who may take it; nobody where it is only done for many cases at once (`recounting.py`, `succession.py`).
        ways: its outcomes by result; the one result of a plain step is `done`.
        needs: what it has to be given.
        not_after: steps whose doer may not take this one (who handles never judges).
        is_answered: whether the reporter is told of it.
        is_of_request: taken only by asking for something or deciding on it (`requests.py` says which and when).
        is_beside: taken for a co-handler's task (`co_handling.py`), not for the case alone.
        is_of_sample: taken only for a case that was drawn to be checked once more (复核).
        is_between: taken for two cases at once (`merging.py`, `linking.py`), each of which has its own event of it.
        only_when: the mark without which it cannot be taken.
        not_when: the marks that bar it.
        is_from_above: taken from a centre above the one whose desk has the case, not at that desk.
    """

    name: StepName
    label: str
    done: str
    stages: tuple[Stage, ...]
    posts: tuple[Post, ...]
    ways: Mapping[str, Way]
    needs: tuple[Need, ...] = ()
    not_after: tuple[StepName, ...] = ()
    is_answered: bool = False
    is_of_request: bool = False
    is_beside: bool = False
    is_of_sample: bool = False
    is_between: bool = False
    only_when: Mark | None = None
    not_when: tuple[Mark, ...] = ()
    is_from_above: bool = False

    @property
    def answers(self) -> tuple[str, ...]:
        """The results that who takes it chooses from; its other ways are the case's own."""
        return tuple(word for word in self.ways if word not in _CHOSEN_BY_NOBODY)

    @property
    def has_own_door(self) -> bool:
        """Whether it is not taken by its name alone: for a request, a co-handler's task, a drawn or another case."""
        return self.is_of_request or self.is_beside or self.is_of_sample or self.is_between
