"""How fast a vector tile is written, beside the libraries that write them, and what a web worker's tiles cost.

The encoders get the same 20,000 points and 4,624 squares in one run; `ratio` is a library's time over ours.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np
import pyogrio
import shapely

from benchmarks import city_tiles
from cityops.db import Database
from cityops.demo.grown import grow
from cityops.grid.geometry import tile_at, tile_box
from cityops.grid.services import Terms, load_grid
from cityops.grid.tiles.mvt import Layer, Shape, encode
from cityops.schema import upgrade

POINTS = 20_000
SQUARES_A_SIDE = 68
CELLS = 50_000
ROUNDS = 3
TILE = (15, *tile_at(121.55, 29.87, 15))

WORKER = """
import json, os, sys, time
from cityops.app import create_app
from cityops.config import Config
from cityops.db import Database
from cityops.grid.geometry import tile_at
from cityops.grid.tiles.layers import grid_tile
from cityops.grid.queries import prepare
from cityops.grid.tiles.tiling import Tile

def resident_mb():
    fields = dict(line.split(":") for line in open("/proc/self/status") if line.startswith("VmRSS"))
    return int(fields["VmRSS"].split()[0]) / 1024

def milliseconds(tile):
    began = time.process_time()
    with database.reading() as session:
        grid_tile(session, tile)
    return (time.process_time() - began) * 1e3

database = Database(Config.from_env().database_url)
index = prepare(database)
app = create_app(Config.from_env())
lon, lat = index.rings(len(index) // 2)[0][0]
read_end, write_end = os.pipe()
if os.fork() == 0:
    figures = {"first_tile_of_a_revision_ms": milliseconds(Tile(10, *tile_at(lon, lat, 10)))}
    for zoom in (12, 13, 15, 16, 17):
        tile = Tile(zoom, *tile_at(lon, lat, zoom))
        figures[f"zoom_{zoom}_ms"] = milliseconds(tile)
        figures[f"zoom_{zoom}_again_ms"] = milliseconds(tile)
    x, y = tile_at(lon, lat, 15)
    for step in range(1200):
        milliseconds(Tile(15, x + step % 35 - 17, y + step // 35 - 17))
    figures["resident_mb_after_1200_tiles"] = resident_mb()
    os.write(write_end, json.dumps(figures).encode())
    os._exit(0)
os.wait()
print(os.read(read_end, 10_000).decode())
"""


def run() -> dict[str, Any]:
    """Milliseconds of processor time for each encoder, the ratios, a forked worker's tiles, and a whole city's."""
    return {"points": _points(), "squares": _squares(), "web_worker": _web_worker(), "city": city_tiles.run()}


def _best_ms(work: Callable[[], object]) -> float:
    """Milliseconds of the processor in the fastest of three rounds: other work on the machine does not count."""
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent) * 1e3


def _points() -> dict[str, float]:
    corners = np.random.default_rng(96310).integers(0, 4096, (POINTS, 2))
    codes = [f"33020301037{number:06d}" for number in range(POINTS)]
    fields = {"code": codes, "class_code": ["01037"] * POINTS, "major": ["01"] * POINTS}
    layer = Layer("components", Shape.POINT, corners, fields)
    shapes = shapely.points(corners)
    return _compare(layer, shapes, fields) | {"gdal_ms": round(_best_ms(lambda: _gdal(corners, codes)))}


def _squares() -> dict[str, float]:
    starts = np.arange(SQUARES_A_SIDE) * 60
    west, north = (each.ravel() for each in np.meshgrid(starts, starts))
    shapes = shapely.orient_polygons(shapely.box(west, north, west + 60, north + 60))
    count = len(shapes)
    corners = shapely.get_coordinates(shapes).reshape(count, 5, 2)[:, :4].reshape(-1, 2).astype(np.int64)
    fields = {"code": [f"330203001{number:06d}" for number in range(count)]}
    ones = np.ones(count, np.int64)
    return _compare(Layer("cells", Shape.POLYGON, corners, fields, 4 * ones, ones), shapes, fields)


def _compare(layer: Layer, shapes: Any, fields: dict[str, list[str]]) -> dict[str, float]:
    rows = [dict(zip(fields, values, strict=True)) for values in zip(*fields.values(), strict=True)]
    features = [{"geometry": shape, "properties": row} for shape, row in zip(shapes, rows, strict=True)]
    ours_ms = _best_ms(lambda: encode([layer]))
    library_ms = _best_ms(lambda: mapbox_vector_tile.encode([{"name": layer.name, "features": features}]))
    return {
        "features": len(features),
        "ours_ms": round(ours_ms, 1),
        "mapbox_vector_tile_ms": round(library_ms, 1),
        "ratio": round(library_ms / ours_ms, 1),
    }


def _gdal(corners: Any, codes: list[str]) -> None:
    """GDAL's MVT driver writes folders of files, here of one tile."""
    west, south, east, north = tile_box(*TILE)
    lons, lats = west + (east - west) * corners[:, 0] / 4096, north - (north - south) * corners[:, 1] / 4096
    with tempfile.TemporaryDirectory() as folder:
        pyogrio.raw.write(
            f"{folder}/tiles",
            shapely.to_wkb(shapely.points(lons, lats)),
            [np.array(codes, dtype=object)],
            ["code"],
            driver="MVT",
            layer="components",
            geometry_type="Point",
            crs="EPSG:4326",
            dataset_options={"MINZOOM": 15, "MAXZOOM": 15, "COMPRESS": "NO", "MAX_SIZE": 5_000_000},
        )


def _web_worker() -> dict[str, float]:
    """A forked worker with the whole application: tiles made and asked again, and its memory with a full shelf."""
    with tempfile.TemporaryDirectory() as home:
        url = f"sqlite:///{Path(home) / 'bench.sqlite3'}"
        upgrade(url)
        database = Database(url)
        with database.transaction() as session:
            load_grid(session, grow(CELLS), terms=Terms(because="grown, not surveyed"))
        database.dispose()
        environment = os.environ | {"CITYOPS_HOME": home, "DATABASE_URL": url}
        done = subprocess.run(
            [sys.executable, "-c", WORKER], env=environment, capture_output=True, text=True, check=True
        )
    figures: dict[str, float] = json.loads(done.stdout)
    return {name: round(value, 1) for name, value in figures.items()} | {"limit_mb": 220}


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
