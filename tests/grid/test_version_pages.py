"""The administrator's pages of the grid: a survey looked at, taken in, planned, withdrawn; and who may not."""

import io
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pyogrio
import pytest
from flask.testing import FlaskClient

from cityops.accounts.posts import Post
from cityops.clock import today
from cityops.db import Database
from cityops.grid import surveys
from cityops.grid.export import read_out
from cityops.grid.files import write_grid
from cityops.grid.models import VersionState
from cityops.grid.records import GridData
from cityops.grid.versions import list_versions
from cityops.jobs import look_at_survey, run_owed
from cityops.queue import list_owed
from tests import factories

As = Callable[[str], FlaskClient]
PAGE = "/settings/grid"


@pytest.fixture
def admin(as_person: As) -> FlaskClient:
    """The city's administrator, who reads English."""
    client = as_person("admin")
    client.post("/language", data={"language": "en"})
    return client


@pytest.fixture
def standing(small_city: Database) -> GridData:
    """The grid that stands."""
    with small_city.reading() as session:
        return read_out(session)


def zipped(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with ZipFile(archive, "w") as file:
        file.writestr(name, content)
    return archive.getvalue()


def hand_in(admin: FlaskClient, folder: Path, data: GridData, **said: str) -> str:
    """Hand in a grid and let the worker look at it; the survey's page."""
    write_grid(folder / "survey.gpkg", data)
    return hand_in_bytes(admin, (folder / "survey.gpkg").read_bytes(), "survey.gpkg", **said)


def hand_in_bytes(admin: FlaskClient, content: bytes, name: str, **said: str) -> str:
    answer = admin.post(f"{PAGE}/surveys", data=said | {"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303, answer.text
    assert "being worked on" in admin.get(answer.location).text
    work(admin)
    return answer.location


def work(admin: FlaskClient) -> None:
    """Do what is owed, as the worker does."""
    workshop = admin.application.extensions["cityops"]
    with workshop.reading() as session:
        owed = list_owed(session)
    assert owed and all(run_owed(job_id, workshop) for job_id in owed)


def test_a_survey_is_looked_at_and_then_taken_in(admin: FlaskClient, standing: GridData, tmp_path: Path) -> None:
    raised = replace(standing, cells=[replace(cell, area_level=2) for cell in standing.cells])
    survey = hand_in(admin, tmp_path, raised)
    assert "nothing is changed yet" in admin.get(survey).text
    order = {"title": "raised", "because": "as agreed"}
    assert admin.post(survey, data=order).status_code == 303
    assert admin.post(survey, data=order).status_code == 409
    work(admin)
    assert "is taken in" in admin.get(survey).text
    page = admin.get(PAGE).text
    assert "raised" in page and "in force" in page
    assert admin.post(survey, data=order).status_code == 409


def test_one_for_a_day_to_come_waits_and_is_withdrawn(
    admin: FlaskClient, small_city: Database, standing: GridData, tmp_path: Path
) -> None:
    survey = hand_in(admin, tmp_path, standing)
    tomorrow = (today() + timedelta(days=1)).isoformat()
    admin.post(survey, data={"title": "next", "from_on": tomorrow, "because": "as agreed"})
    work(admin)
    with small_city.reading() as session:
        planned = list_versions(session)[0]
        assert (planned.state, planned.title) == (VersionState.PLANNED, "next")
        assert planned.person_id is not None
    second = hand_in(admin, tmp_path, standing)
    admin.post(second, data={"because": "as agreed"})
    work(admin)
    assert "withdraw it first" in admin.get(second).text
    assert admin.post(f"{PAGE}/{planned.id}/withdraw").status_code == 303
    assert admin.post(f"{PAGE}/{planned.id}/withdraw").status_code == 409


def test_faults_stand_in_the_page_and_in_a_layer(admin: FlaskClient, standing: GridData, tmp_path: Path) -> None:
    twice = replace(standing, cells=[*standing.cells, replace(standing.cells[0], code="33020300100100O")])
    survey = hand_in(admin, tmp_path, twice)
    assert "1 faults keep this file out" in admin.get(survey).text
    layer = admin.get(f"{survey}/faults")
    (tmp_path / "faults.gpkg").write_bytes(layer.data)
    layer.close()
    assert len(pyogrio.list_layers(tmp_path / "faults.gpkg")) == 2
    refused = admin.post(survey, data={"because": "as agreed"})
    assert (refused.status_code, "cannot be taken in" in refused.text) == (409, True)


@pytest.mark.parametrize(
    ("order", "words"),
    [({}, "say why they are accepted"), ({"because": "x", "from_on": "2020-01-01"}, "today or later")],
)
def test_an_order_that_lacks_something_is_refused_beside_its_field(
    admin: FlaskClient, standing: GridData, tmp_path: Path, order: dict[str, str], words: str
) -> None:
    odd = replace(standing, cells=[replace(standing.cells[0], grid_tier=1), *standing.cells[2:]])
    survey = hand_in(admin, tmp_path, odd)
    answer = admin.post(survey, data=order)
    assert (answer.status_code, words in answer.text) == (422, True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("content", "name", "said", "words"),
    [
        (b"SQLite format 3\0" + bytes(200), "survey.gpkg", {}, "survey.gpkg cannot be read"),
        (b"SQLite format 3\0" + bytes(200), "a%22b.gpkg", {}, "b.gpkg cannot be read"),
        ("MC,lon,lat\n路灯,121.55,29.87\n".encode(), "a.csv", {"mapping": "code=DM"}, "no field DM"),
    ],
)
def test_what_the_worker_cannot_read_is_said_on_the_page(
    admin: FlaskClient, content: bytes, name: str, said: dict[str, str], words: str
) -> None:
    survey = hand_in_bytes(admin, content, name, kind="cells", **said)
    assert words in admin.get(survey).text


@pytest.mark.parametrize(
    ("name", "content", "said", "words"),
    [
        ("", b"", {}, "Choose a file"),
        ("survey.gpkg", b"", {}, "Choose a file"),
        ("survey.exe", b"x", {}, "one of these kinds"),
        ("survey.csv", b"x", {"mapping": "code"}, "code=DM,name=MC"),
    ],
)
def test_what_cannot_be_handed_in_is_said(
    admin: FlaskClient, name: str, content: bytes, said: dict[str, str], words: str
) -> None:
    answer = admin.post(f"{PAGE}/surveys", data=said | {"file": (io.BytesIO(content), name)})
    assert (answer.status_code, words in answer.text) == (422, True)


@pytest.mark.parametrize(
    "content",
    [b"code,name,WKT\n1,a,\n", b"code,name,lon,lat\n"],
)
def test_a_file_without_a_place_is_no_endless_work(admin: FlaskClient, content: bytes) -> None:
    survey = hand_in_bytes(admin, content, "a.csv", kind="cells")
    assert "being worked on" not in admin.get(survey).text


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<OGRVRTDataSource></OGRVRTDataSource>", "a.json"),
        (b" <OGRWFSDataSource/>", "a.csv"),
        (b"{}", "a.gpkg"),
        (zipped("a.shp", b"<OGRVRTDataSource/>"), "a.zip"),
        (b"PK no archive", "a.zip"),
    ],
)
def test_what_is_not_what_its_name_says_is_not_opened(admin: FlaskClient, content: bytes, name: str) -> None:
    answer = admin.post(f"{PAGE}/surveys", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 422
    folder = admin.application.extensions["cityops"].config.surveys_folder
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_look_twice_undoes_no_order(admin: FlaskClient, standing: GridData, tmp_path: Path) -> None:
    survey = hand_in(admin, tmp_path, standing)
    admin.post(survey, data={"because": "as agreed"})
    look_at_survey(admin.application.extensions["cityops"], int(survey.rsplit("/", 1)[1]))
    assert "being worked on" in admin.get(survey).text
    work(admin)
    look_at_survey(admin.application.extensions["cityops"], int(survey.rsplit("/", 1)[1]))
    assert "is taken in" in admin.get(survey).text


def test_a_file_is_forgotten_after_a_day(admin: FlaskClient, standing: GridData, tmp_path: Path) -> None:
    survey = hand_in(admin, tmp_path, standing)
    folder = admin.application.extensions["cityops"].config.surveys_folder
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    surveys.forget_old(folder)
    assert list(folder.iterdir()) == []
    admin.post(survey, data={"because": "as agreed"})
    work(admin)
    assert "kept no longer" in admin.get(survey).text


def test_a_districts_administrator_sees_the_versions_and_changes_nothing(
    as_person: As, admin: FlaskClient, small_city: Database, standing: GridData, tmp_path: Path
) -> None:
    survey = hand_in(admin, tmp_path, standing)
    admin.post(survey, data={"title": "next", "from_on": f"{today() + timedelta(days=1)}", "because": "as agreed"})
    work(admin)
    with small_city.transaction() as session:
        factories.give_post(session, "operator-east", Post.ADMINISTRATOR, factories.EAST)
    district = as_person("operator-east")
    page = district.get(PAGE)
    assert (page.status_code, "next" in page.text) == (200, True)
    assert f'action="{PAGE}' not in page.text
    assert district.get(survey).status_code == 403
    assert district.post(f"{PAGE}/2/withdraw").status_code == 403


def test_the_pages_are_the_administrators(as_person: As) -> None:
    for username in ("dutyleader", "inspector", "handler"):
        assert as_person(username).get(PAGE).status_code == 403
        assert as_person(username).post(f"{PAGE}/surveys").status_code == 403
        assert as_person(username).get(f"{PAGE}/surveys/1").status_code == 403
