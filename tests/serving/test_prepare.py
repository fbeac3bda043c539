"""Before the tree grows: leftovers are ended, others are left alone."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cityops.config import Config
from cityops.errors import BadSetting
from cityops.serving import prepare
from cityops.serving.children import started_at


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = Config(home=tmp_path / "home", database_url="sqlite://")
    prepare.make_home(made)
    return made


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_a_process_of_the_killed_tree_is_ended(config: Config, sleeper: "subprocess.Popen[bytes]") -> None:
    prepare.note_tree(config, {"worker": sleeper.pid})
    config.redis_socket.touch()
    assert prepare.clear_leftovers(config) == ["worker"]
    assert sleeper.wait(5) == -9
    assert not config.redis_socket.exists()
    assert prepare.clear_leftovers(config) == []


def test_another_process_that_was_given_its_number_is_left_alone(
    config: Config, sleeper: "subprocess.Popen[bytes]"
) -> None:
    prepare.note_tree(config, {"worker": sleeper.pid})
    tree = config.home / prepare.TREE
    tree.write_text(tree.read_text().replace(str(started_at(sleeper.pid)), "1"))
    assert prepare.clear_leftovers(config) == []
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "[]", '{"web": 3}', '{"web": ["a", "b"]}', "null"])
def test_a_note_that_cannot_be_read_ends_nothing(config: Config, text: str) -> None:
    (config.home / prepare.TREE).write_text(text)
    assert prepare.clear_leftovers(config) == []


def test_a_process_that_is_gone_has_no_start(sleeper: "subprocess.Popen[bytes]") -> None:
    assert started_at(sleeper.pid) is not None
    sleeper.kill()
    sleeper.wait()
    assert started_at(sleeper.pid) is None


def test_a_port_is_free_or_named(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        busy = replace(config, port=listener.getsockname()[1])
        with pytest.raises(BadSetting, match=f"port {busy.port}.*CITYOPS_PORT"):
            prepare.check_port(busy)
    prepare.check_port(busy)


def test_a_host_that_is_not_this_machine_is_named(config: Config) -> None:
    with pytest.raises(BadSetting, match="192.0.2.1"):
        prepare.check_port(replace(config, host="192.0.2.1"))


def test_of_two_supervisors_on_a_folder_the_second_is_told_the_first(config: Config) -> None:
    with (
        prepare.alone(config),
        pytest.raises(BadSetting, match=r"already runs .* \(process \d+\)"),
        prepare.alone(config),
    ):
        pass
