"""The city map: a click says what lies there, the switches stay in the address, any day is shown, no host but ours."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from cityops import clock
from cityops.base_map import TIANDITU_ORIGIN
from cityops.grid.models import Cell, Component, DutyGrid
from tests.journeys.conftest import Signed
from tests.journeys.site import Site, serve
from tests.journeys.visitor import Visitor

SHOW = """([lon, lat, zoom]) => document.getElementById("map").cityMap.jumpTo({ center: [lon, lat], zoom })"""
AT = """([lon, lat]) => {
  const map = document.getElementById("map").cityMap, at = map.project([lon, lat]);
  const frame = map.getCanvas().getBoundingClientRect();
  return [frame.left + at.x, frame.top + at.y];
}"""
DRAWN = """(source) => {
  const map = document.getElementById("map").cityMap;
  return map.loaded() && map.querySourceFeatures("grid", { sourceLayer: source }).length > 0;
}"""


def lamp_of(site: Site) -> tuple[str, float, float, str, str, tuple[float, float]]:
    """A component with its place, its cell, the cell's duty grid, and a point in the cell away from components."""
    with site.workshop.reading() as session:
        rows = select(Component, Cell, DutyGrid).join(Cell, Cell.id == Component.cell_id)
        rows = rows.join(DutyGrid, DutyGrid.id == Cell.duty_grid_id).where(Component.ended_on.is_(None))
        lamp, cell, grid = session.execute(rows.order_by(Component.id).limit(1)).one()
        free = cell.boundary.buffer(-0.0001)
        for lon, lat in session.execute(select(Component.lon, Component.lat).where(Component.cell_id == cell.id)):
            free = free.difference(type(free.centroid)(lon, lat).buffer(0.0001))
        point = free.representative_point()
        return lamp.code, lamp.lon, lamp.lat, cell.code, grid.code, (point.x, point.y)


def click(page: Page, lon: float, lat: float) -> None:
    x, y = page.evaluate(AT, [lon, lat])
    page.mouse.click(x, y)


def look_at(page: Page, lon: float, lat: float, zoom: float, layer: str) -> None:
    page.evaluate(SHOW, [lon, lat, zoom])
    page.wait_for_function(DRAWN, arg=layer)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_click_says_what_lies_there(signed_in: Signed, site: Site, theme: str) -> None:
    person = signed_in("dutyleader")
    page, asked = person.page, set[str]()
    page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
    code, lon, lat, cell, grid, free = lamp_of(site)
    page.goto("/map?show=&show=areas&show=duty&show=cells&show=components")
    page.evaluate("(theme) => localStorage.setItem('theme', theme)", theme)
    page.reload()
    person.wait_for_map()
    told = page.locator("#map-told")
    look_at(page, *free, 18, "components")
    click(page, lon, lat)
    expect(told).to_contain_text(code)
    person.shows(f"map-component-{theme}")
    click(page, *free)
    expect(told.locator("h2")).to_contain_text(cell)
    person.shows(f"map-cell-{theme}")
    told.locator("a[data-tells]").click()
    expect(told).to_contain_text(grid)
    look_at(page, *free, 14.4, "duty_grids")
    person.shows(f"map-duty-{theme}")
    page.locator('input[value="duty"]').uncheck()
    page.locator('input[value="cells"]').uncheck()
    assert page.evaluate("new URLSearchParams(location.search).getAll('show')") == ["", "areas", "components"]
    # By the keyboard: what lies in the middle of the map.
    look_at(page, *free, 13, "areas")
    page.locator("#map canvas").focus()
    page.keyboard.press("Enter")
    expect(told).to_contain_text(cell[:12])
    expect(told).to_be_focused()
    page.reload()
    person.wait_for_map()
    expect(page.locator('input[value="cells"]')).not_to_be_checked()
    assert page.evaluate("document.getElementById('map').cityMap.getZoom()") == pytest.approx(13, abs=0.1)
    assert asked == {site.url}
    assert person.complaints == []


def test_any_day_is_shown_with_its_name(signed_in: Signed, site: Site) -> None:
    person = signed_in("dutyleader", on_tablet=True)
    page = person.page
    day = clock.today() + timedelta(days=1)
    page.goto("/map")
    person.wait_for_map()
    page.locator("#on").fill(str(day))
    page.locator("#map-layers button").click()
    expect(page.locator(".map-day")).to_contain_text(str(day))
    *_, cell, _, free = lamp_of(site)
    person.wait_for_map()
    look_at(page, *free, 17.2, "cells")
    click(page, *free)
    expect(page.locator("#map-told h2")).to_contain_text(cell)
    person.shows("map-day")
    page.locator(".map-day a").click()
    expect(page.locator(".map-day")).to_have_count(0)
    assert person.complaints == []


STYLE = "https://maps.test/styles/day.json"


@pytest.fixture
def over_base(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], Site]]:
    """The same city, served with a base map: `over_base("CITYOPS_TIANDITU_KEY", key)`."""
    started = []

    def start(name: str, value: str) -> Site:
        monkeypatch.setenv(name, value)
        process, port = serve(site.workshop.config.home)
        started.append(process)
        return Site(f"http://127.0.0.1:{port}", site.workshop)

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


def test_tianditu_lies_under_our_map_with_its_name(browser: Browser, over_base: Callable[[str, str], Site]) -> None:
    picture = BytesIO()
    Image.new("RGB", (256, 256), "#dfe8d8").save(picture, "PNG")
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=picture.getvalue(), content_type="image/png", headers={"Access-Control-Allow-Origin": "*"})

    person = Visitor(browser, over_base("CITYOPS_TIANDITU_KEY", "0123456789abcdef"), "leader")
    person.page.route(f"{TIANDITU_ORIGIN}/**", answer)
    person.sign_in()
    person.page.goto("/map")
    person.wait_for_map()
    expect(person.page.locator(".maplibregl-ctrl-attrib")).to_contain_text("天地图")
    person.page.wait_for_function(
        "() => ['base-0', 'base-1'].every((id) => document.getElementById('map').cityMap.isSourceLoaded(id))"
    )
    assert {address.split("/")[3] for address in asked} == {"vec_w", "cva_w"}
    person.shows("map-base")
    person.leave()
    assert person.complaints == []


def test_a_style_of_another_server_lies_under_our_map(browser: Browser, over_base: Callable[[str, str], Site]) -> None:
    road = {"type": "LineString", "coordinates": [[121.4, 29.8], [121.7, 30.0]]}
    style = {
        "version": 8,
        "sources": {"roads": {"type": "geojson", "data": road, "attribution": "City survey"}},
        "layers": [
            {"id": "ground", "type": "background", "paint": {"background-color": "#dfe8d8"}},
            {"id": "roads", "type": "line", "source": "roads", "paint": {"line-color": "#c77700"}},
        ],
    }
    person = Visitor(browser, over_base("CITYOPS_BASE_MAP_STYLE", STYLE), "leader")
    person.page.route(STYLE, lambda route: route.fulfill(json=style, headers={"Access-Control-Allow-Origin": "*"}))
    person.sign_in()
    person.page.goto("/map")
    expect(person.page.locator(".maplibregl-ctrl-attrib")).to_contain_text("City survey")
    person.wait_for_map()
    layers = person.page.evaluate("document.getElementById('map').cityMap.getStyle().layers.map(({ id }) => id)")
    assert layers[:2] == ["base-ground", "base-roads"]
    assert "areas-district" in layers and not {"ground", "land"} & set(layers)
    person.shows("map-style")
    person.leave()
    assert person.complaints == []
