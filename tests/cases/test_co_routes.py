"""The pages and the API of co-handling."""

import pytest

from cityops.cases.names import Stage
from tests import factories
from tests.factories import People

TASK = {"body": "roads", "task": "围挡现场", "limit_value": "2", "limit_unit": "urgent_hour"}


@pytest.fixture
def number(small_city) -> str:
    """A case that the lamp department handles."""
    with small_city.transaction() as session:
        people = People(session)
        case = factories.make_report(session, people.inspector).case
        return factories.bring_to(session, people, case, "accept", "file", "dispatch", "sign_for").number


def version(client, number: str) -> int:
    return client.get(f"/api/v1/cases/{number}").json["version"]


def test_a_task_is_given_answered_and_the_case_goes_on(as_person, number):
    dispatcher, roads, lead = as_person("dispatcher"), as_person("handler-roads"), as_person("handler")
    sent = TASK | {"version": str(version(dispatcher, number))}
    assert dispatcher.post(f"/cases/{number}/co-handlings", data=sent).status_code == 303
    assert "围挡现场" in roads.get("/co-handlings").text and "围挡现场" in lead.get(f"/cases/{number}").text
    lead.post(
        f"/api/v1/cases/{number}/steps", json={"step": "report_back", "version": version(lead, number), "note": "好"}
    )
    listed = roads.get(f"/api/v1/cases/{number}/co-handlings").json["co_handlings"]
    assert [each["body"] for each in listed] == ["roads"]
    key, seen = listed[0]["id"], str(version(roads, number))
    wrong = roads.post(f"/co-handlings/{key}/report", data={"version": seen, "words": "好了", "cost_yuan": "many"})
    assert wrong.status_code == 422 and "好了" in wrong.text
    done = roads.post(f"/co-handlings/{key}/report", data={"version": seen, "words": "已围挡", "cost_yuan": "120"})
    assert done.status_code == 303
    page = dispatcher.get(f"/cases/{number}").text
    assert "已围挡" in page and "120" in page
    assert dispatcher.get(f"/api/v1/cases/{number}").json["stage"] == Stage.CHECKING
    assert roads.post(f"/co-handlings/{key}/report", data={"version": seen, "words": "再来"}).status_code == 409


def test_what_was_typed_stays_beside_the_error(as_person, number):
    dispatcher = as_person("dispatcher")
    sent = TASK | {"version": str(version(dispatcher, number)), "body": "lamps"}
    answer = dispatcher.post(f"/cases/{number}/co-handlings", data=sent)
    assert answer.status_code == 422
    assert 'id="task-body-error"' in answer.text and "围挡现场" in answer.text


def test_the_api_gives_answers_and_excuses(as_person, number):
    dispatcher, roads = as_person("dispatcher"), as_person("handler-roads")
    body = {"body": "roads", "task": "围挡", "limit_value": 2, "limit_unit": "urgent_hour"}
    sent = body | {"version": version(dispatcher, number)}
    given = dispatcher.post(f"/api/v1/cases/{number}/co-handlings", json=sent)
    assert given.status_code == 201 and given.json["end"] is None
    address = f"/api/v1/co-handlings/{given.json['id']}"
    told = {"version": given.json["version"], "result": "好了", "cost_yuan": 5}
    assert as_person("handler").post(f"{address}/report", json=told).status_code == 403
    assert roads.post(f"{address}/report", json=told).json["end"] == "reported"
    again = dispatcher.post(
        f"/api/v1/cases/{number}/co-handlings", json=body | {"version": version(dispatcher, number)}
    )
    excused = {"version": again.json["version"], "reason": "不必"}
    answer = dispatcher.post(f"/api/v1/co-handlings/{again.json['id']}/excuse", json=excused)
    assert answer.json["end"] == "excused"


def test_a_plain_step_does_not_open_the_co_handlers_door(as_person, number):
    dispatcher = as_person("dispatcher")
    sent = {"step": "add_co_handler", "version": version(dispatcher, number)}
    assert dispatcher.post(f"/api/v1/cases/{number}/steps", json=sent).status_code == 422
