from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from cityops.catalog.models import CaseClass, ConditionLimit, FilingCondition, StageLimit, Standard
from cityops.catalog.seed import seed_catalog
from cityops.db import Database

AsPerson = Callable[[str], FlaskClient]


@pytest.fixture
def small_city(db: Database) -> Database:
    """The people of the test city, with the shipped catalogue in place of its own."""
    with db.transaction() as session:
        for rows in (ConditionLimit, FilingCondition, StageLimit, CaseClass, Standard):
            session.execute(delete(rows))
        seed_catalog(session)
    return db


def test_classes_come_by_pages_until_there_are_no_more(as_person: AsPerson) -> None:
    client = as_person("operator")
    seen, cursor = [], None
    while True:
        query = {"size": "150"} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/api/v1/classes", query_string=query)
        assert answer.status_code == 200
        seen += [(each["kind"], each["code"]) for each in answer.json["classes"]]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 403


def test_classes_are_searched_by_words_and_kind(as_person: AsPerson) -> None:
    client = as_person("operator")
    found = client.get("/api/v1/classes", query_string={"q": "路灯 不亮", "kind": "component"}).json["classes"]
    assert found[0] == {
        "kind": "component",
        "code": "01037",
        "name": "路灯",
        "name_en": "Street lamp",
        "major_code": "01",
        "major_name": "市政公用设施",
        "major_name_en": "Public utilities",
        "standard": "GB/T 47678.5-2026",
    }
    assert client.get("/api/v1/classes", query_string={"q": "没有这种东西"}).json["classes"] == []


def test_a_class_shows_its_conditions_with_limit_calendar_and_both_languages(as_person: AsPerson) -> None:
    answer = as_person("operator").get("/api/v1/classes/component/01001/conditions").json
    assert answer["case_class"]["name"] == "供水井盖"
    first = answer["conditions"][0]
    assert (first["code"], first["limit_value"], first["limit_unit"]) == ("C01001-1", 2, "urgent_hour")
    assert (first["calendar"], first["body"], first["is_simple_allowed"]) == ("continuous", "drainage", False)
    assert all(first[name] for name in ("text", "text_en", "closing", "closing_en"))
    assert (first["limits"], first["photos_before"], first["photos_after"], first["basis"]) == ([], 0, 0, None)


def test_a_class_that_does_not_exist_is_not_found(as_person: AsPerson) -> None:
    client = as_person("operator")
    for path in ("component/99999", "matter/01016"):
        answer = client.get(f"/api/v1/classes/{path}/conditions")
        assert answer.status_code == 404, path
        assert answer.content_type == "application/problem+json"


def test_a_question_that_cannot_be_answered_names_its_field(as_person: AsPerson) -> None:
    client = as_person("operator")
    bad = {"kind": "cloud", "cursor": "-1", "size": "0", "q": "x" * 101}
    for field, value in bad.items():
        answer = client.get("/api/v1/classes", query_string={field: value})
        assert answer.status_code == 422, field
        assert answer.json["field"] == field


def test_the_catalogue_page_shows_a_major_class_with_conditions_and_limits(as_person: AsPerson) -> None:
    client = as_person("handler")
    page = client.get("/settings/catalogue").text
    assert "GB/T 47678.5-2026" in page
    assert "供水井盖" in page
    assert "C01001-1" in page
    assert "C02012-1" not in page
    assert "C02012-1" in client.get("/settings/catalogue?major=component-02").text


def test_the_limits_of_the_levels_of_areas_are_shown_where_a_limit_is_shown(
    as_person: AsPerson, small_city: Database
) -> None:
    with small_city.transaction() as session:
        lamp = session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).one()
        lamp.limits.append(ConditionLimit(area_level=3, limit_value=5, limit_unit="working_day", calendar="street"))
    client = as_person("operator")
    told = client.get("/api/v1/classes/component/01037/conditions").json["conditions"][0]
    assert told["limits"] == [{"area_level": 3, "limit_value": 5, "limit_unit": "working_day", "calendar": "street"}]
    assert "三类区域" in client.get("/settings/catalogue?q=01037").text
    choice = client.get("/intake").text.split('value="C01037-1"')[0].rsplit("<option", 1)[1]
    assert 'data-limit="2 个工作日"' in choice
    assert 'data-limit-3="5 个工作日"' in choice


def test_the_catalogue_page_finds_by_words_and_says_when_nothing_is_found(as_person: AsPerson) -> None:
    client = as_person("handler")
    assert "C01037-1" in client.get("/settings/catalogue", query_string={"q": "路灯 不亮"}).text
    within = client.get("/settings/catalogue", query_string={"q": "不亮", "major": "matter-06"}).text
    assert "M06044-2" in within
    assert "C01037-1" not in within
    page = client.get("/settings/catalogue", query_string={"q": "<b>没有</b>"}).text
    assert "<b>没有</b>" not in page
    assert "C01001-1" not in page


def test_only_the_administrator_is_offered_the_other_settings(as_person: AsPerson) -> None:
    assert "/settings/tokens" in as_person("admin").get("/settings/catalogue").text
    assert "/settings/tokens" not in as_person("handler").get("/settings/catalogue").text


def test_the_catalogue_asks_who_you_are(client: FlaskClient) -> None:
    assert client.get("/api/v1/classes").status_code == 401
    assert client.get("/settings/catalogue").status_code in {302, 401}
