"""The inspector's tablet: tasks, the decision on the spot, reports and what was put right at once."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from cityops import clock
from cityops.accounts.posts import Post
from cityops.cases.models import Attachment, Case, Report
from cityops.cases.names import Source
from cityops.db import Database
from cityops.patrol.models import InspectorTask
from tests import factories
from tests.counting import counted_queries
from tests.factories import People

As = Callable[[str], FlaskClient]


def picture(colour: str) -> BytesIO:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG")
    out.seek(0)
    return out


def a_report(**changes: Any) -> dict[str, Any]:
    lon, lat = factories.WEST_POINT
    facts = {"uuid": str(uuid4()), "class_code": "matter-06001", "condition": "M06001-1", "description": "垃圾一堆"}
    return facts | {"lon": str(lon), "lat": str(lat)} | changes


def here() -> dict[str, str]:
    """A tablet's position at the western place, of this moment."""
    lon, lat = factories.WEST_POINT
    return {"lon": str(lon), "lat": str(lat), "located_at": clock.now().isoformat()}


def give_task(small_city: Database, app: Flask) -> tuple[int, str, int]:
    """A verify task: its key, its case's number and its inspector."""
    office = app.extensions["cityops.office"]
    with small_city.transaction() as session:
        people = People(session)
        case = factories.make_report(session, people.operator, office, source=Source.HOTLINE).case
        factories.bring_to(session, people, case, "accept")
        task = session.scalars(select(InspectorTask)).one()
        return task.id, case.number, task.person_id


def name_of(small_city: Database, person_id: int) -> str:
    with small_city.reading() as session:
        people = People(session)
        return next(name for name in ("inspector", "inspector2") if people.viewer(name).person_id == person_id)


def test_a_task_is_listed_shown_and_decided_on_one_screen(as_person: As, small_city: Database, app: Flask) -> None:
    task_id, number, person_id = give_task(small_city, app)
    tablet = as_person(name_of(small_city, person_id))
    assert f"/tasks/{task_id}" in tablet.get("/tasks").text
    screen = tablet.get(f"/tasks/{task_id}").text
    assert 'value="confirmed"' in screen and 'value="not_found"' in screen
    data = {
        "step": "verify",
        "version": "2",
        "result": "confirmed",
        "next": "/tasks",
        "photo": (picture("red"), "a.jpg"),
        **here(),
    }
    assert tablet.post(f"/cases/{number}/steps", data=data).location == "/tasks"
    assert f"/tasks/{task_id}" not in tablet.get("/tasks").text
    assert tablet.get(f"/tasks/{task_id}").status_code == 302
    with small_city.reading() as session:
        assert session.scalars(select(Case)).one().verify_result == "confirmed"
        assert session.scalars(select(Attachment)).one().kind == "verify"


def test_my_tasks_in_the_api_are_mine(as_person: As, small_city: Database, app: Flask) -> None:
    task_id, number, person_id = give_task(small_city, app)
    mine = name_of(small_city, person_id)
    other = "inspector2" if mine == "inspector" else "inspector"
    tasks = as_person(mine).get("/api/v1/tasks?mine").json["tasks"]
    assert [(each["id"], each["kind"], each["case"]["number"]) for each in tasks] == [(task_id, "verify", number)]
    assert as_person(other).get("/api/v1/tasks?mine").json["tasks"] == []


def test_other_posts_are_given_the_cases_that_wait_for_their_steps(
    as_person: As, small_city: Database, app: Flask
) -> None:
    office = app.extensions["cityops.office"]
    with small_city.transaction() as session:
        people = People(session)
        case = factories.make_report(session, people.inspector, office).case
        factories.bring_to(session, people, case, "accept", "file", "dispatch")
    (task,) = as_person("handler").get("/api/v1/tasks?mine").json["tasks"]
    assert task["steps"] == ["sign_for", "report_back"]
    assert as_person("handler-roads").get("/api/v1/tasks?mine").json["tasks"] == []
    assert as_person("dispatcher").get("/api/v1/tasks?mine").json["tasks"] == []


def test_my_work_in_the_api_asks_the_same_number_of_queries_for_3_and_for_20_cases(
    as_person: As, small_city: Database, app: Flask
) -> None:
    office, leader = app.extensions["cityops.office"], as_person("dutyleader")

    def ask(more: int) -> tuple[int, list[str]]:
        with small_city.transaction() as session:
            people = People(session)
            for _ in range(more):
                case = factories.make_report(session, people.inspector, office).case
                factories.bring_to(session, people, case, "accept", "file", "dispatch", "report_back")
                factories.take(session, people.viewer("inspector2"), case, "check", office)
        with counted_queries() as seen:
            tasks = leader.get("/api/v1/tasks").json["tasks"]
        return len(seen), [task["due_at"] for task in tasks]

    few, _ = ask(3)
    with_many, due_times = ask(17)
    assert with_many == few and len(due_times) == 20
    assert due_times == sorted(due_times)


def test_who_handled_a_case_is_not_asked_to_judge_it(as_person: As, small_city: Database, app: Flask) -> None:
    office = app.extensions["cityops.office"]
    with small_city.transaction() as session:
        people = People(session)
        case = factories.make_report(session, people.inspector, office).case
        factories.bring_to(session, people, case, "accept", "file", "dispatch", "report_back")
        factories.take(session, people.viewer("inspector2"), case, "check", office)
        factories.give_post(session, "handler", Post.DUTY_LEADER)
    assert [task["kind"] for task in as_person("dutyleader").get("/api/v1/tasks").json["tasks"]] == ["close"]
    assert as_person("handler").get("/api/v1/tasks").json["tasks"] == []


def test_a_find_is_reported_with_its_photo(as_person: As, small_city: Database) -> None:
    tablet, data = as_person("inspector"), a_report()
    for _ in range(2):
        assert tablet.post("/patrol/report", data=data | {"photo": (picture("red"), "a.jpg")}).location == "/tasks"
    with small_city.reading() as session:
        assert session.scalar(select(func.count()).select_from(Report)) == 1
        assert session.scalars(select(Attachment)).one().kind == "scene"


def test_what_is_put_right_at_once_needs_both_photos(as_person: As, small_city: Database) -> None:
    tablet, data = as_person("inspector"), a_report(self_handled="1")
    lacking = tablet.post("/patrol/report", data=data | {"photo": (picture("red"), "a.jpg")})
    assert lacking.status_code == 422 and 'id="photo_after-error"' in lacking.text and "垃圾一堆" in lacking.text
    both = {"photo": (picture("red"), "a.jpg"), "photo_after": (picture("green"), "b.jpg")}
    assert tablet.post("/patrol/report", data=data | both).status_code == 303
    with small_city.reading() as session:
        case = session.scalars(select(Case)).one()
        assert (case.stage, case.is_simple) == ("reviewing", True)
        assert {photo.kind for photo in case.attachments} == {"before", "after"}


def test_the_tablet_is_for_inspectors(as_person: As) -> None:
    assert as_person("operator").get("/tasks").status_code == 403
    assert as_person("inspector").get("/").location == "/tasks"
    assert "07:00 – 21:00" in as_person("inspector").get("/patrol/me").text
