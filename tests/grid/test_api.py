from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from cityops import web
from cityops.config import Config
from cityops.grid import services
from cityops.grid.addresses.models import AddressKind
from cityops.grid.addresses.records import AddressRecord
from cityops.grid.addresses.services import load_addresses
from cityops.grid.addresses.words import Direction, moved
from cityops.grid.api import api
from cityops.grid.shifts import wgs84_to_gcj02
from cityops.workshop import Workshop
from tests.grid.meshes import make_mesh

GRID = make_mesh(25)
CELL = GRID.cells[0]
POINT = CELL.boundary.representative_point()


@pytest.fixture
def client(db_url: str, tmp_path: Path) -> Iterator[FlaskClient]:
    """The grid's API alone, with nobody asking who you are."""
    workshop = Workshop(Config.from_env({"CITYOPS_HOME": str(tmp_path), "DATABASE_URL": db_url}))
    with workshop.database.transaction() as session:
        services.load_grid(session, GRID)
        load_addresses(session, [AddressRecord(AddressKind.LANDMARK, "天一广场", POINT.x, POINT.y)])
    app = OpenAPI("test", validation_error_callback=web.invalid_body)
    app.extensions["cityops"] = workshop
    web.install(app)
    app.register_api(api)
    yield app.test_client()
    workshop.close()


def test_a_point_is_answered_with_all_that_holds_it(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/locate?lon={POINT.x}&lat={POINT.y}")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "lon": POINT.x,
        "lat": POINT.y,
        "outside": False,
        "cell": {"code": CELL.code, "area_level": 1},
        "duty_grid": {"code": CELL.duty_grid_code, "name": CELL.duty_grid_name},
        "community": {"code": CELL.code[:12], "name": f"community{CELL.code[:12]}"},
        "street": {"code": CELL.code[:9], "name": f"street{CELL.code[:9]}"},
        "district": {"code": CELL.code[:6], "name": f"district{CELL.code[:6]}"},
        "near": {
            "text": "beside 天一广场",
            "name": "天一广场",
            "kind": "landmark",
            "direction": None,
            "distance_m": 10,
        },
    }


def test_a_point_is_told_by_the_landmark_near_it(client: FlaskClient) -> None:
    lon, lat = moved(POINT.x, POINT.y, Direction.NORTH_EAST, 83)
    near = client.get(f"/api/v1/locate?lon={lon}&lat={lat}").get_json()["near"]
    assert (near["text"], near["direction"], near["distance_m"]) == ("天一广场, about 80 m northeast", "north_east", 80)


def test_an_address_is_searched_as_it_is_typed(client: FlaskClient) -> None:
    asked = {"q": "tygc", "lon": POINT.x, "lat": POINT.y}
    (square,) = client.get("/api/v1/addresses", query_string=asked).json["items"]
    assert square == {
        "name": "天一广场",
        "kind": "landmark",
        "lon": POINT.x,
        "lat": POINT.y,
        "approximate": False,
        "note": None,
        "within": f"landmark · street{CELL.code[:9]} · community{CELL.code[:12]}",
        "distance_m": 0,
    }
    (gate,) = client.get("/api/v1/addresses", query_string={"q": "天一广场北门", "limit": 1}).json["items"]
    assert (gate["approximate"], gate["distance_m"]) == (True, None)


def test_an_area_is_told_by_its_level_and_what_lies_above_it(client: FlaskClient) -> None:
    first = client.get("/api/v1/addresses", query_string={"q": f"street{CELL.code[:9]}"}).json["items"][0]
    assert (first["kind"], first["within"]) == ("area", f"street · district{CELL.code[:6]}")


@pytest.mark.parametrize("words", ["", "%", "😀", "1", "天" * 10_000, "\\", "zho"])
def test_any_words_are_answered(client: FlaskClient, words: str) -> None:
    assert client.get("/api/v1/addresses", query_string={"q": words}).status_code == 200


def test_a_bad_click_is_refused_with_its_field(client: FlaskClient) -> None:
    asked = {"q": "天一", "lon": 500, "lat": 29}
    assert client.get("/api/v1/addresses", query_string=asked).status_code == 422
    assert client.get("/api/v1/addresses").status_code == 422


def test_a_point_outside_is_said_and_keeps_its_coordinates(client: FlaskClient) -> None:
    answer = client.get("/api/v1/locate?lon=121.0&lat=29.0")
    assert answer.status_code == 200
    assert answer.get_json() == {"lon": 121.0, "lat": 29.0, "outside": True} | dict.fromkeys(
        ("cell", "duty_grid", "community", "street", "district", "near")
    )


def test_a_point_of_a_web_map_is_shifted_back(client: FlaskClient) -> None:
    lon_gcj02, lat_gcj02 = wgs84_to_gcj02(POINT.x, POINT.y)
    answer = client.get(f"/api/v1/locate?lon={lon_gcj02}&lat={lat_gcj02}&crs=gcj02").get_json()
    assert answer["cell"]["code"] == CELL.code
    assert (answer["lon"], answer["lat"]) == pytest.approx((POINT.x, POINT.y), abs=1e-7)


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("lon=29.87&lat=121.55", "lon", "121.55"),
        ("lon=1e309&lat=29.87", "lon", ""),
        ("lon=121.55&lat=nan", "lat", ""),
        ("lon=121.55", "lat", ""),
        ("lon=east&lat=29.87", "lon", ""),
        ("lon=121.55&lat=29.87&crs=mars", "crs", ""),
    ],
)
def test_a_bad_point_is_a_problem_with_its_field(client: FlaskClient, query: str, field: str, words: str) -> None:
    answer = client.get(f"/api/v1/locate?{query}")
    assert answer.status_code == 422
    assert answer.content_type.startswith("application/problem+json")
    assert answer.get_json()["field"] == field
    assert words in answer.get_json()["detail"]


def test_the_answer_follows_a_change_of_the_grid(client: FlaskClient) -> None:
    with client.application.extensions["cityops"].database.transaction() as session:
        services.load_grid(session, replace(GRID, cells=GRID.cells[1:]), terms=services.Terms(because="left out"))
    assert client.get(f"/api/v1/locate?lon={POINT.x}&lat={POINT.y}").get_json()["outside"] is True
