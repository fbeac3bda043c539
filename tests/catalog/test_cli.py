import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from sqlalchemy import select

from cityops.catalog.cli import catalog
from cityops.catalog.draft_models import CatalogDraft
from cityops.config import Config
from cityops.db import Database
from cityops.errors import Invalid
from cityops.shell import Shell
from cityops.worktime.seed import seed_calendars


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


def test_the_catalogue_goes_out_to_excel_and_into_a_draft(shell: Shell, tmp_path: Path) -> None:
    CliRunner().invoke(catalog, ["load"], obj=shell)
    with shell.database.transaction() as session:
        seed_calendars(session)
    file = str(tmp_path / "catalogue.xlsx")
    assert CliRunner().invoke(catalog, ["export", file], obj=shell).exit_code == 0
    book = load_workbook(file)
    stages = book["stages"]
    stages["B2"] = int(stages["B2"].value) + 1
    header = [cell.value for cell in book["conditions"][1]]
    book["conditions"].delete_cols(header.index("check_same_time") + 1)
    del book["classes"], book["limits"]
    book.save(file)
    dry = CliRunner().invoke(catalog, ["import", file, "--dry-run"], obj=shell)
    assert "1 entries would change" in dry.stderr and "(conditions: check_same_time)" in dry.stderr
    del book["conditions"]
    book.save(file)
    with shell.database.reading() as session:
        assert session.scalar(select(CatalogDraft.id)) is None
    assert "1 entries changed" in CliRunner().invoke(catalog, ["import", file], obj=shell).stderr
    stages["B2"] = 0
    book.save(file)
    bad = CliRunner().invoke(catalog, ["import", file], obj=shell)
    assert isinstance(bad.exception, Invalid)
    assert list(csv.reader(bad.stdout.splitlines()))[1][:3] == ["stages", "2", "limit_value"]
    nowhere = CliRunner().invoke(catalog, ["export", str(tmp_path / "no" / "where.xlsx")], obj=shell)
    assert isinstance(nowhere.exception, Invalid)
    unknown = CliRunner().invoke(catalog, ["export", file, "--standard", "GB/T 0"], obj=shell)
    assert "GB/T 47678.5-2026" in str(unknown.exception)
