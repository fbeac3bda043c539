"""The supervisor: starts the tree in order, restarts what dies, stops it in the reverse order."""

import http.client
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from cityops.config import Config
from cityops.errors import BadSetting
from cityops.serving import prepare, redis_server
from cityops.serving.children import Child
from cityops.serving.once import TAKE_UP
from cityops.words import N_

TICK_S = 0.1
WELL_WITHIN_S = 90
# A part that dies so often before the city has once been well will not come up by itself.
DEATHS_AT_START = 4

Say = Callable[[str], None]


def plan(config: Config) -> list[Child]:
    """The parts of the tree in the order in which they start."""
    logs = config.home / "log"
    environ = dict(os.environ)
    parts = [] if config.redis_url else [Child("Redis", redis_server.command(config), logs / "redis.log", environ)]
    for name in ("worker", "scheduler", "web"):
        options = [TAKE_UP] if name == "worker" and config.redis_url is None else []
        parts.append(Child(name, part_command(name) + options, logs / f"{name}.log", environ))
    return parts


def part_command(name: str) -> list[str]:
    """The command line of one of our own parts: `web`, `worker` or `scheduler`."""
    return [sys.executable, "-m", f"cityops.serving.{name}"]


@dataclass
class Supervisor:
    """One running tree.

    Attributes:
        config: where it runs.
        say: tells the person at the terminal something.
        children: its parts, in the order in which they start.
    """

    config: Config
    say: Say
    children: Sequence[Child]
    _stopping: bool = field(default=False)

    def run(self, when_well: Callable[[], None]) -> None:
        """Run the tree until SIGINT, SIGTERM or SIGHUP; `when_well` is called once, when /healthz first answers 200.

        Raises:
            BadSetting: a part does not come up.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            for child in self.children:
                if not self._stopping:
                    self._start(child)
            self._wait_until_well()
            if not self._stopping:
                when_well()
            while not self._stopping:
                self._look_after()
                time.sleep(TICK_S)
        finally:
            self._stop_all()

    def _start(self, child: Child) -> None:
        child.start()
        self._note()
        if child.name == "Redis" and not redis_server.wait_for(self.config.redis_address):
            raise self._does_not_start(child)

    def _wait_until_well(self) -> None:
        until = time.monotonic() + WELL_WITHIN_S
        while not self._stopping and not _is_well(self.config):
            self._look_after()
            for child in self.children:
                if child.restarts >= DEATHS_AT_START:
                    raise self._does_not_start(child)
            if time.monotonic() > until:
                raise BadSetting(
                    N_("The city does not get well: look at http://%(address)s/healthz and into %(log)s."),
                    address=f"{self.config.host}:{self.config.port}",
                    log=str(self.config.home / "log"),
                )
            time.sleep(TICK_S)

    def _look_after(self) -> None:
        for child in self.children:
            code = child.died()
            if code is not None:
                self.say(f"{child.name} has ended ({_cause(code)}); it is started again. Its words are in {child.log}")
            if child.is_due() and not self._stopping:
                child.start()
                self._note()

    def _stop_all(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hurry)
        for child in reversed(self.children):
            if child.pid is not None:
                self.say(f"stopping {child.name}")
            child.stop()
        if self.config.redis_url is None:
            self.config.redis_socket.unlink(missing_ok=True)
        (self.config.home / prepare.TREE).unlink(missing_ok=True)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _hurry(self, _number: int, _frame: FrameType | None) -> None:
        for child in self.children:
            if child.process is not None:
                child.process.kill()

    def _note(self) -> None:
        prepare.note_tree(self.config, {child.name: child.pid for child in self.children if child.pid is not None})

    def _does_not_start(self, child: Child) -> BadSetting:
        return BadSetting(
            N_("%(name)s does not start (%(words)s): see %(log)s."),
            name=child.name,
            words=child.last_words(),
            log=str(child.log),
        )


def _is_well(config: Config) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(config.host, config.host)
    connection = http.client.HTTPConnection(host, config.port, timeout=3)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _cause(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
