from collections.abc import Callable
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from cityops.db import Database
from tests.factories import People, bring_to, make_report

AsPerson = Callable[[str], FlaskClient]


@pytest.fixture
def number(small_city: Database) -> str:
    """A case that the lamp department is handling."""
    with small_city.transaction() as session:
        people = People(session)
        report = make_report(session, people.inspector)
        return bring_to(session, people, report.case, "accept", "file", "dispatch", "sign_for").number


def post(client: FlaskClient, path: str, body: dict[str, object]):
    return client.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})


def version(client: FlaskClient, number: str) -> int:
    return client.get(f"/api/v1/cases/{number}").json["version"]


def asked(as_person: AsPerson, number: str, **given: object):
    handler = as_person("handler")
    body = {"kind": "extend", "version": version(handler, number), "reason": "材料未到", "more": 1} | given
    return post(handler, f"/api/v1/cases/{number}/requests", body)


def test_more_time_is_asked_for_found_and_granted(as_person: AsPerson, number: str) -> None:
    answer = asked(as_person, number)
    assert answer.status_code == 201, answer.json
    assert (answer.json["kind"], answer.json["state"], answer.json["reason"]) == ("extend", "open", "材料未到")
    dispatcher = as_person("dispatcher")
    waiting = dispatcher.get("/api/v1/requests").json["requests"]
    assert [each["id"] for each in waiting] == [answer.json["id"]]
    before = dispatcher.get(f"/api/v1/cases/{number}").json["handle_due_at"]
    body = {"decision": "grant", "version": waiting[0]["version"]}
    decided = post(dispatcher, f"/api/v1/requests/{answer.json['id']}/decision", body)
    assert decided.status_code == 200, decided.json
    assert (decided.json["state"], decided.json["decided_by"]) == ("granted", "dispatcher 某")
    assert dispatcher.get(f"/api/v1/cases/{number}").json["handle_due_at"] > before
    assert dispatcher.get("/api/v1/requests").json["requests"] == []
    listed = dispatcher.get(f"/api/v1/cases/{number}/requests").json["requests"]
    assert [each["state"] for each in listed] == ["granted"]


def test_the_same_request_twice_under_a_key_is_asked_once(as_person: AsPerson, number: str) -> None:
    handler = as_person("handler")
    body = {"kind": "extend", "version": version(handler, number), "reason": "材料未到", "more": 1}
    answers = [
        handler.post(f"/api/v1/cases/{number}/requests", json=body, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert answers[0].json == answers[1].json and answers[1].headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"more": 99}, 422, "more"),
        ({"more": None}, 422, "more"),
        ({"reason": " "}, 422, "reason"),
        ({"kind": "suspend", "until_on": "2020-01-01"}, 422, "until_on"),
        ({"kind": "holiday"}, 422, "kind"),
        ({"kind": "oversee"}, 403, None),
        ({"kind": "appeal"}, 409, None),
        ({"version": 1}, 409, None),
    ],
)
def test_what_cannot_be_asked_is_refused_beside_its_field(
    as_person: AsPerson, number: str, given: dict[str, object], status: int, field: str | None
) -> None:
    answer = asked(as_person, number, **given)
    assert answer.status_code == status, answer.json
    assert answer.content_type == "application/problem+json"
    if field is not None:
        assert field in str(answer.json)


def test_another_bodys_request_is_not_there(as_person: AsPerson, number: str) -> None:
    request_id = asked(as_person, number).json["id"]
    roads = as_person("handler-roads")
    body = {"decision": "withdraw", "version": 6}
    assert post(roads, f"/api/v1/requests/{request_id}/decision", body).status_code == 404
    assert roads.get(f"/api/v1/cases/{number}/requests").status_code == 404
    assert roads.get("/api/v1/requests").json["requests"] == []


def test_the_operator_decides_nothing(as_person: AsPerson, number: str) -> None:
    request_id = asked(as_person, number).json["id"]
    body = {"decision": "grant", "version": version(as_person("operator"), number)}
    assert post(as_person("operator"), f"/api/v1/requests/{request_id}/decision", body).status_code == 403
