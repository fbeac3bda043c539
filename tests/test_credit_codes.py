import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityops.credit_codes import SIGNS, is_credit_code


@given(st.text(alphabet=SIGNS, min_size=17, max_size=17))
def test_one_of_31_signs_checks_a_credit_code(body: str) -> None:
    assert sum(is_credit_code(body + sign) for sign in SIGNS) == 1


@pytest.mark.parametrize("code", ["", "91350100M000100Y4", "91350100m000100y43", "91350100M000100Y4O"])
def test_what_is_no_credit_code_is_none(code: str) -> None:
    assert not is_credit_code(code)
