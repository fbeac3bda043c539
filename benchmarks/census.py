"""How fast a census of a million components comes in with all its checks, beside a plain load of the same file.

The plain load reads the file with GDAL and writes it with GDAL into the same kind of database (SQLite), in portions of
the same size, as `ogr2ogr` does: no checks, one index (GDAL's own, on the place). Each runs in a process of its own.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from sqlalchemy import func, select

from cityops.accounts.models import Body, BodyKind
from cityops.catalog.seed import seed_catalog
from cityops.db import Database
from cityops.demo.grown import SOUTH, WEST, grow
from cityops.grid.census.classes import ClassBook
from cityops.grid.census.services import PORTION, CensusTerms, read_portions, take_in
from cityops.grid.geometry import metric_epsg, to_degrees, to_metres
from cityops.grid.models import Component
from cityops.grid.records import SaidOfFile
from cityops.grid.services import Terms, load_grid
from cityops.schema import upgrade

CELLS = 20_000
COMPONENTS = 1_000_000
FEWER = 250_000
APART_M = 14.0
CLASSES = {"01001": "供水井盖", "01037": "路灯", "03005": "垃圾箱", "04002": "行道树"}
OWNERS = (("91350100M000100Y43", "照明公司"), ("12330200MB0000001U", "排水公司"))


def run() -> dict[str, Any]:
    """Rows a second of the processor, the ratio to the plain load, and the memory of a quarter and of the whole."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        upgrade(url)
        database = Database(url)
        with database.transaction() as session:
            seed_catalog(session)
            kind = BodyKind.COMPANY
            for number, (_, name) in enumerate(OWNERS, start=1):
                session.add(Body(code=f"owner{number}", name=name, name_en=name, kind=kind, path=f"{number}/"))
            load_grid(session, grow(CELLS), terms=Terms(because="grown, not surveyed"))
        database.dispose()
        whole, part = Path(folder) / "census.gpkg", Path(folder) / "part.gpkg"
        write_census(whole, COMPONENTS)
        write_census(part, FEWER)
        plain = _apart("plain", whole, url)
        rehearsed_part, rehearsed = _apart("rehearse", part, url), _apart("rehearse", whole, url)
        ours = _apart("import", whole, url)
        with database.reading() as session:
            stored = session.scalar(select(func.count()).select_from(Component))
    return {
        "components": stored,
        "rows_a_second": round(COMPONENTS / ours["seconds"]),
        "checked_a_second": round(COMPONENTS / rehearsed["seconds"]),
        "plain_rows_a_second": round(COMPONENTS / plain["seconds"]),
        "ratio": round(plain["seconds"] / ours["seconds"], 2),
        "aim_ratio": 0.5,
        "peak_mb": ours["peak_mb"],
        "checked_peak_mb": rehearsed["peak_mb"],
        "checked_peak_mb_of_a_quarter": rehearsed_part["peak_mb"],
    }


def write_census(path: Path, count: int) -> None:
    """A census in the standard's table: a lattice over the grown city."""
    source = np.random.default_rng(96310)
    for first in range(0, count, PORTION):
        numbers = np.arange(first, min(first + PORTION, count))
        codes = list(CLASSES)
        classes = [codes[k % len(codes)] for k in numbers.tolist()]
        epsg = metric_epsg(WEST, SOUTH)
        corner = to_metres(np.array([[WEST, SOUTH]]), epsg)[0]
        side = int(np.sqrt(count)) + 1
        east, north = (numbers % side) * APART_M, (numbers // side) * APART_M
        places = to_degrees(np.column_stack([east, north]) + corner + source.uniform(-1, 1, (len(numbers), 2)), epsg)
        owners = [OWNERS[k % 2] for k in numbers.tolist()]
        columns = {
            "GLBJBSM": [f"330203{code}{k:06d}" for code, k in zip(classes, numbers.tolist(), strict=True)],
            "GLBJMC": [CLASSES[code] for code in classes],
            "ZGBMDM": [OWNERS[0][0]] * len(numbers),
            "ZGBMMC": [OWNERS[0][1]] * len(numbers),
            "QSDWDM": [code for code, _ in owners],
            "QSDWMC": [name for _, name in owners],
            "YHDWDM": [code for code, _ in owners],
            "YHDWMC": [name for _, name in owners],
            "GLBJZT": ["完好"] * len(numbers),
            "CSRQ": ["20260701"] * len(numbers),
            "SJLY": ["实测"] * len(numbers),
            "BZ": [f"第{k // 1000}图幅" for k in numbers.tolist()],
        }
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(shapely.points(places)),
            field_data=[np.array(column, dtype=object) for column in columns.values()],
            fields=list(columns),
            layer="components",
            driver="GPKG",
            geometry_type="Point",
            crs="EPSG:4490",
            append=path.exists(),
        )


def _apart(what: str, path: Path, url: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.census", what, str(path), url],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ,
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _plain(path: Path) -> None:
    target = path.with_suffix(".plain.gpkg")
    for features in read_portions(path, SaidOfFile()):
        pyogrio.raw.write(
            target,
            geometry=shapely.to_wkb(features.geometries),
            field_data=features.columns,
            fields=features.fields,
            layer="components",
            driver="GPKG",
            geometry_type="Point",
            crs="EPSG:4490",
            append=target.exists(),
        )


def _ours(path: Path, url: str, *, is_rehearsal: bool) -> None:
    database = Database(url)
    door = database.reading if is_rehearsal else database.transaction
    with door() as session:
        terms = CensusTerms(because="some stand outside the grown city")
        take_in(session, read_portions(path, SaidOfFile()), ClassBook(CLASSES), terms, is_rehearsal=is_rehearsal)


def _measure(what: str, path: Path, url: str) -> None:
    began = time.process_time()
    if what == "plain":
        _plain(path)
    else:
        _ours(path, url, is_rehearsal=what == "rehearse")
    seconds = time.process_time() - began
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb}))


if __name__ == "__main__":
    _measure(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
