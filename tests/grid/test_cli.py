import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from click.testing import CliRunner, Result
from shapely import Point

from cityops.cli import cli
from cityops.config import Config
from cityops.grid.files import read_grid, write_grid
from cityops.grid.geometry import area_m2, in_metres
from cityops.grid.shifts import wgs84_to_gcj02
from cityops.shell import Shell
from tests.grid.meshes import change_cell, make_mesh

GRID = make_mesh(25)
CELL = GRID.cells[0]
POINT = CELL.boundary.representative_point()


@pytest.fixture
def shell(db_url: str, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path / "var"), "DATABASE_URL": db_url}))
    yield shell
    shell.workshop.close()


@pytest.fixture
def loaded(shell: Shell, tmp_path: Path) -> Shell:
    write_grid(tmp_path / "in.gpkg", GRID)
    assert run(shell, "grid", "import", str(tmp_path / "in.gpkg")).exit_code == 0
    return shell


def run(shell: Shell, *words: str) -> Result:
    return CliRunner().invoke(cli, words, obj=shell)


def test_what_is_imported_is_exported_again(loaded: Shell, tmp_path: Path) -> None:
    result = run(loaded, "grid", "export", str(tmp_path / "out.gpkg"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert read_grid(tmp_path / "out.gpkg") == read_grid(tmp_path / "in.gpkg")


def test_a_sound_grid_passes_its_check(loaded: Shell) -> None:
    result = run(loaded, "grid", "check")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "25 cells: 0 faults" in result.stderr


def test_a_bad_file_lists_its_faults_and_changes_nothing(loaded: Shell, tmp_path: Path) -> None:
    write_grid(tmp_path / "bad.gpkg", change_cell(change_cell(GRID, 2, code="12"), 4, area_level=7))
    result = run(loaded, "grid", "import", str(tmp_path / "bad.gpkg"), "--format", "csv")
    assert result.exit_code == 1
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert [(row["layer"], row["line"], row["field"]) for row in rows if row["kind"] == "error"] == [
        ("cells", "3", "code"),
        ("cells", "5", "area_level"),
    ]
    assert "nothing was loaded" in result.stderr
    assert "Traceback" not in result.stderr
    assert run(loaded, "grid", "check").exit_code == 0


def test_a_dry_run_says_what_would_change_and_changes_nothing(loaded: Shell, tmp_path: Path) -> None:
    write_grid(tmp_path / "next.gpkg", change_cell(GRID, 0, area_level=2))
    result = run(loaded, "grid", "import", str(tmp_path / "next.gpkg"), "--dry-run")
    assert (result.exit_code, "1 cells" in result.stderr, "dry run" in result.stderr) == (0, True, True)
    run(loaded, "grid", "export", str(tmp_path / "out.gpkg"))
    assert read_grid(tmp_path / "out.gpkg") == read_grid(tmp_path / "in.gpkg")


def test_a_file_is_checked_beside_the_grid_and_its_faults_go_to_a_layer(loaded: Shell, tmp_path: Path) -> None:
    neighbour = GRID.cells[1].boundary
    write_grid(tmp_path / "bad.gpkg", change_cell(GRID, 0, boundary=neighbour))
    words = ("grid", "check", str(tmp_path / "bad.gpkg"), "--faults", str(tmp_path / "faults.gpkg"))
    result = run(loaded, *words, "--format", "json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert {(each["kind"], each["reason"].split(" ")[1]) for each in told} >= {("error", "overlaps")}
    overlap = next(each for each in told if "overlaps" in each["reason"])
    assert neighbour.covers(Point(overlap["lon"], overlap["lat"]))
    assert overlap["size_m2"] == pytest.approx(area_m2(neighbour), abs=0.1)
    layers = dict(pyogrio.list_layers(tmp_path / "faults.gpkg"))
    assert set(layers) == {"faults_areas", "faults_points"}
    assert len(pyogrio.raw.read(tmp_path / "faults.gpkg", layer="faults_areas")[2]) == len(told)
    assert run(loaded, "grid", "check").exit_code == 0


def test_a_line_through_a_building_is_a_fault(loaded: Shell, tmp_path: Path) -> None:
    shared = CELL.boundary.intersection(GRID.cells[1].boundary).centroid
    inside = CELL.boundary.representative_point()
    shapes = np.array([shared.buffer(0.0002), inside.buffer(0.0001)], dtype=object)
    pyogrio.raw.write(
        tmp_path / "houses.geojson",
        geometry=shapely.to_wkb(shapes),
        field_data=[],
        fields=[],
        geometry_type="Polygon",
        crs="EPSG:4326",
    )
    result = run(loaded, "grid", "check", "--buildings", str(tmp_path / "houses.geojson"), "--format", "csv")
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert [row["reason"] for row in rows] == ["its line cuts the building at feature 1"]


def test_a_file_that_names_its_fields_otherwise_is_read_by_a_map(shell: Shell, tmp_path: Path) -> None:
    communities = [area for area in GRID.areas if len(area.code) == 12]
    shapes = np.array([area.boundary for area in communities], dtype=object)
    pyogrio.raw.write(
        tmp_path / "SQ.shp",
        geometry=shapely.to_wkb(in_metres(shapes, 4550)),
        field_data=[np.array([area.code for area in communities]), np.array(["鼓楼社区" for _ in communities])],
        fields=["DM", "MC"],
        geometry_type="Polygon",
        crs="EPSG:4550",
        encoding="GBK",
    )
    path = str(tmp_path / "SQ.shp")
    refused = run(shell, "grid", "check", path)
    assert (refused.exit_code, "say what the features are" in refused.stderr) == (1, True)
    told = run(shell, "grid", "check", path, "--as", "areas", "--map", "code=DM,name=MC", "--format", "csv")
    assert [row["reason"] for row in csv.DictReader(told.stdout.splitlines())] == [
        f"there is no area {area.code[:9]} above it" for area in communities
    ]


def test_many_faults_are_counted_by_reason(loaded: Shell, tmp_path: Path) -> None:
    far = [replace(cell, code=f"X{cell.code[1:]}") for cell in make_mesh(100).cells]
    write_grid(tmp_path / "bad.gpkg", replace(GRID, cells=far))
    result = run(loaded, "grid", "check", str(tmp_path / "bad.gpkg"))
    assert "… and 50 more" in result.stdout
    assert "100  error in cells: a cell's code has 15 digits" in result.stdout


def test_a_file_that_was_shifted_is_told_of(loaded: Shell, tmp_path: Path) -> None:
    shifted = [
        replace(cell, boundary=shapely.transform(cell.boundary, lambda p: np.column_stack(wgs84_to_gcj02(*p.T))))
        for cell in GRID.cells
    ]
    write_grid(tmp_path / "shifted.gpkg", replace(GRID, cells=shifted))
    result = run(loaded, "grid", "check", str(tmp_path / "shifted.gpkg"), "--format", "json")
    assert ["gcj02" in each["reason"] for each in json.loads(result.stdout) if each["field"] == "crs"] == [True]
    told = run(loaded, "grid", "check", str(tmp_path / "shifted.gpkg"), "--crs", "gcj02", "--format", "json")
    assert [each for each in json.loads(told.stdout) if each["field"] == "crs"] == []


def locate(shell: Shell, folder: Path, text: bytes, *words: str) -> tuple[Result, list[dict[str, str]]]:
    (folder / "points.csv").write_bytes(text)
    target = folder / "codes.csv"
    result = run(shell, "locate", "--file", str(folder / "points.csv"), "--out", str(target), *words)
    rows = []
    if target.exists():
        rows = list(csv.DictReader(target.read_text(errors="surrogateescape").splitlines()))
    return result, rows


def test_points_of_a_file_get_their_codes_and_no_row_is_lost(loaded: Shell, tmp_path: Path) -> None:
    lines = [
        "id,lon,lat",
        f"in,{POINT.x},{POINT.y}",
        "out,121.0,29.0",
        f"swapped,{POINT.y},{POINT.x}",
        "words,east,north",
        "huge,1e309,29.87",
        "nan,nan,29.87",
        "short,121.5",
        '"a ""quoted"", id",121.0,29.0',
    ]
    result, rows = locate(loaded, tmp_path, "\n".join(lines).encode())
    assert result.exit_code == 0, result.stderr
    assert [row["id"] for row in rows] == ["in", "out", "swapped", "words", "huge", "nan", "short", 'a "quoted", id']
    assert rows[0] == {
        "id": "in",
        "cell_code": CELL.code,
        "community_code": CELL.code[:12],
        "street_code": CELL.code[:9],
        "district_code": CELL.code[:6],
        "duty_grid_code": CELL.duty_grid_code,
        "note": "",
    }
    assert rows[1]["note"] == "outside the grid"
    assert "look swapped" in rows[2]["note"]
    assert all(row["note"] and not row["cell_code"] for row in rows[1:])
    assert "8 rows: 1 in a cell, 2 outside, 5 not understood" in result.stderr


def test_columns_may_stand_in_any_order_and_ids_in_any_encoding(loaded: Shell, tmp_path: Path) -> None:
    text = f"\ufefflat,name,lon,id\r\n{POINT.y},x,{POINT.x},".encode() + "路灯".encode("gbk") + b"\r\n"
    _, rows = locate(loaded, tmp_path, text)
    assert rows[0]["cell_code"] == CELL.code
    assert (tmp_path / "codes.csv").read_bytes().splitlines()[1].startswith("路灯".encode("gbk"))


def test_a_heading_without_the_columns_is_refused_and_no_file_is_left(loaded: Shell, tmp_path: Path) -> None:
    result, _ = locate(loaded, tmp_path, b"id,x,y\n1,2,3\n")
    assert result.exit_code == 1
    assert "lon, lat" in result.stderr
    assert not (tmp_path / "codes.csv").exists()


def test_points_of_a_web_map_are_shifted_back_first(loaded: Shell, tmp_path: Path) -> None:
    _, rows = locate(loaded, tmp_path, f"id,lon,lat\n1,{POINT.x},{POINT.y}\n".encode(), "--crs", "gcj02")
    assert rows[0]["cell_code"] != CELL.code


def test_a_city_without_a_grid_says_that_all_lies_outside(shell: Shell, tmp_path: Path) -> None:
    _, rows = locate(shell, tmp_path, b"id,lon,lat\n1,121.5,29.8\n")
    assert [row["note"] for row in rows] == ["outside the grid"]
