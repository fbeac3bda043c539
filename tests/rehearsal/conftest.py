from collections.abc import Iterator
from pathlib import Path

import pytest

from cityops.config import Config
from cityops.db import Database
from cityops.shell import Shell


@pytest.fixture
def shell(small_city: Database, tmp_path: Path) -> Iterator[Shell]:
    made = Shell(Config(home=tmp_path, database_url=small_city.url, keys_folder=tmp_path / "keys"))
    yield made
    made.database.dispose()
