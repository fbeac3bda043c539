"""The grid's tiles of a city with 2.5 million components, 20,000 of them in one tile: made at first, and asked again.

Both databases, through what the route itself calls. Each crowded tile is another one: none has been made before.
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert, text

from cityops.db import Database
from cityops.demo.grown import grow
from cityops.grid.geometry import quads, tile_at, tile_box
from cityops.grid.index import GridIndex
from cityops.grid.models import Component, ComponentState
from cityops.grid.queries import current_index
from cityops.grid.services import Terms, load_grid
from cityops.grid.tiles.layers import grid_tile, standing_in
from cityops.grid.tiles.tiling import Tile
from cityops.schema import upgrade
from tests.postgres import PostgresServer

CELLS, COMPONENTS = 50_000, 2_500_000
CROWD, CROWDED_TILES = 20_000, 40
CROWDED_ZOOM = 16
PORTION = 50_000
SURVEYED = date(2026, 7, 1)


def run(cells: int = CELLS, components: int = COMPONENTS, crowded: int = CROWDED_TILES) -> dict[str, Any]:
    """Milliseconds a tile (median, 99th of a hundred), cold and kept, and the plan of the query, on both databases."""
    server = PostgresServer(durable=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return {
                "cells": cells,
                "components": components,
                "components_in_a_tile": CROWD,
                "limit_p99_ms": {"cold": 150.0, "kept": 5.0},
                "sqlite": _measure(f"sqlite:///{folder}/tiles.sqlite3", cells, components, crowded),
                "postgresql": _measure(server.create("tiles"), cells, components, crowded),
            }
    finally:
        server.stop()


def _measure(url: str, cells: int, components: int, crowded: int) -> dict[str, Any]:
    upgrade(url)
    database = Database(url)
    source = np.random.default_rng(96310)
    with database.transaction() as session:
        load_grid(session, grow(cells), terms=Terms(because="grown, not surveyed"))
        index = current_index(session)
    crowds = _spread_tiles(index, crowded)
    with database.transaction() as session:
        for rows in _portions(source, index, crowds, components):
            session.execute(insert(Component), rows)
    with database.transaction() as session:
        session.execute(text("ANALYZE"))
    told: dict[str, Any] = {}
    # The city as a whole first: its names are read once a revision.
    with database.reading() as session:
        told["first_tile_of_a_revision_ms"] = round(_ask(session, _over(crowds[0], 10)), 1)
    # As `serving.web` does before it forks: what is prepared is not looked through again.
    gc.collect()
    gc.freeze()
    kinds = {
        "duty_grids_zoom_14": [_over(tile, 14) for tile in crowds],
        "cells_and_thinned_components_zoom_15": [_over(tile, 15) for tile in crowds],
        "cells_and_all_components_zoom_16": crowds,
        "a_quarter_of_it_zoom_17": [Tile(17, tile.x * 2, tile.y * 2) for tile in crowds],
    }
    for name, tiles in kinds.items():
        told[name] = _told(database, list(dict.fromkeys(tiles)))
    told["plan"] = _plan(database, crowds[0])
    database.dispose()
    return told


def _told(database: Database, tiles: list[Tile]) -> dict[str, float]:
    cold, kept = [], []
    for tile in tiles:
        with database.reading() as session:
            cold.append(_ask(session, tile))
        with database.reading() as session:
            kept.append(_ask(session, tile))
    with database.reading() as session:
        size = len(grid_tile(session, tiles[-1])[1])
    figures = {
        "cold_p50_ms": np.median(cold),
        "cold_p99_ms": np.percentile(cold, 99),
        "kept_p50_ms": np.median(kept),
        "kept_p99_ms": np.percentile(kept, 99),
    }
    return {name: round(float(value), 2) for name, value in figures.items()} | {"kb": round(size / 1024, 1)}


def _ask(session: Any, tile: Tile) -> float:
    began = time.perf_counter()
    grid_tile(session, tile)
    return (time.perf_counter() - began) * 1e3


def _over(tile: Tile, zoom: int) -> Tile:
    """The tile of a lower zoom that holds this one."""
    return Tile(zoom, tile.x >> tile.zoom - zoom, tile.y >> tile.zoom - zoom)


def _spread_tiles(index: GridIndex, count: int) -> list[Tile]:
    """Tiles that cells fill, no two of them in one tile of the zoom above."""
    west, south, east, north = (*index.boxes[:, :2].min(axis=0), *index.boxes[:, 2:].max(axis=0))
    (left, bottom), (right, top) = tile_at(west, south, CROWDED_ZOOM), tile_at(east, north, CROWDED_ZOOM)
    found = [Tile(CROWDED_ZOOM, x, y) for x in range(left + 2, right, 2) for y in range(top + 2, bottom, 2)]
    return found[:: max(1, len(found) // count)][:count]


def _portions(
    source: np.random.Generator, index: GridIndex, crowds: list[Tile], components: int
) -> Iterator[list[dict[str, Any]]]:
    """The crowds, and the rest anywhere in the city."""
    whole = (*index.boxes[:, :2].min(axis=0), *index.boxes[:, 2:].max(axis=0))
    boxes = [tile_box(*tile) for tile in crowds for _ in range(CROWD)]
    boxes += [whole] * max(0, components - len(boxes))
    for first in range(0, len(boxes), PORTION):
        yield _rows(source, np.array(boxes[first : first + PORTION]), first)


def _rows(source: np.random.Generator, boxes: NDArray[np.float64], first: int) -> list[dict[str, Any]]:
    lons, lats = source.uniform(boxes[:, 0], boxes[:, 2]), source.uniform(boxes[:, 1], boxes[:, 3])
    majors = source.integers(1, 6, len(boxes)).tolist()
    columns = zip(lons.tolist(), lats.tolist(), quads(lons, lats).tolist(), majors, strict=True)
    return [
        {
            "code": f"330203{major:02d}{1 + number // 1_000_000:03d}{number % 1_000_000:06d}",
            "class_code": f"{major:02d}{1 + number // 1_000_000:03d}",
            "name": "部件",
            "lon": lon,
            "lat": lat,
            "quad": key,
            "state": ComponentState.IN_PLACE,
            "initial_on": SURVEYED,
        }
        for number, (lon, lat, key, major) in enumerate(columns, start=first)
    ]


def _plan(database: Database, tile: Tile) -> list[str]:
    with database.reading() as session:
        asked = standing_in(tile, SURVEYED)
        words = asked.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        rows = session.execute(text(f"EXPLAIN {'QUERY PLAN ' if database.is_sqlite else ''}{words}"))
        return [str(row[-1]) for row in rows]


if __name__ == "__main__":
    print(json.dumps(run(*(int(each) for each in sys.argv[1:])), indent=2, ensure_ascii=False))
