"""The pages and the API of merging."""

import pytest

from cityops.cases.names import Source
from tests.factories import EAST_POINT, People, bring_to, make_report

PHONE = "15400000099"


@pytest.fixture
def numbers(app, small_city) -> tuple[str, str]:
    """A case that waits for its filing, and one told after it by a caller."""
    with small_city.transaction() as session:
        people = People(session)
        main = bring_to(session, people, make_report(session, people.inspector).case, "accept")
        facts = {"source": Source.HOTLINE, "reporter_name": "林小满", "reporter_phone": PHONE}
        return main.number, make_report(session, people.operator, app.extensions["cityops.office"], **facts).case.number


def version(client, number: str) -> int:
    return client.get(f"/api/v1/cases/{number}").json["version"]


def test_one_press_merges_and_the_pages_say_so(as_person, numbers):
    main, number = numbers
    operator = as_person("operator")
    page = operator.get(f"/cases/{number}").text
    assert f'action="/cases/{number}/merge"' in page and f'name="into" value="{main}"' in page
    sent = {"version": str(version(operator, number)), "into": main}
    assert operator.post(f"/cases/{number}/merge", data=sent).status_code == 303
    merged, whole = operator.get(f"/cases/{number}").text, operator.get(f"/cases/{main}").text
    assert main in merged and f"/cases/{number}/unmerge" in merged
    assert number in whole and "林*" in whole, "the reporter of the merged case is reached from the main one"
    assert "+1" in operator.get("/cases").text
    reason = {"version": str(version(operator, number)), "reason": "是另一盏"}
    assert operator.post(f"/cases/{number}/unmerge", data=reason).status_code == 303
    assert "是另一盏" in operator.get(f"/cases/{number}").text


def test_a_reporter_of_a_merged_case_is_shown_from_the_main_one(as_person, numbers):
    main, number = numbers
    operator = as_person("operator")
    report = "R" + number
    assert operator.post(f"/cases/{main}/reporter", data={"report": report}).status_code == 404
    operator.post(f"/cases/{number}/merge", data={"version": str(version(operator, number)), "into": main})
    assert PHONE in operator.post(f"/cases/{main}/reporter", data={"report": report}).text


def test_what_was_typed_stays_beside_the_error(as_person, numbers):
    main, number = numbers
    operator = as_person("operator")
    sent = {"version": str(version(operator, number)), "into": "20261109-0417-3", "reason": "同一盏灯"}
    answer = operator.post(f"/cases/{number}/merge", data=sent)
    assert answer.status_code == 422
    assert 'id="merge-into-error"' in answer.text and "同一盏灯" in answer.text
    assert operator.post(f"/cases/{number}/merge", data=sent | {"version": ""}).status_code == 422
    assert operator.post(f"/cases/{number}/unmerge", data=sent).status_code == 409
    assert as_person("operator-east").post(f"/cases/{number}/merge", data=sent).status_code == 404


def test_a_main_case_elsewhere_is_not_shown(small_city, as_person, numbers):
    main, number = numbers
    with small_city.transaction() as session:
        east = make_report(session, People(session).inspector, point=EAST_POINT).case.number
    operator, stranger = as_person("operator"), as_person("operator-east")
    operator.post(f"/cases/{east}/merge", data={"version": str(version(operator, east)), "into": main})
    page = stranger.get(f"/cases/{east}").text
    assert main not in page
    assert main in operator.get(f"/cases/{east}").text


def test_the_api_merges_lists_and_takes_apart(as_person, numbers):
    main, number = numbers
    operator = as_person("operator")
    sent = {"version": version(operator, number), "into": main}
    assert as_person("handler").post(f"/api/v1/cases/{number}/merge", json=sent).status_code == 404
    merged = operator.post(f"/api/v1/cases/{number}/merge", json=sent)
    assert merged.json["stage"] == "merged"
    assert operator.get(f"/api/v1/cases/{main}").json["merged_count"] == 1
    listed = operator.get(f"/api/v1/cases/{main}/merged").json
    assert [each["number"] for each in listed["merged"]] == [number]
    apart = {"version": merged.json["version"], "reason": "是另一盏"}
    assert operator.post(f"/api/v1/cases/{number}/unmerge", json=apart).json["stage"] == "reported"
    assert operator.post(f"/api/v1/cases/{number}/unmerge", json=apart).status_code == 409


def test_a_plain_step_does_not_merge(as_person, numbers):
    operator = as_person("operator")
    sent = {"step": "merge", "version": version(operator, numbers[1])}
    assert operator.post(f"/api/v1/cases/{numbers[1]}/steps", json=sent).status_code == 422
