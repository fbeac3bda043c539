import csv
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio.raw
import pytest
import shapely
from click.testing import CliRunner, Result
from sqlalchemy import select

from cityops.accounts.models import Body, BodyKind
from cityops.catalog.seed import seed_catalog
from cityops.cli import cli
from cityops.config import Config
from cityops.grid.census import services as census
from cityops.grid.census.beside import Seen
from cityops.grid.census.models import ComponentChange
from cityops.grid.census.rows import Book, Rows
from cityops.grid.models import Component, ComponentState
from cityops.grid.services import load_grid
from cityops.grid.shifts import wgs84_to_gcj02
from cityops.shell import Shell
from tests.grid.meshes import make_mesh
from tests.waiting import until_it_waits

GRID = make_mesh(25)
CELL = GRID.cells[0]
HERE = CELL.boundary.representative_point()
CREDIT = "91350100M000100Y43"
LAMPS = "照明公司"

Row = dict[str, object]


@pytest.fixture
def shell(db_url: str, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path / "var"), "DATABASE_URL": db_url}))
    with shell.database.transaction() as session:
        seed_catalog(session)
        load_grid(session, GRID)
        session.add(Body(code="lamps", name=LAMPS, name_en="Lamps", kind=BodyKind.COMPANY, path="1/"))
    yield shell
    shell.workshop.close()


def lamp(number: int = 1, /, **changes: object) -> Row:
    row = {"GLBJBSM": f"33020101037{number:06d}", "GLBJMC": "路灯", "YHDWMC": LAMPS, "metres": 20.0 * number}
    return row | changes


def write(path: Path, *rows: Row, east: float = 0.0) -> Path:
    names = [name for name in rows[0] if name != "metres"]
    places = [shapely.Point(HERE.x + east, HERE.y + float(str(row["metres"])) * 9e-6 - 2e-4) for row in rows]
    columns = [np.array([row.get(name) for row in rows], dtype=object) for name in names]
    wkb = shapely.to_wkb(np.array(places, dtype=object))
    pyogrio.raw.write(path, wkb, columns, names, driver="GPKG", geometry_type="Point", crs="EPSG:4490")
    return path


def run(shell: Shell, *words: object) -> Result:
    return CliRunner().invoke(cli, ["components", *map(str, words)], obj=shell)


def take(shell: Shell, file: Path, *words: str) -> tuple[Result, list[tuple[str, int, str]]]:
    result = run(shell, "import", file, "--format", "json", *words)
    found = json.loads(result.stdout)
    return result, [(each["kind"], each["line"], each["field"]) for each in found]


def standing(shell: Shell) -> list[Component]:
    with shell.database.reading() as session:
        return list(session.scalars(select(Component).order_by(Component.code)))


def test_a_census_by_the_standards_fields_comes_in_whole(shell: Shell, tmp_path: Path) -> None:
    facts = {"ZGBMDM": CREDIT, "ZGBMMC": LAMPS, "SZDYWGBSM": CELL.code, "GLBJZT": "破损"}
    days = {"CSRQ": "20240102", "BGRQ": "20260703", "SJLY": "实测", "BZ": "灯杆倾斜", "accuracy": "B"}
    result, found = take(shell, write(tmp_path / "in.gpkg", lamp(**facts, **days), lamp(2)))
    assert (result.exit_code, found) == (0, []), result.output
    one, two = standing(shell)
    assert (one.state, one.department_code, one.note, one.accuracy) == (ComponentState.DAMAGED, CREDIT, "灯杆倾斜", "B")
    assert (str(one.initial_on), str(one.changed_on), one.body_code) == ("2024-01-02", "2026-07-03", "lamps")
    assert (one.cell_id is not None, one.area_code) == (True, CELL.area_code)
    assert (two.state, two.changed_on, two.note) == (ComponentState.IN_PLACE, None, None)
    assert "begun: 2, renewed: 0" in result.stderr


def test_what_is_said_again_to_be_no_more_ended_when_it_did(shell: Shell, tmp_path: Path) -> None:
    days = []
    for k, changes in enumerate(({"BGRQ": "20250101"}, {}, {"BGRQ": "20250203"}, {"GLBJZT": "完好"})):
        run(shell, "import", write(tmp_path / f"{k}.gpkg", lamp(1, **{"GLBJZT": "移除"} | changes)), "--because", "x")
        days.append(standing(shell)[0].ended_on)
    assert days == [date(2025, 1, 1), date(2025, 1, 1), date(2025, 2, 3), None]


def test_what_a_file_has_no_field_for_stays_as_it_is(shell: Shell, tmp_path: Path) -> None:
    parties = {"QSDWMC": LAMPS, "QSDWDM": CREDIT, "BZ": "图幅", "SJLY": "实测", "accuracy": "B"}
    whole = [lamp(1, GLBJZT="破损", **parties), lamp(2, GLBJZT="移除", BGRQ="20250101", **parties)]
    run(shell, "import", write(tmp_path / "whole.gpkg", *whole))
    before = standing(shell)
    assert before[0].state is ComponentState.DAMAGED and before[1].ended_on is not None
    bare = [{name: row[name] for name in ("GLBJBSM", "metres")} for row in (lamp(1), lamp(2), lamp(3))]
    run(shell, "import", write(tmp_path / "bare.gpkg", *bare), "--because", "nobody is named")
    after = standing(shell)
    assert [each.code for each in after] == [row["GLBJBSM"] for row in bare]
    names = ("name", "state", "ended_on", "body_code", "owner_name", "owner_code", "note", "source", "accuracy")
    for name in names:
        assert [getattr(each, name) for each in after[:2]] == [getattr(each, name) for each in before], name
    assert after[2].state is ComponentState.IN_PLACE
    with shell.database.reading() as session:
        assert session.scalars(select(ComponentChange)).all() == []


def test_a_known_code_is_renewed_and_what_the_file_does_not_name_stays(shell: Shell, tmp_path: Path) -> None:
    take(shell, write(tmp_path / "in.gpkg", lamp(CSRQ="20240102", BGRQ="20250102"), lamp(2)))
    result, _ = take(shell, write(tmp_path / "next.gpkg", lamp(GLBJZT="移除"), lamp(3)))
    assert "begun: 1, renewed: 1" in result.stderr
    one, two, _three = standing(shell)
    assert (str(one.initial_on), str(one.changed_on)) == ("2024-01-02", "2025-01-02")
    assert (one.state, one.ended_on is not None, two.ended_on) == (ComponentState.REMOVED, True, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"GLBJBSM": "3302010103700000O"}, "code"),
        ({"GLBJBSM": "3302010137000001"}, "code"),
        ({"GLBJBSM": ""}, "code"),
        ({"GLBJBSM": "33020199999000001"}, "class"),
        ({"GLBJBSM": "33020101037000002"}, "code"),
        ({"GLBJZT": "不知道"}, "state"),
        ({"CSRQ": "20261301"}, "initial_on"),
        ({"YHDWDM": "91350100M000100Y44"}, "maintainer_code"),
        ({"accuracy": "D"}, "accuracy"),
        ({"GLBJMC": "长" * 101}, "name"),
    ],
)
def test_a_fault_keeps_all_of_the_file_out(shell: Shell, tmp_path: Path, changes: Row, field: str) -> None:
    blank = dict.fromkeys(("GLBJZT", "CSRQ", "YHDWDM", "accuracy"), "")
    result, found = take(shell, write(tmp_path / "in.gpkg", lamp(2, **blank), lamp(**blank | changes)))
    assert (result.exit_code, found) == (1, [("error", 2, field)])
    assert "1 faults: nothing was loaded" in result.stderr
    assert standing(shell) == []


def test_of_a_text_of_any_length_a_finding_tells_the_beginning(shell: Shell, tmp_path: Path) -> None:
    long = lamp(1, GLBJBSM="码" * 10_000, GLBJZT="好" * 10_000)
    result, found = take(shell, write(tmp_path / "long.gpkg", long))
    assert {field for _, _, field in found} >= {"code", "state"} and len(result.stdout) < 2_000


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"metres": 90_000.0}, "geometry"),
        ({"metres": 40.3}, "geometry"),
        ({"SZDYWGBSM": "330201001001099"}, "cell_code"),
        ({"YHDWMC": "没有公司"}, "maintainer_name"),
        ({"YHDWMC": ""}, "owner_name"),
        ({"BZ": "=cmd|'/c calc'!A1"}, "note"),
    ],
)
def test_a_warning_has_to_be_signed_for(shell: Shell, tmp_path: Path, changes: Row, field: str) -> None:
    file = write(tmp_path / "in.gpkg", lamp(2, SZDYWGBSM="", BZ=""), lamp(**changes))
    result, found = take(shell, file)
    assert (result.exit_code, found) == (1, [("warning", 2, field)])
    assert "say why they are accepted" in result.stderr
    assert standing(shell) == []
    assert take(shell, file, "--because", "looked at")[0].exit_code == 0
    assert len(standing(shell)) == 2


def test_what_stands_here_already_under_another_code_is_asked_about(shell: Shell, tmp_path: Path) -> None:
    take(shell, write(tmp_path / "in.gpkg", lamp(1)))
    _, found = take(shell, write(tmp_path / "next.gpkg", lamp(2, metres=20.4), lamp(3, metres=21.0)))
    assert found == [("warning", 1, "geometry")]
    _, found = take(shell, write(tmp_path / "same.gpkg", lamp(1, metres=20.4)))
    assert found == []


def test_twins_are_looked_for_by_class_and_told_in_the_order_of_the_file(shell: Shell, tmp_path: Path) -> None:
    bin_there = {"GLBJBSM": "33020103005000001", "GLBJMC": "垃圾箱"}
    rows = [lamp(9), lamp(8, metres=180.2), lamp(7, metres=180.1, **bin_there), lamp(2, metres=180.3)]
    _, found = take(shell, write(tmp_path / "twins.gpkg", *rows), "--dry-run")
    assert found == [("warning", 2, "geometry"), ("warning", 4, "geometry")]


def test_what_was_read_takes_few_bytes_of_a_component() -> None:
    seen, count = Seen(), 1_000
    for first in range(0, 2 * count, count):
        codes = np.arange(first, first + count) + 33020101037000000
        places = {"lon": [121.5] * count, "lat": [29.8] * count}
        lines = list(range(first + 1, first + count + 1))
        seen.take(Rows(lines, places, codes, np.full(count, 0.5)), Book())
    arrays = [getattr(seen, each.name) for each in fields(seen)]
    assert [len(each) for each in arrays] == [2 * count] * len(arrays)
    assert sum(each.nbytes for each in arrays) <= 24 * 2 * count
    assert seen.find(np.array([33020101037000007, 5])).tolist() == [7, -1]


def test_a_file_that_was_shifted_is_told_of(shell: Shell, tmp_path: Path) -> None:
    rows = [lamp(number, SZDYWGBSM="") for number in range(1, 5)]
    take(shell, write(tmp_path / "in.gpkg", *rows))
    east, north = (float(each) for each in wgs84_to_gcj02(HERE.x, HERE.y))
    metres_north = (north - HERE.y) / 9e-6
    moved = [lamp(number, metres=20.0 * number + metres_north) for number in range(1, 5)]
    result, found = take(shell, write(tmp_path / "moved.gpkg", *moved, east=east - HERE.x))
    assert ("warning", 0, "crs") in found and result.exit_code == 1


def test_codes_of_16_digits_become_17_and_the_report_says_how(shell: Shell, tmp_path: Path) -> None:
    result, _ = take(shell, write(tmp_path / "in.gpkg", lamp(GLBJBSM="3302010118000001")), "--edition", "2007")
    assert [each.code for each in standing(shell)] == ["33020101037000001"]
    assert "class 0118 -> 01037 路灯: 1" in result.stderr
    result, found = take(shell, write(tmp_path / "bad.gpkg", lamp(GLBJBSM="3302010117000001")), "--edition", "2007")
    assert found == [("error", 1, "class")]
    assert "class 0117 could not be mapped: 1" in result.stderr


def test_what_has_no_code_gets_the_next_of_its_division(shell: Shell, tmp_path: Path) -> None:
    take(shell, write(tmp_path / "in.gpkg", lamp(7)))
    kinds = tmp_path / "kinds.csv"
    kinds.write_text("kind,class_code\nstreet_lamp,01037\ntree,\n", encoding="utf-8")
    rows = [
        {"kind": kind, "metres": 20.0 * k} for k, kind in enumerate(["street_lamp", "tree", "street_lamp"], start=1)
    ]
    words = ("--map", "class=kind", "--classes", str(kinds), "--division", "330201", "--because", "of OpenStreetMap")
    result, _ = take(shell, write(tmp_path / "osm.gpkg", *rows), *words)
    assert [each.code[-6:] for each in standing(shell)] == ["000007", "000008", "000009"]
    assert "left out: 1" in result.stderr


def test_a_dry_run_looks_at_all_and_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    result, found = take(shell, write(tmp_path / "in.gpkg", lamp(), lamp(2)), "--dry-run")
    assert (result.exit_code, found, standing(shell)) == (0, [], [])
    assert "begun: 2" in result.stderr and "dry run" in result.stderr


def test_a_code_twice_is_found_across_portions(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census.read_portions, "__defaults__", (2,))
    rows = [lamp(number) for number in range(1, 6)]
    result, found = take(shell, write(tmp_path / "in.gpkg", *rows, lamp(2, metres=200.0), lamp(2, metres=220.0)))
    assert found == [("error", 6, "code"), ("error", 7, "code")]
    assert (result.stderr.count("read "), standing(shell)) == (4, [])


def test_a_file_of_another_shape_is_refused_in_words(shell: Shell, tmp_path: Path) -> None:
    result = run(shell, "import", write(tmp_path / "in.gpkg", lamp()), "--map", "code=NO")
    assert result.exit_code == 1
    assert "no field NO" in str(result.exception)
    (tmp_path / "cut.gpkg").write_bytes((tmp_path / "in.gpkg").read_bytes()[:5_000])
    assert "cannot be read" in str(run(shell, "import", tmp_path / "cut.gpkg").exception)


def test_the_standards_table_goes_out_and_comes_in_again(shell: Shell, tmp_path: Path) -> None:
    take(shell, write(tmp_path / "in.gpkg", lamp(GLBJZT="废弃", CSRQ="20240102", BZ="=1+1")), "--because", "a note")
    for form in ("csv", "xlsx", "gpkg"):
        result = run(shell, "export", tmp_path / f"out.{form}", "--standard", "gbt47678")
        assert (result.exit_code, "1 components" in result.stderr) == (0, True)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert (row["GLBJBSM"], row["GLBJZT"], row["CSRQ"], row["BZ"]) == ("33020101037000001", "废弃", "20240102", "'=1+1")
    assert (row["SZDYWGBSM"], row["SZSQDM"], row["SZJDDM"]) == (CELL.code, CELL.area_code, CELL.area_code[:9])
    (sheet,) = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets
    heading, cells = sheet.iter_rows(values_only=True)
    assert (heading[0], cells[0], cells[13]) == ("管理部件标识码", "33020101037000001", "'=1+1")
    before = [vars(each) | {"_sa_instance_state": None} for each in standing(shell)]
    assert take(shell, tmp_path / "out.gpkg", "--because", "a note")[0].exit_code == 0
    assert [vars(each) | {"_sa_instance_state": None} for each in standing(shell)] == before


def test_an_export_of_another_form_is_refused(shell: Shell, tmp_path: Path) -> None:
    assert ".csv, .xlsx, .gpkg" in str(run(shell, "export", tmp_path / "out.doc").exception)


def changes(shell: Shell) -> list[tuple[str, str | None, str | None, str]]:
    with shell.database.reading() as session:
        rows = session.scalars(select(ComponentChange).order_by(ComponentChange.id))
        return [(row.fact.value, row.before, row.after, row.because) for row in rows]


def test_what_a_census_changes_has_its_row(shell: Shell, tmp_path: Path) -> None:
    blank = {"GLBJZT": "", "QSDWDM": "", "QSDWMC": ""}
    take(shell, write(tmp_path / "first.gpkg", lamp(**blank), lamp(2, **blank)))
    assert changes(shell) == []
    now = {"GLBJZT": "丢失", "QSDWDM": CREDIT, "QSDWMC": LAMPS, "metres": 35.0}
    take(shell, write(tmp_path / "next.gpkg", lamp(**now), lamp(2, **blank)))
    told = changes(shell)
    assert [each[:1] + each[3:] for each in told] == [("state", "next"), ("place", "next"), ("owner", "next")]
    assert (told[0][1:3], told[2][1:3]) == (("in_place", "missing"), (None, f"{LAMPS} {CREDIT}"))
    take(shell, write(tmp_path / "next.gpkg", lamp(**now), lamp(2, **blank)))
    assert changes(shell) == told


def test_a_body_is_known_by_its_credit_code(shell: Shell, tmp_path: Path) -> None:
    with shell.database.transaction() as session:
        session.scalars(select(Body)).one().credit_code = CREDIT
    named = {"YHDWMC": "", "QSDWDM": CREDIT, "QSDWMC": "照明集团"}
    assert take(shell, write(tmp_path / "in.gpkg", lamp(**named)))[1] == []
    assert standing(shell)[0].body_code == "lamps"


@pytest.mark.parametrize("has_field", [True, False])
def test_what_is_settled_while_a_census_comes_in_stays(shell: Shell, tmp_path: Path, has_field: bool) -> None:
    take(shell, write(tmp_path / "in.gpkg", lamp()))
    row = lamp(YHDWMC="")
    if not has_field:
        del row["YHDWMC"]
    nameless = write(tmp_path / "next.gpkg", row)
    with ThreadPoolExecutor(1) as pool:
        with shell.database.transaction() as session:
            standing = session.scalars(select(Component)).one()
            standing.owner_name, standing.settled_on = "城投", date(2026, 1, 5)
            session.flush()
            census_too = pool.submit(take, shell, nameless, "--because", "a count alone")
            until_it_waits(session, census_too)
        census_too.result()
    with shell.database.reading() as session:
        kept = session.scalars(select(Component)).one()
        assert (kept.owner_name, kept.body_code, kept.settled_on) == ("城投", "lamps", date(2026, 1, 5))


def test_what_was_settled_stays_where_a_census_names_nobody(shell: Shell, tmp_path: Path) -> None:
    take(shell, write(tmp_path / "in.gpkg", lamp()))
    nameless = write(tmp_path / "next.gpkg", lamp(YHDWMC="", GLBJMC="灯"))
    with shell.database.transaction() as session:
        row = session.scalars(select(Component)).one()
        row.owner_name, row.settled_on = "城投", date(2026, 1, 5)
    take(shell, nameless, "--because", "a count alone")
    (row,) = standing(shell)
    assert (row.name, row.owner_name, row.maintainer_name, row.body_code) == ("灯", "城投", LAMPS, "lamps")
    assert (row.settled_on, changes(shell)) == (date(2026, 1, 5), [])
    with shell.database.transaction() as session:
        session.scalars(select(Component)).one().settled_on = None
    take(shell, nameless, "--because", "a count alone")
    assert standing(shell)[0].body_code is None
