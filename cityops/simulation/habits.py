"""How often what comes beside the main road: tasks shared, cases disputed, marks appealed against, neighbours. Pure."""

from collections.abc import Mapping
from enum import StrEnum

DISPUTED = 0.014
"""The share of filed cases that two bodies send back, so that somebody has to decide whose they are."""
APPEALED = 0.2
"""The share of the reworked ones whose body appeals against the mark."""
EXCUSED = 0.1
"""The share of shared tasks from which a body is let off."""

SHARED: Mapping[str, tuple[float, str]] = {
    "路灯": (0.05, "请在抢修时协助看护现场、疏导行人。"),
    "道路破损": (0.2, "请协助围挡和疏导交通。"),
    "污水井盖": (0.15, "请先行设置警示围挡。"),
    "雨水井盖": (0.15, "请先行设置警示围挡。"),
    "行道树": (0.2, "请协助清运断枝、疏导行人。"),
    "交通护栏": (0.15, "请协助看护现场。"),
    "积存垃圾渣土": (0.2, "请查明倾倒来源。"),
    "无照经营游商": (0.2, "请同步清扫现场。"),
}
"""How often a case of a class is shared by two bodies, and what the second is told to do."""


class Bond(StrEnum):
    """What the second of two neighbouring reports has to do with the first."""

    NONE = "none"
    TOLD_TWICE = "told_twice"
    FOUND_OUT_LATER = "found_out_later"
    NAMED_BESIDE = "named_beside"
    OF_ONE_CAUSE = "of_one_cause"


BONDS: Mapping[Bond, int] = {
    Bond.NONE: 72,
    Bond.TOLD_TWICE: 11,
    Bond.FOUND_OUT_LATER: 6,
    Bond.NAMED_BESIDE: 6,
    Bond.OF_ONE_CAUSE: 5,
}
"""How often each, beside the others; where the first is over by then, or was put right on the spot, there is none."""
TAKEN_APART = 0.15
"""The share of merged cases that turn out to be another fault."""
