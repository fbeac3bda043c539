"""The administrator's pages."""

import re

import pytest
from sqlalchemy import event, select

from cityops.accounts import services, tokens
from cityops.accounts.models import ApiToken, Body
from cityops.accounts.posts import Post
from cityops.accounts.services import NewPost
from cityops.accounts.signing_in import sign_in
from tests.accounts.conftest import add

PATHS = ("/settings/people", "/settings/people/operator", "/settings/bodies", "/settings/tokens", "/settings/audit")


@pytest.fixture
def as_admin(app, organisation):
    return _client(app, organisation, "admin")


def _client(app, organisation, username: str):
    with organisation.transaction() as session:
        token = tokens.create_token(session, None, username)
    client = app.test_client()
    # A bearer needs no CSRF token.
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def _secret(page: str) -> str:
    return re.search(r'<code class="code">([^<]+)</code>', page)[1]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_shown_to_administrators_and_to_nobody_else(app, organisation, path):
    assert _client(app, organisation, "admin").get(path).status_code == 200
    assert _client(app, organisation, "operator").get(path).status_code == 403


def test_the_door_of_the_settings_leads_to_the_people(as_admin):
    assert as_admin.get("/settings").location == "/settings/people"


def test_a_person_is_added_and_the_password_shown_once(as_admin, organisation):
    sent = {"username": "newcomer", "name": "新人", "post": "handler", "body": "lamps", "jurisdiction": "city"}
    answer = as_admin.post("/settings/people", data=sent)
    assert answer.status_code == 200
    assert sign_in(organisation, "newcomer", _secret(answer.text))
    assert "newcomer" in as_admin.get("/settings/people?q=newc").text


def test_what_was_typed_stays_beside_the_error(as_admin):
    sent = {"username": "operator", "name": "新人<b>", "post": "handler", "body": "lamps", "jurisdiction": "city"}
    answer = as_admin.post("/settings/people", data=sent)
    assert answer.status_code == 422
    assert 'id="username-error"' in answer.text and 'value="新人&lt;b&gt;"' in answer.text


def test_a_person_gets_and_loses_posts_a_password_and_the_access(as_admin, organisation):
    given = {"post": "leader", "body": "city", "jurisdiction": "city"}
    assert as_admin.post("/settings/people/operator/posts", data=given).status_code == 302
    page = as_admin.get("/settings/people/operator").text
    ends = re.findall(r'action="(/settings/people/operator/posts/\d+/end)"', page)
    assert len(ends) == 2
    assert as_admin.post(ends[0]).status_code == 302
    assert as_admin.get("/settings/people/operator").text.count('/end"') == 2
    password = _secret(as_admin.post("/settings/people/operator/password").text)
    assert sign_in(organisation, "operator", password)
    assert as_admin.post("/settings/people/operator/end").status_code == 302
    assert 'href="/settings/people/operator"' not in as_admin.get("/settings/people?q=operator").text


def test_a_body_is_added_to_the_tree(as_admin, organisation):
    sent = {"code": "roads", "name": "道路", "name_en": "Roads", "kind": "department", "parent": "city"}
    assert as_admin.post("/settings/bodies", data=sent).status_code == 302
    with organisation.reading() as session:
        assert session.scalars(select(Body.path).where(Body.code == "roads")).one().count("/") == 2
    assert as_admin.post("/settings/bodies", data=sent).status_code == 422


CREDIT = "91350100M000100Y43"


def test_a_credit_code_is_checked_and_belongs_to_one_body(as_admin, organisation):
    address = "/settings/bodies/city/credit-code"
    assert address in as_admin.get("/settings/bodies").text
    assert as_admin.get(address).status_code == 200
    wrong = as_admin.post(address, data={"credit_code": CREDIT[:-1] + "4"})
    assert (wrong.status_code, 'id="credit_code-error"' in wrong.text, CREDIT[:-1] + "4" in wrong.text) == (
        422,
        True,
        True,
    )
    assert as_admin.post(address, data={"credit_code": f" {CREDIT.lower()} "}).status_code == 302
    assert as_admin.post(address, data={"credit_code": CREDIT}).status_code == 302
    assert CREDIT in as_admin.get("/settings/bodies").text
    sent = {"code": "roads", "name": "道路", "name_en": "Roads", "kind": "department", "parent": "city"}
    assert as_admin.post("/settings/bodies", data=sent | {"credit_code": CREDIT}).status_code == 422
    assert as_admin.post(address, data={"credit_code": ""}).status_code == 302
    assert as_admin.post("/settings/bodies", data=sent | {"credit_code": CREDIT}).status_code == 302
    with organisation.reading() as session:
        assert session.scalars(select(Body.code).where(Body.credit_code == CREDIT)).one() == "roads"
    assert as_admin.get("/settings/bodies/nobody/credit-code").status_code == 404


def test_a_token_is_shown_once_and_revoked(as_admin, organisation):
    answer = as_admin.post("/settings/tokens", data={"username": "operator", "days": "30"})
    assert _secret(answer.text).startswith(tokens.PREFIX)
    with organisation.reading() as session:
        token_id = session.scalars(select(ApiToken.id).order_by(ApiToken.id.desc())).first()
    assert as_admin.post(f"/settings/tokens/{token_id}/revoke").status_code == 302
    assert as_admin.post(f"/settings/tokens/{token_id}/revoke").status_code == 404
    assert as_admin.post("/settings/tokens", data={"username": "nobody", "days": "30"}).status_code == 422


def test_an_administrator_of_a_part_finds_nothing_of_the_rest(app, organisation):
    client = _client(app, organisation, "east-admin")
    assert "night" not in client.get("/settings/people").text
    assert client.get("/settings/people/operator").status_code == 404
    assert client.post("/settings/people/operator/password").status_code == 404
    assert client.post("/settings/tokens", data={"username": "operator", "days": "30"}).status_code == 422
    assert "lamps" not in client.get("/settings/bodies").text


@pytest.mark.parametrize("path", ["/settings/people", "/settings/audit", "/settings/tokens"])
def test_a_list_asks_as_many_questions_for_fifty_rows_as_for_five(app, organisation, path):
    client = _client(app, organisation, "admin")
    counts = []
    reader = app.extensions["cityops"].database.reader
    asked = []
    event.listen(reader, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for more in (0, 50):
        with organisation.transaction() as session:
            for number in range(more):
                add(session, f"person{number}", NewPost(Post.HANDLER, "lamps", "city"))
                tokens.create_token(session, None, f"person{number}")
                services.choose_language(session, 1, "en")
        asked.clear()
        assert client.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
