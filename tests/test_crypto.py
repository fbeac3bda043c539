"""Keys: made, missing, and exchanged under a process that runs."""

from pathlib import Path

import pytest

from cityops.crypto import Keys, make_key
from cityops.errors import BadSetting


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadSetting, match="CITYOPS_KEYS") as refused:
        Keys.load(tmp_path / "file" / "keys", make=True)
    assert str(tmp_path / "file" / "keys") in str(refused.value)


def test_a_key_made_while_a_process_runs_is_found_when_it_is_first_named(tmp_path: Path) -> None:
    running, loaded_later = Keys.load(tmp_path, make=True), Keys.load(tmp_path, make=False)
    for name in ("personal-2", "chain-2"):
        make_key(tmp_path, name)
    fresh = Keys.load(tmp_path, make=False)
    assert running.unseal(fresh.seal("secret")) == "secret"
    assert running.seal("from now on").startswith("personal-2:")
    assert loaded_later.digest("history", "chain-2") == fresh.digest("history")


def test_a_key_that_is_nowhere_is_said_to_be_missing(tmp_path: Path) -> None:
    keys = Keys.load(tmp_path, make=True)
    sealed = keys.seal("secret")
    assert not keys.has("personal-7")
    with pytest.raises(BadSetting, match="personal-7 is missing"):
        keys.unseal(sealed.replace("personal-1:", "personal-7:"))
