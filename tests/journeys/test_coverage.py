"""The land to be covered is handed in, looked at and taken in; the leader sees what it did to coverage."""

import json

import shapely
from playwright.sync_api import expect
from sqlalchemy import select

from cityops.grid.coverage.models import CoverArea
from cityops.jobs import run_owed
from cityops.queue import list_owed
from tests.journeys.conftest import Signed
from tests.journeys.site import Site
from tests.journeys.visitor import DESK, TABLET


def work(site: Site) -> None:
    """Do what is owed, as the worker does."""
    with site.workshop.reading() as session:
        owed = list_owed(session)
    for job_id in owed:
        run_owed(job_id, site.workshop)


def test_a_layer_comes_in_and_shows_in_the_trend(signed_in: Signed, site: Site) -> None:
    with site.workshop.reading() as session:
        standing = session.scalars(select(CoverArea.boundary).where(CoverArea.tier == 2)).all()
    west, south, east, north = shapely.union_all(standing).bounds
    half = shapely.union_all(standing).intersection(shapely.box(west, south, (west + east) / 2, north))
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(half)}
    content = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()

    admin = signed_in("admin")
    page = admin.page
    page.goto("/settings/coverage")
    page.locator("#file").set_input_files({"name": "half.geojson", "mimeType": "application/json", "buffer": content})
    page.locator("#layer_tier").select_option("2")
    page.locator('form[action$="/layers"] button').click()
    page.wait_for_url("**/settings/coverage/layers/*")
    work(site)
    page.reload()
    expect(page.locator("#title")).to_be_visible()
    admin.shows("cover-looked-at")
    page.locator("#title").fill("示意农村建成区")
    page.locator(".btn-primary").click()
    page.wait_for_url("**/settings/coverage/layers/*")
    work(site)
    page.reload()
    expect(page.locator('.note a[href="/grid/coverage"]')).to_be_visible()
    assert admin.complaints == []

    leader = signed_in("leader")
    for screen in (DESK, TABLET):
        leader.page.set_viewport_size(screen)
        leader.page.goto("/grid/coverage")
        leader.wait_for_map()
        expect(leader.page.locator(".chart canvas")).to_be_visible()
        leader.shows(f"coverage-{screen['width']}")
        assert leader.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    expect(leader.page.locator("main")).to_contain_text("示意农村建成区")
    assert leader.complaints == []
