"""The draw: who may never be chosen is not, whoever is near and free comes first, and the lot alone decides."""

from collections import Counter
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from cityops.patrol.choosing import (
    NEAR,
    ON_DUTY,
    PAIRS,
    Bar,
    Candidate,
    Flag,
    Rules,
    Why,
    draw,
    lot_text,
    too_often,
)

candidates = st.lists(
    st.builds(
        Candidate,
        person_id=st.integers(1, 12),
        why=st.sampled_from(Why),
        bars=st.frozensets(st.sampled_from(Bar), max_size=2),
    ),
    max_size=12,
    unique_by=lambda each: each.person_id,
)


def lot_for(case_id: int):
    return lambda person_id: sha256(lot_text(case_id, "check", 3, 1, person_id).encode()).hexdigest()


@given(candidates, st.booleans())
def test_who_works_for_the_handling_body_never_judges_it(everybody, always_another):
    drawn = draw(everybody, lot_for(1), always_another=always_another)
    assert drawn is None or all(Bar.HANDLES not in each.bars for each in drawn.pool)


@given(candidates)
def test_where_another_is_asked_for_nobody_involved_is_drawn(everybody):
    drawn = draw(everybody, lot_for(1), always_another=True)
    assert drawn is None or all(Bar.INVOLVED not in each.bars for each in drawn.pool)


@given(candidates)
def test_the_near_who_may_come_before_all_others(everybody):
    free = {each.person_id for each in everybody if each.why in NEAR and not each.bars}
    drawn = draw(everybody, lot_for(1))
    if free:
        assert drawn is not None and {each.person_id for each in drawn.pool} == free and not drawn.flags


@given(candidates)
def test_the_reporter_goes_before_who_comes_from_far_and_is_flagged(everybody):
    drawn = draw(everybody, lot_for(1))
    if drawn is None:
        return
    near = [each for each in everybody if each.why in NEAR and each.bars <= PAIRS]
    there = [each for each in everybody if each.why in ON_DUTY and Bar.INVOLVED in each.bars <= PAIRS | {Bar.INVOLVED}]
    if not near and there:
        assert drawn.chosen in there
    assert (Flag.OWN_CASE in drawn.flags) is (Bar.INVOLVED in drawn.chosen.bars)
    assert (Flag.PAIR_TOO_OFTEN in drawn.flags) is bool(drawn.chosen.bars & PAIRS)


@given(candidates, st.randoms(use_true_random=False))
def test_the_order_in_which_they_come_does_not_matter(everybody, random):
    shuffled = [*everybody]
    random.shuffle(shuffled)
    assert draw(shuffled, lot_for(7)) == draw(everybody, lot_for(7))


@given(candidates)
def test_nobody_is_drawn_only_where_everybody_is_barred(everybody):
    assert (draw(everybody, lot_for(1)) is None) is all(Bar.HANDLES in each.bars for each in everybody)


@given(candidates)
def test_a_person_in_two_places_counts_where_he_is_nearest(everybody):
    twice = [*everybody, *(Candidate(each.person_id, Why.OWN_GRID, each.bars) for each in everybody)]
    assert draw(twice, lot_for(1)) == draw(everybody, lot_for(1))


def test_the_lot_falls_on_everybody_about_as_often():
    five = [Candidate(person, why) for person, why in zip(range(1, 6), (*NEAR, *NEAR), strict=False)]
    fell = Counter(draw(five, lot_for(case_id)).chosen.person_id for case_id in range(1, 1_001))
    assert set(fell) == {1, 2, 3, 4, 5} and all(150 < times < 250 for times in fell.values())


@given(st.lists(st.integers(1, 4), max_size=20), st.integers(1, 5), st.integers(1, 10))
def test_a_share_counts_the_last_checks_only(earlier, most, of):
    worn = too_often(earlier, Rules(pair_most=most, pair_of=of))
    assert worn == {person for person, times in Counter(earlier[:of]).items() if times >= most}
