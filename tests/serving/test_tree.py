"""The process tree: started, killed part by part, started again; nothing is lost and nothing is left."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.serving.city import City, count_owed, eventually, owe

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]

TREE = {"supervisor": 1, "redis": 1, "worker": 1, "scheduler": 1, "web": 3}
VICTIMS: dict[str, Callable[[dict[str, list[int]]], int]] = {
    "web master": lambda parts: parts["web"][0],
    "web worker": lambda parts: parts["web"][-1],
    "worker": lambda parts: parts["worker"][0],
    "scheduler": lambda parts: parts["scheduler"][0],
    "redis": lambda parts: parts["redis"][0],
}


def is_whole(city: City) -> bool:
    counts = {name: len(pids) for name, pids in city.parts().items()}
    # The worker has a fork while it works.
    return counts | {"worker": min(counts.get("worker", 0), 1)} == TREE


def is_gone(city: City, pid: int) -> bool:
    return not any(pid in pids for pids in city.parts().values())


def test_a_city_starts_gets_well_and_leaves_no_process_at_ctrl_c(city: City) -> None:
    city.start()
    assert eventually(lambda: "is ready" in city.words()), city.words()
    assert f"http://localhost:{city.port}/" in city.words()
    assert city.health() == {"code": "200", "status": "ok", "jobs_given_up": 0} | dict.fromkeys(
        ("web", "database", "queue", "worker", "scheduler"), "ok"
    )
    # A part may fork for a moment: the tree has to become whole, not to be so at one instant.
    assert eventually(lambda: is_whole(city)), city.parts()
    assert city.stop() == 0
    assert city.parts() == {}
    assert "all stopped" in city.words()
    assert not city.config.redis_socket.exists()


def test_each_part_that_is_killed_comes_back_and_what_was_owed_is_done(city: City) -> None:
    city.start()
    assert eventually(city.is_well), city.words()
    for name, choose in VICTIMS.items():
        owe(city, 20)
        victim = choose(city.parts())
        os.kill(victim, signal.SIGKILL)
        owe(city, 5)
        assert eventually(lambda pid=victim: is_gone(city, pid) and is_whole(city)), (name, city.parts())
        assert eventually(city.is_well), (name, city.health(), city.words())
        assert eventually(lambda: count_owed(city) == 0), (name, count_owed(city))
    assert city.stop(signal.SIGTERM) == 0
    assert city.parts() == {}


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_loses_nothing(city: City) -> None:
    city.start()
    assert eventually(city.is_well), city.words()
    owe(city, 30)
    assert city.stop(signal.SIGKILL) == -signal.SIGKILL
    assert eventually(lambda: city.parts() == {}), city.parts()
    owe(city, 5)
    city.start()
    assert eventually(city.is_well), city.words()
    assert eventually(lambda: count_owed(city) == 0), count_owed(city)
    assert city.stop() == 0
    assert city.parts() == {}


def test_a_tree_killed_with_everything_at_once_starts_again(city: City) -> None:
    city.start()
    assert eventually(city.is_well), city.words()
    for pids in city.parts().values():
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    assert city.process is not None
    city.process.wait()
    city.start()
    assert eventually(city.is_well), city.words()
    assert city.stop() == 0


def test_a_second_city_on_the_same_folder_is_refused_and_the_first_runs_on(city: City) -> None:
    city.start()
    assert eventually(city.is_well), city.words()
    second = City(city.home, "--no-demo").run()
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "already runs" in second.stderr
    assert city.is_well()
    assert city.stop() == 0
