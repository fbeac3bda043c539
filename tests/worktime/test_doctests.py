"""The examples in the pure modules are true."""

import doctest
from types import ModuleType

import pytest

from cityops.worktime import arithmetic, calendar, explanation, holidays, limits, timeline


@pytest.mark.parametrize("module", [arithmetic, calendar, explanation, holidays, limits, timeline])
def test_the_examples_of_the_module_are_true(module: ModuleType) -> None:
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0
