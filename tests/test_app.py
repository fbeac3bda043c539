"""The application as a whole: it answers, in both languages, and says what it offers."""

from dataclasses import replace

import pytest
from flask import request
from sqlalchemy import select

from cityops.accounts.models import AuditEntry
from cityops.app import create_app
from scripts import translations


def test_a_stranger_is_sent_to_the_sign_in_page(client):
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in")


def test_a_program_without_a_token_is_told_so(client):
    answer = client.get("/api/v1/cases")
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"


def test_pages_speak_chinese_unless_asked_otherwise(client):
    words = {message.id: message.string for message in translations.read()}
    assert words["Sign in"] and words["Sign in"] in client.get("/sign-in").text


def test_a_person_of_the_city_sees_his_work(as_person):
    assert as_person("dispatcher").get("/").status_code in {200, 302}


def test_the_api_describes_how_it_says_no(client):
    told = client.get("/api/v1/openapi.json").json
    assert set(told["components"]["schemas"]["Problem"]["required"]) == {"type", "title", "status", "detail"}
    operations = [(method, each) for path in told["paths"].values() for method, each in path.items()]
    assert len(operations) >= 15
    for method, operation in operations:
        no = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert set(no) >= {"400", "401", "403", "404", "422"} | ({"409", "413"} if method == "post" else set())
        for answer in no.values():
            (shape,) = answer["content"].values()
            assert list(answer["content"]) == ["application/problem+json"]
            assert shape["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_every_post_of_the_api_takes_an_idempotency_key(client):
    for path in client.get("/api/v1/openapi.json").json["paths"].values():
        for operation in (each for method, each in path.items() if method == "post"):
            headers = {each["name"]: each for each in operation["parameters"] if each["in"] == "header"}
            assert headers["Idempotency-Key"]["required"] is False


def test_the_api_describes_itself(as_person):
    paths = as_person("operator").get("/api/v1/openapi.json").json["paths"]
    assert {"/api/v1/locate", "/api/v1/reports", "/api/v1/cases"} <= set(paths)


@pytest.mark.parametrize(
    ("proxies", "address"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.4")], ids=["none", "one", "two"]
)
def test_only_what_our_own_proxies_say_of_an_address_is_believed(config, db, proxies, address):
    app = create_app(replace(config, proxies=proxies))
    app.config.update(WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    forwarded = {"X-Forwarded-For": "10.9.9.9, 198.51.100.4, 203.0.113.9", "X-Forwarded-Proto": "https, https"}
    with app.test_client() as client:
        client.post("/sign-in", data={"username": "nobody", "password": "wrong"}, headers=forwarded)
        assert request.is_secure == (proxies > 0)
    with db.reading() as session:
        assert session.scalars(select(AuditEntry.address)).all() == [address]
    app.extensions["cityops"].close()
