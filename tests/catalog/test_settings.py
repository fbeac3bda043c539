from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops.accounts.models import Body, Person, PersonPost
from cityops.accounts.posts import Post
from cityops.catalog.draft_models import CatalogDraft
from cityops.catalog.drafts import read_draft
from cityops.catalog.models import Standard
from cityops.db import Database
from tests import factories
from tests.catalog.drafting import CLASS, CONDITION, LIMIT, STAGE, begin

AsPerson = Callable[[str], FlaskClient]

LAMP = {
    "seen": "0",
    "text": "不亮",
    "text_en": "out",
    "closing": "恢复",
    "closing_en": "restored",
    "limit_value": "3",
    "limit_unit": "working_day",
    "calendar": "office",
    "level_2_limit_value": "5",
    "level_2_limit_unit": "working_hour",
    "level_2_calendar": "street",
    "body_code": "lamps",
    "photos_before": "0",
    "photos_after": "1",
    "basis": "",
}


@pytest.fixture
def draft(small_city: Database) -> str:
    """The address of an open draft."""
    with small_city.transaction() as session:
        return f"/settings/catalogue/drafts/{begin(session)}"


def wanted(db: Database) -> dict:
    with db.reading() as session:
        return dict(read_draft(session, None, session.scalars(select(CatalogDraft.id)).one()).wanted)


def test_the_catalogue_opens_a_draft_for_the_administrator_alone(as_person: AsPerson, small_city: Database):
    with small_city.reading() as session:
        door = f"/settings/catalogue/standards/{session.scalars(select(Standard.id)).one()}/draft"
    admin = as_person("admin")
    assert door in admin.get("/settings/catalogue").text
    assert door not in as_person("handler").get("/settings/catalogue").text
    assert as_person("handler").post(door).status_code == 403
    first = admin.post(door)
    assert first.status_code == 303
    assert admin.post(door).location == first.location
    assert "继续草案" in admin.get("/settings/catalogue").text
    page = admin.get(first.location).text
    assert "GB/T 47678.5-2026" in page
    assert admin.post("/settings/catalogue/standards/9999/draft").status_code == 404


def test_an_administrator_of_one_district_reads_the_catalogue_and_changes_nothing(
    as_person: AsPerson, small_city: Database, draft: str
):
    with small_city.transaction() as session:
        body = session.scalars(select(Body).where(Body.code == "supervision")).one()
        east = factories.accounts.find_jurisdiction(session, factories.EAST)
        person = Person(username="admin-east", name="东", password_hash="!", created_at=factories.MONDAY_MORNING)
        post = PersonPost(post=Post.ADMINISTRATOR, body=body, jurisdiction=east, from_on=factories.LONG_AGO)
        person.posts = [post]
        session.add(person)
    client = as_person("admin-east")
    assert client.get("/settings/catalogue").status_code == 200
    assert client.get(draft).status_code == 403
    assert client.post(f"{draft}/drop").status_code == 403


def test_a_condition_is_changed_with_its_limits_and_found_again(as_person: AsPerson, small_city: Database, draft: str):
    client = as_person("admin")
    form = client.get(f"{draft}/conditions/C01037-1").text
    assert 'value="不亮"' in form and 'name="level_3_limit_value"' in form
    asked = LAMP | {"check_same_time": "y"}
    assert client.post(f"{draft}/conditions/C01037-1", data=asked).status_code == 303
    entries = wanted(small_city)
    assert entries[CONDITION, "C01037-1"]["check_same_time"] == "yes"
    assert "同时段核查" in client.get(draft).text
    assert entries[CONDITION, "C01037-1"]["limit_value"] == "3"
    assert entries[LIMIT, "C01037-1/2"]["limit_value"] == "5"
    assert (LIMIT, "C01037-1/1") not in entries
    page = client.get(draft).text
    assert "3 个工作日" in page and "二类区域" in page
    again = client.post(f"{draft}/conditions/C01037-1", data=LAMP | {"seen": "1", "level_2_limit_value": ""})
    assert again.status_code == 303
    assert (LIMIT, "C01037-1/2") not in wanted(small_city)
    taken = client.post(f"{draft}/take-back", data={"kind": "condition", "key": "C01037-1"})
    assert taken.status_code == 303
    assert wanted(small_city)[CONDITION, "C01037-1"]["limit_value"] == "2"


def test_everything_wrong_with_a_condition_stands_beside_its_field_and_nothing_is_lost(
    as_person: AsPerson, small_city: Database, draft: str
):
    bad = {
        "limit_value": "0",
        "level_2_limit_value": "x",
        "calendar": "moon",
        "photos_after": "99",
        "text": "<b>灯</b>",
    }
    answer = as_person("admin").post(f"{draft}/conditions/C01037-1", data=LAMP | bad)
    assert answer.status_code == 422
    for field in ("limit_value", "level_2_limit_value", "calendar", "photos_after"):
        assert f'id="{field}-error"' in answer.text, field
    assert "&lt;b&gt;灯&lt;/b&gt;" in answer.text and "<b>灯</b>" not in answer.text
    assert 'value="99"' in answer.text
    with small_city.reading() as session:
        assert read_draft(session, None, session.scalars(select(CatalogDraft.id)).one()).differences == []


def test_an_older_page_does_not_overwrite_what_another_changed(as_person: AsPerson, draft: str):
    client = as_person("admin")
    client.post(f"{draft}/conditions/C01037-1", data=LAMP)
    answer = client.post(f"{draft}/conditions/C01037-1", data=LAMP | {"limit_value": "9"})
    assert answer.status_code == 422
    assert "C01037-1" in answer.text and 'value="9"' in answer.text


def test_a_class_gets_another_condition_under_a_new_number(as_person: AsPerson, small_city: Database, draft: str):
    client = as_person("admin")
    where = client.get(f"{draft}/classes/component-01037/condition")
    assert where.location.endswith("/conditions/C01037-3")
    assert client.get(where.location).status_code == 200
    assert client.post(where.location, data=LAMP).status_code == 303
    assert (CONDITION, "C01037-3") in wanted(small_city)
    assert client.get(f"{draft}/classes/component-09999/condition").status_code == 404
    assert client.get(f"{draft}/conditions/nonsense").status_code == 404


def test_entries_end_in_the_draft_and_come_back(as_person: AsPerson, small_city: Database, draft: str):
    client = as_person("admin")
    assert client.post(f"{draft}/end", data={"kind": "class", "key": "component-01037", "seen": "0"}).status_code == 303
    assert (CONDITION, "C01037-2") not in wanted(small_city)
    assert client.post(f"{draft}/take-back", data={"kind": "class", "key": "component-01037"}).status_code == 303
    assert (CONDITION, "C01037-2") in wanted(small_city)
    assert client.post(f"{draft}/end", data={"kind": "nonsense", "key": "x"}).status_code == 404
    assert client.post(f"{draft}/end", data={"kind": "stage", "key": "verify", "seen": "9"}).status_code == 422


def test_the_limit_of_a_stage_is_changed(as_person: AsPerson, small_city: Database, draft: str):
    client = as_person("admin")
    assert client.get(f"{draft}/stages/verify").status_code == 200
    assert client.get(f"{draft}/stages/lunch").status_code == 404
    values = {"seen": "0", "limit_value": "2", "limit_unit": "working_hour", "calendar": "street"}
    assert client.post(f"{draft}/stages/verify", data=values | {"limit_value": "0"}).status_code == 422
    assert client.post(f"{draft}/stages/verify", data=values).status_code == 303
    assert wanted(small_city)[STAGE, "verify"]["limit_value"] == "2"


def test_local_classes_are_numbered_downwards_and_marked(as_person: AsPerson, small_city: Database, draft: str):
    client = as_person("admin")
    asked = {"seen": "0", "major": "component-01", "name": "景观桥灯", "name_en": ""}
    assert client.post(f"{draft}/classes", data=asked).status_code == 303
    assert client.post(f"{draft}/classes", data=asked | {"seen": "1", "name_en": "Bridge lamp"}).status_code == 303
    entries = wanted(small_city)
    assert entries[CLASS, "component-01999"]["name"] == "景观桥灯（自定义）"
    assert entries[CLASS, "component-01998"]["name_en"] == "Bridge lamp (local)"
    for bad in ({"name": " "}, {"major": "component-77"}, {"name": "字" * 60}):
        assert client.post(f"{draft}/classes", data=asked | bad | {"seen": "2"}).status_code == 422


def test_a_dropped_draft_is_gone(as_person: AsPerson, draft: str):
    client = as_person("admin")
    client.post(f"{draft}/conditions/C01037-1", data=LAMP)
    assert client.post(f"{draft}/drop").status_code == 303
    assert client.get(draft).status_code == 409
    assert client.post(f"{draft}/conditions/C01037-1", data=LAMP).status_code in {409, 422}
    assert client.get("/settings/catalogue/drafts/9999").status_code == 404


def test_the_draft_finds_by_words(as_person: AsPerson, draft: str):
    client = as_person("admin")
    page = client.get(draft, query_string={"q": "路灯"}).text
    assert "C01037-1" in page and "M06001-1" not in page
    assert "C01037-1" not in client.get(draft, query_string={"q": "没有这种东西"}).text
