"""What every test may ask for: empty databases of both kinds, already migrated, and the web application on one."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from cityops import clock, schema
from cityops.db import Database
from tests import factories
from tests.postgres import PostgresServer, find_binaries

pytest_plugins = ("tests.web_fixtures",)

KINDS = ("sqlite", "postgresql")
MIGRATED, SMALL_CITY = "migrated", "small_city"
DATABASE_FIXTURES = {"db", "db_url", "make_db_url", "empty_db_url", "postgres_server"}
_numbers = count(1)

# A slow machine is no counterexample.
settings.register_profile("house", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by what a test asks for and where it lies, so that nobody has to remember to."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if asked & DATABASE_FIXTURES:
            item.add_marker(pytest.mark.database)
        if "journeys" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("journeys"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI=true a skipped test is a failed run: there everything can be installed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        reporter.write_line("CI=true: nothing may be skipped.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


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
