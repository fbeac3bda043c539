"""Phases of handling in the catalogue: edited in a draft, published with their condition, in and out as Excel."""

import io
from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.catalog import queries
from cityops.catalog.comparing import compare
from cityops.catalog.drafts import read_draft
from cityops.catalog.editions import publish
from cityops.catalog.entries import BadEntries, without_orphans
from cityops.catalog.importing import put_sheets
from cityops.catalog.keys import Entry, Key
from cityops.catalog.models import ConditionPhase
from cityops.catalog.phases import PhaseCheck
from cityops.catalog.sheets import read_sheets, write_sheets
from cityops.catalog.standing import read_known
from cityops.db import Database
from tests.catalog.drafting import CONDITION, LIMIT, PHASE, begin, changed, limit, put

FIRST = (CONDITION, "C01037-1")
SECOND = (PHASE, "C01037-1.2")
THIRD = (PHASE, "C01037-1.3")


def phase(code: str, **values: str) -> Entry:
    """The entry of a phase in which the same body goes on."""
    entry = {"code": code, "name": "修复", "name_en": "repair", "closing": "修好", "closing_en": "repaired"}
    entry |= {"limit_value": "1", "limit_unit": "working_day", "calendar": "office"}
    entry |= {"body_kind": "", "body_code": "", "check_before": "by_photo", "photos_after": "0"}
    return entry | values


def phases(session: Session, draft_id: int) -> dict[Key, Entry | None]:
    """Three phases for lamps that are out."""
    named = changed(session, draft_id, FIRST, phase_name="安全防护", phase_name_en="make safe")
    roads = phase("C01037-1.3", check_before="none", body_kind="department", body_code="roads")
    return named | {
        SECOND: phase("C01037-1.2"),
        THIRD: roads,
        (LIMIT, "C01037-1.2/3"): limit("C01037-1.2", "3", "2", "working_day"),
    }


def refused(session: Session, draft_id: int, wanted: dict[Key, Entry | None]) -> set[tuple[str, str]]:
    with pytest.raises(BadEntries) as caught:
        put(session, draft_id, wanted)
    return {(key[1], fault.field) for key, fault in caught.value.faults}


def test_phases_come_into_force_with_their_condition_which_begins_anew(small_city: Database) -> None:
    day = clock.today()
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, phases(session, draft_id))
        before = queries.find_condition(session, "C01037-1", day)
        publish(session, None, draft_id, read_draft(session, None, draft_id).draft.edits, day)
        session.expire_all()
        after = queries.find_condition(session, "C01037-1", day)
        assert before is not None and after is not None and before.id != after.id
        assert (before.phases, after.phase_name) == ([], "安全防护")
        second, third = after.phases
        assert (second.number, second.check_before, second.body_kind) == (2, PhaseCheck.BY_PHOTO, None)
        assert [second.limit_in(level).limit_value for level in (None, 1, 3)] == [1, 1, 2]
        assert (third.number, third.body_code, after.find_phase_after(2), after.find_phase_after(3)) == (
            *(3, "roads", third),
            None,
        )


def test_a_change_of_one_phase_begins_the_condition_anew_with_all_of_them(small_city: Database) -> None:
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, phases(session, draft_id))
        publish(session, None, draft_id, 1, clock.today())
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, THIRD, limit_value="9"))
        found = read_draft(session, None, draft_id).differences
        assert [(each.key, [column.name for column, _, _ in each.fields]) for each in found] == [
            ("C01037-1.3", ["limit_value"])
        ]
        publish(session, None, draft_id, 1, date(2027, 1, 4))
        later = queries.find_condition(session, "C01037-1", date(2027, 1, 4))
        assert later is not None and [row.limit_value for row in later.phases] == [1, 9]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"limit_value": "0"}, "limit_value"),
        ({"limit_value": "87841", "limit_unit": "urgent_hour"}, "limit_value"),
        ({"limit_value": "3660"}, "limit_value"),
        ({"calendar": "moon"}, "calendar"),
        ({"name": ""}, "name"),
        ({"check_before": "by_smell"}, "check_before"),
        ({"body_code": "roads"}, "body_code"),
        ({"body_kind": "department"}, "body_code"),
        ({"body_kind": "company", "body_code": "roads"}, "body_code"),
        ({"photos_after": "10"}, "photos_after"),
    ],
)
def test_what_is_no_phase_is_refused_beside_its_field(small_city: Database, values: dict[str, str], field: str) -> None:
    with small_city.transaction() as session:
        draft_id = begin(session)
        wanted = phases(session, draft_id) | {SECOND: phase("C01037-1.2", **values)}
        assert ("C01037-1.2", field) in refused(session, draft_id, wanted)


@pytest.mark.parametrize("code", ["C01037-1.1", "C01037-1.10", "C01037-1.x", "C01037-1.", "C01037-1.2.3", "x.2"])
def test_a_further_phase_is_numbered_from_two_to_nine(small_city: Database, code: str) -> None:
    with small_city.transaction() as session:
        draft_id = begin(session)
        wanted = phases(session, draft_id) | {(PHASE, code): phase(code)}
        assert (code, "code") in refused(session, draft_id, wanted)


def test_the_first_phase_needs_a_name_where_others_follow(small_city: Database) -> None:
    with small_city.transaction() as session:
        draft_id = begin(session)
        assert refused(session, draft_id, {SECOND: phase("C01037-1.2")}) == {("C01037-1.2", "code")}
        put(session, draft_id, phases(session, draft_id))
        nameless = changed(session, draft_id, FIRST, phase_name="")
        assert refused(session, draft_id, nameless) == {("C01037-1", "phase_name")}


def test_phases_and_their_limits_end_with_the_condition(small_city: Database) -> None:
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, phases(session, draft_id))
        entries = dict(read_draft(session, None, draft_id).wanted)
        del entries[FIRST]
        assert not [key for _, key in without_orphans(entries) if key.startswith("C01037-1")]


def test_phases_go_out_as_excel_and_come_back(small_city: Database) -> None:
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, phases(session, draft_id))
        file = io.BytesIO()
        write_sheets(read_draft(session, None, draft_id).wanted, file)
        found = read_sheets(file.getvalue())
        assert found.wanted[SECOND] == phase("C01037-1.2")
        assert put_sheets(session, None, draft_id, 1, found) == 0


def test_a_phase_that_leaves_more_time_than_the_parents_is_called_looser(small_city: Database) -> None:
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, phases(session, draft_id))
        parents = read_draft(session, None, draft_id).wanted
        own = {**parents, SECOND: phase("C01037-1.2", limit_value="2")}
        looser = compare(own, parents, read_known(session, clock.today())).looser
        assert [(each.code, each.area_level) for each in looser] == [
            *(("C01037-1.2", level) for level in (None, 1, 2)),
        ]


def test_the_administrator_adds_a_phase_on_its_page(as_person: Callable[[str], FlaskClient], small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, FIRST, phase_name="安全防护", phase_name_en="make safe"))
    client, door = as_person("admin"), f"/settings/catalogue/drafts/{draft_id}/phases/C01037-1.2"
    assert "C01037-1.2" in client.get(f"/settings/catalogue/drafts/{draft_id}?q=01037").text
    assert "安全防护" in client.get(door).text
    typed = phase("C01037-1.2", limit_value="0", body_code="street_office") | {"seen": "1"}
    answer = client.post(door, data=typed)
    assert answer.status_code == 422 and "修复" in answer.text
    assert client.post(door, data=typed | {"limit_value": "3"}).status_code == 303
    with small_city.reading() as session:
        entry = read_draft(session, None, draft_id).wanted[SECOND]
    assert (entry["limit_value"], entry["body_kind"], entry["body_code"]) == ("3", "street_office", "")
    assert '<option selected value="street_office">' in client.get(door).text
    for code in ("C01037-1.1", "C01037-9.2", "C01037-1", "x"):
        assert client.get(door.replace("C01037-1.2", code)).status_code == 404
    assert as_person("handler").get(door).status_code == 403


def test_the_api_and_the_catalogue_show_the_phases(as_person: Callable[[str], FlaskClient], small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, phases(session, draft_id))
        publish(session, None, draft_id, 1, clock.today())
        assert session.scalars(select(ConditionPhase.number)).all() == [2, 3]
    answer = as_person("operator").get("/api/v1/classes/component/01037/conditions").json
    lamp = next(each for each in answer["conditions"] if each["code"] == "C01037-1")
    assert (lamp["phase_name_en"], [each["number"] for each in lamp["phases"]]) == ("make safe", [2, 3])
    assert lamp["phases"][0]["limits"][0]["area_level"] == 3 and lamp["phases"][1]["body"] == "roads"
    page = as_person("operator").get("/settings/catalogue?q=01037").text
    assert "C01037-1.3" in page and "安全防护" in page
