"""The page of addresses: a file rehearsed by the worker, its faults told and taken away, taken in when signed for."""

import io
from collections.abc import Callable

import geopandas
import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from cityops.accounts.models import AuditAction, AuditEntry, Person
from cityops.db import Database
from cityops.grid.addresses import looking
from cityops.grid.addresses.models import Address
from cityops.grid.addresses.queries import search
from cityops.grid.models import Survey, SurveyState
from cityops.jobs import run_owed
from cityops.queue import list_owed

As = Callable[[str], FlaskClient]
PAGE = "/settings/addresses"
HEAD = "kind,name,road,lon,lat"
ROAD = "road,测试老街,,121.5002,29.8705"
PLATE = "plate,5号,测试老街,121.5003,29.8705"
NAMELESS = "landmark,,,121.5004,29.8705"
STRAY = "plate,7号,没有的路,121.5005,29.8706"


@pytest.fixture
def admin(as_person: As) -> FlaskClient:
    """The city's administrator, who reads English."""
    client = as_person("admin")
    client.post("/language", data={"language": "en"})
    return client


def send(admin: FlaskClient, *lines: str, name: str = "addresses.csv", **said: str) -> TestResponse:
    # A file that declares no coordinate system has a warning for it.
    return admin.post(PAGE, data={"crs": "EPSG:4326"} | said | {"file": (io.BytesIO("\n".join(lines).encode()), name)})


def hand_in(admin: FlaskClient, *lines: str, **said: str) -> str:
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


def taken_in(admin: FlaskClient, *lines: str, **order: str) -> str:
    page = hand_in(admin, *lines)
    assert admin.post(page, data=order).status_code == 303
    work(admin)
    assert "These addresses are taken in" in admin.get(page).text
    return page


def count(city: Database) -> int:
    with city.reading() as session:
        return (
            session.scalar(select(func.count()).select_from(Address).where(Address.name.in_(("测试老街", "5号")))) or 0
        )


def test_addresses_are_rehearsed_and_then_taken_in_with_a_signature(admin: FlaskClient, small_city: Database) -> None:
    survey = hand_in(admin, HEAD, ROAD, PLATE, NAMELESS)
    page = admin.get(survey).text
    assert "names begun: road" in page and "names begun: door plate" in page and "Nothing is changed yet" in page
    assert "have no name and are left out" in page and count(small_city) == 0
    unsigned = admin.post(survey, data={"title": "plates 2026"})
    assert (unsigned.status_code, "say why they are accepted" in unsigned.text) == (422, True)
    order = {"title": "plates 2026", "because": "a bench of the park"}
    assert [admin.post(survey, data=order).status_code for _ in range(2)] == [303, 409]
    work(admin)
    assert "These addresses are taken in" in admin.get(survey).text and count(small_city) == 2
    listed = admin.get(PAGE).text
    assert "plates 2026" in listed and "a bench of the park" in listed and "not taken in yet" not in listed
    with small_city.reading() as session:
        assert search(session, "测试老街5号")[0].name == "测试老街5号"
        signed = select(AuditEntry.subject, Person.username).join(Person, Person.id == AuditEntry.person_id)
        entries = session.execute(signed.where(AuditEntry.action == AuditAction.ADDRESSES_LOADED)).all()
    assert [tuple(entry) for entry in entries] == [("plates 2026", "admin")]


def test_the_same_file_again_changes_nothing_and_a_new_name_ends_the_old(
    admin: FlaskClient, small_city: Database
) -> None:
    lines = ("code,kind,name,lon,lat", "R77,road,测试老街,121.5002,29.8705")
    taken_in(admin, *lines)
    again = admin.get(hand_in(admin, *lines)).text
    assert "names begun" not in again and "Nothing is wrong with it" in again
    renamed = hand_in(admin, lines[0], "R77,road,测试新街,121.5012,29.8705")
    assert count(small_city) == 1 and 'names ended</td><td class="number">1<' in admin.get(renamed).text
    with small_city.reading() as session:
        assert session.scalars(select(Address.ended_on).where(Address.name == "测试老街")).all() == [None]
    admin.post(renamed, data={})
    work(admin)
    with small_city.reading() as session:
        assert search(session, "测试老街")[0].name == "测试新街"


def test_faults_keep_a_file_out_and_go_out_for_excel_and_qgis(
    admin: FlaskClient, small_city: Database, tmp_path
) -> None:
    survey = hand_in(admin, HEAD, ROAD, STRAY, "kiosk,=cmd|'x'!A0,,121.5004,29.8705")
    page = admin.get(survey).text
    assert "2 faults keep this file out" in page and "Take it in" not in page and "没有的路" in page
    assert admin.post(survey, data={"because": "x"}).status_code == 409
    sheet = openpyxl.load_workbook(io.BytesIO(admin.get(f"{survey}/faults.xlsx").data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:5] == ("Layer", "Line", "Field", "Kind", "Reason")
    assert sorted((row[1], row[2], row[3]) for row in rows[1:]) == [(2, "road", "fault"), (3, "kind", "fault")]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    layer = admin.get(f"{survey}/faults")
    (tmp_path / "faults.gpkg").write_bytes(layer.data)
    layer.close()
    drawn = geopandas.read_file(tmp_path / "faults.gpkg", layer="faults_points")
    assert {(round(each.x, 4), round(each.y, 4)) for each in drawn.geometry} >= {(121.5005, 29.8706)}
    assert count(small_city) == 0


def test_what_has_come_between_is_told_and_not_signed_for_unseen(admin: FlaskClient, small_city: Database) -> None:
    road = ("code,kind,name,lon,lat", "R77,road,测试老街,121.5002,29.8705")
    survey = hand_in(admin, *road)
    taken_in(admin, road[0], "R77,landmark,测试老街,121.5002,29.8705")
    assert admin.post(survey, data={}).status_code == 303
    work(admin)
    assert "is that of another kind of place" in admin.get(survey).text and count(small_city) == 1


def test_a_warning_that_nobody_has_seen_is_not_signed_for(admin: FlaskClient, small_city: Database) -> None:
    survey = hand_in(admin, HEAD, ROAD, NAMELESS)
    workshop, survey_id = admin.application.extensions["cityops"], int(survey.rsplit("/", 1)[1])
    with workshop.transaction() as session:
        session.get_one(Survey, survey_id).state = SurveyState.TO_TAKE_IN
    looking.take_in(workshop, survey_id)
    page = admin.get(survey).text
    assert "somebody has to say why" in page and "names begun: road" in page and count(small_city) == 0


def test_the_kind_of_all_and_its_fields_are_said_on_the_page(admin: FlaskClient, small_city: Database) -> None:
    survey = hand_in(admin, "MC,lon,lat", "测试老街,121.5002,29.8705", kind="road", mapping="name=MC")
    assert "names begun: road" in admin.get(survey).text


@pytest.mark.parametrize(
    ("said", "words"), [({"mapping": "code"}, "code=DM,name=MC"), ({"kind": "area"}, "Not a valid choice")]
)
def test_what_cannot_be_said_of_it_is_refused_beside_its_field(
    admin: FlaskClient, said: dict[str, str], words: str
) -> None:
    answer = send(admin, HEAD, ROAD, **said)
    assert (answer.status_code, words in answer.text) == (422, True)


def test_a_bad_file_is_refused(admin: FlaskClient) -> None:
    assert admin.post(PAGE, data={}).status_code == 422
    assert send(admin, HEAD, name="addresses.exe").status_code == 422
    assert send(admin, HEAD, ROAD, name="addresses.gpkg").status_code == 422
    assert "Hand it in again" in admin.get(hand_in(admin, HEAD, ROAD, layer="nowhere")).text


def test_a_file_is_told_of_by_the_name_it_came_with(admin: FlaskClient) -> None:
    survey = hand_in(admin, HEAD, ROAD, crs="", name="plates west.csv")
    page = admin.get(survey).text
    assert "a CSV file declares no coordinate system" in page and "plates west</td>" in page
    sheet = openpyxl.load_workbook(io.BytesIO(admin.get(f"{survey}/faults.xlsx").data)).active
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["plates west"]


def test_a_look_twice_undoes_no_order(admin: FlaskClient, small_city: Database) -> None:
    survey = hand_in(admin, HEAD, ROAD)
    admin.post(survey, data={})
    workshop, survey_id = admin.application.extensions["cityops"], int(survey.rsplit("/", 1)[1])
    looking.look_at(workshop, survey_id)
    assert "being worked on" in admin.get(survey).text
    work(admin)
    looking.take_in(workshop, survey_id)
    assert "are taken in" in admin.get(survey).text and count(small_city) == 1


def test_addresses_are_no_survey_of_another_kind(admin: FlaskClient) -> None:
    survey = hand_in(admin, HEAD, ROAD)
    number = survey.rsplit("/", 1)[1]
    others = (f"/settings/grid/surveys/{number}", f"/settings/census/{number}", f"/settings/coverage/layers/{number}")
    assert [admin.get(other).status_code for other in others] == [404, 404, 404]
    assert "addresses.csv" in admin.get(PAGE).text and "addresses.csv" not in admin.get("/settings/census").text


def test_the_pages_are_the_administrators(as_person: As) -> None:
    for username in ("dutyleader", "inspector", "handler"):
        person = as_person(username)
        assert [person.get(PAGE).status_code, person.post(PAGE).status_code] == [403, 403]
        assert [person.get(f"{PAGE}/1").status_code, person.post(f"{PAGE}/1").status_code] == [403, 403]
        assert [person.get(f"{PAGE}/1/faults{end}").status_code for end in ("", ".xlsx")] == [403, 403]
