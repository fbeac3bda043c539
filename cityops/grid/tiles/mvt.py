"""Mapbox Vector Tiles (specification 2.1), written whole layers at a time. No database, no web.

A tile is a protocol buffer in which every number is a varint, also the lengths and the field numbers before them. So a
layer's features are laid out as one array of integers and become bytes in a few numpy passes (docs/adr/0002).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

EXTENT = 4096

_Ints = NDArray[np.int64]

# A field's key in the wire format is its number << 3 | 2 for what has a length, | 0 for a plain varint.
_TILE_LAYER, _LAYER_NAME, _LAYER_FEATURE, _LAYER_KEY, _LAYER_VALUE = 0x1A, 0x0A, 0x12, 0x1A, 0x22
_LAYER_EXTENT, _LAYER_VERSION = 0x28, 0x78
_FEATURE_TAGS, _FEATURE_TYPE, _FEATURE_GEOMETRY = 0x12, 0x18, 0x22
_VALUE_STRING, _VALUE_INT = 0x0A, 0x28
_MOVE_TO, _LINE_TO, _CLOSE_PATH = 1, 2, 7
_ONE_MOVE = 1 << 3 | _MOVE_TO
_CLOSE = 1 << 3 | _CLOSE_PATH


class Shape(IntEnum):
    """What a layer's features are."""

    POINT = 1
    POLYGON = 3


@dataclass(frozen=True)
class Layer:
    """A layer of one kind of features.

    Attributes:
        corners: (n, 2) integers in tile units, x right and y down. Of polygons the corners of all rings one after the
            other, none closed, outer rings with positive area in these units and inner ones with negative.
        ring_sizes: of polygons how many corners each ring has, at least 3.
        ring_counts: of polygons how many rings each feature has, at least 1.
        fields: a name to the values of all features, texts or whole numbers from 0.
    """

    name: str
    shape: Shape
    corners: _Ints
    fields: Mapping[str, Sequence[str] | Sequence[int]]
    ring_sizes: _Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    ring_counts: _Ints = field(default_factory=lambda: np.zeros(0, np.int64))


def encode(layers: Iterable[Layer]) -> bytes:
    """The tile with these layers; those without features are left out, so an empty tile has no bytes.

    >>> len(encode([Layer("cases", Shape.POINT, np.array([[1, 2]]), {"n": [3]})]))
    34
    """
    return b"".join(_block(_TILE_LAYER, _layer(layer)) for layer in layers if len(layer.corners))


def _layer(layer: Layer) -> bytes:
    tags, values = _tags(layer)
    geometry, sizes = _points(layer) if layer.shape is Shape.POINT else _polygons(layer)
    parts = [_block(_LAYER_NAME, layer.name.encode()), _features(layer.shape, tags, geometry, sizes)]
    parts += [_block(_LAYER_KEY, name.encode()) for name in layer.fields]
    parts += [_block(_LAYER_VALUE, value) for value in values]
    parts += [_varint(number) for number in (_LAYER_EXTENT, EXTENT, _LAYER_VERSION, 2)]
    return b"".join(parts)


def _tags(layer: Layer) -> tuple[_Ints, list[bytes]]:
    """For each feature its keys and values by number, and the values, each once."""
    known: dict[str | int, int] = {}
    columns = []
    for key, column in enumerate(layer.fields.values()):
        places = [known.setdefault(value, len(known)) for value in column]
        columns += [np.full(len(places), key), np.array(places, np.int64)]
    return np.column_stack(columns), [_value(value) for value in known]


def _value(value: str | int) -> bytes:
    if isinstance(value, str):
        return _block(_VALUE_STRING, value.encode())
    return _varint(_VALUE_INT) + _varint(value)


def _points(layer: Layer) -> tuple[_Ints, _Ints]:
    count = len(layer.corners)
    moves = np.column_stack([np.full(count, _ONE_MOVE), _zigzag(layer.corners)])
    return moves.ravel(), np.full(count, 3)


def _polygons(layer: Layer) -> tuple[_Ints, _Ints]:
    """Each ring is a move, a run of lines and a close, each corner told as the way from the one before it."""
    corners, sizes = layer.corners, layer.ring_sizes
    first_corners = np.cumsum(sizes) - sizes
    first_rings = np.cumsum(layer.ring_counts) - layer.ring_counts
    ways = np.diff(corners, axis=0, prepend=corners[:1])
    starts = first_corners[first_rings]
    ways[starts] = corners[starts]
    lengths = 2 * sizes + 3
    begins = np.cumsum(lengths) - lengths
    # Before a ring's first corner stands its move, before its second the command for all the others.
    nth = np.arange(len(corners)) - np.repeat(first_corners, sizes)
    at = np.repeat(begins, sizes) + 1 + 2 * nth + (nth > 0)
    tokens = np.empty(int(lengths.sum()), np.int64)
    tokens[begins] = _ONE_MOVE
    tokens[begins + 3] = (sizes - 1) << 3 | _LINE_TO
    tokens[begins + lengths - 1] = _CLOSE
    tokens[at], tokens[at + 1] = _zigzag(ways).T
    return tokens, np.add.reduceat(lengths, first_rings)


def _features(shape: Shape, tags: _Ints, geometry: _Ints, sizes: _Ints) -> bytes:
    """All features: each its length, its tags, its type and its geometry of `sizes` numbers."""
    count, width = tags.shape
    tag_bytes = _varint_sizes(tags).sum(axis=1)
    ends = np.cumsum(sizes)
    geometry_bytes = np.add.reduceat(_varint_sizes(geometry), ends - sizes)
    lengths = 4 + _varint_sizes(tag_bytes) + tag_bytes + _varint_sizes(geometry_bytes) + geometry_bytes
    head = np.empty((count, width + 8), np.int64)
    head[:, 0], head[:, 1] = _LAYER_FEATURE, lengths
    head[:, 2], head[:, 3], head[:, 4 : 4 + width] = _FEATURE_TAGS, tag_bytes, tags
    head[:, 4 + width], head[:, 5 + width] = _FEATURE_TYPE, shape
    head[:, 6 + width], head[:, 7 + width] = _FEATURE_GEOMETRY, geometry_bytes
    return _varints(np.insert(geometry, np.repeat(ends - sizes, width + 8), head.ravel())).tobytes()


def _zigzag(numbers: _Ints) -> _Ints:
    return numbers << 1 ^ numbers >> 63


def _varint_sizes(numbers: _Ints) -> _Ints:
    sizes = np.ones(numbers.shape, np.int64)
    for bits in (7, 14, 21, 28):
        sizes += numbers >= 1 << bits
    return sizes


def _varints(numbers: _Ints) -> NDArray[np.uint8]:
    """Numbers of 0 to 2^35 - 1 in bytes of seven bits, the lowest first; the top bit says that more follow."""
    sizes = _varint_sizes(numbers)
    begins = np.cumsum(sizes) - sizes
    out = np.empty(int(sizes.sum()), np.uint8)
    for nth in range(int(sizes.max(initial=0))):
        has = sizes > nth
        out[begins[has] + nth] = (numbers[has] >> 7 * nth & 0x7F) | ((sizes[has] > nth + 1) << 7)
    return out


def _block(key: int, content: bytes) -> bytes:
    return _varint(key) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    return bytes((number & 0x7F | 0x80,)) + _varint(number >> 7)
