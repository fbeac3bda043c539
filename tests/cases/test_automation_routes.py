"""The page of what goes by itself."""

import pytest

from cityops.cases import automation
from tests import factories
from tests.factories import People

SENT = {"step": "file", "sample_percent": "0", "class_key": "", "area_prefix": "", "source": ""}


@pytest.fixture
def as_admin(as_person):
    return as_person("admin")


def test_a_step_is_switched_on_runs_is_shown_and_switched_off(as_admin, as_person, small_city):
    assert as_admin.post("/settings/automation", data=SENT).status_code == 302
    with small_city.transaction() as session:
        people = People(session)
        case = factories.make_report(session, people.inspector, condition="C01037-1").case
        number = factories.bring_to(session, people, case, "accept").number
        urgent = factories.make_report(session, people.inspector, condition="C01037-2").case
        left = factories.bring_to(session, people, urgent, "accept").number
        rule_id = automation.list_rules(session, people.viewer("admin"))[0].id
    page = as_admin.get("/settings/automation").text
    assert number in page and left in page
    only = as_admin.get("/settings/automation?held=urgent").text
    assert left in only and number not in only
    assert f"#{rule_id}" in as_person("dispatcher").get(f"/cases/{number}").text
    assert f"#{rule_id}" in as_person("dutyleader").get(f"/cases/{left}").text
    assert as_admin.post(f"/settings/automation/{rule_id}/off").status_code == 302
    assert as_admin.post(f"/settings/automation/{rule_id}/off").status_code == 409
    assert as_admin.post("/settings/automation/99/off").status_code == 404


def test_what_was_chosen_stays_beside_the_error(as_admin):
    answer = as_admin.post("/settings/automation", data=SENT | {"sample_percent": "101", "note": "记一笔"})
    assert answer.status_code == 422
    assert 'id="sample_percent-error"' in answer.text and 'value="记一笔"' in answer.text
    assert as_admin.post("/settings/automation", data=SENT).status_code == 302
    twice = as_admin.post("/settings/automation", data=SENT)
    assert twice.status_code == 422 and 'id="step-error"' in twice.text


def test_the_switches_are_the_administrators(as_person):
    assert as_person("dutyleader").get("/settings/automation").status_code == 403
    assert as_person("dutyleader").post("/settings/automation", data=SENT).status_code == 403
