"""How cells descend from one version of the grid to the next."""

from itertools import pairwise

import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from cityops.grid.ancestry import Fate, trace

WEST, SOUTH, STEP = 121.5, 29.8, 0.001


def box(column: int, row: int, width: int = 1) -> shapely.Polygon:
    """A box of about 10,000 m² in a raster, or several beside each other."""
    west, south = WEST + column * STEP, SOUTH + row * STEP
    return shapely.box(west, south, west + width * STEP, south + STEP)


def test_a_code_that_goes_on_is_changed() -> None:
    descent = trace({"a": box(0, 0)}, {"a": box(0, 0, 2)})
    assert (descent.old_fates, descent.new_fates) == ({"a": Fate.CHANGED}, {"a": Fate.CHANGED})
    assert descent.heir_of("a") == "a"


def test_one_that_goes_to_several_is_split_and_several_that_go_to_one_are_merged() -> None:
    old = {"a": box(0, 0, 2), "b": box(0, 1), "c": box(1, 1)}
    new = {"d": box(0, 0), "e": box(1, 0), "f": box(0, 1, 2)}
    descent = trace(old, new)
    assert descent.old_fates == {"a": Fate.SPLIT, "b": Fate.MERGED, "c": Fate.MERGED}
    assert descent.new_fates == {"d": Fate.SPLIT, "e": Fate.SPLIT, "f": Fate.MERGED}
    assert {code: set(shared) for code, shared in descent.shared_m2.items()} == {
        "d": {"a"},
        "e": {"a"},
        "f": {"b", "c"},
    }


def test_new_land_is_added_and_land_without_a_cell_is_retired() -> None:
    descent = trace({"a": box(0, 0)}, {"b": box(5, 5)})
    assert (descent.old_fates, descent.new_fates) == ({"a": Fate.RETIRED}, {"b": Fate.ADDED})
    assert descent.heir_of("b") is None


def test_a_surveyors_hand_is_no_inheritance() -> None:
    nudged = shapely.affinity.translate(box(1, 0), -0.00002)
    descent = trace({"a": box(0, 0), "b": box(1, 0)}, {"c": nudged})
    assert set(descent.shared_m2["c"]) == {"b"}


@given(st.sets(st.integers(1, 9)), st.sets(st.integers(1, 9)))
def test_every_square_metre_goes_to_whoever_covers_it(old_cuts: set[int], new_cuts: set[int]) -> None:
    old, new = row_of("o", old_cuts), row_of("n", new_cuts)
    descent = trace(old, new)
    taken = sum(size for shared in descent.shared_m2.values() for size in shared.values())
    whole = sum(trace({"x": box(0, 0, 10)}, {"y": box(0, 0, 10)}).shared_m2["y"].values())
    # A parallel is no straight line in metres: a long edge and its pieces differ by a hand.
    assert taken == pytest.approx(whole, rel=1e-4)
    assert set(descent.old_fates) == set(old)
    for code, shared in descent.shared_m2.items():
        assert descent.heir_of(code) in shared


def row_of(prefix: str, cuts: set[int]) -> dict[str, shapely.Polygon]:
    """Ten boxes beside each other, cut into cells."""
    edges = [0, *sorted(cuts), 10]
    return {f"{prefix}{start}": box(start, 0, end - start) for start, end in pairwise(edges)}
