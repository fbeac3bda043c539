"""Things of one class that stand nearer to each other than their survey can tell apart: the same one twice. Pure."""

import numpy as np
from numpy.typing import NDArray

from cityops.grid.geometry import metres_per_degree

# Where more than this many stand within a tolerance, each has a nearer neighbour that tells of it.
NEIGHBOURS = 24

Floats = NDArray[np.float64]


def find_twice(lons: Floats, lats: Floats, tolerances_m: Floats) -> dict[int, int]:
    """The position of each thing that stands near an earlier one, by what either's survey tells apart."""
    found: dict[int, int] = {}
    if not len(lons):
        return found
    metres_per_lon, metres_per_lat = metres_per_degree(float(np.median(lats)))
    x, y = lons * metres_per_lon, lats * metres_per_lat
    for tolerance in np.unique(tolerances_m).tolist():
        for half in (0.0, 0.5):
            # In strips twice as high as the tolerance, laid twice, two near things are in one of both in one strip.
            strips = np.floor(y / (2 * tolerance) + half).astype(np.int64)
            order = np.lexsort((x, strips))
            strips = strips[order]
            for shift in range(1, NEIGHBOURS):
                one, other = order[:-shift], order[shift:]
                near = (strips[:-shift] == strips[shift:]) & (x[other] - x[one] <= tolerance)
                if not near.any():
                    break
                near &= np.hypot(x[other] - x[one], y[other] - y[one]) <= tolerance
                near &= np.maximum(tolerances_m[one], tolerances_m[other]) == tolerance
                for a, b in zip(one[near].tolist(), other[near].tolist(), strict=True):
                    found.setdefault(max(a, b), min(a, b))
    return found
