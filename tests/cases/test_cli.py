"""`cityops audit`: its answers in JSON, its exit codes, its words on stderr."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cityops import clock
from cityops.cases import checkpoints
from cityops.cases.cli import audit
from cityops.config import Config
from cityops.crypto import make_key
from cityops.db import Database
from cityops.errors import Invalid
from cityops.jobs import TASKS
from cityops.shell import Shell
from cityops.workshop import Workshop
from tests import factories
from tests.cases.tampering import force
from tests.factories import People, bring_to, make_report

Run = Callable[..., Result]


@pytest.fixture
def numbers(small_city: Database) -> list[str]:
    """The numbers of two accepted cases."""
    with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        return [
            bring_to(session, people, make_report(session, people.inspector).case, "accept").number for _ in range(2)
        ]


@pytest.fixture
def run(numbers: list[str], config: Config, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on the test's city; its checkpoints cover everything up to now."""
    monkeypatch.setattr(checkpoints, "SETTLED_AFTER", timedelta(0))
    for name, content in factories.make_keys().by_name.items():
        make_key(config.keys_folder, name, content)

    def run(*arguments: str) -> Result:
        shell = Shell(config)
        try:
            return CliRunner().invoke(audit, arguments, obj=shell)
        finally:
            shell.workshop.close()

    return run


def test_a_whole_city_is_said_with_its_counts(run: Run) -> None:
    answer = run("verify")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout) == {
        "cases": 2,
        "events": 4,
        "broken": [],
        "checkpoints": 0,
        "broken_checkpoints": [],
        "proved_until": None,
    }
    assert "2 cases, 4 events walked" in answer.stderr


def test_a_changed_case_ends_with_1_and_is_named(run: Run, small_city: Database) -> None:
    force(small_city, "UPDATE cases SET stage = 'closed' WHERE id = 2")
    answer = run("verify")
    assert answer.exit_code == 1
    why = "the case stands at closed, its history at accepted"
    assert json.loads(answer.stdout)["broken"] == [{"case_id": 2, "why": why}]
    assert f"case 2: {why}" in answer.stderr


def test_one_case_is_walked_alone(run: Run, numbers: list[str], small_city: Database) -> None:
    force(small_city, "UPDATE cases SET stage = 'closed' WHERE id = 2")
    whole, changed = run("verify", "--case", numbers[0]), run("verify", "--case", numbers[1])
    assert (whole.exit_code, changed.exit_code) == (0, 1)
    assert json.loads(whole.stdout) == {"cases": 1, "events": 2, "broken": []}


def test_a_case_whose_row_is_gone_is_broken_not_unknown(run: Run, numbers: list[str], small_city: Database) -> None:
    force(small_city, "DELETE FROM cases WHERE id = 2")
    answer = run("verify", "--case", numbers[1])
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["broken"][0]["case_id"] == 2


def test_a_case_that_never_was_is_one_sentence(run: Run, numbers: list[str], small_city: Database) -> None:
    force(small_city, "DELETE FROM case_events WHERE case_id = 2", "DELETE FROM cases WHERE id = 2")
    for number in (numbers[1], "nonsense"):
        answer = run("verify", "--case", number)
        assert answer.exit_code == 1 and answer.stdout == ""
        assert isinstance(answer.exception, Invalid)


def test_a_printed_checkpoint_proves_the_city_later(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoints.jsonl"
    printed = [run("checkpoint") for _ in range(2)]
    assert [each.exit_code for each in printed] == [0, 0]
    kept.write_text("".join(each.stdout for each in printed), "utf-8")
    answer = run("verify", "--checkpoint", str(kept))
    assert answer.exit_code == 0, answer.output
    said, newest = json.loads(answer.stdout), json.loads(printed[1].stdout)
    assert (said["checkpoints"], said["broken_checkpoints"]) == (2, [])
    assert said["proved_until"] == newest["until"]
    assert (newest["cases"], newest["events"], newest["previous"]) == (2, 4, json.loads(printed[0].stdout)["digest"])


def test_a_city_cut_back_with_its_checkpoints_fails_the_printed_one(
    run: Run, tmp_path: Path, small_city: Database
) -> None:
    kept = tmp_path / "checkpoints.jsonl"
    kept.write_text(run("checkpoint").stdout, "utf-8")
    tables = ("checkpoints", "case_events", "inspector_tasks", "stage_clocks", "reports", "cases")
    force(small_city, *(f"DELETE FROM {table}" for table in tables))
    assert run("verify").exit_code == 0
    answer = run("verify", "--checkpoint", str(kept))
    assert answer.exit_code == 1
    said = json.loads(answer.stdout)
    assert len(said["broken_checkpoints"]) == 1 and said["proved_until"] is None
    assert "the database does not have it" in answer.stderr


def test_a_history_cut_back_behind_a_checkpoint_fails(run: Run, small_city: Database) -> None:
    run("checkpoint")
    tables = ("case_events", "inspector_tasks", "stage_clocks", "reports", "cases")
    force(small_city, *(f"DELETE FROM {table}" for table in tables))
    answer = run("verify")
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["broken_checkpoints"][0]["why"] == (
        "covers 4 events since the one before, 0 are there"
    )


def test_a_file_that_is_no_checkpoint_is_one_sentence(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "notes.txt"
    kept.write_text("not a checkpoint\n", "utf-8")
    answer = run("verify", "--checkpoint", str(kept))
    assert isinstance(answer.exception, Invalid)
    assert str(answer.exception) == "Line 1 is no checkpoint as cityops printed it."


def test_one_case_has_no_checkpoint(run: Run, numbers: list[str], tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert run("verify", "--case", numbers[0], "--checkpoint", str(tmp_path / "empty")).exit_code == 2


def test_the_nightly_task_writes_a_checkpoint(run: Run, config: Config) -> None:
    workshop = Workshop(config)
    for _ in range(2):
        TASKS["cases.checkpoint"].call(workshop)
    workshop.close()
    said = json.loads(run("verify").stdout)
    assert (said["checkpoints"], said["broken_checkpoints"]) == (2, [])


def test_the_nightly_task_reads_outside_the_writers_lock(
    run: Run, config: Config, small_city: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = checkpoints.gather

    def gather_while_another_writes(*arguments: object) -> object:
        with small_city.transaction() as session:
            make_report(session, People(session).inspector)
        return gather(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoints, "gather", gather_while_another_writes)
    workshop = Workshop(config)
    TASKS["cases.checkpoint"].call(workshop)
    workshop.close()
    assert json.loads(run("verify").stdout)["cases"] == 3
