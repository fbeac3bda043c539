"""What may be asked for a case: the table `RULES` says who asks, when, with what, who decides, and which step follows.

It stands beside the workflow's table: granting takes the step that the rule names, and that step's row says what
happens to stage and clocks. The numbers (how often, how much, until when) are a city's own `Terms`; those here are
the defaults. Pure: no database, no request. After the practice of 运城 and others (延期, 挂账, 缓办, 退回, 作废,
强制结案, 督办, 申诉).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from cityops.accounts.posts import Post
from cityops.cases.names import Stage, StepName
from cityops.cases.steps import Step
from cityops.cases.workflow import STEPS
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.words import N_
from cityops.worktime.limits import Limit, Unit


class RequestKind(StrEnum):
    """What can be asked for."""

    EXTEND = "extend"
    SUSPEND = "suspend"
    DEFER = "defer"
    SEND_BACK = "send_back"
    VOID = "void"
    FORCE_CLOSE = "force_close"
    OVERSEE = "oversee"
    APPEAL = "appeal"


class RequestState(StrEnum):
    """What became of it. A request lapses with the assignment, or the case, for which it was made."""

    OPEN = "open"
    GRANTED = "granted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


REQUEST_STATE_LABELS: Mapping[RequestState, str] = {
    RequestState.OPEN: N_("undecided"),
    RequestState.GRANTED: N_("granted"),
    RequestState.REJECTED: N_("rejected"),
    RequestState.WITHDRAWN: N_("withdrawn"),
    RequestState.LAPSED: N_("lapsed"),
}


class Ask(StrEnum):
    """What a request has to be given besides its reason."""

    MORE = "more"
    UNTIL = "until"
    BODY = "body"
    PROOF = "proof"


class Life(StrEnum):
    """With what an undecided request dies."""

    ASSIGNMENT = "assignment"
    CASE = "case"
    DECISION = "decision"


@dataclass(frozen=True)
class RequestRule:
    """One row of the table.

    Attributes:
        label: what it is called (msgid).
        asked: how the timeline tells the asking (msgid).
        grant: what the button says that grants it (msgid).
        askers: the posts that may ask.
        stages: where it can be asked.
        step: the step that granting takes; its posts decide.
        asks: what has to be given besides the reason.
        life: with what it dies undecided.
        can_be_rejected: whether it can be answered with no.
    """

    kind: RequestKind
    label: str
    asked: str
    grant: str
    askers: tuple[Post, ...]
    stages: tuple[Stage, ...]
    step: StepName
    asks: tuple[Ask, ...] = ()
    life: Life = Life.ASSIGNMENT
    can_be_rejected: bool = True

    @property
    def granting(self) -> Step:
        """The row of the workflow that granting takes."""
        return STEPS[self.step]

    @property
    def deciders(self) -> tuple[Post, ...]:
        """The posts that decide."""
        return self.granting.posts


# Where a city sets no bound, a slip of the keyboard still meets one.
MOST_SHARE, MOST_DAYS = 10.0, 3_650

_WITH_BODY = (Stage.DISPATCHED, Stage.HANDLING)

RULES: Mapping[RequestKind, RequestRule] = {
    rule.kind: rule
    for rule in (
        RequestRule(
            RequestKind.EXTEND,
            N_("more time"),
            N_("asked for more time"),
            N_("Give more time"),
            (Post.HANDLER,),
            _WITH_BODY,
            StepName.EXTEND,
            (Ask.MORE,),
        ),
        RequestRule(
            RequestKind.SUSPEND,
            N_("suspension"),
            N_("asked to suspend it"),
            N_("Suspend"),
            (Post.HANDLER,),
            (Stage.HANDLING,),
            StepName.SUSPEND,
            (Ask.UNTIL, Ask.PROOF),
        ),
        RequestRule(
            RequestKind.DEFER,
            N_("deferral to planned works"),
            N_("asked to defer it to planned works"),
            N_("Defer"),
            (Post.HANDLER,),
            (Stage.HANDLING,),
            StepName.DEFER,
            (Ask.UNTIL, Ask.PROOF),
        ),
        RequestRule(
            RequestKind.SEND_BACK,
            N_("sending back"),
            N_("asked to send it back"),
            N_("Take it back"),
            (Post.HANDLER,),
            _WITH_BODY,
            StepName.SEND_BACK,
            (Ask.BODY,),
        ),
        RequestRule(
            RequestKind.VOID,
            N_("voiding"),
            N_("asked to void it"),
            N_("Void"),
            (Post.HANDLER, Post.OPERATOR, Post.DISPATCHER, Post.DUTY_LEADER),
            STEPS[StepName.VOID].stages,
            StepName.VOID,
            life=Life.CASE,
        ),
        RequestRule(
            RequestKind.FORCE_CLOSE,
            N_("closing by force"),
            N_("asked to close it by force"),
            N_("Close by force"),
            (Post.HANDLER, Post.DISPATCHER, Post.DUTY_LEADER),
            STEPS[StepName.FORCE_CLOSE].stages,
            StepName.FORCE_CLOSE,
            life=Life.CASE,
        ),
        RequestRule(
            RequestKind.OVERSEE,
            N_("oversight"),
            N_("oversees it"),
            N_("Reply"),
            (Post.SUPERVISOR, Post.LEADER),
            STEPS[StepName.REPLY].stages,
            StepName.REPLY,
            life=Life.CASE,
            can_be_rejected=False,
        ),
        RequestRule(
            RequestKind.APPEAL,
            N_("appeal"),
            N_("appealed against a mark"),
            N_("Uphold the appeal"),
            (Post.HANDLER,),
            (Stage.CLOSING, Stage.CLOSED, Stage.FORCE_CLOSED),
            StepName.UPHOLD,
            life=Life.DECISION,
        ),
    )
}


@dataclass(frozen=True)
class Terms:
    """A city's numbers for one kind of request.

    Attributes:
        most_times: how often it may be asked under one assignment (of a case, where there is none); None: any number.
        share: for more time, the most that may be given as a share of the original limit; for sending back, the share
            of the limit within which it may be asked.
        most_days: how far off the end may lie; for an appeal, how long after the mark it may be made.
        month_share: the most that may be granted a body in a month, as a share of what it was given in that month.
        decide: within what it has to be decided (or replied to).
        calendar: the hours in which `decide` runs.
    """

    most_times: int | None
    share: float | None
    most_days: int | None
    month_share: float | None
    decide: Limit
    calendar: str


DEFAULT_TERMS: Mapping[RequestKind, Terms] = {
    RequestKind.EXTEND: Terms(1, 1.0, None, 0.10, Limit(2, Unit.WORKING_HOUR), "street"),
    RequestKind.SUSPEND: Terms(2, None, 180, 0.05, Limit(1, Unit.WORKING_DAY), "office"),
    RequestKind.DEFER: Terms(1, None, 365, 0.05, Limit(1, Unit.WORKING_DAY), "office"),
    RequestKind.SEND_BACK: Terms(1, 0.25, None, None, Limit(1, Unit.URGENT_HOUR), "continuous"),
    RequestKind.VOID: Terms(None, None, None, None, Limit(1, Unit.WORKING_DAY), "office"),
    RequestKind.FORCE_CLOSE: Terms(None, None, None, None, Limit(1, Unit.WORKING_DAY), "office"),
    RequestKind.OVERSEE: Terms(None, None, None, None, Limit(1, Unit.WORKING_DAY), "street"),
    RequestKind.APPEAL: Terms(1, None, 10, None, Limit(5, Unit.WORKING_DAY), "office"),
}


@dataclass(frozen=True)
class Situation:
    """What the law looks at when something is asked.

    Attributes:
        today: the city's day.
        times: how often the same was asked before under the same assignment; `is_asked` says that it is undecided now.
        is_urgent: the handling limit counts urgent hours.
        is_late: the handling clock has passed its due moment.
        used_share: how much of the handling limit has been used, as a share; None without a handling clock.
        limit_value: the original handling limit, in its own unit; `extra_value` is what was granted on top already.
        mark_on: the day of the late or faulty mark; None where there is none.
    """

    stage: Stage
    today: date
    times: int = 0
    is_asked: bool = False
    is_suspended: bool = False
    is_urgent: bool = False
    is_late: bool = False
    used_share: float | None = None
    limit_value: int | None = None
    extra_value: int = 0
    mark_on: date | None = None


@dataclass(frozen=True)
class Asked:
    """What somebody asks for; the fields that its kind does not ask for stay empty."""

    more: int | None = None
    until_on: date | None = None
    has_proof: bool = False


def check(rule: RequestRule, terms: Terms, now: Situation, asked: Asked) -> None:
    """Refuse what the law does not allow to be asked now.

    Raises:
        WrongState: not at this stage, too late, asked already, or too often.
        NotAllowed: never for such a case.
        Invalid: something it needs is missing or out of its bounds.
    """
    if now.stage not in rule.stages:
        raise WrongState(N_("This cannot be asked for at this stage."))
    if now.is_asked:
        raise WrongState(N_("This has been asked for already and waits to be decided."))
    if terms.most_times is not None and now.times >= terms.most_times:
        raise WrongState(N_("This may be asked for %(n)s times at most, and has been."), n=terms.most_times)
    _check_moment(rule.kind, terms, now)
    _check_given(rule, terms, now, asked)


_OF_THE_CLOCK = frozenset({RequestKind.EXTEND, RequestKind.SUSPEND, RequestKind.DEFER})


def check_grant(kind: RequestKind, today: date, *, is_suspended: bool, until_on: date | None = None) -> None:
    """Refuse what may have been asked rightly and cannot be granted any more.

    Raises:
        WrongState: the case has been suspended since, or the day until which it was to be has come.
    """
    if is_suspended and kind in _OF_THE_CLOCK:
        raise WrongState(N_("The case is suspended: nothing runs that more time could be given to."))
    if until_on is not None and until_on <= today:
        raise WrongState(N_("The day until which this was asked has come: it can only be rejected."))


def _check_moment(kind: RequestKind, terms: Terms, now: Situation) -> None:
    if kind is RequestKind.EXTEND and now.is_urgent:
        raise NotAllowed(N_("An urgent condition gets no more time."))
    if kind in _OF_THE_CLOCK and now.is_late:
        raise WrongState(N_("The limit has passed: this has to be asked for before it."))
    check_grant(kind, now.today, is_suspended=now.is_suspended)
    if kind is RequestKind.SEND_BACK and terms.share is not None and (now.used_share or 0.0) > terms.share:
        raise WrongState(
            N_("Sending back has to be asked for within %(share)s %% of the limit: it has become yours."),
            share=f"{terms.share * 100:g}",
        )
    if kind is RequestKind.APPEAL:
        if now.mark_on is None:
            raise WrongState(N_("There is no late or faulty mark to appeal against."))
        if terms.most_days is not None and now.today > now.mark_on + timedelta(days=terms.most_days):
            raise WrongState(N_("An appeal has to be made within %(n)s days of the mark."), n=terms.most_days)


def _check_given(rule: RequestRule, terms: Terms, now: Situation, asked: Asked) -> None:
    if Ask.MORE in rule.asks:
        share = MOST_SHARE if terms.share is None else terms.share
        most = int((now.limit_value or 0) * share) - now.extra_value
        if asked.more is None or not 1 <= asked.more <= most:
            raise Invalid("more", N_("Say how much more: from 1 to %(most)s, in the unit of the limit."), most=most)
    if Ask.UNTIL in rule.asks:
        last = now.today + timedelta(days=terms.most_days or MOST_DAYS)
        if asked.until_on is None or not now.today < asked.until_on <= last:
            raise Invalid("until_on", N_("Say until when: a day after today, %(last)s at the latest."), last=last)
    if Ask.PROOF in rule.asks and not asked.has_proof:
        raise Invalid("photo", N_("This needs a proof: a picture of the notice, the plan or the place."))
