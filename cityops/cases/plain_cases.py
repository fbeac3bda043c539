"""Which cases are plain enough for a rule to take their next step, and what keeps the others for a person. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cityops.cases.names import Stage, StepName
from cityops.words import N_

DRAWS = 10_000
"""A draw is a number below this; a share of p percent takes those below p hundredths of it."""


class AutoStep(StrEnum):
    """The steps that a city may leave to its rules."""

    FILE = StepName.FILE.value
    DISPATCH = StepName.DISPATCH.value
    CLOSE = StepName.CLOSE.value


AUTO_STEP_AT: Mapping[Stage, AutoStep] = {
    Stage.ACCEPTED: AutoStep.FILE,
    Stage.FILED: AutoStep.DISPATCH,
    Stage.CLOSING: AutoStep.CLOSE,
}
"""The step a rule may take at a stage."""

AUTO_STEP_LABELS: Mapping[AutoStep, str] = {
    AutoStep.FILE: N_("file by itself"),
    AutoStep.DISPATCH: N_("dispatch by itself"),
    AutoStep.CLOSE: N_("close by itself"),
}


class Held(StrEnum):
    """Why a case is left to a person."""

    URGENT = "urgent"
    NO_CONDITION = "no_condition"
    NOT_CONFIRMED = "not_confirmed"
    INCOMPLETE = "incomplete"
    REVIEW_FAILED = "review_failed"
    NO_CLEAR_BODY = "no_clear_body"
    SENT_BACK = "sent_back"
    REWORKED = "reworked"
    CHECKED_BY_REPORTER = "checked_by_reporter"
    ASKED = "asked"
    SAMPLED = "sampled"
    REFUSED = "refused"


HELD_LABELS: Mapping[Held, str] = {
    Held.URGENT: N_("urgent"),
    Held.NO_CONDITION: N_("no filing condition in force"),
    Held.NOT_CONFIRMED: N_("not confirmed on the spot"),
    Held.INCOMPLETE: N_("place, address or photos missing"),
    Held.REVIEW_FAILED: N_("failed its review"),
    Held.NO_CLEAR_BODY: N_("no single rule says whose it is"),
    Held.SENT_BACK: N_("was sent back"),
    Held.REWORKED: N_("was reworked"),
    Held.CHECKED_BY_REPORTER: N_("checked by who reported it"),
    Held.ASKED: N_("something is asked for it"),
    Held.SAMPLED: N_("drawn for a person's look"),
    Held.REFUSED: N_("the step was refused"),
}


@dataclass(frozen=True)
class Facts:
    """What is known of a case when a rule would take its next step.

    Attributes:
        is_confirmed: verified on the spot, or from a source that needs no verifying.
        is_complete: located in a cell, with an address and the photos its condition asks for.
        has_clear_body: one body is proposed by the keeper of the component or by exactly one rule.
        draw: drawn for this case and rule, from 0 to `DRAWS`.
    """

    is_urgent: bool
    has_condition: bool
    is_confirmed: bool
    is_complete: bool
    has_failed_review: bool
    has_clear_body: bool
    send_backs: int
    reworks: int
    is_checked_by_reporter: bool
    open_requests: int
    draw: int


def find_held(step: AutoStep, facts: Facts, *, with_urgent: bool, sample_percent: int) -> Held | None:
    """What keeps a case for a person; None where the rule may take the step.

    The draw comes last: the sample is a share of what would have gone by itself.
    """
    if facts.is_urgent and not with_urgent:
        return Held.URGENT
    reason = next(_OBSTACLES[step](facts), None)
    if reason is None and facts.draw < sample_percent * DRAWS // 100:
        return Held.SAMPLED
    return reason


def _against_filing(facts: Facts) -> Iterator[Held]:
    if not facts.has_condition:
        yield Held.NO_CONDITION
    if not facts.is_confirmed:
        yield Held.NOT_CONFIRMED
    if not facts.is_complete:
        yield Held.INCOMPLETE
    if facts.has_failed_review:
        yield Held.REVIEW_FAILED


def _against_dispatching(facts: Facts) -> Iterator[Held]:
    if facts.send_backs:
        yield Held.SENT_BACK
    if not facts.has_clear_body:
        yield Held.NO_CLEAR_BODY


def _against_closing(facts: Facts) -> Iterator[Held]:
    if facts.send_backs:
        yield Held.SENT_BACK
    if facts.reworks:
        yield Held.REWORKED
    if facts.is_checked_by_reporter:
        yield Held.CHECKED_BY_REPORTER
    if facts.open_requests:
        yield Held.ASKED


_OBSTACLES = {
    AutoStep.FILE: _against_filing,
    AutoStep.DISPATCH: _against_dispatching,
    AutoStep.CLOSE: _against_closing,
}
