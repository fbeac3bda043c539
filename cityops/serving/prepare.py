"""Before the tree grows: the folder, the port, and what a killed tree left behind."""

import json
import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cityops import locks
from cityops.config import Config
from cityops.errors import BadSetting
from cityops.serving.children import started_at
from cityops.words import N_

TREE = "serving.json"
# The kernel ends orphans at once; only a machine out of breath needs longer.
GONE_WITHIN_S = 10


def make_home(config: Config) -> None:
    """Make the data folder and its parts.

    Raises:
        BadSetting: it cannot be made or written.
    """
    try:
        for folder in (config.home, config.home / "redis", config.home / "log", config.files_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=config.home) as file:
            file.write(b"cityops")
    except OSError as error:
        raise BadSetting(
            N_(
                "The data folder %(home)s cannot be written (%(reason)s): "
                "set CITYOPS_HOME to a folder that you may write, or free it."
            ),
            home=str(config.home),
            reason=error.strerror or str(error),
        ) from None


@contextmanager
def alone(config: Config) -> Iterator[None]:
    """Be the only supervisor on this data folder; the lock goes with the process, however it ends.

    Raises:
        BadSetting: another one runs on it.
    """
    try:
        with locks.holding(config.home / locks.SERVING):
            yield
    except locks.Taken as taken:
        raise BadSetting(
            N_(
                "cityops already runs on %(home)s (process %(pid)s): "
                "stop it with Ctrl-C first, or set CITYOPS_HOME to another folder."
            ),
            home=str(config.home),
            pid=taken.holder or "?",
        ) from None


def note_tree(config: Config, pids: Mapping[str, int]) -> None:
    """Write down which processes are ours, each with its start time, so that a later start knows them again."""
    tree = {name: [pid, started_at(pid)] for name, pid in pids.items()}
    partial = config.home / f"{TREE}.partial"
    partial.write_text(json.dumps(tree), encoding="utf-8")
    partial.replace(config.home / TREE)


def clear_leftovers(config: Config) -> list[str]:
    """End what a killed supervisor left running and remove its socket; the names of what still ran.

    The kernel ends the children with their parent (Linux); this is for what it missed.
    """
    ended = []
    for name, (pid, since) in _read_tree(config.home / TREE).items():
        if since is None or started_at(pid) != since:
            continue
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
        _wait_until_gone(pid, since)
        ended.append(name)
    if config.redis_url is None:
        config.redis_socket.unlink(missing_ok=True)
    (config.home / TREE).unlink(missing_ok=True)
    return ended


def check_port(config: Config, *, patience_s: float = 0.0) -> None:
    """Make sure that the web can listen where it is told to.

    Args:
        config: host and port.
        patience_s: how long to wait for a killed predecessor's socket to go.

    Raises:
        BadSetting: the port is taken, or the address is none of this machine's.
    """
    until = time.monotonic() + patience_s
    while (reason := _why_not_listen(config)) is not None and time.monotonic() < until:
        time.sleep(0.1)
    if reason is None:
        return
    raise BadSetting(
        N_(
            "Nothing can listen on %(host)s, port %(port)s (%(reason)s): "
            "set CITYOPS_PORT to a free port, or stop the program that has this one."
        ),
        host=config.host,
        port=config.port,
        reason=reason,
    )


def _why_not_listen(config: Config) -> str | None:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            # Connections of the last run that wait out their time must not keep the next run from starting.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _wait_until_gone(pid: int, since: str) -> None:
    until = time.monotonic() + GONE_WITHIN_S
    while started_at(pid) == since and time.monotonic() < until:
        time.sleep(0.02)


def _read_tree(path: Path) -> dict[str, tuple[int, str | None]]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): (int(pid), since) for name, (pid, since) in tree.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
