"""The tables: every room's row classes gathered, and the one way to bring a database up to them.

Only one process migrates at a time: the others wait at the lock, then find nothing left to do. A migration that fails
leaves the database as it was.
"""

import sqlite3

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, NullPool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry

import cityops.accounts.models
import cityops.cases.arbitration
import cityops.cases.at_place
import cityops.cases.automation
import cityops.cases.co_models
import cityops.cases.corrections.models
import cityops.cases.desks
import cityops.cases.hops
import cityops.cases.link_models
import cityops.cases.models
import cityops.cases.request_models
import cityops.catalog.draft_models
import cityops.catalog.models
import cityops.grid.addresses.models
import cityops.grid.census.models
import cityops.grid.coverage.models
import cityops.grid.duty_grids.models
import cityops.grid.models
import cityops.hotline.models
import cityops.milestones
import cityops.notices.models
import cityops.patrol.models
import cityops.patrol.recheck_models
import cityops.patrol.renewal.models
import cityops.queue
import cityops.roster.models
import cityops.worktime.models
from cityops.db import Base, Database
from cityops.resources import folders

ROWS = (
    cityops.accounts.models,
    cityops.cases.arbitration,
    cityops.cases.automation,
    cityops.cases.at_place,
    cityops.cases.co_models,
    cityops.cases.corrections.models,
    cityops.cases.desks,
    cityops.cases.hops,
    cityops.cases.link_models,
    cityops.cases.models,
    cityops.catalog.draft_models,
    cityops.cases.request_models,
    cityops.catalog.models,
    cityops.grid.coverage.models,
    cityops.grid.duty_grids.models,
    cityops.grid.addresses.models,
    cityops.grid.census.models,
    cityops.grid.models,
    cityops.hotline.models,
    cityops.milestones,
    cityops.notices.models,
    cityops.patrol.models,
    cityops.patrol.recheck_models,
    cityops.patrol.renewal.models,
    cityops.queue,
    cityops.roster.models,
    cityops.worktime.models,
)

# Any number will do, as long as every process of this program takes the same.
ADVISORY_LOCK = 96_310
WAIT_FOR_OTHERS_S = 600


class MigrationLeftOrphans(RuntimeError):
    """A migration on SQLite left rows that point at nothing; nothing was changed."""


def metadata() -> MetaData:
    """All tables as the row classes say they are."""
    return Base.metadata


def script_settings() -> AlembicConfig:
    """Alembic's settings; there is no alembic.ini."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(folders().migrations).replace("%", "%%"))
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return settings


def head() -> str | None:
    """The newest revision there is."""
    return ScriptDirectory.from_config(script_settings()).get_current_head()


def revision_of(url: str) -> str | None:
    """The revision a database stands at; None for one that has no tables yet. Waits for no writer."""
    database = Database(url)
    try:
        with database.reading() as session:
            return MigrationContext.configure(session.connection()).get_current_revision()
    finally:
        database.dispose()


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` up to `revision`, in one transaction."""
    _migrate(url, revision, down=False)


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision`, in one transaction; `base` removes every table."""
    _migrate(url, revision, down=True)


def migration_engine(url: str) -> Engine:
    """An engine for changing tables: foreign keys are checked at the end and not on the way."""
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"timeout": WAIT_FOR_OTHERS_S} if is_sqlite else {"connect_timeout": 10}
    )
    if is_sqlite:
        event.listen(engine, "connect", _leave_begin_alone)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _migrate(url: str, revision: str, *, down: bool) -> None:
    settings = script_settings()
    with migration_engine(url).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        settings.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(settings, revision)
        if connection.dialect.name == "sqlite":
            orphans = connection.execute(text("PRAGMA foreign_key_check")).fetchmany(5)
            if orphans:
                raise MigrationLeftOrphans(str(orphans))


def _leave_begin_alone(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
