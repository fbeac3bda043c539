"""The command: a summary as data, words beside it, and an end that is a day or a moment."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from cityops import clock, schema
from cityops.config import Config
from cityops.errors import Invalid
from cityops.shell import Shell
from cityops.simulation.cli import read_until, simulate_city
from tests import factories

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=clock.CITY_ZONE)


@pytest.mark.database
def test_the_summary_is_data_on_stdout_and_the_words_go_to_stderr(tmp_path: Path) -> None:
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path)}))
    schema.upgrade(shell.config.database_url)
    with clock.running_at(factories.MONDAY_MORNING), shell.database.transaction() as session:
        factories.make_city(session)
    asked = ["--days", "1", "--per-day", "5", "--seed", "3", "--until", "2026-11-20"]
    first = CliRunner().invoke(simulate_city, asked, obj=shell, catch_exceptions=False)
    again = CliRunner().invoke(simulate_city, asked, obj=shell, catch_exceptions=False)
    shell.workshop.close()
    summary = json.loads(first.stdout)
    assert (summary["cases"], summary["added"], sum(summary["by_stage"].values())) == (5, 5, 5)
    assert summary["until"] == "2026-11-21T00:00:00+08:00"
    assert "steps" in first.stderr
    assert json.loads(again.stdout)["added"] == 0
    assert "5 of the 5 cases" in again.stderr and "were there already" in again.stderr


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20", "2026-11-21T00:00:00+08:00"),
        ("2026-11-23", "2026-11-23T12:00:00+08:00"),
        ("2026-11-20T18:00", "2026-11-20T18:00:00+08:00"),
        ("2026-11-20T10:00Z", "2026-11-20T18:00:00+08:00"),
    ],
)
def test_an_end_is_a_day_up_to_its_midnight_or_a_moment(text: str, moment: str) -> None:
    with clock.running_at(NOON):
        assert read_until(text).astimezone(clock.CITY_ZONE).isoformat() == moment


def test_a_later_day_stays_a_later_day_and_is_not_cut_to_now() -> None:
    with clock.running_at(NOON):
        assert read_until("2030-01-01") > NOON


def test_an_end_that_is_neither_is_refused() -> None:
    with pytest.raises(Invalid, match="Write a day"):
        read_until("yesterday")
