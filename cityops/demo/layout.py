"""How the demo city lies: real rivers and places in rough strokes, streets and communities cut between them.

Boundaries are illustrative: 余姚江, 奉化江 and 甬江 and the streets' places follow the real city in a few points each;
no official boundary is known or used.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from cityops.demo.mesh import Cut, Plane, cut_share, into_blocks, into_parts, long_axis

CENTRE = Plane(121.5570, 29.8785)
CELL_TARGET_M2 = 10_000.0

OUTLINE = [
    (121.5270, 29.8700), (121.5265, 29.8790), (121.5290, 29.8870), (121.5370, 29.8925), (121.5470, 29.8960),
    (121.5580, 29.8985), (121.5700, 29.9010), (121.5830, 29.9045), (121.5950, 29.9060), (121.6070, 29.9015),
    (121.6130, 29.8945), (121.6125, 29.8865), (121.6040, 29.8835), (121.5950, 29.8790), (121.5870, 29.8720),
    (121.5770, 29.8670), (121.5650, 29.8640), (121.5535, 29.8570), (121.5440, 29.8510), (121.5350, 29.8525),
    (121.5285, 29.8600),
]  # fmt: skip
YUYAO_RIVER = [
    (121.5570, 29.8785), (121.5520, 29.8822), (121.5465, 29.8850), (121.5390, 29.8868), (121.5310, 29.8870),
    (121.5200, 29.8905), (121.5100, 29.8930),
]  # fmt: skip
FENGHUA_RIVER = [
    (121.5570, 29.8785), (121.5572, 29.8740), (121.5562, 29.8690), (121.5530, 29.8640), (121.5505, 29.8590),
    (121.5490, 29.8540), (121.5450, 29.8470), (121.5440, 29.8380),
]  # fmt: skip
YONG_RIVER = [
    (121.5570, 29.8785), (121.5625, 29.8830), (121.5660, 29.8890), (121.5720, 29.8940), (121.5800, 29.8972),
    (121.5890, 29.9000), (121.5960, 29.9040), (121.6020, 29.9120),
]  # fmt: skip

DISTRICT_ANCHORS = {
    "330203": (121.5400, 29.8700),
    "330205": (121.5580, 29.8950),
    "330212": (121.5750, 29.8700),
}
STREET_ANCHORS = {
    "330203001": (121.5440, 29.8560),
    "330203002": (121.5530, 29.8680),
    "330203003": (121.5320, 29.8770),
    "330203004": (121.5370, 29.8670),
    "330203005": (121.5470, 29.8790),
    "330205001": (121.5570, 29.8870),
    "330205003": (121.5780, 29.9020),
    "330205004": (121.5420, 29.8950),
    "330212004": (121.6050, 29.8880),
    "330212008": (121.5650, 29.8680),
    "330212009": (121.5680, 29.8790),
    "330212010": (121.5860, 29.8800),
    "330212015": (121.6050, 29.8970),
}
ZONE_STREETS = ("330212004", "330212015")


@dataclass(slots=True)
class Layout:
    """The lines of the city and the pieces they make, in metres of the local plane.

    Attributes:
        shores: the first of the lines: the city's outline and its rivers, along which nothing is built.
    """

    shores: list[BaseGeometry] = field(default_factory=list)
    lines: list[BaseGeometry] = field(default_factory=list)
    communities: dict[str, Polygon] = field(default_factory=dict)
    blocks: dict[str, list[Polygon]] = field(default_factory=dict)
    duty_areas: dict[str, list[list[str]]] = field(default_factory=dict)


def lay_out(communities: dict[str, list[str]], duty_grids: int, source: Random) -> Layout:
    """Cut the city into districts, streets, duty areas, communities and blocks.

    Args:
        communities: community codes by street code, for the streets that have an anchor.
        duty_grids: how many duty areas to make in all; each is a set of whole communities of one street.
    """
    layout = Layout()
    districts = _cut_districts(layout)
    shares = _share_out(duty_grids, {street: len(codes) for street, codes in communities.items()})
    for district, region in districts.items():
        streets = [street for street in sorted(communities) if street.startswith(district)]
        weights = {street: float(len(communities[street])) for street in streets}
        for street, part in _cut_streets(region, streets, weights, layout, source).items():
            _cut_communities(street, part, communities[street], shares[street], layout, source)
    return layout


def _cut_districts(layout: Layout) -> dict[str, Polygon]:
    outline = Polygon(CENTRE.to_plane(OUTLINE))
    rivers = [LineString(CENTRE.to_plane(river)) for river in (YUYAO_RIVER, FENGHUA_RIVER, YONG_RIVER)]
    lines = [outline.exterior, *(river.intersection(outline) for river in rivers)]
    layout.shores += lines
    layout.lines += lines
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(lines, grid_size=0.001))))
    anchors = {code: Point(CENTRE.to_plane([place])[0]) for code, place in DISTRICT_ANCHORS.items()}
    return {code: next(piece for piece in pieces if piece.covers(anchor)) for code, anchor in anchors.items()}


def _share_out(total: int, sizes: dict[str, int]) -> dict[str, int]:
    """Share a total out by size: at least 1 each, the largest remainders rounded up, never more than the size."""
    exact = {name: max(1.0, total * size / sum(sizes.values())) for name, size in sizes.items()}
    shares = {name: math.floor(value) for name, value in exact.items()}
    by_remainder = sorted(sizes, key=lambda name: (shares[name] - exact[name], name))
    for name in by_remainder[: max(0, total - sum(shares.values()))]:
        shares[name] += 1
    return shares


def _cut_streets(
    region: Polygon, streets: Sequence[str], weights: dict[str, float], layout: Layout, source: Random
) -> dict[str, Polygon]:
    if len(streets) == 1:
        return {streets[0]: region}
    best: tuple[float, Cut, list[str], list[str]] | None = None
    for k in range(12):
        angle = long_axis(region) + math.pi * k / 12
        normal = (-math.sin(angle), math.cos(angle))
        ordered = sorted(streets, key=lambda street: -_height(street, normal))
        for size in range(1, len(streets)):
            left, right = ordered[:size], ordered[size:]
            share = sum(weights[street] for street in left) / sum(weights[street] for street in streets)
            cut = cut_share(region, angle, share, 14.0, source)
            if cut is None:
                continue
            score = cut.roundness + 1.5 * _anchored(cut, left, right)
            if best is None or score > best[0]:
                best = (score, cut, left, right)
    if best is None:
        raise ValueError("no line cuts this district in two")
    _, cut, left, right = best
    layout.lines.append(cut.line)
    return {
        **_cut_streets(cut.left, left, weights, layout, source),
        **_cut_streets(cut.right, right, weights, layout, source),
    }


def _height(street: str, normal: tuple[float, float]) -> float:
    x, y = CENTRE.to_plane([STREET_ANCHORS[street]])[0]
    return x * normal[0] + y * normal[1]


def _anchored(cut: Cut, left: Sequence[str], right: Sequence[str]) -> float:
    """The share of the streets whose real place lies on their side of the cut."""
    right_places = [(cut.left, street) for street in left] + [(cut.right, street) for street in right]
    hits = [side.covers(Point(CENTRE.to_plane([STREET_ANCHORS[street]])[0])) for side, street in right_places]
    return sum(hits) / len(hits)


def _cut_communities(
    street: str, region: Polygon, codes: Sequence[str], duty_areas: int, layout: Layout, source: Random
) -> None:
    weights = {code: source.uniform(0.75, 1.3) for code in codes}
    groups = [list(codes[len(codes) * k // duty_areas : len(codes) * (k + 1) // duty_areas]) for k in range(duty_areas)]
    group_weights = [sum(weights[code] for code in group) for group in groups]
    parts, lines = into_parts(region, group_weights, 12.0, source)
    layout.lines += lines
    layout.duty_areas[street] = groups
    for group, part in zip(groups, parts, strict=True):
        pieces, lines = into_parts(part, [weights[code] for code in group], 9.0, source)
        layout.lines += lines
        for code, piece in zip(group, pieces, strict=True):
            grain = long_axis(piece)
            blocks, block_lines = into_blocks(piece, max(1, round(piece.area / CELL_TARGET_M2)), grain, source)
            layout.lines += block_lines
            layout.communities[code] = piece
            layout.blocks[code] = blocks
