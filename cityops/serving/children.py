"""A child process that dies with its parent, writes to a log of its own and is restarted, slower each time."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
FIRST_WAIT_S = 0.5
LAST_WAIT_S = 30.0
# Who ran for so long has recovered: his next restart is quick again.
STEADY_AFTER_S = 30.0
LOG_BYTES = 10_000_000

# Loaded before any fork: between fork and exec nothing may be imported.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, however that comes about (Linux).

    Args:
        parent: the parent's process id as it was before the fork; if it is already gone, this process ends here.
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def started_at(pid: int) -> str | None:
    """When a process started, in the kernel's count: with the id it names one process for ever. None: it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


@dataclass
class Child:
    """One part of the tree.

    Attributes:
        name: what the person at the terminal calls it.
        command: the program and its arguments.
        log: where its output goes.
        environ: its environment.
        patience_s: how long it may take to stop by itself.
    """

    name: str
    command: Sequence[str]
    log: Path
    environ: Mapping[str, str]
    patience_s: float = 10.0
    restarts: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    _since: float = field(default=0.0)
    _due: float = field(default=0.0)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the supervisor, who stops the tree in order."""
        _turn(self.log)
        parent = os.getpid()
        # A hook between fork and exec is safe here: the supervisor has one thread.
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environ),
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(parent),
            )
        self._since = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    def died(self) -> int | None:
        """The exit code (negative: the signal) of a death, whose restart is planned now; None while it lives."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        _kill_group(self.process.pid)
        if time.monotonic() - self._since > STEADY_AFTER_S:
            self.restarts = 0
        self._due = time.monotonic() + min(FIRST_WAIT_S * 2**self.restarts, LAST_WAIT_S)
        self.restarts += 1
        self.process = None
        return code

    def is_due(self) -> bool:
        """Whether it is down and its wait is over."""
        return self.process is None and time.monotonic() >= self._due

    def stop(self) -> None:
        """Ask it to stop; after its patience, kill it and all it started."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(self.patience_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        _kill_group(self.process.pid)
        self.process = None

    def last_words(self) -> str:
        """The last line of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 4_000))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1][:300] if lines else ""


def _kill_group(leader: int) -> None:
    # What the child started shares its process group; nobody else does.
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _turn(log: Path) -> None:
    # One older log is kept, so that a city that runs for years does not fill the disk with words.
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
