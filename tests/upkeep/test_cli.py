"""`cityops backup`, `restore` and `keys rotate` as they are typed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cityops import locks
from cityops.cli import cli
from cityops.config import Config
from cityops.serving import first_load, prepare
from cityops.shell import Shell
from cityops.upkeep.archive import BadBackup


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    config = Config.from_env({"CITYOPS_HOME": str(tmp_path / "home")})
    prepare.make_home(config)
    first_load.make_keys(config)
    first_load.make_tables(config.database_url)
    return Shell(config)


def run(shell: Shell, *words: str) -> str:
    answer = CliRunner().invoke(cli, words, obj=shell, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == ""
    shell.workshop.close()
    return answer.stderr


def test_a_backup_and_its_keys_make_the_city_again(shell: Shell, tmp_path: Path) -> None:
    run(shell, "backup", str(tmp_path / "b.tar"), "--keys", str(tmp_path / "b.keys"))
    other = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path / "other")}))
    run(other, "restore", str(tmp_path / "b.tar"), "--keys", str(tmp_path / "b.keys"))
    assert other.keys == shell.keys


def test_a_backup_without_keys_says_what_that_means(shell: Shell, tmp_path: Path) -> None:
    assert "Without --keys" in run(shell, "backup", str(tmp_path / "b.tar"))


def test_keys_are_exchanged_only_while_the_city_stands_still(shell: Shell) -> None:
    with (
        locks.holding(shell.config.home / locks.SERVING),
        pytest.raises(BadBackup, match="stop it first"),
    ):
        run(shell, "keys", "rotate")
    assert "chain-2, personal-2" in run(shell, "keys", "rotate")
    assert "chain-3, personal-3" in run(shell, "keys", "rotate")
