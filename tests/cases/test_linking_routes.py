"""The pages and the API of links and splits."""

import re
from uuid import uuid4

import pytest

from cityops.cases import linking, merging, queries
from cityops.cases.merging import NewMerge
from tests import factories
from tests.factories import EAST_POINT, WEST_POINT, People, make_report

SPLIT = {"class_code": "matter-06001", "description": "灯下还有垃圾", "lon": WEST_POINT[0], "lat": WEST_POINT[1]}


@pytest.fixture
def numbers(small_city) -> tuple[str, str]:
    """Two cases of the west."""
    with small_city.transaction() as session:
        people = People(session)
        return tuple(make_report(session, people.operator).case.number for _ in range(2))  # type: ignore[return-value]


def version(client, number: str) -> int:
    return client.get(f"/api/v1/cases/{number}").json["version"]


def test_a_link_is_made_seen_on_both_pages_and_taken_away(as_person, numbers):
    one, other = numbers
    operator = as_person("operator")
    sent = {"version": str(version(operator, one)), "other": other, "reason": "同一根杆"}
    assert operator.post(f"/cases/{one}/links", data=sent).status_code == 303
    for number, beside in ((one, other), (other, one)):
        page = operator.get(f"/cases/{number}").text
        assert f'href="/cases/{beside}"' in page and f"同一根杆 · {beside}" in page
    again = operator.post(f"/cases/{one}/links", data=sent)
    assert again.status_code == 409 and "同一根杆" in again.text
    sent["version"] = str(version(operator, one))
    assert operator.post(f"/cases/{one}/links/remove", data=sent | {"reason": ""}).status_code == 422
    assert operator.post(f"/cases/{one}/links/remove", data=sent).status_code == 303
    assert "/links/remove" not in operator.get(f"/cases/{one}").text


def test_what_was_typed_stays_beside_the_error(as_person, numbers):
    operator = as_person("operator")
    sent = {"version": str(version(operator, numbers[0])), "other": "20261109-0417-3", "reason": "同一根杆"}
    answer = operator.post(f"/cases/{numbers[0]}/links", data=sent)
    assert answer.status_code == 422 and 'id="link-other-error"' in answer.text and "同一根杆" in answer.text
    sent = SPLIT | {"version": sent["version"], "uuid": str(uuid4()), "class_code": ""}
    answer = operator.post(f"/cases/{numbers[0]}/split", data=sent)
    assert answer.status_code == 422 and 'id="split-class_code-error"' in answer.text and "灯下还有垃圾" in answer.text
    for wrong in ({"lon": "x"}, {"lon": ""}, {"lat": "95"}, {"version": ""}):
        assert operator.post(f"/cases/{numbers[0]}/split", data=sent | SPLIT | wrong).status_code == 422


def test_a_split_off_case_stands_on_both_pages(as_person, numbers):
    operator, sent = as_person("operator"), SPLIT | {"uuid": str(uuid4())}
    for _ in range(2):
        seen = {"version": str(version(operator, numbers[0]))}
        assert operator.post(f"/cases/{numbers[0]}/split", data=sent | seen).status_code == 303
    (found,) = operator.get(f"/api/v1/cases/{numbers[0]}/links").json["links"]
    assert (found["relation"], found["case"]["class"]["code"]) == ("split_off", "06001")
    page = operator.get(f"/cases/{found['case']['number']}").text
    assert numbers[0] in page and "/links/remove" not in page


def test_a_related_case_elsewhere_is_not_shown(small_city, as_person, numbers):
    with small_city.transaction() as session:
        east = make_report(session, People(session).inspector, point=EAST_POINT).case.number
    operator, stranger = as_person("operator"), as_person("operator-east")
    sent = {"version": version(operator, east), "other": numbers[0], "reason": "同一根杆"}
    assert len(operator.post(f"/api/v1/cases/{east}/links", json=sent).json["links"]) == 1
    assert numbers[0] not in stranger.get(f"/cases/{east}").text
    assert stranger.get(f"/api/v1/cases/{east}/links").json["links"] == []


def test_the_api_links_splits_and_takes_away(as_person, numbers):
    one, other = numbers
    operator = as_person("operator")
    sent = {"version": version(operator, one), "other": other, "reason": "同一根杆"}
    assert as_person("inspector").post(f"/api/v1/cases/{one}/links", json=sent).status_code == 403
    (linked,) = operator.post(f"/api/v1/cases/{one}/links", json=sent).json["links"]
    assert (linked["relation"], linked["reason"], linked["case"]["number"]) == ("related", "同一根杆", other)
    sent["version"] = version(operator, one)
    assert operator.post(f"/api/v1/cases/{one}/links/remove", json=sent).json["links"] == []
    further = {"id": str(uuid4()), "kind": "matter", "class_code": "06001", "description": "垃圾"}
    further |= {"lon": WEST_POINT[0], "lat": WEST_POINT[1], "version": version(operator, one)}
    made = operator.post(f"/api/v1/cases/{one}/split", json=further)
    assert made.status_code == 201
    (origin,) = operator.get(f"/api/v1/cases/{made.json['number']}/links").json["links"]
    assert (origin["relation"], origin["case"]["number"]) == ("split_from", one)


def test_long_lists_of_what_is_merged_and_linked_go_on_page_by_page(as_person, numbers, small_city):
    number, most, office = numbers[0], queries.MOST_BESIDE, factories.make_office()
    with small_city.transaction() as session:
        operator = People(session).operator
        main = queries.get_case(session, operator, number)
        cases = [make_report(session, operator).case for _ in range(most + 2)]
        for each in cases:
            linking.link(session, operator, office, number, main.version, each.number, "同一根杆")
            merging.merge(session, operator, office, each.number, NewMerge(each.version, number))
        listed = [each.number for each in cases]
    client = as_person("operator")

    def panel(name: str, **asked: str) -> str:
        page = client.get(f"/cases/{number}", query_string=asked).text
        return page.split(f'id="{name}"')[1].split("</section>")[0]

    for name, cursor in (("linked", "linked_after"), ("merged", "merged_after")):
        first = panel(name)
        assert listed[most - 1] in first and listed[most] not in first and "还有 2 个" in first
        rest = panel(name, **{cursor: re.findall(rf"{cursor}=(\d+)", first)[0]})
        assert listed[most - 1] not in rest and listed[most + 1] in rest and "还有" not in rest
    for name, address in (("links", "links"), ("merged", "merged")):
        first = client.get(f"/api/v1/cases/{number}/{address}?size={most + 1}").json
        last = client.get(f"/api/v1/cases/{number}/{address}?cursor={first['next_cursor']}").json
        assert (len(first[name]), len(last[name]), last["next_cursor"]) == (most + 1, 1, None)
    assert client.get(f"/cases/{number}?merged_after=x").status_code == 422
