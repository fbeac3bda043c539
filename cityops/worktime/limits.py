"""Limits as the standards write them: a value and one of three units (CJ/T 315, GB/T 30428.8)."""

from dataclasses import dataclass
from enum import StrEnum

from cityops.errors import Invalid
from cityops.words import N_

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US


class Unit(StrEnum):
    """紧急工作时 runs day and night; 工作时 runs in the calendar's hours; 工作日 is the calendar's nominal minutes."""

    URGENT_HOUR = "urgent_hour"
    WORKING_HOUR = "working_hour"
    WORKING_DAY = "working_day"


UNIT_LABELS = {
    Unit.URGENT_HOUR: N_("urgent hours"),
    Unit.WORKING_HOUR: N_("working hours"),
    Unit.WORKING_DAY: N_("working days"),
}

# Ten years: longer than any standard asks, short enough that a slip of the keyboard is caught.
MOST = {Unit.URGENT_HOUR: 87_840, Unit.WORKING_HOUR: 87_840, Unit.WORKING_DAY: 3_660}


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit.

    Args:
        value: how many units; a fraction is allowed (0.25 urgent hours is a quarter of an hour), 0 means at once.
        unit: what is counted.

    Raises:
        Invalid: the value is negative, not a number, or over ten years.

    >>> Limit(2, Unit.WORKING_DAY).microseconds(480) // MINUTE_US
    960
    """

    value: float
    unit: Unit

    def __post_init__(self) -> None:
        """Refuse what is no limit; NaN fails both comparisons."""
        if not 0 <= self.value <= MOST[self.unit]:
            raise Invalid("limit", N_("A limit in this unit is a number from 0 to %(most)s."), most=MOST[self.unit])

    def microseconds(self, nominal_minutes: int) -> int:
        """The counted time of the limit, where a working day counts as `nominal_minutes`."""
        unit_us = nominal_minutes * MINUTE_US if self.unit is Unit.WORKING_DAY else HOUR_US
        return round(self.value * unit_us)
