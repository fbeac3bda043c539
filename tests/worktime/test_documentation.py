"""What docs/worktime.md shows is what the commands say."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from cityops import clock
from cityops.config import Config
from cityops.shell import Shell
from cityops.worktime.cli import worktime
from cityops.worktime.seed import seed_calendars

PAGE = Path(__file__).parents[2] / "docs" / "worktime.md"
EXAMPLES = re.findall(
    r"```\n\$ (cityops worktime (?:[^\n]*\\\n)*[^\n]*)\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL
)


FILES = re.findall(r"here `(\S+\.csv)`[^`]*```csv\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 11
    assert [name for name, _ in FILES] == ["2027.csv"]


def test_the_examples_say_what_the_page_shows_one_after_the_other(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shell, runner = Shell(config), CliRunner()
    with shell.database.transaction() as session:
        seed_calendars(session)
    with clock.running_at(datetime(2026, 11, 23, tzinfo=UTC)):
        for name, text in FILES:
            Path(name).write_text(text, "utf-8")
        for command, shown in EXAMPLES:
            arguments = shlex.split(command.replace("\\\n", " "))[2:]
            assert runner.invoke(worktime, arguments, obj=shell).output.rstrip() == shown
    shell.workshop.close()
