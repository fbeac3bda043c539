"""Keys: made, missing, and exchanged under a process that runs."""

from pathlib import Path

import pytest

from cityops.crypto import Keys
from cityops.errors import BadSetting


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadSetting, match="CITYOPS_KEYS") as refused:
        Keys.load(tmp_path / "file" / "keys", make=True)
    assert str(tmp_path / "file" / "keys") in str(refused.value)
