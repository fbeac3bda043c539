"""The components within 50 m of a point, among 2.5 million: what a report's form asks for at each click on the map.

Both databases, through the query the application itself runs, with the plan they ran it by.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from cityops.db import Database
from cityops.grid.geometry import box_around, quads
from cityops.grid.models import Component, ComponentState
from cityops.grid.queries import list_components_near, within_quads
from cityops.schema import upgrade
from tests.postgres import PostgresServer

COMPONENTS = 2_500_000
PORTION = 50_000
ASKED = 2_000
RADIUS_M = 50.0
# A city of 900 km², half of whose components stand in a tenth of it.
CITY = (121.40, 29.75, 121.70, 30.03)
CENTRE = (121.50, 29.84, 121.60, 29.92)


def run() -> dict[str, Any]:
    """Milliseconds of a question (median, 99th of a hundred) and the plan, on both databases."""
    server = PostgresServer(durable=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return {
                "components": COMPONENTS,
                "radius_m": RADIUS_M,
                "limit_p99_ms": 3.0,
                "sqlite": _measure(f"sqlite:///{folder}/nearest.sqlite3"),
                "postgresql": _measure(server.create("nearest")),
            }
    finally:
        server.stop()


def _measure(url: str) -> dict[str, Any]:
    upgrade(url)
    database = Database(url)
    source = np.random.default_rng(96310)
    with database.transaction() as session:
        for rows in _portions(source):
            session.execute(insert(Component), rows)
    with database.transaction() as session:
        session.execute(text("ANALYZE"))
    lons, lats = _places(source, ASKED)
    spent_ms, found = [], 0
    with database.reading() as session:
        for lon, lat in zip(lons.tolist(), lats.tolist(), strict=True):
            began = time.perf_counter()
            near = list_components_near(session, lon, lat, RADIUS_M)
            spent_ms.append((time.perf_counter() - began) * 1e3)
            found += len(near)
            session.expunge_all()
        plan = _plan(session, float(lons[0]), float(lats[0]), is_sqlite=database.is_sqlite)
    database.dispose()
    return {
        "median_ms": round(float(np.median(spent_ms)), 2),
        "p99_ms": round(float(np.percentile(spent_ms, 99)), 2),
        "found_each": round(found / ASKED, 1),
        "plan": plan,
    }


def _portions(source: np.random.Generator) -> Iterator[list[dict[str, Any]]]:
    for first in range(0, COMPONENTS, PORTION):
        lons, lats = _places(source, PORTION)
        columns = zip(lons.tolist(), lats.tolist(), quads(lons, lats).tolist(), strict=True)
        yield [
            {
                "code": f"330203{1001 + number // 1_000_000:05d}{number % 1_000_000:06d}",
                "class_code": "01037",
                "name": "路灯",
                "lon": lon,
                "lat": lat,
                "quad": key,
                "state": ComponentState.IN_PLACE,
                "initial_on": date(2026, 7, 1),
            }
            for number, (lon, lat, key) in enumerate(columns, start=first)
        ]


def _places(source: np.random.Generator, count: int) -> tuple[Any, Any]:
    boxes = np.where(source.random(count)[:, None] < 0.5, np.array([CENTRE]), np.array([CITY]))
    return source.uniform(boxes[:, 0], boxes[:, 2]), source.uniform(boxes[:, 1], boxes[:, 3])


def _plan(session: Session, lon: float, lat: float, *, is_sqlite: bool) -> list[str]:
    asked = select(Component).where(
        within_quads(Component.quad, *box_around(lon, lat, RADIUS_M)), Component.ended_on.is_(None)
    )
    words = asked.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    rows = session.execute(text(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{words}"))
    return [str(row[-1]) for row in rows]


if __name__ == "__main__":
    print(json.dumps(run(), indent=2, ensure_ascii=False))
