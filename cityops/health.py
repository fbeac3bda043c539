"""/healthz: whether web, database, queue, worker and scheduler are well, and which is not."""

import logging

import redis
from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from cityops import heartbeats, web
from cityops.db import Database
from cityops.queue import count_given_up

log = logging.getLogger(__name__)

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@web.public
def healthz() -> tuple[Response, int]:
    """200 when every part is well, else 503; the words say which part is not.

    Jobs given up are counted beside the parts: somebody should look at them, but the city runs.
    """
    city = web.workshop()
    database, given_up = _database(city.database)
    parts = {"web": "ok", "database": database} | _queue(city.redis)
    is_well = all(word == "ok" for word in parts.values())
    words: dict[str, str | int | None] = {"status": "ok" if is_well else "unwell", **parts, "jobs_given_up": given_up}
    return jsonify(words), 200 if is_well else 503


def _database(database: Database) -> tuple[str, int | None]:
    try:
        with database.reading() as session:
            revision = session.scalar(text("SELECT version_num FROM alembic_version"))
            return ("has no tables", None) if revision is None else ("ok", count_given_up(session))
    except SQLAlchemyError as error:
        log.warning("the database does not answer: %s", error)
        return "does not answer, or has no tables", None


def _queue(connection: "redis.Redis") -> dict[str, str]:
    try:
        living = heartbeats.living(connection)
    except redis.RedisError as error:
        log.warning("the queue does not answer: %s", error)
        return {"queue": "does not answer"} | dict.fromkeys(heartbeats.PARTS, "unknown")
    return {"queue": "ok"} | {part: "ok" if alive else "gives no sign of life" for part, alive in living.items()}
