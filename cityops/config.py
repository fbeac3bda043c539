"""One frozen `Config`, read once from the environment; a bad value is named in one sentence."""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from cityops.base_map import BaseMap, read_base_map
from cityops.errors import BadSetting
from cityops.words import N_

DEFAULT_PORT = 8310
LATE_ENTRY_HOURS = 72
REOPEN_DAYS = 15
DOUBLES_DAYS = 7
PLACE_LIMIT_M = 100
# The same for every process of one user, whatever its environment; only the owner may rename or delete there.
TEMPORARY = Path("/tmp")


@dataclass(frozen=True)
class Config:
    """All settings of one running city.

    Attributes:
        home: the data folder: database, files, keys, Redis's own files.
        database_url: an SQLAlchemy URL.
        redis_url: a Redis server's URL, or None for the embedded one.
        host, port: where the web listens.
        web_workers: gunicorn's worker processes.
        production: keys must already be there, and the demo's people may not sign in.
        keys_folder: where the keys lie (0600).
        several_posts: whether a person may hold several posts in one shift.
        idle_minutes: a session ends after so long without a request.
        secure_cookies: cookies only over HTTPS.
        place_limit_m: how far from the place a verify or check may be answered without a reason.
        answer_photos: whether such an answer needs a photo of its own on the pages.
        late_entry_hours: how long ago a report may have come in that is entered now.
        reopen_days: for how many days a closed case can be reopened.
        doubles_days: for how many days a closed case is offered at intake as perhaps the same thing.
        base_map: what lies under our map; None, the default, asks no other server.
        proxies: how many proxies of ours stand before the web, whose forwarded addresses are believed.
    """

    home: Path
    database_url: str
    redis_url: str | None = None
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    web_workers: int = 2
    production: bool = False
    keys_folder: Path = Path("keys")
    several_posts: bool = True
    idle_minutes: int = 30
    secure_cookies: bool = False
    proxies: int = 0
    late_entry_hours: int = LATE_ENTRY_HOURS
    reopen_days: int = REOPEN_DAYS
    doubles_days: int = DOUBLES_DAYS
    place_limit_m: int = PLACE_LIMIT_M
    answer_photos: bool = True
    base_map: BaseMap | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Config":
        """Read the settings; raise `BadSetting` with one sentence about the first bad one."""
        home = Path(environ.get("CITYOPS_HOME") or "var").absolute()
        production = _yes_or_no(environ, "CITYOPS_PRODUCTION", False)
        return cls(
            home=home,
            database_url=_database_url(environ.get("DATABASE_URL") or "", home),
            redis_url=_redis_url(environ.get("REDIS_URL") or ""),
            host=environ.get("CITYOPS_HOST") or "127.0.0.1",
            port=_whole_number(environ, "CITYOPS_PORT", DEFAULT_PORT, 1, 65_535),
            web_workers=_whole_number(environ, "CITYOPS_WEB_WORKERS", 2, 1, 64),
            production=production,
            keys_folder=Path(environ.get("CITYOPS_KEYS") or home / "keys"),
            several_posts=_yes_or_no(environ, "CITYOPS_SEVERAL_POSTS", True),
            idle_minutes=_whole_number(environ, "CITYOPS_IDLE_MINUTES", 30, 1, 1_440),
            secure_cookies=_yes_or_no(environ, "CITYOPS_SECURE_COOKIES", production),
            proxies=_whole_number(environ, "CITYOPS_PROXIES", 0, 0, 5),
            place_limit_m=_whole_number(environ, "CITYOPS_PLACE_LIMIT_M", PLACE_LIMIT_M, 10, 10_000),
            answer_photos=_yes_or_no(environ, "CITYOPS_ANSWER_PHOTOS", True),
            late_entry_hours=_whole_number(environ, "CITYOPS_LATE_ENTRY_HOURS", LATE_ENTRY_HOURS, 0, 8_760),
            reopen_days=_whole_number(environ, "CITYOPS_REOPEN_DAYS", REOPEN_DAYS, 0, 365),
            base_map=read_base_map(
                environ.get("CITYOPS_BASE_MAP_STYLE") or "", environ.get("CITYOPS_TIANDITU_KEY") or ""
            ),
            doubles_days=_whole_number(environ, "CITYOPS_DOUBLES_DAYS", DOUBLES_DAYS, 0, 365),
        )

    @property
    def redis_socket(self) -> Path:
        """The embedded Redis's socket; a socket path has to stay short, so it lies outside a deep home.

        Raises:
            BadSetting: the folder for it is not ours alone.
        """
        inside = self.home / "redis" / "redis.sock"
        if len(str(inside)) <= 100:
            return inside
        return _own_folder(TEMPORARY / f"cityops-{os.getuid()}") / f"{hash_path(self.home):x}.sock"

    @property
    def redis_address(self) -> str:
        """The URL that redis clients use."""
        return self.redis_url or f"unix://{self.redis_socket}"

    @property
    def files_folder(self) -> Path:
        """Where photos and other attachments lie."""
        return self.home / "files"

    @property
    def surveys_folder(self) -> Path:
        """Where survey files wait between the look at them and the load."""
        return self.home / "surveys"


def hash_path(path: Path) -> int:
    """A number that stays the same for the same path in every process."""
    number = 0
    for byte in str(path).encode():
        number = (number * 257 + byte) % (1 << 61)
    return number


def _own_folder(folder: Path) -> Path:
    # Whoever sits at the socket hands the worker its jobs: nobody else may have put this folder here.
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise BadSetting(
            N_(
                "The folder %(folder)s, for Redis's socket, is not a folder that only you may enter: "
                "delete it, or set CITYOPS_HOME to a shorter path."
            ),
            folder=str(folder),
        )
    return folder


def _database_url(text: str, home: Path) -> str:
    if not text:
        return f"sqlite:///{home / 'cityops.sqlite3'}"
    if text.startswith(("postgres://", "postgresql://")):
        text = "postgresql+psycopg://" + text.split("://", 1)[1]
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except ArgumentError:
        url, backend = None, ""
    if url is not None and backend == "sqlite" and (url.database or ":memory:") == ":memory:":
        # Each connection would have an empty database of its own.
        raise BadSetting(N_("DATABASE_URL names no file: write sqlite:////folder/city.sqlite3, or leave it empty."))
    if backend not in {"sqlite", "postgresql"}:
        raise BadSetting(
            N_("DATABASE_URL is not a database address: write postgresql://user:password@host/name, or leave it empty.")
        )
    return text


def _redis_url(text: str) -> str | None:
    if not text:
        return None
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise BadSetting(N_("REDIS_URL is not a Redis address: write redis://host:6379/0, or leave it empty."))
    return text


def _whole_number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise BadSetting(
            N_("%(name)s is %(text)s, and has to be a whole number from %(low)s to %(high)s."),
            name=name,
            text=repr(text[:40]),
            low=low,
            high=high,
        )
    return int(text)


def _yes_or_no(environ: Mapping[str, str], name: str, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text not in {"1", "0", "yes", "no", "true", "false"}:
        raise BadSetting(N_("%(name)s is %(text)s, and has to be yes or no."), name=name, text=repr(text[:40]))
    return text in {"1", "yes", "true"}
