"""Which worker takes up the jobs that a dead one had in hand."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cityops import queue
from cityops.config import Config
from cityops.serving import worker
from cityops.serving.supervisor import plan
from cityops.workshop import Workshop


@pytest.fixture
def claimed(db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """A city with a job in somebody's hands, and a worker that ends as soon as it would begin to work."""
    workshop = Workshop(Config(home=tmp_path, database_url=db_url, keys_folder=tmp_path / "keys"))
    with workshop.transaction() as session:
        job = queue.owe(session, "jobs.forget_done_jobs")
        session.flush()
        queue.claim(session, job.id)
    monkeypatch.setattr(worker.Config, "from_env", lambda: workshop.config)
    monkeypatch.setattr(worker.CityWorker, "__init__", lambda *_given, **_named: None)
    monkeypatch.setattr(worker.CityWorker, "work", lambda *_given, **_named: None)
    yield workshop
    workshop.close()


def count_free(workshop: Workshop) -> int:
    with workshop.reading() as session:
        return len(queue.list_owed(session))


def test_a_worker_started_on_its_own_leaves_the_others_their_jobs(
    claimed: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["worker"])
    worker.main()
    assert count_free(claimed) == 0


def test_the_trees_own_worker_takes_up_what_its_predecessor_had_in_hand(
    claimed: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = next(child.command for child in plan(claimed.config) if child.name == "worker")
    monkeypatch.setattr(sys, "argv", ["worker", *command[3:]])
    worker.main()
    assert count_free(claimed) == 1


def test_with_a_redis_for_many_machines_no_worker_takes_from_another(tmp_path: Path) -> None:
    config = Config(home=tmp_path, database_url="sqlite://", redis_url="redis://127.0.0.1:1/0")
    embedded = replace(config, redis_url=None)
    with_option = [any("--take-up" in child.command for child in plan(each)) for each in (config, embedded)]
    assert with_option == [False, True]
