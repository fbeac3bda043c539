import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from cityops.cases.models import Attachment, Case, CaseEvent
from cityops.db import Database
from cityops.queue import OwedJob
from tests import factories

As = Callable[[str], FlaskClient]


def a_report(**changes: Any) -> dict[str, Any]:
    lon, lat = factories.WEST_POINT
    facts = {
        "id": str(uuid4()),
        "source": "inspector",
        "kind": "component",
        "class_code": "01037",
        "lon": lon,
        "lat": lat,
    }
    return facts | {"description": "路灯不亮", "address": "中山西路 1 号"} | changes


def post_report(client: FlaskClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/reports", json=a_report(**changes))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json
    return told


def step(client: FlaskClient, number: str, name: str, version: int, **given: Any) -> Any:
    return client.post(f"/api/v1/cases/{number}/steps", json={"step": name, "version": version} | given)


def test_a_life_in_seven_calls(as_person: As) -> None:
    case = post_report(as_person("inspector"))["case"]
    number, version = case["number"], case["version"]
    road = (
        ("operator", "accept", {}),
        ("dutyleader", "file", {"condition": "C01037-1"}),
        ("dispatcher", "dispatch", {"body": "lamps"}),
        ("handler", "report_back", {"note": "换了灯泡"}),
        ("inspector2", "check", {"result": "passed"}),
        ("dutyleader", "close", {}),
    )
    for username, name, given in road:
        answer = step(as_person(username), number, name, version, **given)
        assert answer.status_code == 200, answer.text
        version = answer.json["version"]
    assert answer.json["stage"] == "closed"
    supervisor = as_person("supervisor")
    timeline = supervisor.get(f"/api/v1/cases/{number}/timeline").json["events"]
    assert [event["seq"] for event in timeline] == list(range(1, 8))
    clocks = supervisor.get(f"/api/v1/cases/{number}/clocks").json["clocks"]
    handle = next(row for row in clocks if row["name"] == "handle")
    assert (handle["limit"], handle["unit"], handle["calendar"]) == (2, "working_day", "office")
    assert sum(piece["minutes"] for piece in handle["explanation"]) == 960


def test_a_report_shows_its_case(as_person: As) -> None:
    operator = as_person("operator")
    told = post_report(operator, source="hotline")
    shown = operator.get(f"/api/v1/reports/{told['number']}").json
    assert shown == told and told["number"].startswith("R")
    answer = operator.post(f"/api/v1/reports/{told['number']}/steps", json={"step": "accept", "version": 1})
    assert answer.json["stage"] == "verifying"


def test_the_steps_of_a_case_are_those_of_who_looks(as_person: As) -> None:
    number = post_report(as_person("inspector"))["case"]["number"]
    seen = {name: as_person(name).get(f"/api/v1/cases/{number}").json["steps"] for name in ("operator", "inspector")}
    assert seen == {"operator": ["accept", "decline"], "inspector": []}


def test_a_stale_version_is_409_with_who_and_when(as_person: As) -> None:
    number = post_report(as_person("inspector"))["case"]["number"]
    operator = as_person("operator")
    assert step(operator, number, "accept", 1).status_code == 200
    answer = step(operator, number, "accept", 1)
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    assert answer.json["moved_by"] == "operator 某" and answer.json["moved_at"]


def test_wrong_role_is_403_wrong_place_is_404_wrong_state_is_409(as_person: As) -> None:
    number = post_report(as_person("inspector"))["case"]["number"]
    assert step(as_person("dispatcher"), number, "accept", 1).status_code == 403
    assert step(as_person("operator-east"), number, "accept", 1).status_code == 404
    assert step(as_person("dutyleader"), number, "close", 1).status_code == 409


def test_nobody_is_told_anything_without_signing_in(app: Flask, small_city: Database) -> None:
    client = app.test_client()
    for answer in (client.get("/api/v1/cases"), client.post("/api/v1/reports", json=a_report())):
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lon": 29.87, "lat": 121.55}, "lon"),
        ({"class_code": "99999"}, "class_code"),
        ({"condition": "C01037-9"}, "condition"),
        ({"description": ""}, "description"),
        ({"description": "井" * 10_000_000}, "description"),
        ({"descripton": "typo"}, "descripton"),
        ({"id": "not-a-uuid"}, "id"),
        ({"kind": "animal"}, "kind"),
        ({"component_code": "33020301037999999"}, "component_code"),
        ({"reporter": {"phone": "call me"}}, "reporter.phone"),
    ],
)
def test_bad_fields_are_named(as_person: As, db: Database, changes: dict[str, Any], field: str) -> None:
    answer = as_person("inspector").post("/api/v1/reports", json=a_report(**changes))
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.json["field"] == field
    assert len(answer.data) < 4_000
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 0


@pytest.mark.parametrize("number", ["1e309", "NaN", "-Infinity"])
def test_numbers_that_are_none_are_refused(as_person: As, number: str) -> None:
    body = json.dumps(a_report()).replace(str(factories.WEST_POINT[0]), number)
    answer = as_person("inspector").post("/api/v1/reports", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["field"]) == (422, "lon")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe"])
def test_a_body_that_is_no_report_is_refused_clearly(as_person: As, body: bytes) -> None:
    answer = as_person("operator").post("/api/v1/reports", data=body, content_type="application/json")
    assert answer.status_code in {400, 422} and answer.content_type == "application/problem+json"


def test_the_same_post_twice_is_one_case(as_person: As, db: Database) -> None:
    operator, body = as_person("inspector"), a_report()
    first, second = (operator.post("/api/v1/reports", json=body, headers={"Idempotency-Key": "one"}) for _ in range(2))
    third = operator.post("/api/v1/reports", json=body)
    assert first.status_code == second.status_code == third.status_code == 201
    assert first.json == second.json and third.json["number"] == first.json["number"]
    changed = operator.post("/api/v1/reports", json=a_report(), headers={"Idempotency-Key": "one"})
    assert changed.status_code == 422
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1


def test_a_refusal_is_not_kept_under_its_key(as_person: As) -> None:
    operator, keyed = as_person("operator"), {"Idempotency-Key": "two"}
    number = post_report(as_person("inspector"))["case"]["number"]
    address, body = f"/api/v1/cases/{number}/steps", {"step": "accept", "version": 1}
    assert operator.post(address, json=body | {"version": 9}, headers=keyed).status_code == 409
    assert operator.post(address, json=body, headers=keyed).status_code == 200
    assert operator.post(address, json=body, headers=keyed).status_code == 200


def test_lists_are_paged_by_cursor_and_scoped(as_person: As) -> None:
    inspector = as_person("inspector")
    numbers = [post_report(inspector)["case"]["number"] for _ in range(5)]
    client, seen, cursor = as_person("supervisor"), [], ""
    while cursor is not None:
        page = client.get("/api/v1/cases", query_string={"size": 2, "cursor": cursor or None}).json
        seen += [case["number"] for case in page["cases"]]
        cursor = page["next_cursor"]
    assert seen == numbers[::-1]
    assert as_person("operator-east").get("/api/v1/cases").json["cases"] == []
    assert client.get("/api/v1/cases?cursor=x").status_code == 422


@pytest.mark.parametrize("query", ["q", "org", "cell", "class", "area"])
def test_a_nul_in_the_address_is_refused(as_person: As, query: str) -> None:
    assert as_person("supervisor").get(f"/api/v1/cases?{query}=a%00b").status_code == 400


def test_a_nul_in_a_body_is_left_out(as_person: As) -> None:
    told = post_report(as_person("inspector"), description="路灯\x00不亮", class_code="01037\x00")
    assert told["case"]["description"] == "路灯不亮"


def test_lists_are_narrowed(as_person: As) -> None:
    inspector, client = as_person("inspector"), as_person("supervisor")
    first = post_report(inspector, address="镇明路 12 号")["case"]["number"]
    second = post_report(inspector, lon=factories.WEST_POINT[0] + 0.001)["case"]["number"]
    step(as_person("operator"), second, "accept", 1)

    def found(**query: Any) -> list[str]:
        return [case["number"] for case in client.get("/api/v1/cases", query_string=query).json["cases"]]

    assert found(stage="accepted") == [second]
    assert found(cell="330203001001001") == [first]
    assert found(q="镇明路") == [first]
    assert found(q=second) == [second]
    assert found(area="330203") == [second, first] and found(area="330212") == []
    assert found(**{"class": "06001"}) == []
    assert found(due_before="2000-01-01T00:00:00Z") == []
    assert client.get("/api/v1/cases?due_before=2026-01-01T00:00:00").status_code == 422


def a_picture(kind: str = "PNG") -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, kind)
    return out.getvalue()


def send_photo(client: FlaskClient, number: str, data: bytes, uuid: str | None = None) -> Any:
    form = {"id": uuid or str(uuid4()), "kind": "scene", "file": (BytesIO(data), "x.jpg")}
    return client.post(f"/api/v1/cases/{number}/attachments", data=form, content_type="multipart/form-data")


def test_a_photo_is_added_once_and_its_thumbnail_is_owed(as_person: As, db: Database) -> None:
    inspector = as_person("inspector")
    number, uuid = post_report(inspector)["case"]["number"], str(uuid4())
    first, second = (send_photo(inspector, number, a_picture(), uuid) for _ in range(2))
    assert (first.status_code, first.json) == (201, second.json)
    assert first.json["media_type"] == "image/png"
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 1
        assert session.scalars(select(OwedJob.task)).all() == ["cases.make_thumbnail"]
    assert len(inspector.get(f"/api/v1/cases/{number}/attachments").json["attachments"]) == 1


def test_another_photo_under_a_used_key_is_refused(as_person: As) -> None:
    inspector = as_person("inspector")
    address = f"/api/v1/cases/{post_report(inspector)['case']['number']}/attachments"

    def send(kind: str) -> Any:
        form = {"id": str(uuid4()), "kind": "scene", "file": (BytesIO(a_picture(kind)), "x.jpg")}
        return inspector.post(address, data=form, content_type="multipart/form-data", headers={"Idempotency-Key": "k"})

    assert send("PNG").status_code == 201
    assert send("JPEG").status_code == 422


@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>", a_picture()[:50], b"GIF89a" + b"\x00" * 50])
def test_what_is_no_picture_is_refused_by_its_content(as_person: As, data: bytes) -> None:
    inspector = as_person("inspector")
    number = post_report(inspector)["case"]["number"]
    answer = send_photo(inspector, number, data)
    assert (answer.status_code, answer.json["field"]) == (422, "file")


def test_a_person_of_another_district_sees_nothing_of_a_case(as_person: As) -> None:
    number = post_report(as_person("inspector"))["case"]["number"]
    stranger = as_person("dutyleader-east")
    for part in ("", "/timeline", "/clocks", "/attachments"):
        assert stranger.get(f"/api/v1/cases/{number}{part}").status_code == 404
    assert send_photo(stranger, number, a_picture()).status_code == 404


def test_the_openapi_document_names_every_address(app: Flask) -> None:
    told = app.test_client().get("/api/v1/openapi.json")
    assert told.status_code == 200
    described = {path.replace("{", "<").replace("}", ">") for path in told.json["paths"]}
    served = {
        str(rule) for rule in app.url_map.iter_rules() if str(rule).startswith("/api/") and rule.endpoint != "openapi"
    }
    assert described == served


def test_events_are_never_more_than_the_version(as_person: As, db: Database) -> None:
    number = post_report(as_person("inspector"))["case"]["number"]
    step(as_person("operator"), number, "accept", 1)
    with db.reading() as session:
        case = session.scalars(select(Case)).one()
        assert session.scalar(select(func.max(CaseEvent.seq))) == case.version == 2
