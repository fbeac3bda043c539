"""What an operator types for an address, taken apart, and how a place is told from another. Pure.

Chinese, pinyin and initials may be mixed. `中山西路123号` is a door plate, `A路与B路交叉口` a crossing; `天一广场北门`
and `天一广场东北80米` lie beside a landmark.
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from cityops.grid.geometry import metres_per_degree
from cityops.words import N_

# More than any address has; what follows is not read.
MAX_LETTERS = 60

_CROSSING_END = re.compile(
    r"的?(?:十字|丁字)?(?:交叉路口|交叉口|交叉|交[汇会界]处|交[汇会]口?)$|的路口$|(?<=[路街道巷弄线])路?口$"
)
_CROSSING_PARTS = re.compile(r"[/&+、,;]|[与和跟及同]|\s+")
_MAX_PARTINGS = 3
_NUMBER = re.compile(r"\d+(?=$|号|弄|院|支|之|附|[甲乙丙丁]|h|nong)")
_MAX_NUMBER = 99_999
_BESIDE = re.compile(
    r"(?P<base>.{2,}?)(?:的|往|向)?正?(?P<side>东北|东南|西北|西南|东|南|西|北)"
    r"(?:(?P<part>大门|侧门|门|出入口|出口|入口|口|角)|(?:侧|面|边|方向|方|部|头)?(?:大?约)?(?:(?P<metres>\d{1,4})[米m])?)"
)


class Direction(StrEnum):
    """The eight directions, counter-clockwise from east."""

    EAST = "east"
    NORTH_EAST = "north_east"
    NORTH = "north"
    NORTH_WEST = "north_west"
    WEST = "west"
    SOUTH_WEST = "south_west"
    SOUTH = "south"
    SOUTH_EAST = "south_east"

    @property
    def chinese(self) -> str:
        """The direction as addresses say it."""
        return _CHINESE[self]

    @property
    def unit(self) -> tuple[float, float]:
        """One metre in this direction, as metres east and north."""
        angle = list(Direction).index(self) * math.tau / 8
        return math.cos(angle), math.sin(angle)


_CHINESE = dict(zip(Direction, ("东", "东北", "北", "西北", "西", "西南", "南", "东南"), strict=True))
_BY_CHINESE = {word: direction for direction, word in _CHINESE.items()}
DIRECTION_LABELS = {
    Direction.EAST: N_("east"),
    Direction.NORTH_EAST: N_("northeast"),
    Direction.NORTH: N_("north"),
    Direction.NORTH_WEST: N_("northwest"),
    Direction.WEST: N_("west"),
    Direction.SOUTH_WEST: N_("southwest"),
    Direction.SOUTH: N_("south"),
    Direction.SOUTH_EAST: N_("southeast"),
}


class Numbered(NamedTuple):
    """A road, and what is numbered along it: `rest` is what follows the number."""

    road: str
    number: int
    rest: str


class Beside(NamedTuple):
    """A part of a landmark, or a place so many metres from it."""

    base: str
    direction: Direction
    metres: int | None


def plain(text: str) -> str:
    """The letters and digits of a text: full-width as half-width, small, without blanks, signs and pictures.

    >>> plain(" 天一广场（Ｂ座）, No.１２ 😀%_")
    '天一广场b座no12'
    """
    folded = unicodedata.normalize("NFKC", text[: 2 * MAX_LETTERS]).lower()
    return "".join(letter for letter in folded if letter.isalnum())[:MAX_LETTERS]


def numbered(words: str) -> Iterator[Numbered]:
    """The ways to read plain words as a road with a plate's number, the first number first.

    >>> [(each.road, each.number, each.rest) for each in numbered("中山西路123弄5号")]
    [('中山西路', 123, '弄5号'), ('中山西路123弄', 5, '号')]
    """
    for found in _NUMBER.finditer(words):
        if found.start() and int(found[0][:9]) <= _MAX_NUMBER:
            yield Numbered(words[: found.start()], int(found[0]), words[found.end() :])


def crossing(text: str) -> list[tuple[str, str]]:
    """The ways to read a text as two roads that cross, in plain words; a blank parts them only in Chinese.

    >>> crossing("中山西路和和义路交叉口")
    [('中山西路', '和义路'), ('中山西路和', '义路')]
    """
    folded = unicodedata.normalize("NFKC", text[: 2 * MAX_LETTERS]).lower().strip()
    core = _CROSSING_END.sub("", folded)
    pairs = []
    for found in _CROSSING_PARTS.finditer(core):
        pair = plain(core[: found.start()]), plain(core[found.end() :])
        if found[0].isspace() and any(side.isascii() for side in pair):
            continue
        if min(map(len, pair)) >= 2:
            pairs.append(pair)
    return pairs[:_MAX_PARTINGS]


def beside(words: str) -> Beside | None:
    """Plain words as a side or gate of a landmark, or so many metres from it.

    >>> beside("天一广场东北约80米")
    Beside(base='天一广场', direction=<Direction.NORTH_EAST: 'north_east'>, metres=80)
    """
    found = _BESIDE.fullmatch(words)
    if found is None:
        return None
    metres = None if found["metres"] is None else int(found["metres"])
    return Beside(found["base"], _BY_CHINESE[found["side"]], metres)


def direction_from(lon: float, lat: float, to_lon: float, to_lat: float) -> Direction:
    """In which of the eight directions the second point lies, seen from the first.

    >>> direction_from(121.55, 29.87, 121.551, 29.8709).chinese
    '东北'
    """
    east, north = metres_per_degree(lat)
    angle = math.atan2((to_lat - lat) * north, (to_lon - lon) * east)
    return list(Direction)[round(angle / math.tau * 8) % 8]


def moved(lon: float, lat: float, direction: Direction, metres: float) -> tuple[float, float]:
    """The point so many metres away in a direction."""
    east, north = metres_per_degree(lat)
    x, y = direction.unit
    return lon + x * metres / east, lat + y * metres / north


def about(metres: float) -> int:
    """A distance as it is told: to ten metres, and never none.

    >>> about(3.0), about(84.9), about(86.0)
    (10, 80, 90)
    """
    return max(10, round(metres / 10) * 10)
