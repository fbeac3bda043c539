"""The prepared index of the active cells: a point becomes a cell, exactly.

Cells lie in flat arrays under a uniform raster of buckets, a few bytes an edge, so that 50,000 of them cost a worker
some twenty megabytes that a fork shares. A point tests the edges of the few cells whose box holds it by crossing count.
The side of an edge is decided in floating point where Shewchuk's error bound proves the sign, and in rational numbers
where it does not; so the answer is that of `shapely.covers`. On a shared edge the lowest code holds the point.
"""

from array import array
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from itertools import islice, pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

# (3 + 16 u) u with u = 2^-53: Shewchuk's bound ccwerrboundA of the orientation test.
ERROR_BOUND = 3.3306690738754716e-16
CHUNK = 32_768
PORTION = 5_000

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


class CellRow(NamedTuple):
    """What the index needs of an active cell; `boundary` is WKB in lon, lat."""

    cell_id: int
    code: str
    duty_grid_id: int | None
    area_level: int
    boundary: bytes


class Located(NamedTuple):
    """The cell that holds a point. The codes of its areas are the first digits of the cell's."""

    cell_id: int
    cell_code: str
    duty_grid_id: int | None
    area_level: int

    @property
    def area_code(self) -> str:
        """The 12-digit community code."""
        return self.cell_code[:12]

    @property
    def street_code(self) -> str:
        """The 9-digit street code."""
        return self.cell_code[:9]

    @property
    def district_code(self) -> str:
        """The 6-digit district code."""
        return self.cell_code[:6]


class GridIndex:
    """The active cells of one grid revision, prepared; built once, never changed.

    Args:
        rows: the active cells in the order of their codes.
        revision: the `GridRevision.number` they belong to.
        area_names: area code to (name, English name), for answers without another look at the database.
        duty_grids: duty grid id to (code, name, English name).
    """

    def __init__(
        self,
        rows: Iterable[CellRow],
        *,
        revision: int = 0,
        area_names: Mapping[str, tuple[str, str]] | None = None,
        duty_grids: Mapping[int, tuple[str, str, str]] | None = None,
    ) -> None:
        self.revision = revision
        self.area_names = dict(area_names or {})
        self.duty_grids = dict(duty_grids or {})
        self.codes: list[str] = []
        self._cell_ids, self._duty_grid_ids, self._area_levels = array("q"), array("q"), array("b")
        self._edges, self._edge_starts, self._boxes = array("d"), array("i", [0]), array("d")
        left = iter(rows)
        # In portions: shapely's objects are heavy, and their memory would stay with the process.
        while portion := list(islice(left, PORTION)):
            self._take(portion)
        if any(code >= following for code, following in pairwise(self.codes)):
            raise ValueError("cells must come in the order of their codes, each once")
        self._prepare_buckets()

    def __len__(self) -> int:
        return len(self.codes)

    def _take(self, portion: list[CellRow]) -> None:
        self.codes += [row.code for row in portion]
        self._cell_ids.extend(row.cell_id for row in portion)
        self._duty_grid_ids.extend(row.duty_grid_id or 0 for row in portion)
        self._area_levels.extend(row.area_level for row in portion)
        polygons = shapely.from_wkb([row.boundary for row in portion])
        self._boxes.frombytes(shapely.bounds(polygons).tobytes())
        edges, counts = _edges_of(polygons)
        self._edges.frombytes(edges.tobytes())
        self._edge_starts.extend((np.cumsum(counts) + self._edge_starts[-1]).tolist())

    def _prepare_buckets(self) -> None:
        boxes = np.frombuffer(self._boxes, dtype=np.float64).reshape(-1, 4)
        if not len(boxes):
            boxes = np.zeros((0, 4))
            self._west = self._south = 1.0
            self._east = self._north = 0.0
            self._columns = self._rows = 1
            self._per_lon = self._per_lat = 1.0
        else:
            self._west, self._south = (float(value) for value in boxes[:, :2].min(axis=0))
            self._east, self._north = (float(value) for value in boxes[:, 2:].max(axis=0))
            most = 4 * len(boxes) + 1024
            width, height = (float(value) for value in np.median(boxes[:, 2:] - boxes[:, :2], axis=0))
            columns = (self._east - self._west) / max(width, 1e-9) * 1.5 + 1
            rows = (self._north - self._south) / max(height, 1e-9) * 1.5 + 1
            shrink = min(1.0, (most / (columns * rows)) ** 0.5)
            self._columns, self._rows = max(1, int(columns * shrink)), max(1, int(rows * shrink))
            self._per_lon = self._columns / max(self._east - self._west, 1e-12)
            self._per_lat = self._rows / max(self._north - self._south, 1e-12)
        starts, items = self._fill_buckets(boxes)
        self._bucket_starts = array("i", starts.astype(np.int32).tobytes())
        self._bucket_items = array("i", items.astype(np.int32).tobytes())

    def _fill_buckets(self, boxes: _Floats) -> tuple[_Ints, _Ints]:
        left, right = (self._column_of(boxes[:, k]) for k in (0, 2))
        top, bottom = (self._row_of(boxes[:, k]) for k in (1, 3))
        widths, heights = right - left + 1, bottom - top + 1
        cells, nth = _expand(widths * heights)
        buckets = (top[cells] + nth // widths[cells]) * self._columns + left[cells] + nth % widths[cells]
        order = np.argsort(buckets, kind="stable")
        starts = np.searchsorted(buckets[order], np.arange(self._columns * self._rows + 1))
        return starts, cells[order]

    def _column_of(self, lons: _Floats) -> _Ints:
        return np.minimum(((lons - self._west) * self._per_lon).astype(np.int64), self._columns - 1)

    def _row_of(self, lats: _Floats) -> _Ints:
        return np.minimum(((lats - self._south) * self._per_lat).astype(np.int64), self._rows - 1)

    def at(self, position: int) -> Located:
        """The cell at a position that `locate_many` gave."""
        return Located(
            self._cell_ids[position],
            self.codes[position],
            self._duty_grid_ids[position] or None,
            self._area_levels[position],
        )

    @property
    def boxes(self) -> _Floats:
        """(n, 4) west, south, east, north of each cell."""
        return np.frombuffer(self._boxes, dtype=np.float64).reshape(-1, 4)

    @property
    def held_by(self) -> _Ints:
        """The id of each cell's duty grid, 0 for none."""
        return np.frombuffer(self._duty_grid_ids, dtype=np.int64)

    def in_box(self, west: float, south: float, east: float, north: float) -> list[int]:
        """Positions of the cells whose box meets the given one, for maps; ordered by code."""
        boxes = self.boxes
        meets = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        return [int(position) for position in np.flatnonzero(meets)]

    def rings(self, position: int) -> list[list[tuple[float, float]]]:
        """The closed rings of a cell's boundary; a point is inside if it is inside an odd number of them."""
        numbers = iter(self._edges[4 * self._edge_starts[position] : 4 * self._edge_starts[position + 1]])
        rings: list[list[tuple[float, float]]] = []
        for x1, y1, x2, y2 in zip(numbers, numbers, numbers, numbers, strict=True):
            if not rings or rings[-1][-1] != (x1, y1):
                rings.append([(x1, y1)])
            rings[-1].append((x2, y2))
        return rings

    def locate(self, lon: float, lat: float) -> Located | None:
        """The cell that covers the point, on a shared edge the one with the lowest code; None outside every cell."""
        if not (self._west <= lon <= self._east and self._south <= lat <= self._north):
            return None
        column = min(int((lon - self._west) * self._per_lon), self._columns - 1)
        row = min(int((lat - self._south) * self._per_lat), self._rows - 1)
        bucket = row * self._columns + column
        starts, boxes = self._bucket_starts, self._boxes
        for cell in self._bucket_items[starts[bucket] : starts[bucket + 1]]:
            west, south, east, north = boxes[4 * cell : 4 * cell + 4]
            if west <= lon <= east and south <= lat <= north and self._covers(cell, lon, lat):
                return self.at(cell)
        return None

    def _covers(self, cell: int, lon: float, lat: float) -> bool:
        inside = False
        numbers = iter(self._edges[4 * self._edge_starts[cell] : 4 * self._edge_starts[cell + 1]])
        for x1, y1, x2, y2 in zip(numbers, numbers, numbers, numbers, strict=True):
            if y1 < lat > y2 or y1 > lat < y2:
                continue
            left = (x1 - lon) * (y2 - lat)
            right = (x2 - lon) * (y1 - lat)
            side = left - right
            if abs(side) <= ERROR_BOUND * (abs(left) + abs(right)):
                side = _exact_side(x1, y1, x2, y2, lon, lat)
                if side == 0 and (x1 <= lon <= x2 or x2 <= lon <= x1):
                    return True
            if (y1 > lat) != (y2 > lat) and (side > 0) == (y2 > y1):
                inside = not inside
        return inside

    def duty_grid_at(self, position: int) -> int:
        """The id of the duty grid of the cell at a position, 0 for none."""
        return self._duty_grid_ids[position]

    @cached_property
    def duty_grid_middles(self) -> dict[int, tuple[float, float]]:
        """The middle of each duty grid by its id: the mean of its cells' boxes."""
        boxes = np.frombuffer(self._boxes, dtype=np.float64).reshape(-1, 4)
        ids, places = np.unique(np.frombuffer(self._duty_grid_ids, dtype=np.int64), return_inverse=True)
        counts = np.bincount(places)
        lons = np.bincount(places, (boxes[:, 0] + boxes[:, 2]) / 2) / counts
        lats = np.bincount(places, (boxes[:, 1] + boxes[:, 3]) / 2) / counts
        middles = zip(ids.tolist(), lons.tolist(), lats.tolist(), strict=True)
        return {key: (lon, lat) for key, lon, lat in middles if key}

    def locate_many(self, lons: _Floats, lats: _Floats) -> _Ints:
        """For each point the position of its cell (see `at`, `codes`), -1 outside; the answers of `locate`."""
        found = np.full(len(lons), -1, dtype=np.int64)
        within = (lons >= self._west) & (lons <= self._east) & (lats >= self._south) & (lats <= self._north)
        points = np.flatnonzero(within)
        buckets = self._row_of(lats[points]) * self._columns + self._column_of(lons[points])
        # Points of one bucket together keep the cells' edges in the processor's cache.
        order = np.argsort(buckets, kind="stable")
        points, buckets = points[order], buckets[order]
        for start in range(0, len(points), CHUNK):
            chunk = points[start : start + CHUNK]
            found[chunk] = self._locate_chunk(lons[chunk], lats[chunk], buckets[start : start + CHUNK])
        return found

    def _locate_chunk(self, lons: _Floats, lats: _Floats, buckets: _Ints) -> _Ints:
        starts = np.frombuffer(self._bucket_starts, dtype=np.int32)
        items = np.frombuffer(self._bucket_items, dtype=np.int32)
        boxes = np.frombuffer(self._boxes, dtype=np.float64).reshape(-1, 4)
        points, nth = _expand(starts[buckets + 1] - starts[buckets])
        cells = items[starts[buckets][points] + nth]
        x, y, box = lons[points], lats[points], boxes[cells]
        near = (x >= box[:, 0]) & (x <= box[:, 2]) & (y >= box[:, 1]) & (y <= box[:, 3])
        points, cells = points[near], cells[near]
        covered = self._pairs_covered(cells, lons[points], lats[points])
        found = np.full(len(lons), -1, dtype=np.int64)
        # The pairs of a point stand in order of code: written backwards, the lowest stays.
        found[points[covered][::-1]] = cells[covered][::-1]
        return found

    def _pairs_covered(self, cells: _Ints, lons: _Floats, lats: _Floats) -> NDArray[np.bool_]:
        edge_starts = np.frombuffer(self._edge_starts, dtype=np.int32)
        edges = np.frombuffer(self._edges, dtype=np.float64).reshape(-1, 4)
        pairs, nth = _expand(edge_starts[cells + 1] - edge_starts[cells])
        which = edge_starts[cells][pairs] + nth
        y, y1, y2 = lats[pairs], edges[which, 1], edges[which, 3]
        touched = ~(((y1 < y) & (y2 < y)) | ((y1 > y) & (y2 > y)))
        pairs, which, y, y1, y2 = pairs[touched], which[touched], y[touched], y1[touched], y2[touched]
        x, x1, x2 = lons[pairs], edges[which, 0], edges[which, 2]
        left, right = (x1 - x) * (y2 - y), (x2 - x) * (y1 - y)
        side = left - right
        unsure = np.flatnonzero(np.abs(side) <= ERROR_BOUND * (np.abs(left) + np.abs(right)))
        on_edge = np.zeros(len(cells), dtype=np.bool_)
        for k in unsure.tolist():
            ax, ay, bx, by = edges[which[k]].tolist()
            side[k] = _exact_side(ax, ay, bx, by, float(x[k]), float(y[k]))
            if side[k] == 0 and min(x1[k], x2[k]) <= x[k] <= max(x1[k], x2[k]):
                on_edge[pairs[k]] = True
        crossing = ((y1 > y) != (y2 > y)) & ((side > 0) == (y2 > y1))
        odd: NDArray[np.bool_] = np.bincount(pairs[crossing], minlength=len(cells)) % 2 == 1
        return np.logical_or(odd, on_edge)


def _expand(counts: NDArray[Any]) -> tuple[_Ints, _Ints]:
    """For [2, 0, 3]: the owners [0, 0, 2, 2, 2] and each one's number within its owner [0, 1, 0, 1, 2]."""
    owners = np.repeat(np.arange(len(counts)), counts)
    firsts = np.cumsum(counts) - counts
    return owners, np.arange(len(owners)) - firsts[owners]


def _exact_side(x1: float, y1: float, x2: float, y2: float, x: float, y: float) -> int:
    """On which side of the line from 1 to 2 the point lies: 1 left, -1 right, 0 on it; exact."""
    px, py = Fraction(x), Fraction(y)
    turn = (Fraction(x1) - px) * (Fraction(y2) - py) - (Fraction(x2) - px) * (Fraction(y1) - py)
    return (turn > 0) - (turn < 0)


def _edges_of(polygons: "NDArray[np.object_]") -> tuple[_Floats, _Ints]:
    """The edges of all rings as rows of x1, y1, x2, y2, cell after cell, and how many each cell has."""
    parts, cell_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    corners, ring_of_corner = shapely.get_coordinates(rings, return_index=True)
    follows = ring_of_corner[1:] == ring_of_corner[:-1]
    edges = np.ascontiguousarray(np.column_stack([corners[:-1], corners[1:]])[follows])
    cell_of_edge = cell_of_part[part_of_ring][ring_of_corner[:-1][follows]]
    return edges, np.bincount(cell_of_edge, minlength=len(polygons))
