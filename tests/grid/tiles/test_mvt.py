"""What we write is read by an independent implementation, mapbox-vector-tile."""

from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityops.grid.tiles.mvt import Layer, Shape, encode


def read(tile: bytes) -> dict[str, Any]:
    """A tile's layers, in its own units with y down."""
    decoded: dict[str, Any] = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})
    return decoded


_unit = st.integers(-8_192, 12_288)
_value = st.one_of(st.text(max_size=40), st.integers(0, 1 << 34))


@given(st.lists(st.tuples(_unit, _unit, st.text(max_size=200), st.integers(0, (1 << 35) - 1)), min_size=1, max_size=40))
def test_points_and_their_fields_come_back(rows: list[tuple[int, int, str, int]]) -> None:
    fields = {"code": [row[2] for row in rows], "n": [row[3] for row in rows]}
    layer = Layer("cases", Shape.POINT, np.array([row[:2] for row in rows]), fields)
    found = read(encode([layer]))["cases"]["features"]
    assert [(*each["geometry"]["coordinates"], *each["properties"].values()) for each in found] == rows


def test_polygons_come_back_with_their_holes_and_parts() -> None:
    square, hole = [[0, 0], [100, 0], [100, 100], [0, 100]], [[10, 10], [10, 20], [20, 20], [20, 10]]
    triangle, far = [[-64, -5], [70, -5], [70, 3000]], [[4000, 4000], [4160, 4000], [4160, 4160]]
    layer = Layer(
        "cells",
        Shape.POLYGON,
        np.array(square + hole + triangle + far),
        {"code": ["with a hole", "of two parts"]},
        ring_sizes=np.array([4, 4, 3, 3]),
        ring_counts=np.array([2, 2]),
    )
    first, second = read(encode([layer]))["cells"]["features"]
    assert first["geometry"] == {"type": "Polygon", "coordinates": [[*ring, ring[0]] for ring in (square, hole)]}
    parts = [[[*ring, ring[0]]] for ring in (triangle, far)]
    assert second["geometry"] == {"type": "MultiPolygon", "coordinates": parts}
    assert second["properties"] == {"code": "of two parts"}


def test_a_layer_says_its_extent_and_version() -> None:
    layer = read(encode([Layer("cases", Shape.POINT, np.array([[1, 2]]), {"n": [3]})]))["cases"]
    assert (layer["extent"], layer["version"]) == (4096, 2)


def test_equal_values_are_written_once() -> None:
    corners = np.zeros((1_000, 2), np.int64)
    same, each = ({"code": values} for values in (["330203001"] * 1_000, [f"{k:09d}" for k in range(1_000)]))
    sizes = [len(encode([Layer("names", Shape.POINT, corners, fields)])) for fields in (same, each)]
    assert sizes[1] > sizes[0] + 999 * 9


@pytest.mark.parametrize("shape", Shape)
def test_a_tile_of_empty_layers_has_no_bytes(shape: Shape) -> None:
    assert encode([Layer("cells", shape, np.zeros((0, 2), np.int64), {"code": []})]) == b""
