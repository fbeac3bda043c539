import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cityops.catalog.cli import catalog
from cityops.config import Config
from cityops.db import Database
from cityops.errors import Invalid
from cityops.shell import Shell


@pytest.fixture
def shell(db: Database, tmp_path: Path) -> Iterator[Shell]:
    made = Shell(Config(home=tmp_path, database_url=db.url, keys_folder=tmp_path / "keys"))
    yield made
    made.database.dispose()


def test_loading_says_on_stderr_what_it_wrote_and_can_be_repeated(shell: Shell) -> None:
    first = CliRunner().invoke(catalog, ["load"], obj=shell)
    again = CliRunner().invoke(catalog, ["load"], obj=shell)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.stdout == again.stdout == ""
    assert "403 classes" in first.stderr
    assert "written: 0 standards, 0 classes, 0 filing conditions, 0 stage limits" in again.stderr


def test_the_list_is_csv_with_a_line_for_each_condition_and_each_class_without(shell: Shell) -> None:
    CliRunner().invoke(catalog, ["load"], obj=shell)
    result = CliRunner().invoke(catalog, ["list", "--kind", "component"], obj=shell)
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert {row["kind"] for row in rows} == {"component"}
    assert len({row["code"] for row in rows}) == 153
    lamp = [row for row in rows if row["code"] == "01037"]
    assert [row["condition"] for row in lamp] == [f"C01037-{n}" for n in range(1, 7)]
    assert (lamp[0]["limit_value"], lamp[0]["limit_unit"], lamp[0]["body_code"]) == ("2", "working_day", "lamps")
    assert {row["standard"] for row in rows} == {"GB/T 47678.5-2026"}


def test_the_list_of_a_day_before_the_standard_is_empty(shell: Shell) -> None:
    CliRunner().invoke(catalog, ["load"], obj=shell)
    result = CliRunner().invoke(catalog, ["list", "--on", "2026-06-30"], obj=shell)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1


def test_a_day_that_is_none_is_refused(shell: Shell) -> None:
    result = CliRunner().invoke(catalog, ["list", "--on", "tomorrow"], obj=shell)
    assert isinstance(result.exception, Invalid)
    assert result.stdout == ""
