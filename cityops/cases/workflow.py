"""How a case moves: the table `STEPS` says from where to where, by whom, with which fields, and what the clocks do.

Nothing else in the program repeats it; pages and API ask this table, and so does the drawing of it. Pure: no
database, no request. How stages and steps are called stands in `names`.
"""

from collections.abc import Collection, Mapping

from cityops.accounts.posts import Post
from cityops.cases.names import OPEN_STAGES, ClockName, Source, Stage, StepName
from cityops.cases.steps import (
    DONE,
    LAST,
    NEXT,
    NOT_WHEN,
    ONLY_WHEN,
    OTHER,
    PASSED,
    WAITING,
    ClockAct,
    Mark,
    Need,
    Step,
    Way,
)
from cityops.words import N_

_DESK = frozenset(Source) - {Source.INSPECTOR}
SOURCES_OF: Mapping[Post, frozenset[Source]] = {
    Post.OPERATOR: _DESK,
    Post.DUTY_LEADER: _DESK,
    Post.LEADER: frozenset({Source.LEADER}),
    Post.INSPECTOR: frozenset({Source.INSPECTOR}),
}
"""What each post may say a report came from: the source decides whether it is verified."""

VERIFIED_SOURCES = frozenset({Source.HOTLINE, Source.PUBLIC, Source.VIDEO, Source.SENSOR})
"""The public and machines: their reports are verified by an inspector before filing."""

START, STOP, PAUSE, RESUME = ClockAct.START, ClockAct.STOP, ClockAct.PAUSE, ClockAct.RESUME
_HANDLED = (StepName.SIGN_FOR, StepName.REPORT_BACK, StepName.SELF_HANDLE)
_JUDGED = (StepName.REPORT, StepName.VERIFY, StepName.CHECK, StepName.CLOSE, StepName.REVIEW)
# A suspension is counted to its end before the clock stops for good.
_ALL_STOP = ((ClockName.HANDLE, RESUME), *((name, STOP) for name in ClockName))
_WITH_BODY = (Stage.DISPATCHED, Stage.HANDLING)
_FILED_ON = (Stage.FILED, *_WITH_BODY, Stage.CHECKING, Stage.CLOSING)
_ASKED_AT = (Stage.ACCEPTED, *_FILED_ON, Stage.CLOSED, Stage.FORCE_CLOSED)
_UNFILED = (Stage.REPORTED, Stage.VERIFYING, Stage.ACCEPTED)
_NOT_HANDLED = (Stage.FILED, *_WITH_BODY)
_MERGED = Way(Stage.MERGED, tuple((name, STOP) for name in ClockName))
_TO_BODY = Way(
    Stage.DISPATCHED,
    ((ClockName.DISPATCH, STOP), (ClockName.SIGN, START), (ClockName.HANDLE, ClockAct.START_OR_RESUME)),
)
_NEXT_PHASE = ((ClockName.HANDLE, STOP), (ClockName.HANDLE, START))
_ON_TO_OTHER = ((ClockName.HANDLE, STOP), (ClockName.DISPATCH, START))
# Only a lead that has reported waits for the others.
_ON_TO_CHECK = Way(Stage.CHECKING, ((ClockName.CHECK, START),), (Stage.HANDLING,))
# Each desk has a clock of its own: what the one before has used of the time is not the next one's.
_TO_DESK = ((ClockName.SIGN, STOP), (ClockName.DISPATCH, STOP), (ClockName.DISPATCH, START))
_TAKES_IN, _COMMANDS = (Post.OPERATOR, Post.DUTY_LEADER), (Post.DUTY_LEADER, Post.DISPATCHER)
_JOINS = (Post.OPERATOR, Post.DUTY_LEADER, Post.DISPATCHER)
_LINKS = (*_JOINS, Post.SUPERVISOR)
SUPERVISION = (Post.SUPERVISOR, Post.DUTY_LEADER)
"""The side that judges: it decides what would let a body off a limit. At night the duty leader is all of it."""

STEPS: Mapping[StepName, Step] = {
    step.name: step
    for step in (
        Step(
            StepName.REPORT,
            N_("Report"),
            N_("reported it"),
            (),
            (Post.OPERATOR, Post.INSPECTOR, Post.DUTY_LEADER, Post.LEADER),
            {DONE: Way(Stage.REPORTED, ((ClockName.ACCEPT, START),))},
        ),
        Step(
            StepName.SELF_HANDLE,
            N_("Self-handled"),
            N_("handled it on the spot"),
            (),
            (Post.INSPECTOR,),
            {DONE: Way(Stage.REVIEWING, ((ClockName.CLOSE, START),))},
            needs=(Need.CONDITION,),
        ),
        Step(
            StepName.ACCEPT,
            N_("Accept"),
            N_("accepted it"),
            (Stage.REPORTED,),
            (Post.OPERATOR, Post.DUTY_LEADER),
            {
                "verify": Way(Stage.VERIFYING, ((ClockName.ACCEPT, STOP), (ClockName.VERIFY, START))),
                "plain": Way(Stage.ACCEPTED, ((ClockName.ACCEPT, STOP), (ClockName.FILE, START))),
            },
        ),
        Step(
            StepName.DECLINE,
            N_("Decline"),
            N_("declined it"),
            (Stage.REPORTED,),
            (Post.OPERATOR, Post.DUTY_LEADER),
            {DONE: Way(Stage.DECLINED, ((ClockName.ACCEPT, STOP),))},
            needs=(Need.REASON,),
            is_answered=True,
        ),
        Step(
            StepName.VERIFY,
            N_("Verify"),
            N_("verified it on the spot"),
            (Stage.VERIFYING,),
            (Post.INSPECTOR,),
            {
                "confirmed": Way(Stage.ACCEPTED, ((ClockName.VERIFY, STOP), (ClockName.FILE, START))),
                "not_found": Way(Stage.ACCEPTED, ((ClockName.VERIFY, STOP), (ClockName.FILE, START))),
            },
            needs=(Need.RESULT,),
        ),
        Step(
            StepName.FILE,
            N_("File"),
            N_("filed it"),
            (Stage.ACCEPTED,),
            (Post.DUTY_LEADER,),
            {DONE: Way(Stage.FILED, ((ClockName.FILE, STOP), (ClockName.DISPATCH, START)))},
            needs=(Need.CONDITION,),
        ),
        Step(
            StepName.REFUSE,
            N_("Refuse filing"),
            N_("refused to file it"),
            (Stage.ACCEPTED,),
            (Post.DUTY_LEADER,),
            {DONE: Way(Stage.REFUSED, ((ClockName.FILE, STOP),))},
            needs=(Need.REASON,),
            is_answered=True,
        ),
        Step(
            StepName.DISPATCH,
            N_("Dispatch"),
            N_("dispatched it"),
            (Stage.FILED,),
            (Post.DISPATCHER,),
            {DONE: _TO_BODY},
            needs=(Need.BODY,),
            not_when=(Mark.DISPUTED, Mark.UNSIGNED),
        ),
        Step(
            StepName.SIGN_FOR,
            N_("Sign for"),
            N_("signed for it"),
            (Stage.DISPATCHED,),
            (Post.HANDLER,),
            {DONE: Way(Stage.HANDLING, ((ClockName.SIGN, STOP),))},
        ),
        Step(
            StepName.SEND_BACK,
            N_("Take it back"),
            N_("took it back from the body"),
            _WITH_BODY,
            (Post.DISPATCHER,),
            {DONE: Way(Stage.FILED, ((ClockName.SIGN, STOP), (ClockName.HANDLE, PAUSE), (ClockName.DISPATCH, START)))},
            is_of_request=True,
        ),
        Step(
            StepName.REPORT_BACK,
            N_("Report back"),
            N_("reported it handled"),
            (Stage.DISPATCHED, Stage.HANDLING),
            (Post.HANDLER,),
            {
                DONE: Way(
                    Stage.CHECKING,
                    (
                        (ClockName.SIGN, STOP),
                        # A suspension ends where it is reported back: what it was paused for is counted first.
                        (ClockName.HANDLE, RESUME),
                        (ClockName.HANDLE, PAUSE),
                        (ClockName.CHECK, START),
                    ),
                ),
                WAITING: Way(
                    Stage.HANDLING, ((ClockName.SIGN, STOP), (ClockName.HANDLE, RESUME), (ClockName.HANDLE, PAUSE))
                ),
                NEXT: Way(Stage.HANDLING, ((ClockName.SIGN, STOP), (ClockName.HANDLE, RESUME), *_NEXT_PHASE)),
                OTHER: Way(Stage.FILED, ((ClockName.SIGN, STOP), (ClockName.HANDLE, RESUME), *_ON_TO_OTHER)),
            },
            needs=(Need.NOTE,),
            not_when=(Mark.WAITING,),
        ),
        Step(
            StepName.CHECK,
            N_("Check"),
            N_("checked it on the spot"),
            (Stage.CHECKING,),
            (Post.INSPECTOR,),
            {
                PASSED: Way(
                    Stage.CLOSING, ((ClockName.CHECK, STOP), (ClockName.HANDLE, STOP), (ClockName.CLOSE, START))
                ),
                NEXT: Way(Stage.HANDLING, ((ClockName.CHECK, STOP), *_NEXT_PHASE)),
                OTHER: Way(Stage.FILED, ((ClockName.CHECK, STOP), *_ON_TO_OTHER)),
                "failed": Way(Stage.HANDLING, ((ClockName.CHECK, STOP), (ClockName.HANDLE, RESUME))),
            },
            needs=(Need.RESULT,),
            not_after=_HANDLED,
        ),
        Step(
            StepName.CLOSE,
            N_("Close"),
            N_("closed it"),
            (Stage.CLOSING,),
            (Post.DUTY_LEADER,),
            {DONE: Way(Stage.CLOSED, ((ClockName.CLOSE, STOP),))},
            not_after=_HANDLED,
            is_answered=True,
        ),
        Step(
            StepName.REVIEW,
            N_("Review"),
            N_("reviewed it"),
            (Stage.REVIEWING,),
            (Post.DUTY_LEADER, Post.OPERATOR),
            {
                PASSED: Way(Stage.CLOSED, ((ClockName.CLOSE, STOP),)),
                "failed": Way(Stage.ACCEPTED, ((ClockName.CLOSE, STOP), (ClockName.FILE, START))),
            },
            needs=(Need.RESULT,),
            not_after=_HANDLED,
            is_answered=True,
        ),
        Step(
            StepName.RECOUNT,
            N_("Recount"),
            N_("had its due times counted anew"),
            OPEN_STAGES,
            (),
            {DONE: Way(None)},
        ),
        Step(
            StepName.REOPEN,
            N_("Reopen"),
            N_("reopened it"),
            (Stage.CLOSED,),
            SUPERVISION,
            {DONE: Way(Stage.FILED, ((ClockName.DISPATCH, START),))},
            needs=(Need.REASON,),
        ),
        Step(
            StepName.URGE,
            N_("Urge"),
            N_("urged the body on"),
            _WITH_BODY,
            (Post.OPERATOR, Post.DUTY_LEADER, Post.DISPATCHER, Post.SUPERVISOR, Post.LEADER),
            {DONE: Way(None)},
            needs=(Need.REASON,),
        ),
        Step(
            StepName.ASK,
            N_("Ask"),
            N_("asked"),
            _ASKED_AT,
            (Post.HANDLER, Post.OPERATOR, Post.DISPATCHER, Post.DUTY_LEADER, Post.SUPERVISOR, Post.LEADER),
            {DONE: Way(None)},
            is_of_request=True,
        ),
        Step(
            StepName.WITHDRAW,
            N_("Withdraw"),
            N_("withdrew the request"),
            _ASKED_AT,
            (Post.HANDLER, Post.OPERATOR, Post.DISPATCHER, Post.DUTY_LEADER, Post.SUPERVISOR, Post.LEADER),
            {DONE: Way(None)},
            is_of_request=True,
        ),
        Step(
            StepName.REJECT,
            N_("Reject"),
            N_("rejected the request"),
            _ASKED_AT,
            (Post.DISPATCHER, *SUPERVISION),
            {DONE: Way(None)},
            is_of_request=True,
        ),
        Step(
            StepName.EXTEND,
            N_("Give more time"),
            N_("gave more time"),
            _WITH_BODY,
            (Post.DISPATCHER,),
            {DONE: Way(None, ((ClockName.HANDLE, ClockAct.EXTEND),))},
            is_of_request=True,
        ),
        Step(
            StepName.SUSPEND,
            N_("Suspend"),
            N_("suspended it"),
            (Stage.HANDLING,),
            SUPERVISION,
            {DONE: Way(None, ((ClockName.HANDLE, PAUSE),))},
            not_after=_HANDLED,
            is_of_request=True,
        ),
        Step(
            StepName.DEFER,
            N_("Defer"),
            N_("deferred it to planned works"),
            (Stage.HANDLING,),
            SUPERVISION,
            {DONE: Way(None, ((ClockName.HANDLE, PAUSE),))},
            not_after=_HANDLED,
            is_of_request=True,
        ),
        Step(
            StepName.RESUME,
            N_("Resume"),
            N_("resumed it"),
            (Stage.HANDLING,),
            (Post.HANDLER, *SUPERVISION),
            {DONE: Way(None, ((ClockName.HANDLE, RESUME),))},
            only_when=Mark.SUSPENDED,
        ),
        Step(
            StepName.VOID,
            N_("Void"),
            N_("voided it"),
            (Stage.ACCEPTED, *_FILED_ON),
            SUPERVISION,
            {DONE: Way(Stage.VOIDED, _ALL_STOP)},
            is_answered=True,
            not_after=_HANDLED,
            is_of_request=True,
        ),
        Step(
            StepName.FORCE_CLOSE,
            N_("Close by force"),
            N_("closed it by force"),
            _FILED_ON,
            SUPERVISION,
            {DONE: Way(Stage.FORCE_CLOSED, _ALL_STOP)},
            is_answered=True,
            not_after=_HANDLED,
            is_of_request=True,
        ),
        Step(
            StepName.REPLY,
            N_("Reply"),
            N_("replied"),
            (*_WITH_BODY, Stage.CHECKING, Stage.CLOSING),
            (Post.HANDLER,),
            {DONE: Way(None)},
            is_of_request=True,
        ),
        Step(
            StepName.UPHOLD,
            N_("Uphold the appeal"),
            N_("upheld the appeal: the mark does not count"),
            (*_FILED_ON, Stage.CLOSED, Stage.FORCE_CLOSED),
            SUPERVISION,
            {DONE: Way(None)},
            not_after=_HANDLED,
            is_of_request=True,
        ),
        Step(
            StepName.ARBITRATE,
            N_("Decide whose it is"),
            N_("decided whose it is"),
            (Stage.FILED,),
            SUPERVISION,
            {DONE: _TO_BODY},
            needs=(Need.BODY, Need.REASON),
            only_when=Mark.DISPUTED,
        ),
        Step(
            StepName.PASS_ON,
            N_("Pass on"),
            N_("passed it on"),
            (Stage.HANDLING,),
            (Post.HANDLER,),
            {DONE: Way(Stage.DISPATCHED, ((ClockName.SIGN, START),))},
            needs=(Need.BODY,),
            not_when=(Mark.SUSPENDED, Mark.WAITING),
        ),
        Step(
            StepName.HAND_UP,
            N_("Hand up"),
            N_("handed it up again"),
            _WITH_BODY,
            (Post.HANDLER,),
            {DONE: Way(Stage.HANDLING, ((ClockName.SIGN, STOP),))},
            needs=(Need.REASON,),
            only_when=Mark.PASSED_ON,
            not_when=(Mark.WAITING,),
        ),
        Step(
            StepName.ADD_CO_HANDLER,
            N_("Add a co-handler"),
            N_("gave another body a task"),
            (Stage.FILED, *_WITH_BODY),
            (Post.DISPATCHER,),
            {DONE: Way(None)},
            is_beside=True,
        ),
        Step(
            StepName.CO_REPORT,
            N_("Report done"),
            N_("reported the task done"),
            (Stage.FILED, *_WITH_BODY),
            (Post.HANDLER,),
            {DONE: Way(None), LAST: _ON_TO_CHECK},
            is_beside=True,
        ),
        Step(
            StepName.EXCUSE,
            N_("Excuse"),
            N_("excused a body from its task"),
            (Stage.FILED, *_WITH_BODY),
            (Post.DISPATCHER,),
            {DONE: Way(None), LAST: _ON_TO_CHECK},
            is_beside=True,
        ),
        Step(
            StepName.RECHECK,
            N_("Re-check"),
            N_("re-checked it"),
            (Stage.CLOSED,),
            (Post.INSPECTOR, *SUPERVISION),
            {"upheld": Way(None), "not_upheld": Way(None)},
            needs=(Need.RESULT,),
            not_after=(*_HANDLED, *_JUDGED),
            is_of_sample=True,
        ),
        Step(
            StepName.HAND_DOWN,
            N_("Hand to a district's centre"),
            N_("handed it to a centre below"),
            (Stage.FILED,),
            (Post.DISPATCHER,),
            {DONE: Way(None, ((ClockName.DISPATCH, STOP), (ClockName.SIGN, START)))},
            needs=(Need.CENTRE,),
            not_when=(Mark.DISPUTED, Mark.UNSIGNED),
        ),
        Step(
            StepName.SIGN_AT_DESK,
            N_("Sign for it at the centre"),
            N_("signed for it at the centre"),
            (Stage.FILED,),
            (Post.DISPATCHER,),
            {DONE: Way(None, ((ClockName.SIGN, STOP), (ClockName.DISPATCH, START)))},
            only_when=Mark.UNSIGNED,
        ),
        Step(
            StepName.HAND_BACK,
            N_("Hand back to the centre above"),
            N_("handed it back to the centre above"),
            (Stage.FILED,),
            (Post.DISPATCHER,),
            {DONE: Way(None, _TO_DESK)},
            needs=(Need.REASON,),
            only_when=Mark.HANDED_DOWN,
            not_when=(Mark.DISPUTED,),
        ),
        Step(
            StepName.TAKE_OVER,
            N_("Take over"),
            N_("took it over from the centre below"),
            (Stage.FILED,),
            (Post.DISPATCHER,),
            {DONE: Way(None, _TO_DESK)},
            needs=(Need.REASON,),
            not_when=(Mark.DISPUTED,),
            is_from_above=True,
        ),
        Step(
            StepName.MERGE,
            N_("Merge"),
            N_("merged it into another case"),
            _UNFILED,
            _TAKES_IN,
            {DONE: _MERGED},
            is_between=True,
        ),
        Step(
            StepName.MERGE_FILED,
            N_("Merge"),
            N_("merged it into another case"),
            _NOT_HANDLED,
            _COMMANDS,
            {DONE: _MERGED},
            not_when=(Mark.SUSPENDED, Mark.DISPUTED, Mark.WAITING),
            is_between=True,
        ),
        Step(
            StepName.CARRY,
            N_("Carry along"),
            N_("carried it along into another case"),
            (Stage.MERGED,),
            _JOINS,
            {DONE: Way(None)},
            is_between=True,
        ),
        Step(
            StepName.TAKE_IN,
            N_("Take in"),
            N_("merged another case into it"),
            OPEN_STAGES,
            _JOINS,
            {DONE: Way(None)},
            is_between=True,
        ),
        Step(
            StepName.UNMERGE,
            N_("Take apart"),
            N_("took it apart from the case it was merged into"),
            (Stage.MERGED,),
            _TAKES_IN,
            {
                "reported": Way(Stage.REPORTED, ((ClockName.ACCEPT, ClockAct.GO_ON),)),
                "verifying": Way(Stage.VERIFYING, ((ClockName.VERIFY, ClockAct.GO_ON),)),
                "accepted": Way(Stage.ACCEPTED, ((ClockName.FILE, ClockAct.GO_ON),)),
            },
            needs=(Need.REASON,),
            is_between=True,
        ),
        Step(
            StepName.UNMERGE_FILED,
            N_("Take apart"),
            N_("took it apart from the case it was merged into"),
            (Stage.MERGED,),
            _COMMANDS,
            {
                "filed": Way(
                    Stage.FILED,
                    tuple((name, ClockAct.GO_ON) for name in (ClockName.DISPATCH, ClockName.SIGN, ClockName.HANDLE)),
                ),
                "dispatched": Way(
                    Stage.DISPATCHED, ((ClockName.SIGN, ClockAct.GO_ON), (ClockName.HANDLE, ClockAct.GO_ON))
                ),
                "handling": Way(Stage.HANDLING, ((ClockName.HANDLE, ClockAct.GO_ON),)),
            },
            needs=(Need.REASON,),
            is_between=True,
        ),
        Step(
            StepName.LET_GO,
            N_("Let go"),
            N_("let a merged case go its own way again"),
            # What was filed wrongly is voided, and what was merged into it is still to be handled.
            (*OPEN_STAGES, Stage.VOIDED),
            _JOINS,
            {DONE: Way(None)},
            is_between=True,
        ),
        Step(
            StepName.SPLIT,
            N_("Split off"),
            N_("split another fault off"),
            OPEN_STAGES,
            _TAKES_IN,
            {DONE: Way(None)},
            is_between=True,
        ),
        Step(
            StepName.SPLIT_OFF,
            N_("Split off"),
            N_("split it off from another case"),
            (Stage.REPORTED,),
            _TAKES_IN,
            {DONE: Way(None)},
            is_between=True,
        ),
        Step(
            StepName.LINK,
            N_("Link"),
            N_("linked it with another case"),
            tuple(Stage),
            _LINKS,
            {DONE: Way(None)},
            needs=(Need.REASON,),
            is_between=True,
        ),
        Step(
            StepName.UNLINK,
            N_("Take the link away"),
            N_("took the link with another case away"),
            tuple(Stage),
            _LINKS,
            {DONE: Way(None)},
            needs=(Need.REASON,),
            is_between=True,
        ),
        Step(
            StepName.SUCCEED,
            N_("Go over to the successor"),
            N_("closed a body: its work went over"),
            _FILED_ON,
            (),
            {DONE: Way(None)},
        ),
    )
}

DISPUTED_AFTER = 2
"""How often a case is sent back before the supervision side decides whose it is."""

PAUSED_CLOCKS = frozenset(
    name for step in STEPS.values() for way in step.ways.values() for name, act in way.clocks if act is PAUSE
)
"""The clocks that some step pauses; the others run until they are stopped."""


RESULT_LABELS: Mapping[str, str] = {
    "confirmed": N_("confirmed"),
    "not_found": N_("not found"),
    PASSED: N_("passed"),
    "failed": N_("failed"),
    "upheld": N_("upheld"),
    "not_upheld": N_("not upheld"),
    WAITING: N_("waits for the co-handlers"),
    NEXT: N_("no check needed"),
    OTHER: N_("no check needed"),
}


def needs_verifying(source: Source) -> bool:
    """Whether a report from this source is verified by an inspector before filing."""
    return source in VERIFIED_SOURCES


def steps_from(stage: Stage) -> tuple[Step, ...]:
    """The steps that somebody can take at `stage`, in the table's order, but for those with a door of their own."""
    return tuple(step for step in STEPS.values() if stage in step.stages and step.posts and not step.has_own_door)


def moves_from(stage: Stage) -> tuple[Step, ...]:
    """The steps by which a case leaves `stage`: whoever may take one has work there."""
    moves = (step for step in steps_from(stage) if step.only_when is None)
    return tuple(step for step in moves if any(way.to is not None for way in step.ways.values()))


def find_bar(step: Step, marks: Collection[Mark]) -> str | None:
    """Why a case's marks do not let a step be taken (msgid); None where they do."""
    if step.only_when is not None and step.only_when not in marks:
        return ONLY_WHEN[step.only_when]
    return next((NOT_WHEN[mark] for mark in step.not_when if mark in marks), None)


def find_way(
    step: Step, result: str | None, source: Source, *, has_co_handlers: bool = False, onward: str | None = None
) -> Way | None:
    """The way a step takes for a result; None where the result is not one of the step's own.

    Where co-handlers have not answered yet, the lead's report waits for them. `onward` is `NEXT` or `OTHER` where what
    is done leads to another phase of handling.

    >>> find_way(STEPS[StepName.CHECK], "failed", Source.INSPECTOR).to.value
    'handling'
    >>> find_way(STEPS[StepName.ACCEPT], None, Source.HOTLINE).to.value
    'verifying'
    """
    if step.name is StepName.ACCEPT:
        return step.ways["verify" if needs_verifying(source) else "plain"]
    if Need.RESULT in step.needs:
        if result is None or result not in step.answers:
            return None
        return (step.ways.get(onward or "") if result == PASSED else None) or step.ways[result]
    if has_co_handlers and WAITING in step.ways:
        return step.ways[WAITING]
    return step.ways.get(onward or "") or step.ways[DONE]
