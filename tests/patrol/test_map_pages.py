"""What the map tells of cells and duty grids, and to whom it names the inspectors on duty."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from cityops import clock
from tests import factories

As = Callable[[str], FlaskClient]
CELL, GRID = "330203001001001", "330203001-1"
PATHS = (f"/map/cells/{CELL}", f"/map/duty-grids/{GRID}")
INSPECTOR = "inspector 某"


@pytest.mark.parametrize("path", PATHS)
def test_it_names_who_is_on_duty_and_says_whether_at_present(as_person: As, path: str) -> None:
    with clock.running_at(factories.MONDAY_MORNING):
        page = as_person("dispatcher").get(path).text
    assert INSPECTOR in page and "07:00–21:00" in page and "正在值守" in page
    with clock.running_at(factories.MONDAY_MORNING.replace(hour=22)):
        page = as_person("dispatcher").get(path).text
    assert INSPECTOR in page and "正在值守" not in page


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("username", ["operator-east", "inspector-east", "handler"])
def test_the_names_are_not_told_outside_the_jurisdiction_nor_to_a_body(as_person: As, path: str, username: str) -> None:
    page = as_person(username).get(path)
    assert page.status_code == 200 and INSPECTOR not in page.text and "值守人员" not in page.text


def test_a_cell_is_told_with_its_community_tier_level_and_duty_grid(as_person: As) -> None:
    page = as_person("dispatcher").get(PATHS[0]).text
    for words in ("330203社区", "330203街道", "330203区", "责任网格", "区域级别", f"/map/duty-grids/{GRID}"):
        assert words in page, words


def test_a_duty_grid_is_told_with_its_cells_and_leads_who_lays_it_out_to_its_page(as_person: As) -> None:
    page = as_person("dutyleader").get(PATHS[1]).text
    assert "<dd>2</dd>" in page and "/grid/duty/330203001" in page
    assert "/grid/duty/330203001" not in as_person("dispatcher").get(PATHS[1]).text


def test_on_another_day_it_tells_what_stood_then(as_person: As) -> None:
    before = factories.MONDAY_MORNING.date() - timedelta(days=1)
    after = clock.today() + timedelta(days=1)
    client = as_person("dispatcher")
    for path in PATHS:
        assert client.get(path, query_string={"on": before}).status_code == 404
        told = client.get(path, query_string={"on": after})
        assert told.status_code == 200 and "未结案件" not in told.text
        assert client.get(path, query_string={"on": "never"}).status_code == 422
    assert client.get("/map/cells/330203001001999").status_code == 404
    assert client.get("/map/duty-grids/nowhere").status_code == 404
