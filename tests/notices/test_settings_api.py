"""The API of warnings: what an administrator's program reads, adds, changes and ends."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops.accounts.models import AuditAction, AuditEntry
from cityops.accounts.posts import Post
from cityops.db import Database
from tests import factories
from tests.factories import EAST

AsPerson = Callable[[str], FlaskClient]
WARNINGS, QUIET = "/api/v1/warnings", "/api/v1/quiet-hours"
LATE = {"clock": "sign", "moment": "due", "after_minutes": 30, "recipient": "dispatcher"}
HOURS = {"quiet_from": "22:30", "quiet_until": "06:00"}


def test_a_rule_is_added_once_changed_and_ended(as_person: AsPerson, small_city: Database) -> None:
    client, key = as_person("admin"), {"Idempotency-Key": "one"}
    added = client.post(WARNINGS, json=LATE, headers=key)
    assert added.status_code == 201 and added.json["is_active"] and added.json["every_minutes"] is None
    assert client.post(WARNINGS, json=LATE, headers=key).json == added.json
    door = f"{WARNINGS}/{added.json['number']}"
    for _ in range(2):
        changed = client.put(door, json=LATE | {"clock": None, "after_minutes": 60})
        assert (changed.status_code, changed.json["clock"], changed.json["after_minutes"]) == (200, None, 60)
    assert client.post(f"{door}/end").json["is_active"] is False
    assert client.post(f"{door}/end").status_code == 409
    assert changed.json | {"is_active": False} in client.get(WARNINGS).json["rules"]
    assert client.put(door, json=LATE).json["is_active"] is True


def test_quiet_hours_are_set_and_read_again(as_person: AsPerson, small_city: Database) -> None:
    client = as_person("admin")
    assert client.put(QUIET, json=HOURS).json == HOURS
    assert client.get(WARNINGS).json["quiet_hours"] == HOURS
    with small_city.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.QUIET_HOURS_SET)).all()
        assert [each.subject for each in entries] == ["22:30–06:00"]


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"clock": "nap"}, "clock"),
        ({"after_minutes": -1}, "after_minutes"),
        ({"every_minutes": 1}, "every_minutes"),
        ({"recipient": "duty_list"}, "every_minutes"),
        ({"clock": "file", "recipient": "handler"}, "recipient"),
        ({"loud": True}, "loud"),
    ],
)
def test_what_is_no_rule_is_refused_by_its_field(as_person: AsPerson, other: dict[str, object], field: str) -> None:
    answer = as_person("admin").post(WARNINGS, json=LATE | other)
    assert (answer.status_code, answer.json["field"]) == (422, field)


@pytest.mark.parametrize("time", ["24:00", "7:00", "soon", "06:60", ""])
def test_what_is_no_time_of_day_is_refused(as_person: AsPerson, time: str) -> None:
    answer = as_person("admin").put(QUIET, json=HOURS | {"quiet_until": time})
    assert (answer.status_code, answer.json["field"]) == (422, "quiet_until")


def test_the_whole_citys_administrator_sets_what_administrators_may_see(
    as_person: AsPerson, small_city: Database
) -> None:
    number = as_person("admin").post(WARNINGS, json=LATE).json["number"]
    with small_city.transaction() as session:
        factories.give_post(session, "operator-east", Post.ADMINISTRATOR, EAST)
    for person, sees in (("operator-east", 200), ("dispatcher", 403)):
        client = as_person(person)
        assert client.get(WARNINGS).status_code == sees
        assert client.post(WARNINGS, json=LATE | {"after_minutes": 5}).status_code == 403
        assert client.put(f"{WARNINGS}/{number}", json=LATE).status_code == 403
        assert client.post(f"{WARNINGS}/{number}/end").status_code == 403
        assert client.put(QUIET, json=HOURS).status_code == 403
    assert as_person("admin").put(f"{WARNINGS}/{number + 1}", json=LATE).status_code == 404


def test_the_openapi_document_has_it(client: FlaskClient) -> None:
    paths = client.get("/api/v1/openapi.json").json["paths"]
    assert {"get", "post"} <= paths[WARNINGS].keys() and "put" in paths[QUIET]
    assert "put" in paths[f"{WARNINGS}/{{number}}"]
