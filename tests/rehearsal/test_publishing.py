from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from cityops import clock
from cityops.catalog import queries
from cityops.catalog.drafts import read_draft
from cityops.db import Database
from cityops.errors import Invalid
from cityops.rehearsal.concerned import list_concerned, list_concerns
from cityops.rehearsal.services import publish
from tests import factories
from tests.catalog.drafting import CLASS, CONDITION, begin, changed, put

AsPerson = Callable[[str], FlaskClient]
LAMP = (CONDITION, "C01037-1")


@pytest.fixture
def draft_id(small_city: Database) -> int:
    """A draft that gives lamps another limit and ends the class of rubbish, with cases of both."""
    with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        people = factories.People(session)
        for steps in ((), ("accept",), ("accept", "file"), ("accept", "file", "dispatch"), ("decline",)):
            report = factories.make_report(session, people.inspector, condition="C01037-1")
            factories.bring_to(session, people, report.case, *steps)
        factories.make_report(session, people.inspector, kind="matter", class_code="06001")
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, LAMP, limit_value="3"))
        put(session, draft_id, {(CLASS, "matter-06001"): None})
        return draft_id


def test_the_open_cases_of_what_changes_are_counted(small_city: Database, draft_id: int):
    with small_city.reading() as session:
        view = read_draft(session, None, draft_id)
        found = {each.key: (each.is_ended, each.filed, each.unfiled) for each in list_concerns(session, None, view)}
        assert found == {"C01037-1": (False, 2, 2), "matter-06001": (True, 0, 1)}
        assert len(list_concerned(session, None, view, "C01037-1")) == 4
        assert len(list_concerned(session, None, view, "matter-06001")) == 1
        assert list_concerned(session, None, view, "C01037-2") == []


def test_an_administrator_counts_the_cases_he_may_see(small_city: Database, draft_id: int):
    with small_city.reading() as session:
        east = factories.People(session).viewer("operator-east")
        view = read_draft(session, None, draft_id)
        assert list_concerns(session, east, view) == []
        assert list_concerned(session, east, view, "C01037-1") == []


def test_cases_left_without_a_class_have_to_be_agreed_to(small_city: Database, draft_id: int):
    with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        admin = factories.People(session).viewer("admin")
        with pytest.raises(Invalid, match="1 open cases") as refused:
            publish(session, admin, draft_id, 2, clock.today(), False)
        assert refused.value.field == "agrees"
        publish(session, admin, draft_id, 2, clock.today(), True)


def test_a_filed_case_keeps_the_condition_it_was_filed_under(small_city: Database, draft_id: int):
    with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        people = factories.People(session)
        view = read_draft(session, None, draft_id)
        filed = next(case for case in list_concerned(session, None, view, "C01037-1") if case.stage == "filed")
        waiting = next(case for case in list_concerned(session, None, view, "C01037-1") if case.stage == "accepted")
        publish(session, people.viewer("admin"), draft_id, 2, clock.today(), True)
        factories.bring_to(session, people, filed, "dispatch")
        factories.bring_to(session, people, waiting, "file", "dispatch")
        assert filed.clocks[-1].limit_value == 2
        assert waiting.clocks[-1].limit_value == 3


def test_the_difference_is_shown_and_published_by_the_administrator_alone(
    as_person: AsPerson, small_city: Database, draft_id: int
):
    root = f"/settings/catalogue/drafts/{draft_id}"
    admin, stranger = as_person("admin"), as_person("dutyleader")
    tomorrow = clock.today() + timedelta(days=1)
    for address in ("difference", "concerned/C01037-1"):
        assert stranger.get(f"{root}/{address}").status_code == 403
    sent = {"seen": "2", "from_on": tomorrow.isoformat(), "agrees": "y"}
    assert stranger.post(f"{root}/publish", data=sent).status_code == 403
    page = admin.get(f"{root}/difference").text
    assert "C01037-1" in page and "matter-06001" in page and "agrees" in page
    assert "中山西路" in admin.get(f"{root}/concerned/C01037-1").text
    for bad in ({"agrees": ""}, {"from_on": ""}, {"from_on": "tomorrow"}, {"from_on": "2020-01-01"}):
        answer = admin.post(f"{root}/publish", data={name: value for name, value in (sent | bad).items() if value})
        assert answer.status_code == 422, bad
    assert admin.post(f"{root}/publish", data=sent | {"seen": "1"}).status_code == 409
    assert admin.post(f"{root}/publish", data=sent).status_code == 303
    assert admin.post(f"{root}/publish", data=sent).status_code == 409
    with small_city.reading() as session:
        condition = queries.find_condition(session, "C01037-1", tomorrow)
        assert condition is not None and condition.limit_value == 3
    assert "发布了新版目录" in admin.get("/settings/audit").text
