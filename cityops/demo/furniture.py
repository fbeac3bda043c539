"""Street furniture for the demo: components of believable classes along the edges of the cells, inside them.

Each cell's lit edges carry a lamp every 25 to 35 m; the other classes are drawn by weight. Classes and their names are
those of GB/T 47678.5-2026.
"""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from random import Random

import numpy as np
import shapely
from shapely import LinearRing, Polygon

from cityops.grid.geometry import metres_per_degree
from cityops.grid.records import CellRecord

LAMP = "01037"
LIT_SHARE = 0.3
LAMP_STEP_M = (25.0, 35.0)


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of components: how common it is, how far from the cell's edge it stands, which trade maintains it."""

    code: str
    name: str
    weight: float
    inset_m: float
    trade: str


@dataclass(frozen=True, slots=True)
class Furniture:
    """A piece of street furniture at its place; `trade`, one of `TRADES`, keeps it up."""

    code: str
    name: str
    lon: float
    lat: float
    trade: str

    @property
    def class_code(self) -> str:
        """The five-digit class of GB/T 47678.5-2026 inside the 17-digit code."""
        return self.code[6:11]


LAMP_KIND = Kind(LAMP, "路灯", 0.0, 2.5, "lighting")
KINDS = (
    Kind("01001", "供水井盖", 6.0, 1.2, "water"),
    Kind("01002", "污水井盖", 9.0, 0.8, "drainage"),
    Kind("01003", "雨水井盖", 8.0, 0.8, "drainage"),
    Kind("01004", "雨水箅子", 9.0, 1.8, "drainage"),
    Kind("01005", "电力井盖", 4.0, 3.0, "power"),
    Kind("01006", "路灯井盖", 3.0, 2.5, "lighting"),
    Kind("01007", "通信井盖", 6.0, 3.0, "telecom"),
    Kind("01011", "燃气井盖", 2.5, 1.2, "gas"),
    Kind("01013", "消防设施", 2.5, 3.0, "water"),
    Kind("01027", "通信交接箱", 2.0, 4.0, "telecom"),
    Kind("01048", "变压器（箱）", 1.0, 4.0, "power"),
    Kind("01050", "监控电子眼设施", 2.0, 2.5, "traffic"),
    Kind("01054", "充电桩", 0.8, 5.0, "power"),
    Kind("01060", "路灯配电箱", 0.8, 4.0, "lighting"),
    Kind("02004", "公交站设施", 0.8, 2.5, "traffic"),
    Kind("02010", "交通标志牌及标线", 5.0, 2.5, "traffic"),
    Kind("02012", "路名牌", 2.0, 2.5, "roads"),
    Kind("02014", "交通信号灯", 1.2, 2.5, "traffic"),
    Kind("02017", "交通护栏", 2.0, 1.2, "traffic"),
    Kind("02021", "便道桩", 2.0, 2.5, "roads"),
    Kind("02025", "非机动车停放点", 1.5, 4.0, "roads"),
    Kind("03001", "公共厕所", 0.4, 5.0, "sanitation"),
    Kind("03005", "垃圾箱", 7.0, 3.0, "sanitation"),
    Kind("03008", "宣传栏", 1.0, 5.0, "sanitation"),
    Kind("04002", "行道树", 14.0, 3.0, "greening"),
    Kind("04007", "街头座椅", 1.5, 5.0, "greening"),
    Kind("04011", "树池树穴", 5.0, 3.0, "greening"),
)
TRADES = tuple(sorted({kind.trade for kind in (LAMP_KIND, *KINDS)}))


def place_furniture(cells: list[CellRecord], total: int, source: Random) -> list[Furniture]:
    """Place exactly `total` components in the cells, shared out by the length of their edges."""
    rings = _inset_rings(cells)
    lengths = np.array([rings[0.8][k].length for k in range(len(cells))])
    steps = np.floor(np.cumsum(lengths) / lengths.sum() * total + 0.5).astype(int)
    quotas = np.diff(steps, prepend=0).tolist()
    weights = list(accumulate(kind.weight for kind in KINDS))
    used: Counter[str] = Counter()
    components = []
    for k, (cell, quota) in enumerate(zip(cells, quotas, strict=True)):
        length = rings[LAMP_KIND.inset_m][k].length
        lamps = min(quota, math.floor(LIT_SHARE * length / source.uniform(*LAMP_STEP_M)))
        chosen = [(LAMP_KIND, LIT_SHARE * (n + 0.5) / lamps) for n in range(lamps)]
        kinds = source.choices(KINDS, cum_weights=weights, k=quota - lamps)
        chosen += [(kind, source.random()) for kind in kinds]
        places = [rings[kind.inset_m][k].interpolate(share, normalized=True) for kind, share in chosen]
        for (kind, _), place in zip(chosen, places, strict=True):
            number = cell.code[:6] + kind.code
            used[number] += 1
            lon, lat = _to_degrees(place.x, place.y)
            components.append(Furniture(f"{number}{used[number]:06d}", kind.name, lon, lat, kind.trade))
    return components


def _inset_rings(cells: list[CellRecord]) -> dict[float, list[LinearRing]]:
    """For each distance from the edge: a ring inside each cell, from its north-west corner on, in scaled metres."""
    scale = _scale()
    polygons = shapely.transform(np.array([cell.boundary for cell in cells]), lambda points: points * scale)
    insets = sorted({kind.inset_m for kind in (LAMP_KIND, *KINDS)})
    return {inset: [_ring(polygon, inset) for polygon in polygons] for inset in insets}


def _ring(polygon: Polygon, inset_m: float) -> LinearRing:
    inner = polygon.buffer(-inset_m, join_style="mitre")
    widest = max(shapely.get_parts(inner), key=lambda part: part.area)
    corners = shapely.get_coordinates(shapely.normalize(widest).exterior)[:-1]
    first = int(np.argmin(corners[:, 0] - corners[:, 1]))
    return LinearRing(np.roll(corners, -first, axis=0))


def _scale() -> tuple[float, float]:
    # One latitude's scale for the whole city: insets may be off by a thousandth.
    return metres_per_degree(29.88)


def _to_degrees(x: float, y: float) -> tuple[float, float]:
    east, north = _scale()
    return round(x / east, 7), round(y / north, 7)
