"""The doors of the pages and of the API: closed, guarded against forged forms, and shut after a while."""

from datetime import timedelta

import pytest

from cityops import clock
from cityops.accounts import tokens
from cityops.accounts.routes import safe_next
from tests.accounts.conftest import csrf_of, sign_in


def bearer(app, organisation, username: str = "operator") -> dict[str, str]:
    with organisation.transaction() as session:
        return {"Authorization": "Bearer " + tokens.create_token(session, None, username)}


def test_a_page_sends_a_stranger_to_the_sign_in_and_back(app):
    client = app.test_client()
    sent = client.get("/settings/people?q=a")
    assert (sent.status_code, sent.location) == (302, "/sign-in?next=/settings/people?q%3Da")
    back = sign_in(client, "admin", address=sent.location)
    assert (back.status_code, back.location) == (302, "/settings/people?q=a")
    assert client.get(back.location).status_code == 200


def test_the_api_says_401_to_a_stranger(app):
    answer = app.test_client().get("/api/v1/me")
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert app.test_client().get("/api/v1/me", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in(app):
    answer = app.test_client().get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_a_wrong_password_keeps_the_name_and_says_one_sentence(app):
    client = app.test_client()
    answer = sign_in(client, "operator", "wrong")
    assert answer.status_code == 403
    assert 'value="operator"' in answer.text and "wrong" not in answer.text
    assert client.get("/").status_code == 302


def test_a_session_ends_when_it_is_idle_and_not_before(make_app):
    client = make_app(idle_minutes=10).test_client()
    start = clock.now()
    with clock.running_at(start):
        sign_in(client, "operator")
    for minutes in (9, 18, 27):
        with clock.running_at(start + timedelta(minutes=minutes)):
            assert client.get("/").status_code == 200
    with clock.running_at(start + timedelta(minutes=38)):
        assert client.get("/").status_code == 302
        assert client.get("/").status_code == 302


def test_a_page_left_open_asks_for_its_bell_and_keeps_no_session_alive(make_app):
    client = make_app(idle_minutes=10).test_client()
    start = clock.now()
    with clock.running_at(start):
        sign_in(client, "operator")
    for minutes in range(1, 10):
        with clock.running_at(start + timedelta(minutes=minutes)):
            assert client.get("/notices/bell", headers={"HX-Request": "true"}).status_code == 200
    with clock.running_at(start + timedelta(minutes=11)):
        ended = client.get("/notices/bell", headers={"HX-Request": "true"})
        assert (ended.status_code, ended.headers.get("HX-Redirect")) == (401, None)
        assert client.get("/").status_code == 302


def test_a_copied_cookie_is_worth_nothing_after_the_sign_out(app):
    client, thief = app.test_client(), app.test_client()
    sign_in(client, "operator")
    thief.set_cookie("cityops", client.get_cookie("cityops").value)
    assert thief.get("/").status_code == 200
    client.post("/sign-out", data={"csrf_token": _token(client)})
    assert client.get("/").status_code == 302
    assert thief.get("/").status_code == 302


def test_a_session_given_before_the_sign_in_is_not_the_one_after_it(app):
    client = app.test_client()
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    before = csrf_of(client.get("/sign-in").text)
    sign_in(client, "operator")
    with client.session_transaction() as session:
        assert "planted" not in session
    refused = client.post("/post", data={"post": "operator", "csrf_token": before})
    assert refused.status_code == 400


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/post", "/language", "/settings/people", "/api/v1/made"])
def test_an_unsafe_request_with_a_cookie_needs_its_csrf_token(app, path):
    client = app.test_client()
    if path != "/sign-in":
        sign_in(client, "admin")
    assert client.post(path, data={"username": "operator"}).status_code == 400
    assert client.post(path, headers={"X-CSRFToken": "made up"}).status_code == 400


def test_the_api_takes_the_csrf_token_as_a_header_and_a_bearer_needs_none(app, organisation):
    client = app.test_client()
    sign_in(client, "operator")
    assert client.post("/api/v1/made", headers={"X-CSRFToken": _token(client)}).status_code == 201
    assert app.test_client().post("/api/v1/made", headers=bearer(app, organisation)).status_code == 201


def test_an_api_post_under_one_key_is_done_once(app, organisation):
    client, headers = app.test_client(), bearer(app, organisation) | {"Idempotency-Key": "k-1"}
    first = client.post("/api/v1/made", json={"a": 1}, headers=headers)
    again = client.post("/api/v1/made", json={"a": 1}, headers=headers)
    other = client.post("/api/v1/made", json={"a": 2}, headers=headers)
    assert (first.status_code, first.json) == (again.status_code, again.json) == (201, {"number": 1})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json["field"]) == (422, "Idempotency-Key")


def test_who_am_i(app, organisation):
    me = app.test_client().get("/api/v1/me", headers=bearer(app, organisation, "east-operator")).json
    assert (me["username"], me["post"], me["choices"]) == ("east-operator", "operator", ["operator"])
    assert me["posts"][0]["ranges"] == [{"code_from": "330212000000", "code_until": "330212999999"}]


def test_a_token_chooses_its_post_by_a_header(make_app, organisation):
    app = make_app(several_posts=False)
    headers = bearer(app, organisation, "night") | {"X-Cityops-Post": "dispatcher"}
    me = app.test_client().get("/api/v1/me", headers=headers).json
    assert [held["post"] for held in me["posts"]] == ["dispatcher"]


def test_a_post_is_chosen_for_the_session_and_only_one_that_is_held(app):
    client = app.test_client()
    sign_in(client, "night")
    assert client.get("/api/v1/me").json["post"] == "operator"
    assert client.post("/post", data={"post": "dispatcher", "csrf_token": _token(client)}).status_code == 302
    assert client.get("/api/v1/me").json["post"] == "dispatcher"
    assert client.post("/post", data={"post": "administrator", "csrf_token": _token(client)}).status_code == 422


def test_a_language_is_chosen_by_strangers_and_stays_with_the_person(app):
    client = app.test_client()
    assert '<html lang="zh-CN"' in client.get("/sign-in").text
    token = csrf_of(client.get("/sign-in").text)
    client.post("/language", data={"language": "en", "csrf_token": token})
    assert '<html lang="en"' in client.get("/sign-in").text
    sign_in(client, "operator")
    elsewhere = app.test_client()
    sign_in(elsewhere, "operator")
    assert elsewhere.get("/api/v1/me").json["language"] == "en"
    assert elsewhere.post("/language", data={"language": "tlh", "csrf_token": _token(elsewhere)}).status_code == 422


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "elsewhere",
        "/\t/elsewhere",
    ],
)
def test_next_never_leads_elsewhere(address):
    assert safe_next(address) == "/"


def test_one_name_at_one_address_may_not_try_without_end(make_app):
    client = make_app(is_limited=True).test_client()
    statuses = [sign_in(client, "nobody").status_code for _ in range(11)]
    assert statuses == [403] * 10 + [429]
    assert sign_in(client, "operator").status_code == 302


def _token(client) -> str:
    """The CSRF token of a session that is signed in, from a page everybody may see."""
    page = client.get("/no-such-page")
    return csrf_of(page.text)
