"""Locks on files."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cityops import locks

HOLD = """
import sys, time
from pathlib import Path
from cityops import locks
with locks.holding(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_free_before_and_after(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    assert not locks.is_held(path)
    with locks.holding(path):
        assert locks.is_held(path)
    assert not locks.is_held(path)


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with locks.holding(path), pytest.raises(locks.Taken) as taken, locks.holding(path):
        pass
    assert taken.value.holder == os.getpid()


def test_asking_does_not_take_the_lock_away(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with locks.holding(path):
        locks.is_held(path)
        with pytest.raises(locks.Taken), locks.holding(path):
            pass


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert locks.is_held(path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert not locks.is_held(path)
