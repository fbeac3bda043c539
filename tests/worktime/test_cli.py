"""`cityops worktime due` as a person and as a script use it."""

import json

import pytest
from click.testing import CliRunner, Result

from cityops.worktime.cli import worktime

NATIONAL_DAY = ["--start", "2026-09-30T16:00+08:00", "--limit", "2", "--unit", "working_day"]


def due(*arguments: str) -> Result:
    """Run `worktime due`."""
    return CliRunner().invoke(worktime, ["due", *arguments])


def test_json_tells_the_due_time_and_the_way_to_it() -> None:
    result = due(*NATIONAL_DAY, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (answer["start"], answer["due"]) == ("2026-09-30T16:00:00+08:00", "2026-10-09T16:00:00+08:00")
    assert (answer["limit"], answer["unit"], answer["calendar"]) == (2, "working_day", "office")
    assert answer["counted_minutes"] == 960
    assert sum(piece["minutes"] for piece in answer["pieces"]) == 960
    assert answer["pieces"][2] == {
        "from": "2026-10-01T00:00:00+08:00",
        "until": "2026-10-08T00:00:00+08:00",
        "kind": "closed",
        "why": "National Day",
        "why_zh": "国庆节",
        "minutes": 0,
    }


def test_words_for_a_person_name_the_holiday() -> None:
    result = due(*NATIONAL_DAY)
    assert "due   Fri 2026-10-09 16:00" in result.stdout
    assert "National Day" in result.stdout
    assert result.stderr == ""


def test_pauses_may_be_repeated() -> None:
    pauses = ["--pause", "2026-10-08T09:00+08:00/2026-10-08T10:00+08:00"] * 2
    assert json.loads(due(*NATIONAL_DAY, *pauses, "--json").stdout)["due"] == "2026-10-09T17:00:00+08:00"


def test_another_calendar_may_be_named() -> None:
    answer = json.loads(due(*NATIONAL_DAY, "--calendar", "street", "--json").stdout)
    assert answer["due"] == "2026-10-01T18:00:00+08:00"


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--start", "2026-09-30T16:00", "needs a time zone"),
        ("--start", "2026-09-30", "needs a time zone"),
        ("--start", "yesterday", "is not a time"),
        ("--start", "", "is not a time"),
        ("--start", "0001-01-01T00:00+08:00", "outside the years"),
        ("--start", "2027-02-01T09:00+08:00", "no holidays for the year 2027"),
        ("--limit", "-1", "a number from 0"),
        ("--limit", "nan", "a number from 0"),
        ("--limit", "1e309", "a number from 0"),
        ("--limit", "9" * 5000, "not a number"),
        ("--limit", "100000", "a number from 0"),
        ("--limit", "three", "not a number"),
        ("--limit", "200", "no holidays for the year 2027"),
        ("--calendar", "lunar", "no built-in calendar"),
        ("--pause", "2026-10-08T09:00+08:00", "FROM/UNTIL"),
        ("--pause", "2026-10-08T09:00+08:00/2026-10-08T08:00+08:00", "ends before it begins"),
        ("--pause", "2026-10-08T09:00/2026-10-08T10:00", "needs a time zone"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(option: str, value: str, sentence: str) -> None:
    result = due(*NATIONAL_DAY, option, value)
    assert result.exit_code != 0
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["due", "--help"]])
def test_help_is_there(arguments: list[str]) -> None:
    assert CliRunner().invoke(worktime, arguments).exit_code == 0
