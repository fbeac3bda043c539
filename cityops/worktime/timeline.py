"""A calendar's open time as flat sorted arrays, so that counting is two searches and no walk.

Moments and amounts are whole microseconds; moments since 1970 in UTC.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cityops.errors import Invalid
from cityops.words import N_

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR = 1900
LAST_YEAR = 2199

_DAY_US = 86_400_000_000

Interval = tuple[int, int]


def to_us(moment: datetime, field: str = "start") -> int:
    """The microseconds of an aware moment.

    Raises:
        Invalid: the moment has no time zone, or lies outside 1900–2199; the error names `field`.

    >>> to_us(datetime.fromisoformat("1970-01-01T08:00+08:00"))
    0
    """
    if moment.tzinfo is None:
        raise Invalid(field, N_("The time %(time)s needs a time zone, as in 2026-09-30T16:00+08:00."), time=moment)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise Invalid(
            field,
            N_("The time %(time)s lies outside the years %(first)s to %(last)s."),
            time=moment,
            first=FIRST_YEAR,
            last=LAST_YEAR,
        )
    return us_of(moment)


def us_of(moment: datetime) -> int:
    """The microseconds of a moment that is known to be aware and near."""
    since = moment - EPOCH
    return since.days * _DAY_US + since.seconds * 1_000_000 + since.microseconds


def to_moment(us: int) -> datetime:
    """The UTC moment of `us` microseconds since 1970.

    >>> to_moment(1_000_000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return EPOCH + timedelta(microseconds=us)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The intervals sorted, without overlap, touching ones joined, empty ones gone.

    >>> union([(5, 9), (1, 3), (3, 4), (6, 7), (8, 8)])
    [(1, 4), (5, 9)]
    """
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


@dataclass(frozen=True, slots=True)
class Timeline:
    """The open time of whole years `first_year`–`last_year`, from `begins` to `ends`.

    `sums[i]` is what has been counted when interval i closes.
    """

    first_year: int
    last_year: int
    begins: int
    ends: int
    opens: list[int]
    closes: list[int]
    sums: list[int]

    @classmethod
    def of(cls, first_year: int, last_year: int, bounds: Interval, intervals: Iterable[Interval]) -> "Timeline":
        """Lay out sorted intervals that do not overlap."""
        opens, closes, sums = [], [], []
        total = 0
        for start, end in intervals:
            total += end - start
            opens.append(start)
            closes.append(end)
            sums.append(total)
        return cls(first_year, last_year, *bounds, opens, closes, sums)

    @property
    def total(self) -> int:
        """All the open time there is."""
        return self.sums[-1] if self.sums else 0

    def worked(self, at: int) -> int:
        """The open time from the beginning until `at`.

        >>> Timeline.of(1970, 1970, (0, 100), [(10, 20), (30, 40)]).worked(33)
        13
        """
        index = bisect_right(self.opens, at) - 1
        if index < 0:
            return 0
        return self.sums[index] - max(0, self.closes[index] - at)

    def reached(self, worked: int) -> int:
        """The first moment at which `worked` (over 0, at most `total`) has been counted: at a close, not after it.

        >>> Timeline.of(1970, 1970, (0, 100), [(10, 20), (30, 40)]).reached(10)
        20
        """
        index = bisect_left(self.sums, worked)
        return self.closes[index] - (self.sums[index] - worked)

    def between(self, start: int, end: int) -> list[Interval]:
        """The open intervals from `start` to `end`, cut to them."""
        first = bisect_right(self.closes, start)
        last = bisect_left(self.opens, end)
        return [(max(start, self.opens[i]), min(end, self.closes[i])) for i in range(first, last)]
