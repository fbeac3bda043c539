"""The demo city's gazetteer: streets along the edges of its cells, plates on both sides, its landmarks, old names.

示意，非官方 / illustrative. The larger streets bear names of Ningbo's real ones, not their courses; lanes are named
after their community. Landmarks and the named zones stand at their real places. Pure and deterministic.
"""

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from random import Random

import numpy as np
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from cityops.demo.geography import SEED, demo_city, demo_layout, read_seed
from cityops.demo.layout import CENTRE
from cityops.grid.addresses.models import AddressKind
from cityops.grid.addresses.records import AddressRecord

# The longest lines of the mesh become streets, the next ones lanes.
LANE_M = 330.0
# In each district the longest line takes the first name.
STREETS = {
    "330203": (
        *("中山西路", "中山东路", "解放南路", "环城西路", "药行街", "镇明路", "柳汀街", "长春路", "开明街", "灵桥路"),
        *("和义路", "永丰路", "翠柏路", "解放北路", "苍松路", "丽园北路", "丽园南路", "联丰路", "薛家路", "西河街"),
        *("县学街", "大沙泥街", "尹江路", "新典路", "启运路", "范江岸路"),
    ),
    "330205": (
        *("人民路", "大庆南路", "大庆北路", "环城北路", "新马路", "槐树路", "大闸路", "中马路", "扬善路", "育才路"),
    ),
    "330212": (
        *("百丈路", "江东北路", "江东南路", "通途路", "中兴路", "桑田路", "兴宁路", "彩虹北路", "彩虹南路", "曙光路"),
        *("民安路", "宁穿路", "惊驾路", "朝晖路", "徐戎路", "福明路", "沧海路", "福庆路", "海晏路", "河清北路"),
        *("甬港北路", "甬港南路", "贺丞路", "玛瑙路", "姚隘路", "箕漕街"),
    ),
}
# What some were called before, to be found under it still.
FORMER_NAMES = {"中山西路": ("西大街",), "中山东路": ("东大街",), "和义路": ("战船街",), "灵桥路": ("江厦老街",)}
ALIASES = {"天一广场": ("天一商圈",)}
ZONES = {
    "三江口": (121.5570, 29.8785),
    "老外滩": (121.5590, 29.8835),
    "月湖景区": (121.5395, 29.8690),
    "鼓楼步行街": (121.5462, 29.8752),
    "南塘老街": (121.5372, 29.8570),
}
PLATE_SPACING_M = 45.0
KERB_M = 9.0


@cache
def demo_addresses() -> tuple[AddressRecord, ...]:
    """All of the demo's places but its areas, whose names follow the grid."""
    communities = {row["code"]: row["name"] for row in read_seed("ningbo_areas.csv") if row["level"] == "community"}
    found = [*_zones(), *_blocks(communities), *_landmarks()]
    for number, (name, line) in enumerate(_named_lines(communities), start=1):
        road = _road(f"R{number:05d}", name, line)
        found += [road, *_plates(road, line, number)]
    return tuple(found)


def _zones() -> Iterator[AddressRecord]:
    for number, (name, (lon, lat)) in enumerate(ZONES.items(), start=1):
        yield AddressRecord(AddressKind.ZONE, name, lon, lat, code=f"Z{number:05d}")


def _blocks(communities: dict[str, str]) -> Iterator[AddressRecord]:
    """A residential block in the middle of every community."""
    middles: dict[str, shapely.Point] = {}
    for area in demo_city().areas:
        if area.code in communities:
            middles[area.code] = area.boundary.representative_point()
    for number, (code, point) in enumerate(sorted(middles.items()), start=1):
        name = f"{_stem(communities[code])}{('新村', '小区', '花园')[number % 3]}"
        yield AddressRecord(AddressKind.BLOCK, name, point.x, point.y, code=f"B{number:05d}")


def _landmarks() -> Iterator[AddressRecord]:
    for number, row in enumerate(read_seed("ningbo_landmarks.csv"), start=1):
        yield AddressRecord(
            AddressKind.LANDMARK,
            row["name"],
            float(row["lon"]),
            float(row["lat"]),
            code=f"L{number:05d}",
            category=row["kind"],
            aliases=ALIASES.get(row["name"], ()),
        )


def _named_lines(communities: dict[str, str]) -> Iterator[tuple[str, LineString]]:
    """The lines of the mesh between the rivers' bends and the shortest block edges, in metres, with their names."""
    layout = demo_layout()
    lines = [line for line in layout.lines[len(layout.shores) :] if line.length >= LANE_M]
    lines.sort(key=lambda line: -line.length)
    parts = list(layout.communities)
    tree = shapely.STRtree([layout.communities[code] for code in parts])
    streets = {district: iter(names) for district, names in STREETS.items()}
    lanes: dict[str, Iterator[int]] = {}
    for line in lines:
        code = parts[int(tree.nearest(line.interpolate(0.5, normalized=True)))]
        lane = f"{_stem(communities[code])}{{}}巷"
        name = next(streets[code[:6]], None)
        if name is None:
            name = lane.format(_chinese_number(next(lanes.setdefault(code, count(1)))))
        yield name, _from_west(line)


def _stem(community: str) -> str:
    return re.sub("(社区)?(居委会)?$", "", community).replace("村委会", "村")


def _from_west(line: BaseGeometry) -> LineString:
    return LineString(line.coords if line.coords[0] <= line.coords[-1] else line.coords[::-1])


def _chinese_number(number: int) -> str:
    digits = "〇一二三四五六七八九"
    tens, ones = divmod(number, 10)
    return f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{digits[ones] if ones else ''}"


def _road(code: str, name: str, line: LineString) -> AddressRecord:
    course = CENTRE.to_degrees(line)
    middle = course.interpolate(0.5, normalized=True)
    former = FORMER_NAMES.get(name, ())
    return AddressRecord(AddressKind.ROAD, name, middle.x, middle.y, code=code, former_names=former, line=course)


def _plates(road: AddressRecord, line: LineString, seed: int) -> Iterator[AddressRecord]:
    """Plates from the road's western end on, odd numbers on its left, even ones on its right; some are missing."""
    source = Random(SEED + seed)
    for step in range(1, math.floor(line.length / PLATE_SPACING_M)):
        for side in (0, 1):
            number = 2 * step - 1 + side
            if source.random() < 0.1:
                continue
            lon, lat = _at_kerb(line, step * PLATE_SPACING_M + source.uniform(-12, 12), 1 if side == 0 else -1)
            yield AddressRecord(
                AddressKind.PLATE, f"{number}号", lon, lat, code=f"{road.code}-{number}", road=road.code, number=number
            )


def _at_kerb(line: LineString, along_m: float, side: int) -> tuple[float, float]:
    before, after = (np.array(line.interpolate(along_m + step).coords[0]) for step in (-1.0, 1.0))
    forward = (after - before) / np.hypot(*(after - before))
    kerb = (before + after) / 2 + side * KERB_M * np.array([-forward[1], forward[0]])
    point: Sequence[float] = CENTRE.to_degrees(shapely.Point(kerb)).coords[0]
    return round(point[0], 7), round(point[1], 7)
