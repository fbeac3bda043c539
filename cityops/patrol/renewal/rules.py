"""How large an acceptance sample is, and when a street is accepted. Pure.

The size is that of GB/T 2828.1-2012 (ISO 2859-1), table 1 and the normal single plans: a code letter by the size of the
lot and the inspection level, a sample size by the letter. A street is accepted by the share of its sample that is at
fault, not by the standard's acceptance numbers: what may be at fault is one percentage that a contract can name.
"""

from bisect import bisect_left
from enum import StrEnum


class Level(StrEnum):
    """The general inspection levels: II where nothing else is agreed, I for less to tell apart, III for more."""

    I = "I"  # noqa: E741 # the standard's own name
    II = "II"
    III = "III"


# The largest lot of each line of table 1, and the place of its code letter (A, B, C …, without I and O) by level.
LOTS = (8, 15, 25, 50, 90, 150, 280, 500, 1_200, 3_200, 10_000, 35_000, 150_000, 500_000)
LETTERS = {
    Level.I: (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    Level.II: (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
    Level.III: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
}
SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1_250, 2_000)


def sample_size(lot: int, level: Level) -> int:
    """How many of a lot are checked; all of one that is smaller than its sample.

    >>> [sample_size(lot, Level.II) for lot in (2, 8, 9, 280, 281, 1_200, 20_000, 600_000)]
    [2, 2, 3, 32, 50, 80, 315, 1250]
    >>> sample_size(20_000, Level.I), sample_size(3, Level.III), sample_size(0, Level.II)
    (125, 3, 0)
    """
    return min(lot, SIZES[LETTERS[level][bisect_left(LOTS, lot)]])


def is_accepted(faulty: int, checked: int, most_faulty_percent: float) -> bool:
    """Whether a street is accepted whose sample holds so many at fault.

    >>> is_accepted(4, 80, 5), is_accepted(5, 80, 5)
    (True, False)
    """
    return faulty * 100 <= most_faulty_percent * checked
