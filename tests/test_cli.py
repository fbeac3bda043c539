"""The `cityops` command: help everywhere, one sentence for what goes wrong, exit codes that mean something."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cityops import cli
from cityops.errors import CityopsError
from cityops.serving import first_load


def all_commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from all_commands(command, (*path, name))


@pytest.mark.parametrize("path", [(), *all_commands(cli.cli)], ids=" ".join)
def test_every_command_takes_help_even_with_bad_settings(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYOPS_PORT", "eighty")
    answer = CliRunner().invoke(cli.cli, [*path, "--help"])
    assert answer.exit_code == 0, answer.output
    assert "Usage:" in answer.stdout


@pytest.mark.parametrize(
    "name",
    ["serve", "web", "worker", "scheduler", "backup", "restore", "demo", "simulate", "locate", "worktime", "token"],
)
def test_the_names_that_scripts_rely_on_are_there(name: str) -> None:
    assert name in cli.cli.commands


def run_main(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int | str | None:
    def fail() -> None:
        raise error

    monkeypatch.setitem(cli.cli.commands, "fail", click.Command("fail", callback=fail))
    monkeypatch.setattr(sys, "argv", ["cityops", "fail"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (CityopsError("The lamp is out."), 1, "The lamp is out.\n"),
        (KeyboardInterrupt(), 130, "\n"),
        (click.FileError("lamp", "is out"), 1, "Error: Could not open file 'lamp': is out\n"),
    ],
)
def test_an_error_is_one_sentence_on_stderr_and_its_code(
    error: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, error) == code
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", words)


def test_a_command_that_did_its_work_ends_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["cityops", "--version"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0


def test_a_database_without_tables_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cityops.cli", "token", "create", "operator"],
        env={"CITYOPS_HOME": str(tmp_path), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert "cityops migrate" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_reader_who_has_read_enough_sees_no_traceback(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/cityops.sqlite3"
    first_load.make_tables(url)
    done = subprocess.run(
        f"{sys.executable} -m cityops.cli --help | true",
        shell=True, env={"CITYOPS_HOME": str(tmp_path), "PATH": "/bin:/usr/bin"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.stderr == ""
