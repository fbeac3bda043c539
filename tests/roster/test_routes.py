"""The roster's pages: the week, a change, a new pattern filled from empty, and who may not."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops import clock
from cityops.db import Database
from cityops.roster.models import RosterLine, RosterPattern
from tests.counting import counted_queries

As = Callable[[str], FlaskClient]


@pytest.fixture
def leader(as_person: As) -> FlaskClient:
    """The duty leader, whose centre has a shift of the whole day: it runs at whatever hour the tests do."""
    client = as_person("dutyleader")
    data = {"shift_name": "全天", "name_en": "All day", "start": "00:00", "end": "00:00"}
    assert client.post("/roster/supervision/shifts", data=data).status_code == 303
    return client


def test_a_roster_is_made_from_nothing_and_shown_at_the_top(
    leader: FlaskClient, as_person: As, small_city: Database
) -> None:
    begun = leader.post("/roster/supervision/patterns", data={"from_on": clock.today().isoformat(), "cycle_days": "2"})
    assert begun.status_code == 303
    with small_city.reading() as session:
        shift_id = session.scalars(select(RosterPattern)).one().id
    line = {"shift": shift_id, "username": "operator", "posts": ["operator"], "days": "1-2"}
    assert leader.post(f"{begun.location}/lines", data=line).status_code == 303
    page = leader.get("/roster?body=supervision").text
    assert page.count("operator 某 <span") == 7 - clock.today().weekday()
    assert '<span class="quiet">全天</span>' in as_person("operator").get("/cases").text
    assert '<span class="quiet">全天</span>' not in leader.get("/cases").text


def test_somebody_is_taken_off_a_pattern_again(leader: FlaskClient, small_city: Database) -> None:
    begun = leader.post("/roster/supervision/patterns", data={"from_on": clock.today().isoformat(), "cycle_days": "1"})
    line = {"shift": 1, "username": "operator", "posts": ["operator"], "days": "1"}
    leader.post(f"{begun.location}/lines", data=line)
    page = leader.get(begun.location).text
    action = page.split('action="/roster/patterns/')[1].split('"')[0]
    assert leader.post(f"/roster/patterns/{action}").status_code == 303
    with small_city.reading() as session:
        assert session.scalars(select(RosterLine)).all() == []


def test_a_bad_form_keeps_what_was_typed_beside_what_is_wrong(leader: FlaskClient) -> None:
    past = (clock.today() - timedelta(days=9)).isoformat()
    data = {"on": past, "shift": "1", "username": "operator", "post": "operator", "is_on_duty": "1", "reason": "替班"}
    answer = leader.post("/roster/supervision/changes", data=data)
    assert answer.status_code == 422 and "替班" in answer.text and "这一天已过" in answer.text
    begun = leader.post("/roster/supervision/patterns", data={"from_on": clock.today().isoformat(), "cycle_days": "1"})
    line = {"shift": "1", "username": "operator", "posts": ["operator"], "days": "七"}
    answer = leader.post(f"{begun.location}/lines", data=line)
    assert answer.status_code == 422 and "七" in answer.text


def test_who_plans_nothing_looks_on_and_who_has_no_desk_does_not(leader: FlaskClient, as_person: As) -> None:
    page = as_person("operator").get("/roster").text
    assert "全天" in page and '<form method="post" action="/roster' not in page
    data = {"from_on": clock.today().isoformat(), "cycle_days": "7"}
    assert as_person("operator").post("/roster/supervision/patterns", data=data).status_code == 403
    for username in ("handler", "inspector"):
        assert as_person(username).get("/roster").status_code == 403
        assert "/roster" not in as_person(username).get("/cases").text


def test_a_week_that_is_none_is_this_week_and_a_body_that_is_none_is_not_found(leader: FlaskClient) -> None:
    assert leader.get("/roster?week=someday").status_code == 200
    assert leader.get("/roster?body=nowhere").status_code == 404
    assert leader.get("/roster/patterns/77").status_code == 404


def test_the_week_asks_as_often_for_many_as_for_one(leader: FlaskClient) -> None:
    begun = leader.post("/roster/supervision/patterns", data={"from_on": clock.today().isoformat(), "cycle_days": "7"})
    counts = []
    for username, post in (("operator", "operator"), ("operator-east", "operator"), ("dutyleader", "duty_leader")):
        line = {"shift": "1", "username": username, "posts": [post], "days": "1-7"}
        leader.post(f"{begun.location}/lines", data=line)
        with counted_queries() as seen:
            leader.get("/roster?body=supervision")
        counts.append(len(seen))
    assert len(set(counts)) == 1
