"""The duty list: kept by whom it concerns, masked, each look logged."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops.accounts.models import AuditAction, AuditEntry
from cityops.db import Database
from cityops.roster.models import DutyContact

As = Callable[[str], FlaskClient]
PHONE = "154 0000 7788"


@pytest.fixture
def leader(as_person: As) -> FlaskClient:
    """The duty leader, who has put somebody on the lamp department's list."""
    client = as_person("dutyleader")
    data = {"body": "lamps", "name": "周班长", "phone": PHONE, "username": "handler"}
    assert client.post("/roster/contacts", data=data).status_code == 303
    return client


def test_a_phone_is_sealed_masked_and_each_look_at_it_logged(leader: FlaskClient, small_city: Database) -> None:
    page = leader.get("/roster/contacts").text
    assert "周班长" in page and "+86154******88" in page and "7788" not in page
    with small_city.reading() as session:
        contact = session.scalars(select(DutyContact)).one()
        assert "7788" not in contact.phone_sealed
    assert "+8615400007788" in leader.post(f"/roster/contacts/{contact.id}/phone", follow_redirects=True).text
    with small_city.reading() as session:
        shown = select(AuditEntry.subject).where(AuditEntry.action == AuditAction.PERSONAL_DATA_SHOWN)
        assert session.scalars(shown).all() == ["duty list: lamps 1"]


def test_the_next_one_stands_behind_and_can_be_taken_off(leader: FlaskClient, small_city: Database) -> None:
    leader.post("/roster/contacts", data={"body": "lamps", "name": "吴主任", "phone": "87180000"})
    with small_city.reading() as session:
        rows = session.scalars(select(DutyContact).order_by(DutyContact.position)).all()
        assert [(row.position, row.name) for row in rows] == [(1, "周班长"), (2, "吴主任")]
    assert leader.post(f"/roster/contacts/{rows[0].id}/remove").status_code == 303
    assert "周班长" not in leader.get("/roster/contacts").text
    with small_city.reading() as session:
        logged = session.execute(select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id)).all()
    assert logged[-3:] == [
        (AuditAction.DUTY_CONTACT_ADDED, "duty list: lamps 1"),
        (AuditAction.DUTY_CONTACT_ADDED, "duty list: lamps 2"),
        (AuditAction.DUTY_CONTACT_REMOVED, "duty list: lamps 1"),
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"phone": "12"}, "电话"),
        ({"username": "nobody"}, "没有这个用户名的人员"),
        ({"body": "nowhere"}, "周班长"),
        ({"name": " "}, PHONE),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(leader: FlaskClient, wrong: dict[str, str], words: str) -> None:
    data = {"body": "lamps", "name": "周班长", "phone": PHONE, "username": ""} | wrong
    answer = leader.post("/roster/contacts", data=data)
    assert answer.status_code == 422 and words in answer.text


def test_who_calls_nobody_sees_nobody_and_who_only_calls_keeps_nothing(leader: FlaskClient, as_person: As) -> None:
    for username in ("handler", "inspector", "supervisor"):
        assert as_person(username).get("/roster/contacts").status_code == 403
    operator = as_person("operator")
    assert "周班长" in operator.get("/roster/contacts").text
    assert operator.post("/roster/contacts", data={"body": "lamps", "name": "甲", "phone": PHONE}).status_code == 422
    assert operator.post("/roster/contacts/1/remove").status_code == 404
    assert leader.post("/roster/contacts/77/phone").status_code == 404
