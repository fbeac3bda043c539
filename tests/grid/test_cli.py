import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cityops.cli import cli
from cityops.config import Config
from cityops.grid.files import read_grid, write_grid
from cityops.grid.records import ComponentRecord
from cityops.shell import Shell
from tests.grid.meshes import change_cell, make_mesh

GRID = replace(make_mesh(25), components=[ComponentRecord("33020101037000001", "路灯", 121.3005, 29.7005)])
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
    result = run(loaded, "grid", "import", str(tmp_path / "bad.gpkg"))
    assert result.exit_code == 1
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert [(row["layer"], row["line"], row["field"]) for row in rows if row["kind"] == "error"] == [
        ("cells", "3", "code"),
        ("cells", "5", "area_level"),
    ]
    assert "nothing was loaded" in result.stderr
    assert "Traceback" not in result.stderr
    assert run(loaded, "grid", "check").exit_code == 0


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
