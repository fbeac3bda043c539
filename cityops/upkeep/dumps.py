"""The database as one file: SQLite by VACUUM INTO, PostgreSQL by pg_dump; consistent while the city runs."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from cityops.errors import BadSetting
from cityops.upkeep.archive import BadBackup
from cityops.words import N_

MEMBERS = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


def kind_of(url: str) -> str:
    """`sqlite` or `postgresql`."""
    return make_url(url).get_backend_name()


def sqlite_path(url: str) -> Path:
    """Where an SQLite database lies."""
    return Path(make_url(url).database or "").absolute()


def dump(url: str, target: Path) -> None:
    """Write the whole database, as it is at one moment, into a new file; nobody has to wait for it.

    Raises:
        BadSetting: PostgreSQL's tools are not on this machine.
        BadBackup: the database could not be read.
    """
    if kind_of(url) == "postgresql":
        _run_tool("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
        return
    try:
        connection = sqlite3.connect(f"{sqlite_path(url).as_uri()}?mode=ro", uri=True, timeout=60)
        try:
            connection.execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise BadBackup(N_("The database cannot be read (%(reason)s)."), reason=str(error)) from None


def load(url: str, source: Path) -> None:
    """Bring a dump back into a database that has no tables; one that fails leaves it as it was.

    Raises:
        BadSetting: PostgreSQL's tools are not on this machine.
        BadBackup: the dump is damaged.
        OSError: the database's file cannot be written.
    """
    if kind_of(url) == "postgresql":
        _run_tool("pg_restore", url, "--single-transaction", "--exit-on-error", "--no-owner", str(source))
        return
    connection = sqlite3.connect(source)
    try:
        answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        answer = str(error)
    finally:
        connection.close()
    if answer != "ok":
        raise BadBackup(N_("The database in the backup is damaged (%(reason)s)."), reason=str(answer)[:200])
    path = sqlite_path(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The room may lie on another disk: a copy that breaks off must not lie where the database is looked for.
    partial = path.with_name(f".{path.name}.partial")
    try:
        shutil.move(source, partial)
        for tail in ("-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _run_tool(name: str, url: str, *arguments: str) -> None:
    parsed = make_url(url)
    target = [f"--dbname={parsed.database}"] if name == "pg_restore" else [str(parsed.database)]
    done = subprocess.run(
        [_find_tool(name), "--no-password", *target, *arguments],
        env=dict(os.environ) | _address(parsed),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise BadBackup(N_("%(tool)s failed (%(reason)s)."), tool=name, reason=words[-1][:300])


def _address(url: URL) -> dict[str, str]:
    # In the environment and not among the arguments: those are seen by everybody on the machine.
    asked = {name: value if isinstance(value, str) else value[0] for name, value in url.query.items()}
    parts = {
        "PGHOST": asked.get("host") or url.host,
        "PGPORT": asked.get("port") or url.port,
        "PGUSER": asked.get("user") or url.username,
        "PGPASSWORD": asked.get("password") or url.password,
        "PGSSLMODE": asked.get("sslmode"),
    }
    return {name: str(value) for name, value in parts.items() if value is not None}


def _find_tool(name: str) -> str:
    # Debian keeps the tools of each version; the newest can read every server.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name))
    for folder in reversed(folders):
        if (folder / name).exists():
            return str(folder / name)
    on_path = shutil.which(name)
    if on_path is None:
        raise BadSetting(N_("%(tool)s is not on this machine: install PostgreSQL's client programs."), tool=name)
    return on_path
