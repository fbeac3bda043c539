"""Process trees that are gone when their test ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.city import City


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """A city that has not been started yet."""
    made = City(tmp_path / "home", "--no-demo")
    yield made
    made.clear()
