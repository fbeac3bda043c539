"""What docs/worktime.md shows is what the commands say."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from cityops.worktime.cli import worktime

PAGE = Path(__file__).parents[2] / "docs" / "worktime.md"
EXAMPLES = re.findall(
    r"```\n\$ (cityops worktime (?:[^\n]*\\\n)*[^\n]*)\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL
)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(("command", "shown"), EXAMPLES)
def test_an_example_says_what_the_page_shows(command: str, shown: str) -> None:
    arguments = shlex.split(command.replace("\\\n", " "))[2:]
    assert CliRunner().invoke(worktime, arguments).output.rstrip() == shown
