"""/healthz names the part that is not well."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from cityops import clock, health, heartbeats, queue
from cityops.config import Config
from cityops.db import Database
from cityops.serving import prepare, redis_server
from cityops.serving.children import Child
from cityops.workshop import Workshop


@pytest.fixture(scope="module")
def redis_config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """The settings of a running embedded Redis."""
    home = tmp_path_factory.mktemp("redis")
    config = Config(home=home, database_url="sqlite://", keys_folder=home / "keys")
    prepare.make_home(config)
    server = Child("Redis", redis_server.command(config), home / "log" / "redis.log", {})
    server.start()
    assert redis_server.wait_for(config.redis_address)
    yield config
    server.stop()


def ask(workshop: Workshop) -> tuple[int, dict[str, str | int | None]]:
    app = Flask("health")
    app.extensions["cityops"] = workshop
    app.register_blueprint(health.pages)
    answer = app.test_client().get("/healthz")
    workshop.close()
    assert answer.json is not None
    return answer.status_code, answer.json


def test_everything_well(db: Database, redis_config: Config) -> None:
    workshop = Workshop(replace(redis_config, database_url=db.url))
    for part in heartbeats.PARTS:
        heartbeats.beat(workshop.redis, part)
    status, words = ask(workshop)
    assert status == 200
    assert words.pop("jobs_given_up") == 0
    assert set(words.values()) == {"ok"}


def test_a_job_given_up_is_counted_and_the_city_is_well(db: Database, redis_config: Config) -> None:
    workshop = Workshop(replace(redis_config, database_url=db.url))
    for part in heartbeats.PARTS:
        heartbeats.beat(workshop.redis, part)
    with db.transaction() as session:
        for attempts in (0, queue.MAX_ATTEMPTS - 1, queue.MAX_ATTEMPTS):
            queue.owe(session, "cases.checkpoint").attempts = attempts
        queue.owe(session, "cases.checkpoint").done_at = clock.now()
    status, words = ask(workshop)
    assert (status, words["jobs_given_up"]) == (200, 1)


def test_a_worker_that_gives_no_sign_of_life_is_named(db: Database, redis_config: Config) -> None:
    workshop = Workshop(replace(redis_config, database_url=db.url))
    workshop.redis.flushall()
    heartbeats.beat(workshop.redis, "scheduler")
    status, words = ask(workshop)
    assert (status, words["worker"], words["scheduler"]) == (503, "gives no sign of life", "ok")


def test_a_redis_that_is_away_is_named_at_once(db: Database, tmp_path: Path) -> None:
    status, words = ask(Workshop(Config(home=tmp_path, database_url=db.url)))
    assert (status, words["queue"], words["database"]) == (503, "does not answer", "ok")


def test_a_database_without_tables_is_named(empty_db_url: str, redis_config: Config) -> None:
    status, words = ask(Workshop(replace(redis_config, database_url=empty_db_url)))
    assert status == 503
    assert words["database"] == "does not answer, or has no tables"


def test_a_database_that_is_away_is_named(redis_config: Config) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    status, words = ask(Workshop(replace(redis_config, database_url=url)))
    assert (status, words["queue"]) == (503, "ok")
    assert words["database"] != "ok"
