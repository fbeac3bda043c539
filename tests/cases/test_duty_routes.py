"""The page of responsibility rules, and what a dispatcher sees of them."""

import re

import pytest

from cityops import clock
from cityops.accounts.queries import find_body
from cityops.catalog import rules
from cityops.catalog.rules import NewRule
from tests import factories
from tests.factories import PHASED, WEST, People

LAMP = "C01037"
SENT = {"class_key": LAMP, "area_prefix": WEST, "body": "roads", "reference": "〔2026〕1 号"}


@pytest.fixture
def as_admin(as_person):
    return as_person("admin")


def add(small_city, **facts: str) -> int:
    with small_city.transaction() as session:
        return rules.add_rule(session, People(session).viewer("admin"), NewRule(**facts)).id


def test_a_rule_is_added_shown_narrowed_to_and_ended(as_admin):
    answer = as_admin.post("/settings/rules", data=SENT)
    assert answer.status_code == 302
    page = as_admin.get(answer.location)
    assert "roads" in page.text and "〔2026〕1 号" in page.text
    assert answer.location in as_admin.get(f"/settings/rules?class={LAMP}&body=roads&area={WEST}").text
    assert answer.location not in as_admin.get("/settings/rules?body=lamps").text
    last_on = str(clock.today())
    assert as_admin.post(answer.location + "/end", data={"last_on": last_on}).status_code == 302
    assert last_on in as_admin.get(answer.location).text
    assert as_admin.post(answer.location + "/end", data={"last_on": ""}).status_code == 422


def test_a_rule_for_a_phase_is_chosen_and_told_by_the_phases_name(as_admin, small_city):
    with small_city.transaction() as session:
        factories.make_phases(session)
    page = as_admin.get("/settings/rules").text
    assert all(f'value="{PHASED}.{number}"' in page for number in (1, 3))
    assert f'value="{PHASED}.2"' not in page and 'value="C01037-1.1"' not in page
    answer = as_admin.post("/settings/rules", data=SENT | {"condition_code": f"{PHASED}.3"})
    assert answer.status_code == 302 and "恢复路面" in as_admin.get(answer.location).text
    refused = as_admin.post("/settings/rules", data=SENT | {"condition_code": f"{PHASED}.4"})
    assert refused.status_code == 422 and 'id="condition_code-error"' in refused.text


def test_what_was_chosen_stays_beside_the_error(as_admin):
    answer = as_admin.post("/settings/rules", data=SENT | {"body": "", "note": "记一笔"})
    assert answer.status_code == 422
    assert 'id="body-error"' in answer.text and 'value="记一笔"' in answer.text
    assert re.search(rf'<option[^>]* selected[^>]*value="{LAMP}"', answer.text)
    assert as_admin.post("/settings/rules", data=SENT | {"from_on": "soon"}).status_code == 422


@pytest.mark.parametrize("path", ["/settings/rules", "/settings/rules/1"])
def test_the_rules_are_the_administrators(as_person, small_city, path):
    add(small_city, body="roads", class_key=LAMP)
    assert as_person("admin").get(path).status_code == 200
    assert as_person("dispatcher").get(path).status_code == 403
    assert as_person("dispatcher").post("/settings/rules", data=SENT).status_code == 403


def test_an_unknown_rule_is_not_found(as_admin):
    assert as_admin.get("/settings/rules/77").status_code == 404
    assert as_admin.post("/settings/rules/77/end", data={"last_on": "2099-01-01"}).status_code == 404


def test_the_faults_stand_on_the_page(as_admin, small_city):
    one, other = add(small_city, body="lamps", class_key=LAMP), add(small_city, body="roads", class_key=LAMP)
    closed = add(small_city, body="lamps-crew", class_key=LAMP, area_prefix=WEST)
    with small_city.transaction() as session:
        crew = find_body(session, "lamps-crew")
        assert crew is not None
        crew.ended_on = clock.today()
    faults = as_admin.get("/settings/rules").text.split('<table class="rows')[0]
    for number in (one, other, closed):
        assert f"/settings/rules/{number}" in faults
    assert "M06001" in faults


def test_a_dispatcher_takes_the_rules_body_with_one_key_and_sees_why(as_person, small_city):
    with small_city.transaction() as session:
        people = People(session)
        number = factories.bring_to(
            session, people, factories.make_report(session, people.inspector).case, "accept", "file"
        ).number
    rule = add(small_city, body="roads", class_key=LAMP, area_prefix=WEST)
    row = as_person("dispatcher").get("/").text
    assert f"#{rule}" in row and 'name="body" value="roads"' in row
    assert f"#{rule}" in as_person("dispatcher").get(f"/cases/{number}").text


def test_where_rules_disagree_nothing_is_chosen_for_the_dispatcher(as_person, small_city):
    with small_city.transaction() as session:
        people = People(session)
        number = factories.bring_to(
            session, people, factories.make_report(session, people.inspector).case, "accept", "file"
        ).number
    numbers = [add(small_city, body=body, class_key=LAMP) for body in ("lamps", "roads")]
    row = as_person("dispatcher").get("/").text
    assert f"#{numbers[0]}, #{numbers[1]}" in row and 'data-key="d"' not in row
    page = as_person("dispatcher").get(f"/cases/{number}").text
    assert f"#{numbers[0]}, #{numbers[1]}" in page
    assert re.search(r'<select[^>]*id="dispatch-body"[^>]*>\s*<option selected value=""', page)
