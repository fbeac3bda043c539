from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from cityops.cases.numbers import case_number, find_key, report_number

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2199, 12, 31))
KEYS = st.integers(min_value=1, max_value=10**15)


@given(DAYS, KEYS)
def test_a_number_gives_back_its_day_and_key(day: date, key: int) -> None:
    assert find_key(case_number(day, key)) == (day, key)
    assert find_key(report_number(day, key), is_report=True) == (day, key)


@given(DAYS, KEYS)
def test_dashes_and_spaces_around_a_number_do_not_matter(day: date, key: int) -> None:
    assert find_key(f"  {case_number(day, key).replace('-', '')} ") == (day, key)


@given(DAYS, KEYS, st.data())
def test_one_wrong_digit_is_noticed(day: date, key: int, data: st.DataObject) -> None:
    number = case_number(day, key)
    places = [place for place, mark in enumerate(number) if mark.isdigit()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([mark for mark in "0123456789" if mark != number[place]]))
    assert find_key(number[:place] + digit + number[place + 1 :]) is None


def test_more_than_9999_cases_a_day_have_numbers() -> None:
    numbers = {case_number(date(2026, 11, 23), key) for key in range(1, 30_001)}
    assert len(numbers) == 30_000


def test_a_case_number_is_no_report_number() -> None:
    assert find_key("R" + case_number(date(2026, 11, 23), 7)) is None
    assert find_key(case_number(date(2026, 11, 23), 7), is_report=True) is None


def test_words_are_no_number() -> None:
    for text in ("", "路灯", "2026", "20261399-0001-1", "²0261123-0417-3", "20261123-" + "9" * 30 + "-1"):
        assert find_key(text) is None
