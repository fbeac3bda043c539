"""The frame of every page: the rooms by post, and the addresses one comes back to."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

As = Callable[[str], FlaskClient]


def rooms(page: str, name: str) -> list[str]:
    found = re.search(rf'<nav class="{name}".*?</nav>', page, re.DOTALL)
    assert found is not None
    addresses: list[str] = re.findall(r'<a href="(/[a-z/]*)"', found[0])
    return addresses


@pytest.mark.parametrize(
    ("username", "has", "lacks"),
    [
        ("operator", {"/", "/intake", "/cases", "/map", "/grid", "/scores"}, {"/settings"}),
        ("dispatcher", {"/", "/cases", "/map"}, {"/intake", "/settings"}),
        ("admin", {"/", "/settings"}, {"/intake"}),
    ],
)
def test_the_rail_shows_the_rooms_of_the_posts_held(
    username: str, has: set[str], lacks: set[str], as_person: As
) -> None:
    found = set(rooms(as_person(username).get("/cases").text, "rail"))
    assert has <= found
    assert not lacks & found


def test_every_room_of_a_rail_opens(as_person: As) -> None:
    client = as_person("operator")
    for address in rooms(client.get("/cases").text, "rail"):
        assert client.get(address, follow_redirects=True).status_code == 200, address


def test_the_tablet_has_four_targets(as_person: As) -> None:
    client = as_person("inspector")
    found = rooms(client.get("/tasks").text, "foot-bar")
    assert found == ["/tasks", "/patrol/report", "/map", "/patrol/me"]


def test_a_page_that_answers_a_form_comes_back_to_the_form(as_person: As) -> None:
    answer = as_person("operator").post("/intake", data={}, headers={"Referer": "http://localhost/intake"})
    assert answer.status_code == 422
    assert 'name="next" value="/intake"' in answer.text
