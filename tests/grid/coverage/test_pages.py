"""Coverage on its page, as Excel, on the map and on the command line; the administrator's page of tiers."""

import csv
import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
import shapely
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

from cityops.accounts.models import Jurisdiction
from cityops.cli import cli
from cityops.clock import today
from cityops.config import Config
from cityops.db import Database
from cityops.grid.coverage.services import NewLayer, set_layer, set_target
from cityops.grid.geometry import tile_at
from cityops.shell import Shell
from tests.factories import EAST

As = Callable[[str], FlaskClient]
PAGE, SETTINGS = "/grid/coverage", "/settings/coverage"
LAYER = shapely.box(121.502, 29.87, 121.504, 29.872)


@pytest.fixture
def measured(small_city: Database) -> Database:
    """The small city with a layer of which half lies in no community."""
    with small_city.transaction() as session:
        set_layer(session, None, NewLayer(1, "=built-up", [LAYER]))
        set_target(session, None, jurisdiction=EAST, tier=1, percent=99.5, from_on=today())
        place = session.scalars(select(Jurisdiction).where(Jurisdiction.code == EAST)).one()
        place.name = place.name_en = "=East"
    return small_city


@pytest.fixture
def shell(small_city: Database, db_url: str, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path / "var"), "DATABASE_URL": db_url}))
    yield shell
    shell.workshop.close()


def run(shell: Shell, *words: str) -> Result:
    return CliRunner().invoke(cli, words, obj=shell)


def test_the_page_tells_the_figures_of_ones_own_scope(measured: Database, as_person: As) -> None:
    everywhere, eastern = (as_person(name).get(PAGE) for name in ("leader", "dutyleader-east"))
    assert "50.00 %" in everywhere.text and "100.00 %" in everywhere.text
    assert "99.5 %" in eastern.text and "50.00 %" not in eastern.text
    assert 'data-layers="areas cells coverage"' in eastern.text


def test_before_the_first_layer_it_says_what_to_do(small_city: Database, as_person: As) -> None:
    page = as_person("leader").get(PAGE)
    assert (page.status_code, "cityops grid cover" in page.text) == (200, True)


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01"])
def test_a_day_that_is_none_is_said(measured: Database, as_person: As, given: str) -> None:
    for path in (PAGE, f"{PAGE}.xlsx"):
        assert as_person("leader").get(path, query_string={"at": given}).status_code == 422


def test_the_excel_file_has_the_figures_and_no_formula(measured: Database, as_person: As) -> None:
    answer = as_person("dutyleader-east").get(f"{PAGE}.xlsx")
    book = load_workbook(BytesIO(answer.data))
    figures, trend = book.worksheets
    rows = list(figures.iter_rows(values_only=True))
    assert [row[:3] for row in rows[2:]] == [(EAST, "'=East", 1)]
    assert (rows[2][5], rows[2][6], rows[2][7]) == (100, 99.5, 2)
    assert not [
        cell for sheet in (figures, trend) for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert "'=built-up" in str(list(trend.iter_rows(values_only=True))[1][1]) or "=built-up" in str(trend["B2"].value)


def test_the_open_land_is_on_the_map_of_who_may_see_it(measured: Database, as_person: As) -> None:
    x, y = tile_at(121.503, 29.8715, 14)
    everywhere, eastern = (
        as_person(name).get(f"/tiles/coverage/14/{x}/{y}.mvt") for name in ("leader", "operator-east")
    )
    assert (everywhere.status_code, eastern.status_code) == (200, 204)
    assert "no-store" in everywhere.headers["Cache-Control"]


def test_the_administrator_sets_targets_and_sizes(measured: Database, as_person: As) -> None:
    admin = as_person("admin")
    form = {"jurisdiction": "city", "tier": "2", "percent": "87.5", "from_on": "2026-12-01"}
    assert admin.post(f"{SETTINGS}/targets", data=form).status_code == 303
    assert (
        admin.post(f"{SETTINGS}/bands", data={"band_tier": "2", "low_m2": "9000", "high_m2": "80000"}).status_code
        == 303
    )
    page = admin.get(SETTINGS).text
    assert "87.5 %" in page and "80,000" in page and "=built-up" in page


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        ("targets", {"jurisdiction": "city", "tier": "1", "percent": "101", "from_on": "2026-12-01"}, "percent"),
        ("targets", {"jurisdiction": "nowhere", "tier": "1", "percent": "10", "from_on": "2026-12-01"}, "jurisdiction"),
        ("targets", {"jurisdiction": "city", "tier": "7", "percent": "nan", "from_on": ""}, "from_on"),
        ("bands", {"band_tier": "1", "low_m2": "20000", "high_m2": "10000"}, "high_m2"),
        ("bands", {"band_tier": "x", "low_m2": "", "high_m2": "1e9"}, "low_m2"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    measured: Database, as_person: As, path: str, form: dict[str, str], field: str
) -> None:
    answer = as_person("admin").post(f"{SETTINGS}/{path}", data=form)
    assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)


def test_the_settings_are_the_administrators(measured: Database, as_person: As) -> None:
    leader = as_person("leader")
    assert leader.get(SETTINGS).status_code == 403
    assert leader.post(f"{SETTINGS}/targets", data={}).status_code == 403


def test_the_command_takes_a_layer_and_prints_what_it_makes(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "built-up.geojson"
    file.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(LAYER)}))
    said = run(shell, "grid", "coverage")
    assert "no layer says" in said.stderr
    tried = run(shell, "grid", "cover", str(file), "--tier", "1", "--dry-run")
    assert (tried.exit_code, "50.00" in tried.stdout) == (0, True)
    assert json.loads(run(shell, "grid", "coverage", "--format", "json").stdout)["rows"] == []
    assert run(shell, "grid", "cover", str(file), "--tier", "1").exit_code == 0
    rows = list(csv.DictReader(run(shell, "grid", "coverage", "--format", "csv").stdout.splitlines()))
    assert [(row["code"], row["tier"], row["coverage_percent"]) for row in rows] == [
        ("city", "1", "50.0"),
        (EAST, "1", "100.0"),
    ]
    told = json.loads(run(shell, "grid", "coverage", "--format", "json", "--at", "2020-01-01").stdout)
    assert (told["on"], told["since_on"], told["rows"]) == ("2020-01-01", None, [])


def test_a_broken_polygon_is_told_with_its_place(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "bow.csv"
    file.write_text('WKT\n"POLYGON ((121.502 29.87, 121.504 29.871, 121.504 29.87, 121.502 29.871, 121.502 29.87))"\n')
    result = run(shell, "grid", "cover", str(file), "--tier", "1")
    assert (result.exit_code, "not valid" in result.stdout) == (1, True)


def test_the_map_tells_of_land_left_open_to_those_who_see_it(measured: Database, as_person: As) -> None:
    path = "/map/open-land?tier=1&code="
    page = as_person("leader").get(path)
    assert page.status_code == 200 and "不属于任何社区" in page.text
    assert as_person("dutyleader-east").get(path).status_code == 404
    assert as_person("leader").get("/map/open-land?tier=9&code=330212001001").status_code == 404
