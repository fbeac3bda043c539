"""What becomes of cells from one version of the grid to the next: changed, split, merged, added, retired. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cityops.grid.geometry import in_metres, middle_epsg
from cityops.words import N_

# Below this share of the smaller of two cells what they have in common is the surveyor's hand, not an inheritance.
SHARED_AT_LEAST = 0.05


class Fate(StrEnum):
    """What a version does to a cell."""

    CHANGED = "changed"
    SPLIT = "split"
    MERGED = "merged"
    ADDED = "added"
    RETIRED = "retired"


FATE_LABELS = {
    Fate.CHANGED: N_("cells changed"),
    Fate.SPLIT: N_("split"),
    Fate.MERGED: N_("cells merged"),
    Fate.ADDED: N_("added"),
    Fate.RETIRED: N_("retired"),
}


@dataclass(frozen=True, slots=True)
class Descent:
    """How the cells of two versions hang together.

    Attributes:
        shared_m2: for each new cell's code the land it took over, by the old cell's code.
        fates: what became of each old cell that did not stay, and how each new one came about.
    """

    shared_m2: dict[str, dict[str, float]] = field(default_factory=dict)
    old_fates: dict[str, Fate] = field(default_factory=dict)
    new_fates: dict[str, Fate] = field(default_factory=dict)

    def heir_of(self, code: str) -> str | None:
        """The old cell that a new one took most land from."""
        shared = self.shared_m2.get(code)
        return max(sorted(shared), key=lambda old: shared[old]) if shared else None


def trace(old: Mapping[str, BaseGeometry], new: Mapping[str, BaseGeometry]) -> Descent:
    """How new cells descend from the ones that end at the same moment; cells that stay are in neither.

    A code that goes on is changed; land of an old cell that goes to several new ones is split, of several that go to
    one is merged.
    """
    descent = Descent()
    old_codes, new_codes = list(old), list(new)
    pairs = _shares([old[code] for code in old_codes], [new[code] for code in new_codes])
    heirs: dict[str, list[str]] = {}
    for position, ancestor, size_m2 in pairs:
        descent.shared_m2.setdefault(new_codes[position], {})[old_codes[ancestor]] = size_m2
        heirs.setdefault(old_codes[ancestor], []).append(new_codes[position])
    for code in old_codes:
        if code in new:
            descent.old_fates[code] = Fate.CHANGED
        elif len(heirs.get(code, ())) > 1:
            descent.old_fates[code] = Fate.SPLIT
        elif heirs.get(code) and len(descent.shared_m2[heirs[code][0]]) > 1:
            descent.old_fates[code] = Fate.MERGED
        else:
            descent.old_fates[code] = Fate.RETIRED
    for code in new_codes:
        ancestors = descent.shared_m2.get(code, {})
        if code in old:
            descent.new_fates[code] = Fate.CHANGED
        elif len(ancestors) > 1:
            descent.new_fates[code] = Fate.MERGED
        elif any(len(heirs[ancestor]) > 1 for ancestor in ancestors):
            descent.new_fates[code] = Fate.SPLIT
        else:
            descent.new_fates[code] = Fate.ADDED
    return descent


def _shares(old: list[BaseGeometry], new: list[BaseGeometry]) -> list[tuple[int, int, float]]:
    """(new, old, m²) of every pair that shares enough of the smaller one."""
    if not old or not new:
        return []
    epsg = middle_epsg(old)
    olds: Any = in_metres(np.array(old, dtype=object), epsg)
    news: Any = in_metres(np.array(new, dtype=object), epsg)
    of_new, of_old = shapely.STRtree(olds).query(news, predicate="intersects")
    shared_m2 = shapely.area(shapely.intersection(news[of_new], olds[of_old]))
    smaller_m2 = np.minimum(shapely.area(news)[of_new], shapely.area(olds)[of_old])
    is_enough = shared_m2 > SHARED_AT_LEAST * smaller_m2
    return [
        (int(position), int(ancestor), float(size))
        for position, ancestor, size in zip(of_new[is_enough], of_old[is_enough], shared_m2[is_enough], strict=True)
    ]
