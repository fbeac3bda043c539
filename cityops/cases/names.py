"""What a case's stages, sources, clocks and steps are called: the field's words, and no rule about them.

The words follow CJJ/T 106: 核实 before filing is `verify`, 核查 after handling is `check`.
"""

from collections.abc import Mapping
from enum import StrEnum

from cityops.words import N_


class Stage(StrEnum):
    """Where a case stands."""

    REPORTED = "reported"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    CHECKING = "checking"
    CLOSING = "closing"
    REVIEWING = "reviewing"
    CLOSED = "closed"
    DECLINED = "declined"
    REFUSED = "refused"
    VOIDED = "voided"
    FORCE_CLOSED = "force_closed"
    MERGED = "merged"


STAGE_LABELS: Mapping[Stage, str] = {
    Stage.REPORTED: N_("to be accepted"),
    Stage.VERIFYING: N_("being verified"),
    Stage.ACCEPTED: N_("to be filed"),
    Stage.FILED: N_("to be dispatched"),
    Stage.DISPATCHED: N_("to be signed for"),
    Stage.HANDLING: N_("being handled"),
    Stage.CHECKING: N_("being checked"),
    Stage.CLOSING: N_("to be closed"),
    Stage.REVIEWING: N_("to be reviewed"),
    Stage.CLOSED: N_("closed"),
    Stage.DECLINED: N_("declined"),
    Stage.REFUSED: N_("filing refused"),
    Stage.VOIDED: N_("voided"),
    Stage.FORCE_CLOSED: N_("closed by force"),
    Stage.MERGED: N_("merged"),
}

FINAL_STAGES = frozenset({Stage.CLOSED, Stage.DECLINED, Stage.REFUSED, Stage.VOIDED, Stage.FORCE_CLOSED, Stage.MERGED})
OPEN_STAGES = tuple(stage for stage in Stage if stage not in FINAL_STAGES)


class Source(StrEnum):
    """Where a report came from."""

    HOTLINE = "hotline"
    PUBLIC = "public"
    INSPECTOR = "inspector"
    VIDEO = "video"
    SENSOR = "sensor"
    TRANSFER = "transfer"
    LEADER = "leader"


SOURCE_LABELS: Mapping[Source, str] = {
    Source.HOTLINE: N_("hotline 96310"),
    Source.PUBLIC: N_("public"),
    Source.INSPECTOR: N_("inspector"),
    Source.VIDEO: N_("video"),
    Source.SENSOR: N_("sensor"),
    Source.TRANSFER: N_("transfer from another office"),
    Source.LEADER: N_("leader's instruction"),
}


class ClockName(StrEnum):
    """The clock of each stage."""

    ACCEPT = "accept"
    VERIFY = "verify"
    FILE = "file"
    DISPATCH = "dispatch"
    SIGN = "sign"
    HANDLE = "handle"
    CHECK = "check"
    CLOSE = "close"


CLOCK_LABELS: Mapping[ClockName, str] = {
    ClockName.ACCEPT: N_("accept"),
    ClockName.VERIFY: N_("verify"),
    ClockName.FILE: N_("file"),
    ClockName.DISPATCH: N_("dispatch"),
    ClockName.SIGN: N_("sign for"),
    ClockName.HANDLE: N_("handle"),
    ClockName.CHECK: N_("check"),
    ClockName.CLOSE: N_("close"),
}


class StepName(StrEnum):
    """What can be done to a case."""

    REPORT = "report"
    SELF_HANDLE = "self_handle"
    ACCEPT = "accept"
    DECLINE = "decline"
    VERIFY = "verify"
    FILE = "file"
    REFUSE = "refuse"
    DISPATCH = "dispatch"
    SIGN_FOR = "sign_for"
    SEND_BACK = "send_back"
    REPORT_BACK = "report_back"
    CHECK = "check"
    CLOSE = "close"
    REVIEW = "review"
    RECOUNT = "recount"
    REOPEN = "reopen"
    URGE = "urge"
    ASK = "ask"
    WITHDRAW = "withdraw"
    REJECT = "reject"
    EXTEND = "extend"
    SUSPEND = "suspend"
    DEFER = "defer"
    RESUME = "resume"
    VOID = "void"
    FORCE_CLOSE = "force_close"
    REPLY = "reply"
    UPHOLD = "uphold"
    ARBITRATE = "arbitrate"
    PASS_ON = "pass_on"
    HAND_UP = "hand_up"
    ADD_CO_HANDLER = "add_co_handler"
    CO_REPORT = "co_report"
    EXCUSE = "excuse"
    RECHECK = "recheck"
    HAND_DOWN = "hand_down"
    SIGN_AT_DESK = "sign_at_desk"
    HAND_BACK = "hand_back"
    TAKE_OVER = "take_over"
    MERGE = "merge"
    MERGE_FILED = "merge_filed"
    CARRY = "carry"
    TAKE_IN = "take_in"
    UNMERGE = "unmerge"
    UNMERGE_FILED = "unmerge_filed"
    LET_GO = "let_go"
    SPLIT = "split"
    SPLIT_OFF = "split_off"
    LINK = "link"
    UNLINK = "unlink"
    SUCCEED = "succeed"
