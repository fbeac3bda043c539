"""My work by post: the lists a person finds, one key on a row, the overview for who looks on."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops.cases.models import Case
from cityops.cases.names import OPEN_STAGES
from cityops.db import Database
from tests import factories
from tests.factories import People

As = Callable[[str], FlaskClient]


def make_filed(small_city: Database, app: Flask, *more: str) -> str:
    office = app.extensions["cityops.office"]
    with small_city.transaction() as session:
        people = People(session)
        case = factories.make_report(session, people.inspector, office).case
        return factories.bring_to(session, people, case, "accept", "file", *more).number


@pytest.mark.parametrize(
    ("username", "stages"),
    [
        ("operator", ["reported", "reviewing", "answers"]),
        ("dutyleader", ["accepted", "closing", "reviewing", "reported", "answers"]),
        ("dispatcher", ["filed"]),
        ("handler", ["dispatched", "handling"]),
    ],
)
def test_each_post_finds_its_own_lists(username: str, stages: list[str], as_person: As) -> None:
    page = as_person(username).get("/").text
    tabs = page[page.index('class="tabs"') : page.index("</ul>", page.index('class="tabs"'))]
    found = re.findall(r'href="/(?:\?stage=(\w+)|(answers))"', tabs)
    assert [stage or answers for stage, answers in found] == stages


def test_who_supervises_finds_what_waits_for_him_and_who_looks_on_finds_no_lists(as_person: As) -> None:
    page = as_person("supervisor").get("/").text
    tabs = page[page.index('class="tabs"') : page.index("</ul>", page.index('class="tabs"'))]
    assert re.findall(r'href="([^"]*)"', tabs) == ["/requests", "/arbitration", "/tasks/waiting", "/rechecks/open"]
    assert 'class="tabs"' not in as_person("leader").get("/").text


def test_a_dispatcher_sends_a_row_to_the_proposed_body_with_one_key(
    as_person: As, small_city: Database, app: Flask
) -> None:
    number = make_filed(small_city, app)
    dispatcher = as_person("dispatcher")
    page = dispatcher.get("/").text
    assert number in page and 'data-key="d"' in page
    form = dict(re.findall(r'name="(step|version|body|next)" value="([^"]*)"', page[page.index("row-form") :]))
    assert form["body"] == "lamps"
    assert dispatcher.post(f"/cases/{number}/steps", data=form).location.startswith("/?stage=filed")
    assert f'data-number="{number}"' not in dispatcher.get("/").text
    with small_city.reading() as session:
        assert session.scalars(select(Case)).one().stage == "dispatched"


def test_a_list_narrows_by_class_area_and_light(as_person: As, small_city: Database, app: Flask) -> None:
    number = make_filed(small_city, app)
    dispatcher = as_person("dispatcher")
    for narrowed, is_there in (
        ("class=01037", True),
        ("class=06001", False),
        (f"area={factories.WEST}", True),
        (f"area={factories.EAST}", False),
        ("light=on_time", True),
        ("light=over", False),
    ):
        assert (number in dispatcher.get(f"/?stage=filed&{narrowed}").text) is is_there, narrowed


def test_a_handler_sees_the_work_of_his_body_alone(as_person: As, small_city: Database, app: Flask) -> None:
    number = make_filed(small_city, app, "dispatch")
    assert number in as_person("handler").get("/").text
    assert number not in as_person("handler-crew").get("/").text
    assert number not in as_person("handler-roads").get("/").text


@pytest.mark.parametrize("username", ["supervisor", "leader", "admin"])
def test_who_looks_on_finds_every_open_stage_counted(username: str, as_person: As) -> None:
    page = as_person(username).get("/").text
    assert all(f"stage={stage.value}" in page for stage in OPEN_STAGES)
