"""The names of a gazetteer prepared in memory: what was typed finds a few dozen of them, the likeliest first. Pure.

Each name is known by its pairs of letters, by its sound in threes of letters, and by its initials in pairs. What was
typed is cut up the same way; names that share many, and rare, pieces with it are looked at one by one.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cityops.grid.addresses.match import Answer, Grade, Typed, answer
from cityops.grid.geometry import distance_m, metres_per_degree

# The rarest pieces of what was typed that are looked up, and the names that are then looked at.
MAX_PIECES = 14
MAX_LOOKED_AT = 96
# Names with less than this share of the best one's weight are not looked at.
WORTH = 0.55
# What is as near as this to the last click is near; each doubling of it is one step farther.
NEAR_M = 250.0

_MARK = 10
_OWNER_BITS = 21
_PIECE_MASK = (1 << 42) - 1


class Entry(NamedTuple):
    """A name to be found: `rank` orders kinds among names that answer equally well."""

    id: int
    rank: int
    plain: str
    sounds: str
    lon: float
    lat: float


class Match(NamedTuple):
    """A name that answers: the id of its entry, how well, and what it is ordered by among the others."""

    id: int
    grade: Grade
    order: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Which texts hold a piece of `size` letters: for each piece, in order of `keys`, a run of `owners`."""

    size: int
    texts: int
    keys: NDArray[np.int64]
    starts: NDArray[np.int64]
    owners: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Sequence[str], size: int) -> "_Pieces":
        """Cut up texts; the beginning of a text is a letter of its first piece."""
        letters = _letters(texts)
        owner = np.cumsum(letters == _MARK)[: len(letters) - size + 1] - 1
        keys, is_whole = _cut(letters, size)
        packed = (keys << _OWNER_BITS | owner)[is_whole]
        packed.sort()
        packed = packed[np.diff(packed, prepend=-1) != 0]
        keys = packed >> _OWNER_BITS
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        owners = (packed & ((1 << _OWNER_BITS) - 1)).astype(np.int32)
        return cls(size, len(texts), keys[starts], np.append(starts, len(owners)), owners)

    def weigh(self, text: str) -> NDArray[np.float64]:
        """For each text the share of the typed text's pieces it holds, the rare ones weighing more: 0 to 1."""
        keys, is_whole = _cut(_letters([text]), self.size)
        wanted = np.unique(keys[is_whole])
        if not len(wanted) or not len(self.keys):
            return np.zeros(self.texts)
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        places = places[self.keys[places] == wanted]
        missing = len(wanted) - len(places)
        counts = self.starts[places + 1] - self.starts[places]
        rarest = np.argsort(counts, kind="stable")[:MAX_PIECES]
        weights = np.log1p(self.texts / counts[rarest])
        total = weights.sum() + missing * math.log1p(self.texts)
        runs = [self.owners[self.starts[place] : self.starts[place + 1]] for place in places[rarest].tolist()]
        if not runs:
            return np.zeros(self.texts)
        held = np.bincount(np.concatenate(runs), np.repeat(weights, counts[rarest]), self.texts)
        shares: NDArray[np.float64] = held / total
        return shares


class NameIndex:
    """The names of some kinds of places, ready to be searched; at most two million."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        rows = list(entries)
        self._ids = np.array([row.id for row in rows], dtype=np.int64)
        self._ranks = np.array([row.rank for row in rows], dtype=np.int8)
        self._points = np.array([(row.lon, row.lat) for row in rows], dtype=np.float64).reshape(-1, 2)
        self._lengths = np.array([len(row.plain) for row in rows], dtype=np.int16)
        # Bytes and not strings: they are shared by forked processes, and no count of references is written to them.
        self._names, self._name_ends = _packed([row.plain for row in rows])
        self._sounds, self._sound_ends = _packed([row.sounds for row in rows])
        self._by_letters = _Pieces.of([row.plain for row in rows], 2)
        self._by_sound = _Pieces.of([row.sounds.replace(" ", "") for row in rows], 3)
        self._by_initials = _Pieces.of(["".join(sound[0] for sound in row.sounds.split()) for row in rows], 2)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def size_bytes(self) -> int:
        """What the index takes in memory."""
        pieces = (self._by_letters, self._by_sound, self._by_initials)
        arrays: list[NDArray[Any]] = [array for each in pieces for array in (each.keys, each.starts, each.owners)]
        arrays += [self._ids, self._ranks, self._points, self._lengths, self._name_ends, self._sound_ends]
        return sum(array.nbytes for array in arrays) + len(self._names) + len(self._sounds)

    def sounds_of_letters(self) -> dict[str, str]:
        """How each letter that stands in a name sounds, as it does most often."""
        counts: dict[tuple[str, str], int] = {}
        for position in range(len(self)):
            for pair in zip(*self._spelling(position), strict=False):
                counts[pair] = counts.get(pair, 0) + 1
        return {letter: sound for (letter, sound), _ in sorted(counts.items(), key=lambda each: each[1])}

    def find(self, typed: Typed, near: tuple[float, float] | None = None, limit: int = 10) -> list[Match]:
        """The names that answer best, and among equals the nearest to `near` first."""
        if not typed.words or not len(self):
            return []
        looked_at = self._likeliest(typed, near)
        spelled = [(position, *self._spelling(position)) for position in looked_at]
        answers = [(position, answer(typed, name, sounds, with_like=False)) for position, name, sounds in spelled]
        if sum(found is not None for _, found in answers) < limit:
            answers = [(position, answer(typed, name, sounds)) for position, name, sounds in spelled]
        matches = [self._match(position, found, near) for position, found in answers if found is not None]
        return sorted(matches, key=lambda match: match.order)[:limit]

    def _likeliest(self, typed: Typed, near: tuple[float, float] | None) -> list[int]:
        weights = self._weigh(typed)
        best = weights.max()
        if best <= 0:
            return []
        chosen = np.flatnonzero(weights >= best * WORTH)
        if len(chosen) > MAX_LOOKED_AT:
            # A third of those looked at are the shortest, among which is the name that was typed in full.
            steps = np.round(weights[chosen] * -10)
            by_length = chosen[np.lexsort((self._lengths[chosen], steps))]
            by_weight = chosen[np.lexsort((self._distances(chosen, near), steps))]
            third = MAX_LOOKED_AT // 3
            chosen = np.unique(np.concatenate([by_length[:third], by_weight[: MAX_LOOKED_AT - third]]))
        return [int(position) for position in chosen]

    def _weigh(self, typed: Typed) -> NDArray[np.float64]:
        weights = self._by_sound.weigh(typed.letters)
        if not typed.words.isascii():
            return weights + self._by_letters.weigh(typed.words)
        return np.maximum(weights, self._by_initials.weigh(typed.words))

    def _distances(self, chosen: NDArray[np.int64], near: tuple[float, float] | None) -> NDArray[np.float64]:
        if near is None:
            return self._lengths[chosen].astype(np.float64)
        steps = (self._points[chosen] - near) * metres_per_degree(near[1])
        return np.hypot(steps[:, 0], steps[:, 1])

    def _match(self, position: int, found: Answer, near: tuple[float, float] | None) -> Match:
        entry_id, rank, length = int(self._ids[position]), int(self._ranks[position]), int(self._lengths[position])
        well = (float(found.grade), -round(found.likeness, 1))
        if near is None:
            return Match(entry_id, found.grade, (*well, rank, length, entry_id))
        metres = distance_m(*near, *self._points[position].tolist())
        far = max(0, math.floor(math.log2(max(metres, 1.0) / NEAR_M)) + 1)
        return Match(entry_id, found.grade, (*well, far, rank, metres, entry_id))

    def _spelling(self, position: int) -> tuple[str, list[str]]:
        name = self._names[self._name_ends[position] : self._name_ends[position + 1]].decode()
        return name, self._sounds[self._sound_ends[position] : self._sound_ends[position + 1]].decode().split()


def _packed(texts: list[str]) -> tuple[bytes, NDArray[np.int64]]:
    encoded = [text.encode() for text in texts]
    return b"".join(encoded), np.cumsum([0, *map(len, encoded)])


def _letters(texts: Sequence[str]) -> NDArray[np.int64]:
    """All texts in a row as code points, a mark before each and one at the end."""
    joined = "\n" + "".join(f"{text}\n" for text in texts)
    return np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32).astype(np.int64)


def _cut(letters: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A key for the piece that begins at each letter, and whether it lies in one text; keys may rarely coincide."""
    windows = [letters[k : len(letters) - size + 1 + k] for k in range(size)]
    keys, is_whole = windows[0], np.ones(len(windows[0]), dtype=np.bool_)
    for window in windows[1:]:
        keys = (keys << (42 // size) ^ window) & _PIECE_MASK
        is_whole = is_whole & (window != _MARK)
    return keys, is_whole
