"""`cityops worktime announce`, `years` and `days` as an administrator uses them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cityops import clock
from cityops.config import Config
from cityops.errors import Invalid, NotFound
from cityops.shell import Shell
from cityops.worktime.cli import worktime
from cityops.worktime.seed import seed_calendars

Run = Callable[..., Result]
HEADER = "day,kind,name_zh,name_en\n"
NEW_YEAR = HEADER + "2027-01-01,holiday,元旦,New Year\n"


@pytest.fixture
def run(config: Config) -> Iterator[Run]:
    """The command in a city with the first calendars, in November 2026."""
    shell = Shell(config)
    with shell.database.transaction() as session:
        seed_calendars(session)

    def invoke(*arguments: str) -> Result:
        with clock.running_at(datetime(2026, 11, 23, tzinfo=UTC)):
            return CliRunner().invoke(worktime, arguments, obj=shell)

    yield invoke
    shell.workshop.close()


@pytest.fixture
def notice(tmp_path: Path) -> str:
    """A good file."""
    file = tmp_path / "2027.csv"
    file.write_text(NEW_YEAR, "utf-8-sig")
    return str(file)


def test_the_coming_year_is_missing_until_it_is_announced(run: Run, notice: str) -> None:
    before = run("years")
    assert before.stdout.startswith("2004-2026\t")
    assert before.stderr == "2027 is missing; enter it with: cityops worktime announce 2027 FILE.csv\n"
    assert run("announce", "2027", notice).exit_code == 0
    after = run("years")
    assert after.stdout.endswith("2027\t2027.csv\n")
    assert after.stderr == ""


def test_a_dry_run_shows_what_would_change_and_changes_nothing(run: Run, notice: str) -> None:
    result = run("announce", "2027", notice, "--dry-run")
    assert result.stdout == "+ Fri 2027-01-01  holiday  元旦  New Year\n"
    assert "nothing was entered" in result.stderr
    assert "2027 is missing" in run("years").stderr


def test_a_year_used_already_needs_replace(run: Run, notice: str) -> None:
    run("announce", "2027", notice)
    refused = run("announce", "2027", notice)
    assert "give --replace" in str(refused.exception)
    assert run("announce", "2027", notice, "--dry-run").stderr.count("known already: 2027.csv") == 1
    assert run("announce", "2027", notice, "--replace").exit_code == 0


def test_bad_rows_are_listed_and_nothing_is_entered(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(NEW_YEAR + "2026-01-01,holiday,元旦,New Year\n2027-01-02,strike,元旦,New Year\n", "utf-8")
    result = run("announce", "2027", str(file))
    assert result.exit_code != 0
    assert [line[:7] for line in result.stdout.splitlines()] == ["line,fi", "3,day,2", "4,kind,"]
    assert str(result.exception) == "2 faults: nothing was entered"
    assert "2027 is missing" in run("years").stderr


def test_a_file_in_another_encoding_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gbk.csv"
    file.write_bytes(NEW_YEAR.encode("gbk"))
    assert "not written in UTF-8" in run("announce", "2027", str(file)).stdout


def test_what_a_year_has_can_be_entered_again_without_a_change(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "2026.csv"
    file.write_text(run("days", "2026").stdout, "utf-8")
    result = run("announce", "2026", str(file), "--replace")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "0 out, 0 in" in result.stderr


def test_a_limit_is_counted_through_the_year_on_the_citys_calendar(run: Run, notice: str) -> None:
    asked = ("due", "--start", "2026-12-31T17:00+08:00", "--limit", "2", "--unit", "working_hour")
    assert "worktime announce 2027 FILE.csv" in run(*asked, "--city").stderr
    run("announce", "2027", notice)
    assert "due   Mon 2027-01-04 09:30" in run(*asked, "--city").stdout
    assert run(*asked).stderr.endswith("and ask with --city\n")


def test_offices_are_closed_from_two_and_open_again(run: Run) -> None:
    asked = ("due", "--city", "--start", "2026-11-27T13:30+08:00", "--limit", "2", "--unit", "working_hour")
    closed = run("close-day", "2026-11-27", "--name", "台风", "--name-en", "typhoon", "--from", "14:00")
    assert "entered for office" in closed.stderr
    assert "due   Mon 2026-11-30 10:00" in run(*asked).stdout
    assert "closed   typhoon" in run(*asked).stdout
    assert isinstance(run("remove-day", "2026-11-27").exception, NotFound)
    assert run("remove-day", "2026-11-27", "--calendar", "office").exit_code == 0
    assert "due   Fri 2026-11-27 15:30" in run(*asked).stdout


def test_a_day_is_closed_whole_or_but_for_some_hours(run: Run) -> None:
    assert run("close-day", "2026-11-27", "--name", "停电").exit_code == 0
    assert run("close-day", "2026-11-30", "--name", "停电", "--hours", "09:00-10:00").exit_code == 0
    asked = ("due", "--city", "--start", "2026-11-27T08:30+08:00", "--limit", "1", "--unit", "working_hour")
    assert "due   Mon 2026-11-30 10:00" in run(*asked).stdout
    refused = run("close-day", "2026-12-01", "--name", "x", "--hours", "09:00-10:00", "--from", "14:00")
    assert refused.exit_code == 2


def test_other_hours_are_entered_and_listed(run: Run) -> None:
    given = ("--hours", "1-4 08:00-12:00;13:00-17:00", "--hours", "5 08:00-12:00")
    assert run("set-hours", "office", "2026-12-01", *given).exit_code == 0
    listed = run("calendars").stdout
    assert "from 2026-12-01  1-4 08:00-12:00;13:00-17:00, 5 08:00-12:00, 6-7 closed" in listed
    assert "from 2000-01-01  1-5 08:30-12:00;13:30-18:00, 6-7 closed" in listed


@pytest.mark.parametrize("hours", ["", "8 08:00-12:00", "5-1 08:00-12:00", "08:00-12:00", "1- 08:00-12:00x"])
def test_hours_of_no_weekday_are_refused(run: Run, hours: str) -> None:
    assert isinstance(run("set-hours", "office", "2026-12-01", "--hours", hours).exception, Invalid)


def test_a_night_shift_is_added(run: Run) -> None:
    added = run(
        "add-calendar", "night-shift", "--label", "夜班", "--hours", "1-7 22:00-06:00", "--nominal-minutes", "420"
    )
    assert added.exit_code == 0
    assert (
        "night-shift  夜班  夜班  420 min  nominal  no holidays\n  from 2000-01-01  1-7 22:00-06:00"
        in run("calendars").stdout
    )
    assert isinstance(run("add-calendar", "night-shift", "--label", "x", "--hours", "1 8:00").exception, Invalid)
