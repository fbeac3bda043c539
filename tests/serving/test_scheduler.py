"""The scheduler's loop: it beats, it sweeps, and it stands still while a city is simulated."""

import threading
from pathlib import Path

import pytest

from cityops import jobs, locks
from cityops.config import Config
from cityops.serving import scheduler
from cityops.workshop import Workshop


def swept(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a few rounds of the loop have done, with no Redis there."""
    done: list[str] = []
    stop = threading.Event()
    rounds = iter(range(3))
    monkeypatch.setattr(jobs, "run_schedule", lambda _workshop: done.append("schedule"))
    monkeypatch.setattr(jobs, "sweep", lambda _workshop: done.append("sweep"))
    monkeypatch.setattr(stop, "wait", lambda _seconds: next(rounds, None) is None and stop.set())
    scheduler.run(Workshop(Config(home=home, database_url="sqlite://")), stop)
    return done


def test_it_sweeps_at_once_and_then_waits_even_without_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert swept(tmp_path, monkeypatch) == ["schedule", "sweep"]


def test_it_stands_still_while_a_city_is_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with locks.holding(tmp_path / locks.SIMULATING):
        assert swept(tmp_path, monkeypatch) == []
