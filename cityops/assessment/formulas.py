"""The indicators, each once, as data: what is counted, over what, and by which standard; and their arithmetic (pure).

The counts' conditions on rows stand in `facts.py` under the same codes; `docs/scores.md` says the same in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cityops.words import N_

STANDARD = "GB/T 30428.4-2016"
"""Performance evaluation (绩效评价). Its text is not open: names and ratios as systems built to it publish them."""


class Kind(StrEnum):
    """Whose score it is."""

    DEPARTMENT = "department"
    AREA = "area"
    POST = "post"


KIND_LABELS = {
    Kind.DEPARTMENT: N_("Responsible bodies"),
    Kind.AREA: N_("Areas"),
    Kind.POST: N_("Posts and persons"),
}


class Count(StrEnum):
    """What is counted; every one of them can be opened as a list."""

    FILED = "filed"
    SIMPLE = "simple"
    TO_HANDLE = "to_handle"
    HANDLED = "handled"
    HANDLED_ON_TIME = "handled_on_time"
    AWAITING_CHECK = "awaiting_check"
    LATE = "late"
    OVERDUE = "overdue"
    SENT_BACK = "sent_back"
    REWORKED = "reworked"
    TO_CLOSE = "to_close"
    CLOSED = "closed"
    CLOSED_ON_TIME = "closed_on_time"
    CHECKED = "checked"
    CHECKED_ON_THE_SPOT = "checked_on_the_spot"
    CHECKED_BY_VIDEO = "checked_by_video"
    CHECKED_BY_PHOTO = "checked_by_photo"
    CHECK_WAIVED = "check_waived"
    STEPS = "steps"
    CLOCKED_STEPS = "clocked_steps"
    STEPS_ON_TIME = "steps_on_time"


class Rate(StrEnum):
    """One count over another."""

    ON_TIME_RATE = "on_time_rate"
    REWORK_RATE = "rework_rate"
    CLOSING_RATE = "closing_rate"
    CLOSING_ON_TIME_RATE = "closing_on_time_rate"
    WAIVED_RATE = "waived_rate"
    STEPS_ON_TIME_RATE = "steps_on_time_rate"


BODIES_AND_AREAS = (Kind.DEPARTMENT, Kind.AREA)


@dataclass(frozen=True)
class Indicator:
    """One indicator.

    Attributes:
        label: its name (msgid).
        meaning: what it counts, or its formula, in words (msgid).
        numerator: the count it shows.
        denominator: the count it is divided by; None for a plain count.
        kinds: the scores it stands in.
        reference: the standard that names it; None where it is the house's own.
        is_of_checks: whether it tells how closed cases were checked, and stands in a table of its own.
    """

    code: Count | Rate
    label: str
    meaning: str
    numerator: Count
    denominator: Count | None = None
    kinds: tuple[Kind, ...] = BODIES_AND_AREAS
    reference: str | None = STANDARD
    is_of_checks: bool = False

    @property
    def is_rate(self) -> bool:
        """Whether it is divided by another count."""
        return self.denominator is not None

    @property
    def counts(self) -> tuple[Count, ...]:
        """The counts it is made of."""
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)


def _of_checks(
    code: Count | Rate, label: str, meaning: str, numerator: Count | None = None, denominator: Count | None = None
) -> Indicator:
    counted = numerator or Count(code)
    return Indicator(code, label, meaning, counted, denominator, reference=None, is_of_checks=True)


INDICATORS: Mapping[Count | Rate, Indicator] = {
    each.code: each
    for each in (
        Indicator(
            Count.FILED,
            N_("Cases filed"),
            N_("cases filed in the period, simple ones apart"),
            Count.FILED,
        ),
        Indicator(
            Count.SIMPLE,
            N_("Simple cases"),
            N_("simple cases reported in the period, put right on the spot and passed at the review"),
            Count.SIMPLE,
            kinds=(Kind.AREA,),
        ),
        Indicator(
            Count.TO_HANDLE,
            N_("Due to be handled"),
            N_("dispatched cases whose handling fell due in the period; a case sent back does not count"),
            Count.TO_HANDLE,
        ),
        Indicator(
            Count.HANDLED,
            N_("Cases handled"),
            N_("of those due, reported back by the end of the period and not failed at a check since"),
            Count.HANDLED,
        ),
        Indicator(
            Rate.ON_TIME_RATE,
            N_("Handled on time"),
            N_("of those due, reported back by the due time and passed at the check ÷ due"),
            Count.HANDLED_ON_TIME,
            Count.TO_HANDLE,
        ),
        Indicator(
            Count.AWAITING_CHECK,
            N_("Awaiting the check"),
            N_("of those due, reported back by the due time and not yet checked: not on time until passed"),
            Count.AWAITING_CHECK,
            reference=None,
        ),
        Indicator(
            Count.LATE,
            N_("Late"),
            N_("of those due, not reported back by the due time"),
            Count.LATE,
        ),
        Indicator(
            Count.OVERDUE,
            N_("Overdue and open"),
            N_("of those late, not reported back by the end of the period either"),
            Count.OVERDUE,
        ),
        Indicator(
            Count.SENT_BACK,
            N_("Times sent back"),
            N_("times a case was sent back to the dispatcher in the period"),
            Count.SENT_BACK,
        ),
        Indicator(
            Rate.REWORK_RATE,
            N_("Rework rate"),
            N_("of those to be closed, failed at a check at least once ÷ to be closed"),
            Count.REWORKED,
            Count.TO_CLOSE,
        ),
        Indicator(
            Count.TO_CLOSE,
            N_("Due to be closed"),
            N_("filed cases whose handling fell due in the period: the same cases as due"),
            Count.TO_CLOSE,
        ),
        Indicator(
            Count.CLOSED,
            N_("Cases closed"),
            N_("of those handled, closed"),
            Count.CLOSED,
        ),
        Indicator(
            Rate.CLOSING_RATE,
            N_("Closing rate"),
            N_("closed ÷ to be closed"),
            Count.CLOSED,
            Count.TO_CLOSE,
        ),
        Indicator(
            Rate.CLOSING_ON_TIME_RATE,
            N_("Closed on time"),
            N_("closed and handled on time ÷ to be closed"),
            Count.CLOSED_ON_TIME,
            Count.TO_CLOSE,
        ),
        _of_checks(Count.CHECKED, N_("Closed after a check"), N_("cases closed in the period that passed a check")),
        _of_checks(Count.CHECKED_ON_THE_SPOT, N_("On the spot"), N_("of those, checked at the place")),
        _of_checks(Count.CHECKED_BY_VIDEO, N_("By video"), N_("of those, checked by video")),
        _of_checks(Count.CHECKED_BY_PHOTO, N_("By photo"), N_("of those, checked by photo")),
        _of_checks(
            Rate.WAIVED_RATE,
            N_("Check waived"),
            N_("of those, closed without anybody looking ÷ closed after a check"),
            Count.CHECK_WAIVED,
            Count.CHECKED,
        ),
        Indicator(
            Count.STEPS,
            N_("Steps"),
            N_("steps of this name that the person took under this post in the period"),
            Count.STEPS,
            kinds=(Kind.POST,),
        ),
        Indicator(
            Rate.STEPS_ON_TIME_RATE,
            N_("Steps on time"),
            N_("steps taken before their stage's clock ran out ÷ steps that end a stage's clock"),
            Count.STEPS_ON_TIME,
            Count.CLOCKED_STEPS,
            kinds=(Kind.POST,),
        ),
    )
}

_LABELS_WITHIN_RATES = {
    Count.HANDLED_ON_TIME: N_("Cases handled on time"),
    Count.REWORKED: N_("Cases reworked"),
    Count.CLOSED_ON_TIME: N_("Cases closed on time"),
    Count.CHECK_WAIVED: N_("Closed with the check waived"),
    Count.CLOCKED_STEPS: N_("Steps that end a stage's clock"),
    Count.STEPS_ON_TIME: N_("Steps taken in time"),
}


@dataclass(frozen=True)
class Figure:
    """An indicator's value for one row: `n`, and `of` for a rate."""

    indicator: Indicator
    n: int
    of: int | None = None

    @property
    def value(self) -> float | int | None:
        """A count as it is, a rate as a fraction; None for a rate over nothing: there is no rate then, not 0 or 1."""
        if not self.indicator.is_rate:
            return self.n
        return round(self.n / self.of, 6) if self.of else None

    @property
    def percent(self) -> float | None:
        """A rate in per cent, as it is shown."""
        return percent(self.n, self.of) if self.of else None


def count_label(count: Count) -> str:
    """What a count is called (msgid)."""
    own = INDICATORS.get(count)
    return own.label if own else _LABELS_WITHIN_RATES[count]


def indicators_of(kind: Kind) -> tuple[Indicator, ...]:
    """The indicators of a kind of score, in the order they are shown."""
    return tuple(each for each in INDICATORS.values() if kind in each.kinds)


def figures_of(kind: Kind, counts: Mapping[Count, int]) -> dict[str, Figure]:
    """All figures of a row from its counts; what was not counted is 0."""
    return {
        each.code.value: Figure(
            each, counts.get(each.numerator, 0), counts.get(each.denominator, 0) if each.denominator else None
        )
        for each in indicators_of(kind)
    }


def percent(n: int, of: int) -> float:
    """A share in per cent with one decimal; all but all is never shown as all, and something never as nothing.

    >>> percent(1834, 1887), percent(9999, 10000), percent(1, 10000), percent(3, 3), percent(0, 3)
    (97.2, 99.9, 0.1, 100.0, 0.0)
    """
    tenths = (2000 * n + of) // (2 * of)
    if 0 < n < of:
        tenths = min(max(tenths, 1), 999)
    return tenths / 10


def points_between(now: Figure, before: Figure) -> float | None:
    """How many percentage points a rate lies above the one before, as the two are shown; None where one is missing."""
    if now.percent is None or before.percent is None:
        return None
    return round(now.percent - before.percent, 1)
