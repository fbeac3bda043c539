"""A PostgreSQL server of the tests' own: started from Debian's binaries, on a socket in a folder of its own."""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

PREFIX = "cityops-postgres-"
PR_SET_PDEATHSIG = 1
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
}
# What a test throws away need not survive a power cut; tests of a crash ask for a durable server.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# Each test copies a database of some three hundred files: in memory that takes a third of the time or less.
DISK, MEMORY, ROOM_IN_MEMORY = Path("/tmp"), Path("/dev/shm"), 4 * 2**30


class NotOurServer(RuntimeError):
    """The server that answers is not the one these tests started: nothing is dropped on it."""


def find_binaries() -> Path | None:
    """The folder of the newest PostgreSQL's `initdb` and `postgres`, if there is one."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return next((each for each in folders if (each / "initdb").exists() and (each / "postgres").exists()), None)


def forgetful_place() -> Path:
    """Where what a test throws away lies: in memory, where there is room."""
    has_room = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_IN_MEMORY
    return MEMORY if has_room else DISK


class PostgresServer:
    """A running server; `stop()` ends it and removes its folder, and it dies with the process that started it."""

    def __init__(self, *, durable: bool = False) -> None:
        binaries = find_binaries()
        if binaries is None:
            raise FileNotFoundError("PostgreSQL is not installed (apt-get install postgresql)")
        _remove_what_killed_tests_left()
        self.user = _unprivileged_user()
        place = DISK if durable else forgetful_place()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
        self.data = self.folder / "data"
        self.port = _free_port()
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run(binaries / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
                  "--locale=C.UTF-8")  # fmt: skip
        settings = SETTINGS | ({} if durable else FORGETFUL) | {"unix_socket_directories": str(self.folder)}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            [binaries / "postgres", "-D", self.data, "-p", str(self.port), *flags],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            cwd=self.folder, preexec_fn=_die_with_parent, **self._identity(),
        )  # fmt: skip
        self._wait()
        # From 15 on a copy goes page by page through the log unless asked otherwise, which takes twice as long.
        with self._connect() as connection:
            self._strategy = "STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""

    def url(self, name: str) -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}&port={self.port}"

    def create(self, name: str, template: str = "template0") -> str:
        """Create a database, from a template if one is named, and give its address."""
        names = sql.Identifier(name), sql.Identifier(template)
        self._command(sql.SQL("CREATE DATABASE {} TEMPLATE {} " + self._strategy).format(*names))
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database of this server, whoever is still connected to it."""
        self._command(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """End the server at once and remove its folder."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(10)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            row = connection.execute("SHOW data_directory").fetchone()
            if row is None or row[0] != str(self.data):
                raise NotOurServer(str(row))
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.folder), port=self.port, user="postgres", dbname="postgres", autocommit=True
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text(errors="replace")) from None
                time.sleep(0.05)
            else:
                return

    def _run(self, *command: str | Path) -> None:
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **self._identity(),
        )

    def _identity(self) -> dict[str, str | list[str]]:
        return {"user": self.user, "group": _group(self.user), "extra_groups": []} if self.user else {}


def _unprivileged_user() -> str | None:
    """Whom to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _remove_what_killed_tests_left() -> None:
    for folder in (*DISK.glob(f"{PREFIX}*-*"), *MEMORY.glob(f"{PREFIX}*-*")):
        starter = folder.name.removeprefix(PREFIX).split("-")[0]
        if starter.isdigit() and not Path(f"/proc/{starter}").exists():
            shutil.rmtree(folder, ignore_errors=True)
