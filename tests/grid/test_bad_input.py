"""Files as they come: what `cityops grid check` answers to those that are bad, in one go and without a traceback."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pyogrio.raw
import pytest
import shapely
from click.testing import CliRunner, Result

from cityops.cli import cli
from cityops.config import Config
from cityops.grid.files import write_grid
from cityops.shell import Shell
from tests.grid.meshes import make_mesh

SQUARE = "[[[121.3,29.7],[121.301,29.7],[121.301,29.701],[121.3,29.701],[121.3,29.7]]]"
BOW_TIE = "[[[121.3,29.7],[121.301,29.701],[121.301,29.7],[121.3,29.701],[121.3,29.7]]]"


@pytest.fixture
def shell(db_url: str, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path / "var"), "DATABASE_URL": db_url}))
    yield shell
    shell.workshop.close()


def check(shell: Shell, path: Path, *words: str) -> Result:
    result = CliRunner().invoke(cli, ["grid", "check", str(path), "--as", "cells", *words], obj=shell)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result


def geojson(path: Path, *features: tuple[str, str, str]) -> Path:
    parts = [
        f'{{"type":"Feature","properties":{{"code":{json.dumps(code)}}},"geometry":'
        f'{{"type":"{kind}","coordinates":{places}}}}}'
        for code, kind, places in features
    ]
    path.write_text('{"type":"FeatureCollection","features":[' + ",".join(parts) + "]}", "utf-8")
    return path


def rows_of(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(result.stdout.splitlines()))


def test_what_is_no_polygon_is_told_among_what_is(shell: Shell, tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "mixed.geojson",
        ("330201001001001", "Polygon", SQUARE),
        ("330201001001002", "Point", "[121.3,29.7]"),
        ("330201001001003", "LineString", "[[121.3,29.7],[121.4,29.8]]"),
        ("330201001001004", "Polygon", "[]"),
    )
    told = {(row["line"], row["reason"]) for row in rows_of(check(shell, path, "--format", "csv"))}
    assert {("2", "a boundary is a polygon"), ("3", "a boundary is a polygon")} <= told
    assert any(line == "4" for line, _ in told)


def test_a_cell_that_crosses_itself_is_told_with_its_crossing(shell: Shell, tmp_path: Path) -> None:
    path = geojson(tmp_path / "bow.geojson", ("330201001001001", "Polygon", BOW_TIE))
    (row,) = (row for row in rows_of(check(shell, path, "--format", "csv")) if row["field"] == "boundary")
    assert (float(row["lon"]), float(row["lat"])) == pytest.approx((121.3005, 29.7005))


def test_a_code_with_a_letter_is_told_with_its_line(shell: Shell, tmp_path: Path) -> None:
    path = geojson(tmp_path / "letter.geojson", ("33020100100100O", "Polygon", SQUARE))
    (row,) = (row for row in rows_of(check(shell, path, "--format", "csv")) if row["field"] == "code")
    assert (row["line"], row["reason"]) == ("1", "a cell's code has 15 digits")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cut.gpkg", "cut.gpkg cannot be read"),
        ("cut.geojson", "cut.geojson cannot be read"),
        # Its table is whole: the features whose boundary was cut off are told one by one.
        ("cut.shp", "the geometry is missing or cannot be read"),
        ("cut.zip", "cut.zip cannot be read"),
    ],
)
def test_a_file_that_was_cut_is_told_of(shell: Shell, tmp_path: Path, name: str, words: str) -> None:
    mesh = make_mesh(25)
    path = tmp_path / name
    pyogrio.raw.write(
        path if path.suffix != ".zip" else tmp_path / "whole.geojson",
        geometry=shapely.to_wkb(np.array([cell.boundary for cell in mesh.cells], dtype=object)),
        field_data=[np.array([cell.code for cell in mesh.cells], dtype=object)],
        fields=["code"],
        geometry_type="Polygon",
        crs="EPSG:4490",
    )
    whole = (tmp_path / "whole.geojson" if path.suffix == ".zip" else path).read_bytes()
    path.write_bytes((b"PK\x03\x04" if path.suffix == ".zip" else b"") + whole[: len(whole) // 2])
    assert words in check(shell, path).output


def test_five_thousand_faults_are_all_told_and_a_terminal_is_not_flooded(shell: Shell, tmp_path: Path) -> None:
    mesh = make_mesh(5_000)
    write_grid(tmp_path / "many.gpkg", mesh)
    words = ("--layer", "cells", "--faults", str(tmp_path / "faults.gpkg"))
    result = check(shell, tmp_path / "many.gpkg", *words)
    assert len(result.stdout.splitlines()) < 60
    assert f"{len(mesh.cells)}  error in cells: there is no community %(code)s" in result.stdout
    rows = rows_of(check(shell, tmp_path / "many.gpkg", *words, "--format", "csv"))
    assert Counter(row["field"] for row in rows)["code"] == len(mesh.cells)
    assert pyogrio.read_info(tmp_path / "faults.gpkg", layer="faults_areas")["features"] >= len(mesh.cells)
