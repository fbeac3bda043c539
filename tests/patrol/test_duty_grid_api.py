"""Duty grids for other systems and on the command line: which there are, and who is on duty."""

import csv
import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops.cli import cli
from cityops.clock import running_at
from cityops.config import Config
from cityops.db import Database
from cityops.grid.models import Cell
from cityops.shell import Shell
from tests import factories
from tests.factories import EAST, WEST

As = Callable[[str], FlaskClient]
API = "/api/v1/duty-grids"
WESTERN, EASTERN = f"{WEST}001-1", f"{EAST}001-1"
NOON, NIGHT = "2026-11-09T12:00:00+08:00", "2026-11-09T23:00:00+08:00"


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with running_at(factories.MONDAY_MORNING):
        yield


@pytest.fixture
def shell(small_city: Database, db_url: str, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path / "var"), "DATABASE_URL": db_url}))
    yield shell
    shell.workshop.close()


def test_a_list_has_who_is_on_duty_at_the_moment(as_person: As) -> None:
    leader = as_person("dutyleader")
    page = leader.get(API, query_string={"at": NOON}).json
    western = next(each for each in page["duty_grids"] if each["code"] == WESTERN)
    assert (western["cells"], western["tier"], western["street_code"]) == (2, 1, f"{WEST}001")
    assert "inspector" in {owner["username"] for owner in western["on_duty"]}
    assert western["on_duty"][0]["hours"].startswith("07:00-")
    night = leader.get(API, query_string={"at": NIGHT, "street": f"{WEST}001"}).json["duty_grids"]
    assert [(each["code"], each["on_duty"]) for each in night] == [(WESTERN, [])]


def test_a_list_is_paged_without_loss(as_person: As) -> None:
    leader, codes, cursor = as_person("dutyleader"), [], ""
    while cursor is not None:
        page = leader.get(API, query_string={"size": 1, "cursor": cursor}).json
        codes += [each["code"] for each in page["duty_grids"]]
        cursor = page["next_cursor"]
    assert codes == [WESTERN, EASTERN]


def test_one_has_its_cells(as_person: As, small_city: Database) -> None:
    with small_city.transaction() as session:
        session.scalars(select(Cell).where(Cell.code == f"{WEST}001001002")).one().grid_tier = 2
    found = as_person("dutyleader").get(f"{API}/{WESTERN}", query_string={"at": NOON}).json
    assert found["cell_codes"] == [f"{WEST}001001001", f"{WEST}001001002"]
    assert found["on_duty"] and found["cells"] == 2


def test_a_jurisdiction_ends_at_its_border(as_person: As) -> None:
    east = as_person("dutyleader-east")
    assert [each["code"] for each in east.get(API).json["duty_grids"]] == [EASTERN]
    assert east.get(f"{API}/{WESTERN}").status_code == 404
    assert east.get(f"{API}/{EASTERN}").status_code == 200
    assert east.get(f"{API}/nowhere").status_code == 404
    assert as_person("operator").get(API).status_code == 403
    assert as_person("dutyleader").get(API, query_string={"at": "yesterday"}).status_code == 422


@pytest.mark.parametrize("at", ["9999-12-31T23:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_moment_beyond_all_days_is_refused(as_person: As, at: str) -> None:
    leader = as_person("dutyleader")
    assert [leader.get(door, query_string={"at": at}).status_code for door in (API, f"{API}/{WESTERN}")] == [422, 422]


def test_the_command_prints_who_is_on_duty(shell: Shell) -> None:
    def run(*words: str) -> str:
        result = CliRunner().invoke(cli, ("grid", "duty", *words), obj=shell)
        assert result.exit_code == 0, result.output
        return result.stdout

    table = run("--at", "2026-11-09 12:00")
    assert WESTERN in table and "inspector 某" in table
    rows = json.loads(run("--at", "2026-11-09 23:00", "--without", "--format", "json"))
    assert [row["code"] for row in rows] == [WESTERN, EASTERN]
    lines = list(csv.DictReader(StringIO(run("--street", f"{EAST}001", "--format", "csv"))))
    assert [line["code"] for line in lines] == [EASTERN]
