"""What keeps a city from starting is one sentence that says what to do."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cityops import clock, milestones
from cityops.serving import first_load, prepare
from cityops.workshop import Workshop
from tests.serving.city import City

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]


def assert_one_sentence(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith(".")
    for word in words:
        assert word in last


def test_a_busy_port_is_named_with_its_setting(city: City) -> None:
    with socket.create_server(("127.0.0.1", city.port)):
        assert_one_sentence(city.run(), str(city.port), "CITYOPS_PORT")
    assert city.parts() == {}


def test_a_folder_that_cannot_be_written_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert_one_sentence(
        City(tmp_path / "file" / "home", "--no-demo").run(), "CITYOPS_HOME", str(tmp_path / "file" / "home")
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CITYOPS_PORT", "eighty"),
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing"),
        ("REDIS_URL", "redis://127.0.0.1:1/0"),
    ],
)
def test_a_bad_setting_is_named(city: City, name: str, value: str) -> None:
    city.settings[name] = value
    assert_one_sentence(city.run(), name)
    assert city.parts() == {}


def test_production_refuses_to_start_without_keys(city: City) -> None:
    city.settings["CITYOPS_PRODUCTION"] = "yes"
    assert_one_sentence(city.run(), "CITYOPS_KEYS")


def test_a_half_loaded_city_is_not_served_without_the_demo(city: City) -> None:
    prepare.make_home(city.config)
    first_load.make_keys(city.config)
    first_load.make_tables(city.config.database_url)
    workshop = Workshop(city.config)
    with workshop.transaction() as session:
        milestones.keep(session, first_load.LOADING, clock.now())
    workshop.close()
    assert_one_sentence(city.run(), "--no-demo", "CITYOPS_HOME")
    city.settings["CITYOPS_PRODUCTION"] = "yes"
    assert_one_sentence(city.run(), "CITYOPS_PRODUCTION")
    assert city.parts() == {}


def test_help_needs_no_good_setting(city: City) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cityops.cli", "serve", "--help"],
        env=city.environ() | {"CITYOPS_PORT": "eighty"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
