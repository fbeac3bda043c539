"""What keeps a case for a person, by property: only a plain case goes by itself, and of those not the drawn share."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityops.cases.names import StepName
from cityops.cases.plain_cases import AUTO_STEP_AT, DRAWS, HELD_LABELS, AutoStep, Facts, Held, find_held
from cityops.cases.workflow import STEPS

PLAIN = Facts(
    is_urgent=False,
    has_condition=True,
    is_confirmed=True,
    is_complete=True,
    has_failed_review=False,
    has_clear_body=True,
    send_backs=0,
    reworks=0,
    is_checked_by_reporter=False,
    open_requests=0,
    draw=DRAWS - 1,
)

facts = st.builds(
    Facts,
    is_urgent=st.booleans(),
    has_condition=st.booleans(),
    is_confirmed=st.booleans(),
    is_complete=st.booleans(),
    has_failed_review=st.booleans(),
    has_clear_body=st.booleans(),
    send_backs=st.integers(0, 2),
    reworks=st.integers(0, 2),
    is_checked_by_reporter=st.booleans(),
    open_requests=st.integers(0, 2),
    draw=st.integers(0, DRAWS - 1),
)
steps, shares = st.sampled_from(AutoStep), st.integers(0, 100)


@pytest.mark.parametrize("step", AutoStep)
def test_a_plain_case_goes_by_itself(step: AutoStep) -> None:
    assert find_held(step, PLAIN, with_urgent=False, sample_percent=5) is None


@pytest.mark.parametrize(
    ("step", "change", "held"),
    [
        (AutoStep.FILE, {"has_condition": False}, Held.NO_CONDITION),
        (AutoStep.FILE, {"is_confirmed": False}, Held.NOT_CONFIRMED),
        (AutoStep.FILE, {"is_complete": False}, Held.INCOMPLETE),
        (AutoStep.FILE, {"has_failed_review": True}, Held.REVIEW_FAILED),
        (AutoStep.DISPATCH, {"has_clear_body": False}, Held.NO_CLEAR_BODY),
        (AutoStep.DISPATCH, {"send_backs": 1}, Held.SENT_BACK),
        (AutoStep.CLOSE, {"send_backs": 1}, Held.SENT_BACK),
        (AutoStep.CLOSE, {"reworks": 1}, Held.REWORKED),
        (AutoStep.CLOSE, {"is_checked_by_reporter": True}, Held.CHECKED_BY_REPORTER),
        (AutoStep.CLOSE, {"open_requests": 1}, Held.ASKED),
        *((step, {"is_urgent": True}, Held.URGENT) for step in AutoStep),
    ],
)
def test_each_exception_stays_with_a_person(step: AutoStep, change: dict[str, object], held: Held) -> None:
    assert find_held(step, replace(PLAIN, **change), with_urgent=False, sample_percent=0) is held


@given(steps, facts)
def test_a_full_sample_leaves_everything_to_persons(step: AutoStep, known: Facts) -> None:
    assert find_held(step, known, with_urgent=True, sample_percent=100) is not None


@given(steps, facts, shares)
def test_the_sample_is_drawn_from_what_would_have_gone_by_itself(step: AutoStep, known: Facts, share: int) -> None:
    without = find_held(step, known, with_urgent=False, sample_percent=0)
    drawn = find_held(step, known, with_urgent=False, sample_percent=share)
    if without is not None:
        assert drawn is without
    else:
        assert drawn is (Held.SAMPLED if known.draw < share * DRAWS / 100 else None)


@given(steps, facts, shares)
def test_a_rule_for_urgent_cases_holds_no_less_of_the_others(step: AutoStep, known: Facts, share: int) -> None:
    calm = replace(known, is_urgent=False)
    held = {with_urgent: find_held(step, calm, with_urgent=with_urgent, sample_percent=share) for with_urgent in (0, 1)}
    assert held[0] is held[1]
    assert find_held(step, replace(known, is_urgent=True), with_urgent=False, sample_percent=share) is Held.URGENT


def test_every_step_left_to_rules_is_taken_at_its_stage_and_every_reason_has_its_words() -> None:
    assert {StepName(step.value) for step in AUTO_STEP_AT.values()} == {StepName(step.value) for step in AutoStep}
    for stage, step in AUTO_STEP_AT.items():
        assert stage in STEPS[StepName(step.value)].stages
    assert set(HELD_LABELS) == set(Held)
