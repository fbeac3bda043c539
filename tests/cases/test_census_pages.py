"""The census page: a file rehearsed by the worker, its faults told and taken away, taken in when it is signed for."""

import io
from collections.abc import Callable

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from cityops.accounts.models import AuditAction, AuditEntry
from cityops.cases import census_looking
from cityops.db import Database
from cityops.grid import surveys
from cityops.grid.models import Component
from cityops.jobs import run_owed
from cityops.queue import list_owed

As = Callable[[str], FlaskClient]
PAGE = "/settings/census"
HEAD = "GLBJBSM,GLBJMC,YHDWMC,lon,lat"
LON, LAT = 121.5002, 29.8705
NEW = "33020301037000777"


@pytest.fixture
def admin(as_person: As) -> FlaskClient:
    """The city's administrator, who reads English."""
    client = as_person("admin")
    client.post("/language", data={"language": "en"})
    return client


def send(admin: FlaskClient, *lines: str, name: str = "census.csv", **said: object) -> TestResponse:
    file = (io.BytesIO("\n".join(lines).encode()), name)
    return admin.post(PAGE, data={"accuracy": "A"} | said | {"file": file})


def hand_in(admin: FlaskClient, *lines: str, **said: object) -> str:
    answer = send(admin, *lines, **said)
    assert answer.status_code == 303, answer.text
    assert "being worked on" in admin.get(answer.location).text
    work(admin)
    return answer.location


def work(admin: FlaskClient) -> None:
    workshop = admin.application.extensions["cityops"]
    with workshop.reading() as session:
        owed = list_owed(session)
    assert owed and all(run_owed(job_id, workshop) for job_id in owed)


def line(code: str = NEW, *, lon: float = LON + 2e-4, name: str = "路灯", maintainer: str = "灯光中心") -> str:
    return f"{code},{name},{maintainer},{lon:.7f},{LAT:.7f}"


def find(city: Database, code: str) -> Component | None:
    with city.reading() as session:
        return session.scalar(select(Component).where(Component.code == code))


def test_a_census_is_rehearsed_and_then_taken_in_with_a_signature(admin: FlaskClient, small_city: Database) -> None:
    census = hand_in(admin, HEAD, line(), line(code=f"{NEW[:-1]}8", lon=LON + 4e-4))
    page = admin.get(census).text
    assert "2 components begun, 0 renewed" in page and "nothing is changed yet" in page
    assert "is no body of this city" in page and find(small_city, NEW) is None
    unsigned = admin.post(census, data={"title": "2026"})
    assert (unsigned.status_code, "say why they are accepted" in unsigned.text) == (422, True)
    order = {"title": "2026", "because": "a contractor of the city"}
    assert admin.post(census, data=order).status_code == 303
    assert admin.post(census, data=order).status_code == 409
    work(admin)
    assert "This census is taken in" in admin.get(census).text and find(small_city, NEW) is not None
    listed = admin.get(PAGE).text
    assert "2026" in listed and "a contractor of the city" in listed
    with small_city.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.GRID_LOADED)).all()[-1]
        assert (entry.subject, entry.person_id is not None) == ("2026", True)


def test_its_faults_go_out_as_a_table_that_runs_nothing(admin: FlaskClient) -> None:
    census = hand_in(admin, HEAD, line(code="33020301037X00001"), line(maintainer="=cmd|' /C calc'!A0"))
    page = admin.get(census).text
    assert "faults keep this file out" in page and "Take it in" not in page
    assert admin.post(census, data={"because": "x"}).status_code == 409
    sheet = openpyxl.load_workbook(io.BytesIO(admin.get(f"{census}/faults.xlsx").data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:5] == ("Layer", "Line", "Field", "Kind", "Reason") and rows[1][3] == "fault"
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    layer = admin.get(f"{census}/faults")
    assert (layer.status_code, layer.data[:6]) == (200, b"SQLite")
    layer.close()


def test_classes_that_could_not_be_mapped_are_counted(admin: FlaskClient) -> None:
    lines = ("code,kind,lon,lat", f",street_lamp,{LON},{LAT}", f",bench,{LON},{LAT}", f",bench,{LON},{LAT}")
    kinds = (io.BytesIO(b"kind,class_code\nstreet_lamp,01037\n"), "kinds.csv")
    census = hand_in(admin, *lines, mapping="class=kind", division="330203", classes=kinds)
    page = admin.get(census).text
    assert "Classes that could not be mapped" in page and "bench" in page
    assert "What its classes became" in page and "01037" in page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"mapping": "code"}, "code=DM,name=MC"),
        ({"division": "33"}, "Six digits"),
        ({"edition": "1999"}, "Not a valid choice"),
        ({"classes": b"a,b\n1,2\n"}, "kind and class_code"),
        ({"classes": b"\xff\xff\xff"}, "save it as UTF-8"),
    ],
)
def test_what_cannot_be_said_of_it_is_refused_beside_its_field(
    admin: FlaskClient, said: dict[str, object], words: str
) -> None:
    files = {name: (io.BytesIO(value), "kinds.csv") for name, value in said.items() if isinstance(value, bytes)}
    answer = send(admin, HEAD, line(), **said | files)
    assert (answer.status_code, words in answer.text) == (422, True)


def test_no_file_and_one_of_another_kind_are_refused(admin: FlaskClient) -> None:
    assert admin.post(PAGE, data={"accuracy": "A"}).status_code == 422
    assert send(admin, HEAD, name="census.exe").status_code == 422


def test_a_census_that_nobody_can_read_says_so(admin: FlaskClient) -> None:
    census = hand_in(admin, HEAD, line(), layer="nowhere")
    assert "Hand it in again" in admin.get(census).text


def test_a_look_twice_undoes_no_order(admin: FlaskClient) -> None:
    census = hand_in(admin, HEAD, line())
    admin.post(census, data={"because": "as agreed"})
    workshop, survey_id = admin.application.extensions["cityops"], int(census.rsplit("/", 1)[1])
    census_looking.look_at_census(workshop, survey_id)
    assert "being worked on" in admin.get(census).text
    work(admin)
    census_looking.take_in_census(workshop, survey_id)
    assert "is taken in" in admin.get(census).text


def test_a_census_is_no_survey_of_the_grid(admin: FlaskClient) -> None:
    census = hand_in(admin, HEAD, line())
    number = census.rsplit("/", 1)[1]
    assert admin.get(f"/settings/grid/surveys/{number}").status_code == 404
    assert "census.csv" not in admin.get("/settings/grid").text


def test_what_was_found_is_forgotten_with_its_file(admin: FlaskClient) -> None:
    census = hand_in(admin, HEAD, line(code="x"))
    folder = admin.application.extensions["cityops"].config.surveys_folder
    for path in folder.iterdir():
        path.unlink()
    assert admin.get(f"{census}/faults.xlsx").status_code == 404
    assert admin.get(f"{census}/faults").status_code == 404
    assert surveys.KEPT_FOR_S == 86_400


def test_the_pages_are_the_administrators(as_person: As) -> None:
    for username in ("dutyleader", "inspector", "handler"):
        person = as_person(username)
        assert [person.get(PAGE).status_code, person.post(PAGE).status_code] == [403, 403]
        assert [person.get(f"{PAGE}/1").status_code, person.get(f"{PAGE}/1/faults.xlsx").status_code] == [403, 403]
