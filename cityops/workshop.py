"""What a task, a sweep or a command works with: the settings, the keys, the database's doors and the queue's Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.orm import Session

from cityops.config import Config
from cityops.crypto import Keys
from cityops.db import Database


@dataclass(frozen=True)
class Workshop:
    """One process's tools. Nothing is opened before it is first used, so one may be made before a fork."""

    config: Config

    @cached_property
    def keys(self) -> Keys:
        """The city's keys; outside production missing ones are made."""
        return Keys.load(self.config.keys_folder, make=not self.config.production)

    @cached_property
    def database(self) -> Database:
        """The database and its two doors."""
        return Database(self.config.database_url)

    @cached_property
    def redis(self) -> redis.Redis:
        """The queue's Redis; it connects at the first command.

        One that is away is not waited for: the sweep finds what could not be announced.
        """
        return redis.Redis.from_url(
            self.config.redis_address, socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 1)
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that cannot write."""
        with self.database.reading() as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that writes; the jobs owed in it are announced when it has committed."""
        with self.database.transaction() as session:
            session.info["redis"] = self.redis
            yield session

    def close(self) -> None:
        """Let go of every connection; what is used later connects anew."""
        if "database" in self.__dict__:
            self.database.dispose()
        if "redis" in self.__dict__:
            self.redis.close()
