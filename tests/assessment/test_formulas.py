"""The arithmetic of the indicators."""

import doctest
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityops.assessment import formulas, periods
from cityops.assessment.formulas import INDICATORS, Count, Figure, Kind, Rate, figures_of, percent, points_between
from cityops.assessment.periods import Month, month_of, read_month
from cityops.errors import Invalid

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize("module", [formulas, periods])
def test_its_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_a_rate_over_nothing_is_no_rate() -> None:
    figure = figures_of(Kind.DEPARTMENT, {})["on_time_rate"]
    assert (figure.n, figure.of, figure.value, figure.percent) == (0, 0, None, None)


@given(st.integers(1, 10**7).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_is_shown_to_a_tenth_and_never_rounded_to_all_or_nothing(pair: tuple[int, int]) -> None:
    n, of = pair
    shown = percent(n, of)
    assert abs(shown - 100 * n / of) <= 0.1
    assert (shown == 100.0) is (n == of) and (shown == 0.0) is (n == 0)


def test_points_are_the_difference_of_what_is_shown() -> None:
    rate = INDICATORS[Rate.ON_TIME_RATE]
    assert points_between(Figure(rate, 972, 1000), Figure(rate, 978, 1000)) == -0.6
    assert points_between(Figure(rate, 1, 1), Figure(rate, 0, 0)) is None


def test_every_rate_is_made_of_counts_and_every_indicator_says_how() -> None:
    for each in INDICATORS.values():
        assert each.meaning and each.label and each.kinds
        assert each.is_rate is isinstance(each.code, Rate)
        assert each.is_rate or each.code is each.numerator
    assert {formulas.count_label(count) for count in Count}


@given(st.timedeltas(timedelta(days=-10_000), timedelta(days=10_000)))
def test_a_moment_lies_in_its_month_and_in_no_other(away: timedelta) -> None:
    moment = NOW + away
    month = month_of(moment)
    assert month.from_at <= moment < month.after.from_at
    assert month.after.before == month and month.before.after == month
    assert month.last_day + timedelta(days=1) == month.after.first_day


def test_a_past_month_is_whole_and_the_running_one_ends_now() -> None:
    october = Month(2026, 10).span(NOW)
    assert (october.from_at, october.until_at) == (
        datetime(2026, 9, 30, 16, tzinfo=UTC),
        datetime(2026, 10, 31, 16, tzinfo=UTC),
    )
    assert Month(2026, 11).span(NOW).until_at == NOW


@pytest.mark.parametrize(
    "text", ["2026", "2026-00", "2026-13", "26-11", "2026-11-01", "２０２６-11", "0000-01", "2026-12"]
)
def test_what_is_no_month_or_not_yet_one_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_month(text, NOW)
    assert refused.value.field == "period"


def test_without_a_month_it_is_the_running_one() -> None:
    assert read_month(None, NOW) == read_month("", NOW) == read_month("2026-11", NOW) == Month(2026, 11)
