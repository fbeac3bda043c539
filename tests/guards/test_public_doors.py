"""Closed by default: the doors that open to strangers are exactly these, found by walking every route."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from cityops import web
from cityops.accounts.models import SignIn
from cityops.accounts.signing_in import hash_secret
from cityops.app import create_app
from cityops.clock import now
from cityops.config import Config
from tests import factories
from tests.guards.doors import UNSAFE, address, doors

PUBLIC_DOORS = {
    ("GET", "/static/<path:filename>"),
    ("GET", "/healthz"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/language"),
    ("GET", "/api/v1/openapi.json"),
}


@pytest.fixture
def closed_app(tmp_path: Path) -> Iterator[Flask]:
    """An application whose database is not even there: a closed door does not ask it."""
    url = f"sqlite:///{tmp_path / 'nowhere' / 'city.sqlite3'}"
    application = create_app(Config(home=tmp_path, database_url=url, keys_folder=tmp_path / "keys"))
    application.config["TESTING"] = True
    yield application
    application.extensions["cityops"].close()


def test_the_public_doors_are_exactly_these(closed_app):
    client = closed_app.test_client()
    for method, rule in doors(closed_app):
        if (method, rule.rule) in PUBLIC_DOORS:
            continue
        answer = client.open(address(rule), method=method)
        if rule.rule.startswith(web.API_PREFIX):
            seen = (answer.status_code, answer.content_type)
            assert seen == (401, "application/problem+json"), (method, rule.rule)
        else:
            seen = (answer.status_code, (answer.location or "").split("?")[0])
            assert seen == (302, "/sign-in"), (method, rule.rule)


def test_every_public_door_is_there_and_marked(closed_app):
    marked = {
        (method, rule.rule)
        for method, rule in doors(closed_app)
        if rule.endpoint == "static" or getattr(closed_app.view_functions[rule.endpoint], "is_public", False)
    }
    assert marked == PUBLIC_DOORS


def test_no_door_but_the_sign_in_mixes_looking_and_writing(closed_app):
    mixed = {rule.rule for rule in closed_app.url_map.iter_rules() if "GET" in rule.methods and rule.methods & UNSAFE}
    assert mixed <= {"/sign-in"}


def test_no_door_takes_an_unsafe_request_with_a_cookie_alone(app, small_city):
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    with small_city.transaction() as session:
        admin = factories.People(session).viewer("admin")
        session.add(SignIn(person_id=admin.person_id, secret_hash=hash_secret("a secret"), started_at=now()))
    with client.session_transaction() as cookie:
        cookie.update(secret="a secret", seen=int(now().timestamp()))
    assert client.get("/api/v1/me").status_code == 200
    for method, rule in doors(app):
        if method in UNSAFE:
            assert client.open(address(rule), method=method).status_code == 400, (method, rule.rule)
