"""A layer of land handed in on the administrator's page: looked at by the worker, taken in, refused; and the trend."""

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import geopandas
import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops.accounts.models import AuditAction, AuditEntry, Person
from cityops.clock import now, running_at, today
from cityops.db import Database
from cityops.grid.coverage import looking
from cityops.grid.coverage.models import CoverArea
from cityops.grid.coverage.services import NewLayer, set_layer
from cityops.grid.models import Survey, SurveyState
from cityops.jobs import run_owed
from cityops.queue import list_owed

As = Callable[[str], FlaskClient]
PAGE = "/settings/coverage"
WIDE = shapely.box(121.502, 29.87, 121.504, 29.872)


@pytest.fixture
def admin(as_person: As) -> FlaskClient:
    """The city's administrator, who reads English."""
    client = as_person("admin")
    client.post("/language", data={"language": "en"})
    return client


def work(admin: FlaskClient) -> None:
    """Do what is owed, as the worker does."""
    workshop = admin.application.extensions["cityops"]
    with workshop.reading() as session:
        owed = list_owed(session)
    for job_id in owed:
        assert run_owed(job_id, workshop)


def hand_in(admin: FlaskClient, folder: Path, *shapes: shapely.Geometry, name: str = "built.gpkg") -> str:
    geopandas.GeoDataFrame(geometry=list(shapes), crs="EPSG:4326").to_file(folder / name, driver="GPKG")
    return send(admin, (folder / name).read_bytes(), name)


def send(admin: FlaskClient, content: bytes, name: str) -> str:
    sent = {"layer_tier": "1", "layer": "", "crs": "", "file": (io.BytesIO(content), name)}
    answer = admin.post(f"{PAGE}/layers", data=sent)
    assert answer.status_code == 303, answer.text
    assert "being worked on" in admin.get(answer.location).text
    work(admin)
    return answer.location


def count_layers(db: Database) -> int:
    with db.reading() as session:
        return len(session.scalars(select(CoverArea)).all())


def test_a_layer_is_looked_at_and_taken_in_from_a_day(admin: FlaskClient, small_city: Database, tmp_path: Path) -> None:
    page = hand_in(admin, tmp_path, WIDE)
    shown = admin.get(page).text
    assert "50.00 %" in shown and "1 polygons in the file" in shown
    assert count_layers(small_city) == 0, "looking changes nothing"
    assert page in admin.get(PAGE).text
    day = today() + timedelta(days=3)
    assert admin.post(page, data={"title": "built-up 2026", "from_on": day.isoformat()}).status_code == 303
    work(admin)
    assert "This layer is taken in" in admin.get(page).text
    with small_city.reading() as session:
        layer = session.scalars(select(CoverArea)).one()
        assert (layer.tier, layer.title, layer.valid_from_on) == (1, "built-up 2026", day)
        told = select(AuditEntry).where(AuditEntry.action == AuditAction.COVER_LAYER_SET)
        who = session.scalars(select(Person.id).where(Person.username == "admin")).one()
        assert session.scalars(told).one().person_id == who
    assert admin.post(page, data={"title": "again"}).status_code == 409


def test_a_faulty_layer_is_told_and_kept_out(admin: FlaskClient, small_city: Database, tmp_path: Path) -> None:
    bow = shapely.Polygon([(121.502, 29.87), (121.504, 29.872), (121.504, 29.87), (121.502, 29.872)])
    page = hand_in(admin, tmp_path, bow)
    shown = admin.get(page).text
    assert "1 faults keep this file out" in shown
    assert admin.get(f"{page}/faults").status_code == 200 == admin.get(f"{page}/faults.xlsx").status_code
    assert admin.post(page, data={"title": "built"}).status_code == 409
    assert count_layers(small_city) == 0


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b'{"type": "FeatureCollection", "features": [', "cut.geojson", "Hand it in again"),
        (shapely.to_geojson(shapely.box(0, 0, 1, 1)).encode(), "far.geojson", "meets no community"),
    ],
)
def test_what_cannot_be_worked_on_is_said(
    admin: FlaskClient, small_city: Database, content: bytes, name: str, words: str
) -> None:
    if name == "far.geojson":
        shape = json.loads(content)
        feature = {"type": "Feature", "properties": {}, "geometry": shape}
        content = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    assert words in admin.get(send(admin, content, name)).text
    assert count_layers(small_city) == 0


def test_what_came_between_is_told_when_it_is_taken_in(
    admin: FlaskClient, small_city: Database, tmp_path: Path
) -> None:
    page = hand_in(admin, tmp_path, WIDE)
    with small_city.transaction() as session:
        set_layer(session, None, NewLayer(1, "to come", [WIDE], today() + timedelta(days=9)))
    assert admin.post(page, data={"title": "too early"}).status_code == 303
    work(admin)
    assert "a layer of this tier stands from" in admin.get(page).text
    assert count_layers(small_city) == 1
    later = hand_in(admin, tmp_path, WIDE, name="later.gpkg")
    assert "50.00 %" in admin.get(later).text, "it is rehearsed for the first day on which it can count"


def test_a_look_and_a_taking_in_run_twice_without_harm(
    admin: FlaskClient, small_city: Database, tmp_path: Path
) -> None:
    page = hand_in(admin, tmp_path, WIDE)
    number = int(page.rsplit("/", 1)[1])
    assert admin.post(page, data={"title": "built"}).status_code == 303
    work(admin)
    workshop = admin.application.extensions["cityops"]
    looking.look_at(workshop, number)
    looking.take_in(workshop, number)
    assert count_layers(small_city) == 1
    with small_city.reading() as session:
        assert session.get_one(Survey, number).state is SurveyState.TAKEN_IN


def test_a_form_without_a_file_says_so_and_nobody_else_hands_one_in(admin: FlaskClient, as_person: As) -> None:
    answer = admin.post(f"{PAGE}/layers", data={"layer_tier": "1", "crs": "gcj02"})
    assert answer.status_code == 422 and "Choose a file" in answer.text and 'value="gcj02"' in answer.text
    sent = {"layer_tier": "1", "file": (io.BytesIO(b"{}"), "a.geojson")}
    assert as_person("dutyleader").post(f"{PAGE}/layers", data=sent).status_code == 403
    assert admin.get(f"{PAGE}/layers/999").status_code == 404


def test_the_trend_is_drawn_once_coverage_has_changed(small_city: Database, as_person: As) -> None:
    leader = as_person("leader")

    def chart() -> dict[str, list[dict[str, list[list[object]]]]] | None:
        found = re.search(r"data-chart='([^']+)'", leader.get("/grid/coverage").text)
        return json.loads(unescape(found.group(1))) if found else None

    first = now()
    with small_city.transaction() as session:
        set_layer(session, None, NewLayer(1, "half", [WIDE]))
    assert chart() is None, "one day is no trend"
    with running_at(first + timedelta(days=2)):
        with small_city.transaction() as session:
            set_layer(session, None, NewLayer(1, "all", [shapely.box(121.502, 29.87, 121.504, 29.871)]))
        shown = chart()
        assert shown is not None
        points = [[day, share] for day, share in shown["rows"][0]["points"]]
        assert [share for _, share in points] == [50.0, 100.0, 100.0]
        assert points[-1][0] == str(today())
