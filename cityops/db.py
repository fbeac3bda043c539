"""The two doors to the database, and the column types every room shares.

`reading()` cannot write; `transaction()` writes and commits at its end. On SQLite a transaction begins with
BEGIN IMMEDIATE: with a plain BEGIN, a reader that turns writer loses to "database is locked" at once.
"""

import sqlite3
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    Constraint,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 15_000

_T = TypeVar("_T")
_SETTINGS = "settings"

# SQLite numbers rows by itself only in an INTEGER key.
BigKey = BigInteger().with_variant(Integer, "sqlite")


def _words_of(constraint: Constraint, _table: Table) -> str:
    # The CHECK of a column of words bears the name of its enum, which two columns of one table may share.
    if isinstance(constraint, CheckConstraint) and constraint._type_bound:
        return f"{next(iter(constraint.columns)).name}_"
    return ""


class Base(DeclarativeBase):
    """The root of every row class; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(words_of)s%(constraint_name)s",
            "words_of": _words_of,
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC; SQLite has no zones and keeps it bare."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Geometry(TypeDecorator[BaseGeometry]):
    """A shapely geometry in WGS84/CGCS2000 longitude and latitude, kept as WKB."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> bytes | None:
        """Write WKB."""
        return None if value is None else bytes(shapely.to_wkb(value))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> BaseGeometry | None:
        """Read WKB."""
        return None if value is None else shapely.from_wkb(value)


def words_enum(words: type[StrEnum]) -> Enum:
    """A column type for a `StrEnum`: its words as text, with a CHECK in the database."""
    return Enum(
        words,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
        name=words.__name__.lower(),
    )


class Database:
    """One database and its two doors. Nothing connects before a door is first opened.

    Args:
        url: an SQLAlchemy URL, `sqlite:///path` or `postgresql+psycopg://…`.
        pool_size: connections kept by each process.
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = url
        self.pool_size = pool_size
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"

    @cached_property
    def writer(self) -> Engine:
        """The engine behind `transaction()`."""
        if not self.is_sqlite:
            return _postgresql_engine(self.url, self.pool_size)
        engine = _sqlite_engine(self.url)
        event.listen(engine, "begin", _begin_immediate)
        return engine

    @cached_property
    def reader(self) -> Engine:
        """The engine behind `reading()`; on SQLite its connections refuse to write."""
        if not self.is_sqlite:
            return self.writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        engine = _sqlite_engine(self.url)
        event.listen(engine, "connect", _forbid_writing)
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that cannot write; all it reads is as of its first statement, on both databases."""
        with Session(self.reader, autoflush=False, expire_on_commit=False) as session:
            yield session
            # Committed, though nothing was written: at a rollback psycopg throws its prepared statements away.
            session.commit()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that writes: committed when the block ends, rolled back when it raises."""
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    def dispose(self) -> None:
        """Close all connections; a door opened later connects anew. Called before a fork."""
        for name in ("reader", "writer"):
            engine = self.__dict__.pop(name, None)
            if engine is not None:
                engine.dispose()


def keep_settings(session: Session) -> None:
    """Let a session that takes many steps read each setting once: it sees no change made after that."""
    session.info[_SETTINGS] = {}


def setting(session: Session, key: Hashable, read: Callable[[], _T]) -> _T:
    """What `read` finds under a key of its own: read each time, and only once by a session that keeps settings."""
    kept = session.info.get(_SETTINGS)
    if kept is None:
        return read()
    if key not in kept:
        kept[key] = read()
    found: _T = kept[key]
    return found


def _postgresql_engine(url: str, pool_size: int) -> Engine:
    # JIT compiles for longer than these short queries run; a peer lost a factor of 200 to it.
    return create_engine(
        url, pool_size=pool_size, max_overflow=5, pool_pre_ping=True, connect_args={"options": "-c jit=off"}
    )


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    # pysqlite must leave BEGIN alone, or savepoints leak; the listeners below begin instead.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA cache_size=-65536")


def _forbid_writing(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def insert_once(session: Session, rows: type[Base]) -> Any:
    """An INSERT of this database's own kind, which knows `on_conflict_do_nothing`: whoever was first."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return insert(Base.metadata.tables[rows.__tablename__])


def rows_matched(result: Any) -> int:
    """How many rows an UPDATE or DELETE touched."""
    return int(result.rowcount)
