from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityops.accounts.posts import Post
from cityops.cases.names import FINAL_STAGES, Stage, StepName
from cityops.cases.requests import DEFAULT_TERMS, RULES, Ask, Asked, Life, RequestKind, Situation, check
from cityops.cases.workflow import STEPS
from cityops.errors import CityopsError, Invalid, NotAllowed, WrongState

TODAY = date(2026, 11, 9)


def situation(kind: RequestKind, **changes: object) -> Situation:
    """One in which this may be asked."""
    facts: dict[str, object] = {"stage": RULES[kind].stages[-1], "today": TODAY, "used_share": 0.1, "limit_value": 2}
    if kind is RequestKind.APPEAL:
        facts |= {"mark_on": TODAY}
    return Situation(**(facts | changes))  # type: ignore[arg-type]


def asked(kind: RequestKind) -> Asked:
    """What this has to be given."""
    asks = RULES[kind].asks
    until_on = TODAY + timedelta(days=9) if Ask.UNTIL in asks else None
    return Asked(1 if Ask.MORE in asks else None, until_on, has_proof=Ask.PROOF in asks)


def refusal(kind: RequestKind, given_: Asked | None = None, **changes: object) -> type[CityopsError] | None:
    """How it is refused, or None where it may be asked."""
    try:
        check(RULES[kind], DEFAULT_TERMS[kind], situation(kind, **changes), given_ or asked(kind))
    except CityopsError as error:
        return type(error)
    return None


def test_every_kind_is_one_row_and_has_its_numbers() -> None:
    assert set(RULES) == set(DEFAULT_TERMS) == set(RequestKind)


def test_every_step_of_a_request_belongs_to_one_row_of_the_table() -> None:
    granting = Counter(rule.step for rule in RULES.values())
    assert set(granting.values()) == {1}
    others = {StepName.ASK, StepName.WITHDRAW, StepName.REJECT}
    assert set(granting) | others == {step.name for step in STEPS.values() if step.is_of_request}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_whatever_is_asked_can_be_granted_rejected_or_withdrawn_where_it_was_asked(rule) -> None:
    assert set(rule.stages) <= set(rule.granting.stages)
    for name in (StepName.ASK, StepName.WITHDRAW, StepName.REJECT):
        assert set(rule.stages) <= set(STEPS[name].stages)
    assert set(rule.askers) <= set(STEPS[StepName.ASK].posts)
    if rule.can_be_rejected:
        assert set(rule.deciders) <= set(STEPS[StepName.REJECT].posts)


def test_who_handles_decides_nothing_but_his_own_reply() -> None:
    assert {kind for kind, rule in RULES.items() if Post.HANDLER in rule.deciders} == {RequestKind.OVERSEE}


def test_only_an_appeal_outlives_its_case() -> None:
    after = {kind for kind, rule in RULES.items() if set(rule.stages) & FINAL_STAGES}
    assert after == {kind for kind, rule in RULES.items() if rule.life is Life.DECISION} == {RequestKind.APPEAL}


@pytest.mark.parametrize("kind", RequestKind)
def test_in_its_situation_each_kind_may_be_asked_once_at_a_time(kind: RequestKind) -> None:
    assert refusal(kind) is None
    assert refusal(kind, is_asked=True) is WrongState
    elsewhere = next(stage for stage in Stage if stage not in RULES[kind].stages)
    assert refusal(kind, stage=elsewhere) is WrongState
    most = DEFAULT_TERMS[kind].most_times
    assert refusal(kind, times=most or 1_000) is (WrongState if most else None)


@pytest.mark.parametrize("kind", ["extend", "suspend", "defer"])
def test_a_pause_or_more_time_is_asked_for_before_the_limit(kind: str) -> None:
    assert refusal(RequestKind(kind), is_late=True) is WrongState
    assert refusal(RequestKind(kind), is_suspended=True) is WrongState


def test_an_urgent_condition_gets_no_more_time() -> None:
    assert refusal(RequestKind.EXTEND, is_urgent=True) is NotAllowed


@given(limit=st.integers(1, 100), more=st.integers(-5, 200))
def test_more_time_is_at_most_one_original_limit(limit: int, more: int) -> None:
    wanted = None if 1 <= more <= limit else Invalid
    assert refusal(RequestKind.EXTEND, Asked(more), limit_value=limit) is wanted


@given(share=st.floats(0, 2))
def test_sending_back_is_asked_for_within_a_quarter_of_the_limit(share: float) -> None:
    assert refusal(RequestKind.SEND_BACK, used_share=share) is (None if share <= 0.25 else WrongState)


@given(days=st.integers(-400, 400))
def test_a_suspension_ends_on_a_coming_day_within_its_bounds(days: int) -> None:
    wanted = None if 1 <= days <= 180 else Invalid
    assert refusal(RequestKind.SUSPEND, Asked(None, TODAY + timedelta(days=days), has_proof=True)) is wanted


def test_a_suspension_needs_a_proof() -> None:
    assert refusal(RequestKind.SUSPEND, Asked(None, TODAY + timedelta(days=3))) is Invalid


def test_an_appeal_needs_a_mark_and_comes_within_ten_days_of_it() -> None:
    assert refusal(RequestKind.APPEAL, mark_on=None) is WrongState
    assert refusal(RequestKind.APPEAL, mark_on=TODAY - timedelta(days=10)) is None
    assert refusal(RequestKind.APPEAL, mark_on=TODAY - timedelta(days=11)) is WrongState
