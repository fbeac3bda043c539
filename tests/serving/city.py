"""A whole city as its own process tree, for tests that kill parts of it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from cityops import queue
from cityops.config import Config
from cityops.queue import OwedJob
from cityops.workshop import Workshop

PATIENCE_S = 60


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def eventually(holds: Callable[[], bool], within_s: float = PATIENCE_S) -> bool:
    """Whether something comes true in time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


class City:
    """`cityops serve` on a data folder and a port of its own."""

    def __init__(self, home: Path, *options: str, **settings: str) -> None:
        self.home = home
        self.command = [sys.executable, "-m", "cityops.cli", "serve", *options]
        self.port = free_port()
        self.settings = {"CITYOPS_HOME": str(home), "CITYOPS_PORT": str(self.port)} | settings
        self.config = Config.from_env(self.settings)
        self.output = home.parent / f"{home.name}.out"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and go on."""
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.environ(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def environ(self) -> dict[str, str]:
        """The environment in which every process of this tree runs."""
        clean = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        return clean | self.settings

    def run(self) -> subprocess.CompletedProcess[str]:
        """Start it where it cannot start, and wait for its words."""
        return subprocess.run(
            self.command,
            env=self.environ(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def health(self, within_s: float = 5) -> dict[str, str | int]:
        """What /healthz says, with its status under `code`; nothing where nobody answers in time."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=within_s)
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            return {"code": str(answer.status)} | json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        finally:
            connection.close()

    def is_well(self) -> bool:
        """Whether /healthz answers 200 and the supervisor lives."""
        assert self.process is not None
        assert self.process.poll() is None, self.words()
        return self.health().get("code") == "200"

    def words(self) -> str:
        """What the supervisor has said so far."""
        return self.output.read_text()

    def parts(self) -> dict[str, list[int]]:
        """The living processes of this tree by what they are, parents before children; found by their environment."""
        mark = f"CITYOPS_HOME={self.home}".encode()
        found: dict[str, list[int]] = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                environ = (path / "environ").read_bytes().split(b"\0")
                command = (path / "cmdline").read_bytes().decode()
            except OSError:
                continue
            # Redis writes its title over its environment.
            if command and (mark in environ or str(self.config.redis_socket) in command):
                found.setdefault(_part(command), []).append(int(path.name))
        return {name: sorted(pids) for name, pids in found.items()}

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def clear(self) -> None:
        """End whatever still runs, after a test that failed."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pids in self.parts().values():
            for pid in pids:
                os.kill(pid, signal.SIGKILL)


def owe(city: City, count: int) -> None:
    """Owe some jobs in the city's database, and tell its worker."""
    workshop = Workshop(city.config)
    with workshop.transaction() as session:
        for _number in range(count):
            queue.owe(session, "jobs.forget_done_jobs")
    workshop.close()


def count_owed(city: City) -> int:
    """How many jobs are not done yet."""
    workshop = Workshop(city.config)
    with workshop.reading() as session:
        count = session.scalar(select(func.count()).select_from(OwedJob).where(OwedJob.done_at.is_(None)))
    workshop.close()
    return count or 0


def _part(command: str) -> str:
    if "redis-server" in command:
        return "redis"
    if "cityops.cli" in command:
        return "supervisor"
    return command.rstrip("\0").rpartition("cityops.serving.")[2].split("\0")[0] or command
