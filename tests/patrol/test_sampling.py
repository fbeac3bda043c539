"""Which closed cases come into a sample, and that the lot alone decides between those of a kind."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from cityops.patrol.sampling import Closed, Drawn, Wanted, draw_sample, lot_text

CLOSED = st.lists(
    st.builds(Closed, st.integers(1, 500), st.sampled_from(Drawn), st.booleans()),
    max_size=80,
    unique_by=lambda each: each.case_id,
)
WANTED = st.builds(Wanted, st.integers(0, 100), st.integers(0, 100), percent=st.integers(0, 100))


def lot(case_id: int, seed: str = "seed") -> str:
    return hashlib.sha256(lot_text(seed, case_id).encode()).hexdigest()


@given(CLOSED, WANTED)
def test_what_is_flagged_is_always_in_it_and_nothing_comes_twice(closed: list[Closed], wanted: Wanted) -> None:
    reasons = draw_sample(closed, wanted, lot).reasons()
    for each in closed:
        if each.is_drawn:
            assert each.case_id not in reasons
        elif each.kind in {Drawn.OWN_CASE, Drawn.FLAGGED}:
            assert reasons[each.case_id] is each.kind


@given(CLOSED, WANTED)
def test_the_order_in_which_cases_come_does_not_matter(closed: list[Closed], wanted: Wanted) -> None:
    assert draw_sample(closed, wanted, lot) == draw_sample(closed[::-1], wanted, lot)


@given(CLOSED, st.integers(0, 100))
def test_a_share_holds_over_all_samples_together(closed: list[Closed], percent: int) -> None:
    drawn = draw_sample(closed, Wanted(percent, percent), lot)
    for kind in (Drawn.WAIVED, Drawn.SIMPLE):
        of_kind = [each for each in closed if each.kind is kind]
        total = len(drawn.by_lot[kind].drawn) + sum(each.is_drawn for each in of_kind)
        assert total >= percent * len(of_kind) / 100


def test_a_number_is_that_many_and_another_seed_draws_others() -> None:
    closed = [Closed(case_id, Drawn.LOT) for case_id in range(1, 200)]
    wanted = Wanted(0, 0, number=10)
    one, two = (draw_sample(closed, wanted, lambda key, seed=seed: lot(key, seed)).reasons() for seed in "ab")
    assert len(one) == len(two) == 10 and set(one) != set(two)
