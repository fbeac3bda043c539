import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cityops.cli import cli
from cityops.config import Config
from cityops.db import Database
from cityops.errors import Invalid
from cityops.grid.addresses.files import read_addresses
from cityops.grid.addresses.models import AddressKind
from cityops.grid.addresses.queries import search
from cityops.grid.addresses.services import load_addresses
from cityops.grid.records import SaidOfFile
from cityops.shell import Shell

ROADS = Path(__file__).parents[2] / "data" / "shanghai_roads.osm"
OSM = SaidOfFile(kind="road", layer="lines")
CSV = """WKT,lx,mc,code,former_names,aliases,valid_from_on
POINT (121.55 29.87),兴趣点,天一广场,L1,东门口;老市场,天一商圈,2025-03-01
POINT (121.55 29.88),兴趣点,,L2,,,
POINT (121.55 29.88),area,海曙区,A1,,,
POINT (121.55 29.88),thing,何物,X1,,,
POINT (121.55 29.88),门牌,中山西路123弄5号,,,,
POINT (121.55 29.88),门牌,无号,,,,
POINT (121.55 29.88),街巷,%%%,,,,
POINT (121.55 29.88),兴趣点,那天,,,,2026-13-01
"""
MAPPING = {"kind": "lx", "name": "mc"}


@pytest.fixture
def places(tmp_path: Path) -> Path:
    path = tmp_path / "places.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def test_a_file_is_read_to_its_end_with_a_finding_for_each_bad_row(places: Path) -> None:
    records, findings = read_addresses(places, SaidOfFile(mapping=MAPPING))
    square, plate = records
    assert (square.name, square.kind, square.former_names) == ("天一广场", AddressKind.LANDMARK, ("东门口", "老市场"))
    assert (plate.road, plate.name, plate.number) == ("中山西路", "123弄5号", 123)
    assert {(each.line, each.field) for each in findings if each.is_error} == {
        (3, "kind"), (4, "kind"), (6, "road"), (7, "name"), (8, "valid_from_on"),
    }  # fmt: skip
    assert [each.params for each in findings if each.field == "name" and not each.is_error] == [{"number": 1}]


def test_a_field_that_is_not_there_is_named(places: Path) -> None:
    with pytest.raises(Invalid) as refused:
        read_addresses(places, SaidOfFile(mapping={"name": "nix"}))
    assert refused.value.field == "map"


def test_the_pieces_of_a_real_road_are_put_together() -> None:
    records, findings = read_addresses(ROADS, OSM)
    names = [record.name for record in records]
    assert names.count("西藏中路") == names.count("延安东路") == 1
    assert [each.is_error for each in findings] == [False]
    assert all(record.line is not None for record in records)


def test_real_roads_are_searched_and_cross_where_they_do(db: Database) -> None:
    records, findings = read_addresses(ROADS, OSM)
    with db.transaction() as session:
        load_addresses(session, records, findings)
    with db.reading() as session:
        for words in ("西藏中路", "xizangzhonglu", "xzzl", "西臧中路", "xizangz"):
            first = search(session, words)[0]
            assert (first.kind, first.name) == (AddressKind.ROAD, "西藏中路"), words
        assert search(session, "huangpib")[0].name == "黄陂北路"
        crossing = search(session, "西藏中路与北海路交叉口")[0]
        assert crossing.kind is None
        assert (round(crossing.lon, 3), round(crossing.lat, 3)) == (121.473, 31.232)


def test_the_roads_come_in_twice_as_the_same_roads(db: Database) -> None:
    with db.transaction() as session:
        load_addresses(session, *read_addresses(ROADS, OSM))
        told = load_addresses(session, *read_addresses(ROADS, OSM))
    assert (told.begun, told.ended) == ({}, 0)


@pytest.fixture
def shell(db_url: str, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path / "var"), "DATABASE_URL": db_url}))
    yield shell
    shell.workshop.close()


def run(shell: Shell, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, words, obj=shell)
    return done.exit_code, done.output


def test_the_command_rehearses_loads_and_finds(shell: Shell) -> None:
    asked = ("addresses", "import", str(ROADS), "--as", "road", "--layer", "lines")
    code, told = run(shell, *asked, "--dry-run")
    assert code == 0
    assert "this was a dry run" in told
    assert run(shell, "addresses", "find", "hpbl") == (0, "")
    assert run(shell, *asked)[0] == 0
    assert "黄陂北路" in run(shell, "addresses", "find", "hpbl")[1]


def test_the_command_refuses_a_file_with_faults_and_tells_them(shell: Shell, places: Path) -> None:
    asked = ("addresses", "import", str(places), "--map", "kind=lx,name=mc", "--format", "json")
    code, told = run(shell, *asked)
    assert code == 1
    assert len(json.loads(told[: told.rindex("]") + 1])) >= 6
