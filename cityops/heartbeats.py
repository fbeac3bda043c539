"""The signs of life of worker and scheduler: keys in Redis that expire unless they are renewed."""

from typing import Any

import redis

PARTS = ("worker", "scheduler")
# They beat every five seconds; four missed beats are not bad luck.
BEAT_LASTS_S = 20


def beat(connection: redis.Redis, part: str) -> None:
    """Say that this worker or scheduler lives."""
    connection.set(_key(part), "1", ex=BEAT_LASTS_S)


def living(connection: redis.Redis) -> dict[str, bool]:
    """Which parts have given a sign of life of late; raises `redis.RedisError` where Redis does not answer."""
    beats: Any = connection.mget([_key(part) for part in PARTS])
    return {part: alive is not None for part, alive in zip(PARTS, beats, strict=True)}


def _key(part: str) -> str:
    return f"cityops:alive:{part}"
