"""The bell, the page of notices and the API: one's own, counted at every page, opened with one click."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from cityops import clock
from cityops.db import Database
from cityops.notices.models import Notice, NoticeKind
from cityops.notices.sweeping import warn
from tests import factories
from tests.counting import counted_queries
from tests.factories import People

As = Callable[[str], FlaskClient]
BADGE = '<span class="count">'


@pytest.fixture
def told(small_city: Database, app: Flask) -> list[str]:
    """Two cases that a body asked to send back, of which the dispatcher has been told; their numbers."""
    office = app.extensions["cityops.office"]
    noon = clock.now().astimezone(clock.CITY_ZONE).replace(hour=12) - timedelta(days=1)
    numbers = []
    with clock.running_at(noon), small_city.transaction() as session:
        people = People(session)
        for _ in range(2):
            case = factories.make_report(session, people.inspector, office).case
            factories.bring_to(session, people, case, "accept", "file", "dispatch")
            factories.ask(session, people.handler, case, "send_back", office=office)
            numbers.append(case.number)
    return numbers


def test_every_page_shows_how_many_wait(as_person: As, told: list[str]) -> None:
    assert f"{BADGE}2</span>" in as_person("dispatcher").get("/cases").text
    assert BADGE not in as_person("operator").get("/cases").text


def test_one_click_opens_the_case_and_marks_the_notice_as_read(as_person: As, told: list[str]) -> None:
    client = as_person("dispatcher")
    page = client.get("/notices").text
    assert all(number in page for number in told) and "原因" in page
    action = page.split('action="/notices/')[2].split('"')[0]
    opened = client.post(f"/notices/{action}")
    assert opened.status_code == 303
    assert opened.location.startswith("/cases/")
    assert f"{BADGE}1</span>" in client.get(opened.location).text


def test_all_can_be_marked_as_read_and_stand_below_then(as_person: As, told: list[str]) -> None:
    client = as_person("dispatcher")
    assert client.post("/notices/read").location == "/notices"
    page = client.get("/notices").text
    assert BADGE not in page
    assert page.index("没有新的提醒") < page.index(told[0])


def test_another_s_notice_is_not_there(as_person: As, told: list[str], small_city: Database) -> None:
    with small_city.reading() as session:
        notice_id = session.scalars(select(Notice.id)).first()
    assert as_person("operator").post(f"/notices/{notice_id}/open").status_code == 404
    assert as_person("operator").get("/api/v1/notices").json == {"count": 0, "notices": [], "next_cursor": None}


def test_a_case_that_is_no_longer_his_is_not_shown_to_him(as_person: As, told: list[str], small_city: Database) -> None:
    with small_city.transaction() as session:
        session.execute(update(Notice).values(person_id=People(session).viewer("dispatcher-east").person_id))
    client = as_person("dispatcher-east")
    page = client.get("/notices").text
    assert told[0] not in page and "中山西路" not in page and f"{BADGE}2</span>" in page
    answer = client.get("/api/v1/notices").json
    assert answer is not None and [each["case"] for each in answer["notices"]] == [None, None]
    action = page.split('action="/notices/')[2].split('"')[0]
    assert client.post(f"/notices/{action}").location == "/notices"
    assert f"{BADGE}1</span>" in client.get("/notices").text


def test_the_api_goes_page_by_page(as_person: As, told: list[str]) -> None:
    client = as_person("dispatcher")
    first = client.get("/api/v1/notices?size=1").json
    assert first is not None and (first["count"], first["notices"][0]["step"]) == (2, "ask")
    rest = client.get(f"/api/v1/notices?size=1&cursor={first['next_cursor']}").json
    assert rest is not None and rest["next_cursor"] is None
    assert {each["notices"][0]["case"]["number"] for each in (first, rest)} == set(told)


def test_the_inspector_finds_them_on_his_tablet(as_person: As, small_city: Database, app: Flask) -> None:
    office = app.extensions["cityops.office"]
    noon = clock.now().astimezone(clock.CITY_ZONE).replace(hour=12) - timedelta(days=1)
    with clock.running_at(noon), small_city.transaction() as session:
        people = People(session)
        case = factories.make_report(session, people.inspector, office).case
        factories.bring_to(session, people, case, "accept", "file", "dispatch", "sign_for", "report_back")
        with clock.running_at(noon + timedelta(hours=2)):
            warn(session, limit=100)
        first = select(func.min(Notice.id)).where(Notice.kind == NoticeKind.OVER).scalar_subquery()
        session.execute(update(Notice).where(Notice.id == first).values(person_id=people.inspector.person_id))
    page = as_person("inspector").get("/notices").text
    assert 'class="foot-bar"' in page and case.number in page and "已超时" in page


def test_the_page_asks_as_often_for_many_as_for_one(as_person: As, told: list[str], small_city: Database) -> None:
    client = as_person("dispatcher")
    client.get("/notices")
    with counted_queries() as many:
        client.get("/notices")
    with small_city.transaction() as session:
        session.execute(delete(Notice).where(Notice.id != select(func.min(Notice.id)).scalar_subquery()))
    with counted_queries() as one:
        client.get("/notices")
    assert len(many) == len(one)
