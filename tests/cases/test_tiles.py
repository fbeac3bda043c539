import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.base_map import TIANDITU_ORIGIN, read_base_map
from cityops.cases import mapping
from cityops.cases.models import Case
from cityops.cases.names import Stage
from cityops.db import Database
from cityops.grid.geometry import tile_at
from cityops.grid.models import Area
from cityops.grid.tiles.tiling import Tile, to_units
from tests import factories
from tests.factories import EAST_POINT, WEST_POINT, People

As = Callable[[str], FlaskClient]

ADDRESS = "/tiles/cases/{}/{}/{}.mvt"


def read(content: bytes) -> dict[str, list[dict[str, Any]]]:
    """The features of each layer, in the tile's units with y down."""
    layers = mapbox_vector_tile.decode(content, default_options={"y_coord_down": True}) if content else {}
    return {name: layer["features"] for name, layer in layers.items()}


def tile_of(zoom: int, point: tuple[float, float]) -> Tile:
    return Tile(zoom, *tile_at(*point, zoom))


def numbers(features: list[dict[str, Any]]) -> set[str]:
    return {feature["properties"]["number"] for feature in features}


def make_cases(session: Session, people: People) -> list[Case]:
    """Two open cases in the west, one of them accepted, one open in the east, and one that was declined."""
    places = (WEST_POINT, WEST_POINT, EAST_POINT, WEST_POINT)
    cases = [factories.make_report(session, people.operator, point=place).case for place in places]
    factories.bring_to(session, people, cases[1], "accept")
    factories.bring_to(session, people, cases[3], "decline")
    return cases


def test_a_tile_holds_the_open_cases_of_its_ground(session: Session, people: People) -> None:
    west, accepted, east, _ = make_cases(session, people)
    found = read(mapping.case_tile(session, people.operator, tile_of(14, WEST_POINT)))["cases"]
    assert numbers(found) == {west.number, accepted.number, east.number}
    stages = {each["properties"]["number"]: each["properties"]["stage"] for each in found}
    assert stages[accepted.number] == "accepted"
    narrow = read(mapping.case_tile(session, people.operator, tile_of(17, EAST_POINT)))["cases"]
    rows = session.scalars(select(Case).where(Case.quad.between(*tile_of(17, EAST_POINT).quads)))
    assert numbers(narrow) == {case.number for case in rows if case.is_open}


def test_a_case_is_drawn_where_it_lies(session: Session, people: People) -> None:
    case = factories.make_report(session, people.operator).case
    tile = tile_of(17, WEST_POINT)
    (found,) = read(mapping.case_tile(session, people.operator, tile))["cases"]
    expected = to_units(shapely.get_coordinates(shapely.Point(case.lon, case.lat)), tile)[0]
    assert found["geometry"]["coordinates"] == pytest.approx(list(expected), abs=1)


def test_the_light_is_that_of_the_moment_one_looks(session: Session, people: People) -> None:
    case = factories.make_report(session, people.operator).case
    assert case.due_at is not None
    assert case.warn_at is not None
    seen = []
    for moment in (case.warn_at - timedelta(seconds=1), case.warn_at, case.due_at + timedelta(seconds=1)):
        with clock.running_at(moment):
            (found,) = read(mapping.case_tile(session, people.operator, tile_of(17, WEST_POINT)))["cases"]
        seen.append(found["properties"]["light"])
    assert seen == ["on_time", "near", "over"]


def test_a_stage_narrows_cases_and_counts(session: Session, people: People) -> None:
    _, accepted, *_ = make_cases(session, people)
    near, far = (
        read(mapping.case_tile(session, people.operator, tile_of(zoom, WEST_POINT), (Stage.ACCEPTED,)))
        for zoom in (14, 13)
    )
    assert numbers(near["cases"]) == {accepted.number}
    assert [each["properties"]["n"] for each in far["case_counts"]] == [1]


@pytest.mark.parametrize(("zoom", "digits"), [(13, 12), (12, 12), (11, 9), (10, 9), (8, 6)])
def test_from_afar_open_cases_are_counted_by_area(session: Session, people: People, zoom: int, digits: int) -> None:
    make_cases(session, people)
    found = read(mapping.case_tile(session, people.operator, tile_of(zoom, WEST_POINT)))
    rows = session.scalars(select(Case).where(Case.ended_at.is_(None)))
    expected = Counter((case.area_code or "")[:digits] for case in rows)
    assert {each["properties"]["code"]: each["properties"]["n"] for each in found["case_counts"]} == expected
    names = dict(session.execute(select(Area.code, Area.name)).all())
    assert all(each["properties"]["name"] == names[each["properties"]["code"]] for each in found["case_counts"])


@pytest.mark.parametrize("zoom", [8, 12, 14, 17])
def test_a_person_of_another_district_gets_none_of_the_cases(session: Session, people: People, zoom: int) -> None:
    factories.make_report(session, people.operator)
    tile = tile_of(zoom, WEST_POINT)
    assert mapping.case_tile(session, people.operator, tile)
    assert mapping.case_tile(session, people.viewer("operator-east"), tile) == b""


def test_a_handler_gets_the_cases_of_his_body_alone(session: Session, people: People) -> None:
    mine, _ = (factories.make_report(session, people.operator).case for _ in range(2))
    factories.bring_to(session, people, mine, "accept", "file", "dispatch")
    tile = tile_of(14, WEST_POINT)
    assert numbers(read(mapping.case_tile(session, people.handler, tile))["cases"]) == {mine.number}
    assert mapping.case_tile(session, people.viewer("handler-roads"), tile) == b""


def test_the_map_opens_on_the_viewers_jurisdiction(session: Session, people: People) -> None:
    assert mapping.first_view(session, people.operator) == pytest.approx((121.5, 29.87, 121.504, 29.871))
    east = (121.502, 29.87, 121.504, 29.871)
    assert mapping.first_view(session, people.viewer("operator-east")) == pytest.approx(east)
    assert mapping.first_view(session, people.handler) == pytest.approx((121.5, 29.87, 121.504, 29.871))


@pytest.fixture
def case_number(small_city: Database) -> str:
    """A western case, reported now."""
    with small_city.transaction() as session:
        return factories.make_report(session, People(session).operator).case.number


def test_case_tiles_are_kept_by_nobody(as_person: As, case_number: str) -> None:
    answer = as_person("operator").get(ADDRESS.format(*tile_of(14, WEST_POINT)))
    assert numbers(read(answer.data)["cases"]) == {case_number}
    assert answer.headers["Cache-Control"] == "private, no-store"
    elsewhere = as_person("operator-east").get(ADDRESS.format(*tile_of(14, WEST_POINT)))
    assert (elsewhere.status_code, elsewhere.data) == (204, b"")


def test_a_stage_that_does_not_exist_is_refused(as_person: As) -> None:
    assert as_person("operator").get(ADDRESS.format(14, 0, 0) + "?stage=nowhere").status_code == 422


def test_the_map_tells_of_a_cell_and_its_cases(as_person: As, case_number: str) -> None:
    page = as_person("operator").get("/map/cells/330203001001001").text
    assert "330203001001001" in page
    assert "330203社区" in page
    assert case_number in page
    assert case_number not in as_person("operator-east").get("/map/cells/330203001001001").text
    assert as_person("operator").get("/map/cells/330203001001999").status_code == 404


def test_the_map_tells_of_the_cases_at_a_spot(as_person: As, case_number: str) -> None:
    path = f"/map/cases?number={case_number}&number=nonsense"
    assert f"/cases/{case_number}" in as_person("operator").get(path).text
    assert case_number not in as_person("operator-east").get(path).text


def test_the_map_page_carries_the_revision_the_bounds_and_the_word_of_warning(as_person: As) -> None:
    page = as_person("operator").get("/map").text
    assert 'data-revision="1"' in page
    assert 'data-bounds="121.5,29.87' in page
    assert 'class="map-said"' in page
    assert as_person("inspector").get("/map").status_code == 200


def test_the_map_keeps_its_switches_in_the_address(as_person: As) -> None:
    client = as_person("operator")
    checked = re.compile(r'name="show" value="([a-z]+)"[^>]* checked')
    assert checked.findall(client.get("/map").text) == ["areas", "cells", "components", "cases"]
    assert checked.findall(client.get("/map?show=&show=duty&show=open").text) == ["duty", "open"]
    assert checked.findall(client.get("/map?show=").text) == []
    assert 'value="filed" selected' in client.get("/map?stage=filed").text


def test_the_map_of_another_day_says_so_and_has_no_cases(as_person: As) -> None:
    client = as_person("operator")
    for days, words in ((-1, "当天的网格"), (1, "的计划网格")):
        day = clock.today() + timedelta(days=days)
        page = client.get(f"/map?on={day}").text
        assert f'data-on="{day}"' in page and f"{day} {words}" in page and "回到今天" in page
        assert 'value="cases"' not in page
    today = client.get(f"/map?on={clock.today()}").text
    assert "回到今天" not in today and 'value="cases"' in today


@pytest.mark.parametrize("given", ["yesterday", "2026-02-30", "' OR 1=1"])
def test_a_day_that_is_none_is_said_on_the_map_of_today(as_person: As, given: str) -> None:
    answer = as_person("operator").get("/map", query_string={"on": given, "show": ["", "duty"]})
    assert answer.status_code == 422
    assert (
        'id="on-error"' in answer.text
        and 'value="duty" data-map-layer="duty-grid" data-of="map" checked' in answer.text
    )


def test_the_map_tells_of_an_area_and_counts_only_what_one_may_see(as_person: As, case_number: str) -> None:
    for code in ("330203", "330203001", "330203001001"):
        page = as_person("operator").get(f"/map/areas/{code}").text
        assert f"/cases?area={code}" in page
        assert f"/cases?area={code}" not in as_person("operator-east").get(f"/map/areas/{code}").text
    before = factories.MONDAY_MORNING.date() - timedelta(days=1)
    assert as_person("operator").get(f"/map/areas/330203?on={before}").status_code == 404
    assert as_person("operator").get("/map/areas/999999").status_code == 404


def test_the_map_tells_of_a_component_to_those_who_see_it(as_person: As, small_city: Database) -> None:
    code = "33020301037000001"
    with small_city.transaction() as session:
        factories.add_component(session, code, WEST_POINT, body_code="lamps")
        number = factories.make_report(session, People(session).operator, component_code=code).case.number
    page = as_person("operator").get(f"/map/components/{code}").text
    assert f"/components/{code}" in page and "完好" in page and number in page
    mine, strange = (as_person(name).get(f"/map/components/{code}") for name in ("handler", "handler-roads"))
    assert (mine.status_code, strange.status_code) == (200, 404)
    assert as_person("operator-east").get(f"/map/components/{code}").status_code == 404
    assert "<dd>1</dd>" in as_person("operator").get("/map/cells/330203001001001").text


def test_no_page_knows_another_server_unless_a_base_map_is_set(app: Flask, as_person: As) -> None:
    client = as_person("operator")
    for path in ("/map", "/static/js/map.js"):
        with client.get(path) as answer:
            assert "http" not in answer.headers["Content-Security-Policy"]
    assert "data-base-map" not in client.get("/map").text
    workshop = app.extensions["cityops"]
    base = read_base_map("", "0123456789abcdef")
    app.extensions["cityops"] = replace(workshop, config=replace(workshop.config, base_map=base))
    answer = client.get("/map")
    app.extensions["cityops"].close()
    app.extensions["cityops"] = workshop
    assert "data-base-map" in answer.text and "tk=0123456789abcdef" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert re.findall(r"https?://[^ ;]+", policy) == [TIANDITU_ORIGIN] * 2
    assert "connect-src 'self' https://" in policy and "script-src" not in policy
