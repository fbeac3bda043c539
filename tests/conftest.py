"""What every test may ask for: empty databases of both kinds, already migrated, and the web application on one."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Mapper
from sqlalchemy.util import LRUCache

from cityops import clock, schema
from cityops.db import Base, Database
from tests import factories
from tests.postgres import PostgresServer, find_binaries, forgetful_place

pytest_plugins = ("tests.web_fixtures",)

KINDS = ("sqlite", "postgresql")
MIGRATED, SMALL_CITY = "migrated", "small_city"
DATABASE_FIXTURES = {"db", "db_url", "make_db_url", "empty_db_url", "postgres_server"}
_numbers = count(1)

# A slow machine is no counterexample.
settings.register_profile("house", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("house")


def pytest_configure() -> None:
    """Let `tmp_path` lie in memory too: a commit of SQLite waits for the disk, thousands of times in a run."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(forgetful_place()))


def pytest_collection_finish() -> None:
    """Let the garbage collector look less often, and not at what lives as long as the run: a fifth of a run's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by what a test asks for and where it lies, so that nobody has to remember to."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if asked & DATABASE_FIXTURES:
            item.add_marker(pytest.mark.database)
        if "journeys" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            # With the other tests of whole process trees: at the same time they would slow each other down.
            item.add_marker(pytest.mark.xdist_group("process"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI=true a skipped test is a failed run: there everything can be installed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        reporter.write_line("CI=true: nothing may be skipped.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class StatementCache(LRUCache[Any, Any]):
    """SQL put together once a process instead of once an engine, of which each test has its own.

    A statement of one engine serves another of the same dialect: all PostgreSQL here is one server, all SQLite one
    library.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """The statement, whichever engine asked for it first."""
        return super().get(self._shared(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep a statement for all engines of its dialect."""
        super().__setitem__(self._shared(key), value)

    @staticmethod
    def _shared(key: Any) -> Any:
        dialect, *rest = key
        return dialect.name, *rest


_statements = StatementCache(3_000)


@event.listens_for(Engine, "engine_connect")
def _share_statements(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_statements)


@event.listens_for(Mapper, "after_configured")
def _share_inserts() -> None:
    # Each class of rows keeps its INSERTs apart from its engine.
    for mapper in Base.registry.mappers:
        vars(mapper)["_compiled_cache"] = _statements


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process; without PostgreSQL the test is skipped, and fails under CI=true."""
    if find_binaries() is None:
        words = "PostgreSQL is not installed (apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], str]:
    """Databases to be copied, each made once: `migrated` has tables and no rows, `small_city` the factories' city."""

    @cache
    def template(kind: str, name: str) -> str:
        if kind == "sqlite":
            path = str(tmp_path_factory.mktemp("template") / f"{name}.sqlite3")
            url = f"sqlite:///{path}"
        else:
            url = request.getfixturevalue("postgres_server").create(name)
        schema.upgrade(url)
        if name == SMALL_CITY:
            database = Database(url)
            with clock.running_at(factories.MONDAY_MORNING), database.transaction() as session:
                factories.make_city(session)
            if kind == "sqlite":
                with database.writer.connect() as connection:
                    connection.exec_driver_sql("ROLLBACK")
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            database.dispose()
        return path if kind == "sqlite" else name

    return template


@pytest.fixture
def make_db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Make databases: `make_db_url("postgresql")` gives the address of a migrated one.

    `template` names another one to copy; with None there is not even a table.
    """
    with ExitStack() as after:

        def make(kind: str, template: str | None = MIGRATED) -> str:
            name = f"test_{next(_numbers)}"
            source = template and request.getfixturevalue("templates")(kind, template)
            if kind == "sqlite":
                path = tmp_path / f"{name}.sqlite3"
                if source:
                    shutil.copyfile(source, path)
                return f"sqlite:///{path}"
            server: PostgresServer = request.getfixturevalue("postgres_server")
            after.callback(server.drop, name)
            return server.create(name, source or "template0")

        yield make


@pytest.fixture(params=KINDS)
def db_url(request: pytest.FixtureRequest, make_db_url: Callable[..., str]) -> str:
    """The address of a new migrated database, once on SQLite and once on PostgreSQL."""
    return make_db_url(request.param, SMALL_CITY if SMALL_CITY in request.fixturenames else MIGRATED)


@pytest.fixture(params=KINDS)
def empty_db_url(request: pytest.FixtureRequest, make_db_url: Callable[..., str]) -> str:
    """The address of a new database without a table, once on SQLite and once on PostgreSQL."""
    return make_db_url(request.param, None)


@pytest.fixture
def db(db_url: str) -> Iterator[Database]:
    """A new migrated database and its two doors, once on SQLite and once on PostgreSQL."""
    database = Database(db_url)
    yield database
    database.dispose()


@pytest.fixture
def small_city(db: Database) -> Database:
    """The small city of the factories, on a Monday morning; whoever asks for this gets a copy of it as his `db`."""
    return db
