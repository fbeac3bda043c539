from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from cityops import clock
from cityops.accounts.models import AuditAction, AuditEntry
from cityops.accounts.viewer import Viewer
from cityops.catalog import queries
from cityops.catalog.drafts import drop_draft, list_open_drafts, open_draft, put_entries, read_draft
from cityops.catalog.editions import publish
from cityops.catalog.entries import BadEntries
from cityops.catalog.models import CaseKind, FilingCondition, StageLimit, Standard
from cityops.catalog.standing import next_condition_code
from cityops.db import Database
from cityops.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.catalog.drafting import CLASS, CONDITION, LIMIT, STAGE, begin, changed, limit, put

LAMP = (CONDITION, "C01037-1")
TODAY = factories.MONDAY_MORNING.date()
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def monday():
    with clock.running_at(factories.MONDAY_MORNING):
        yield


def viewer_of(db: Database, username: str) -> Viewer:
    with db.reading() as session:
        return factories.People(session).viewer(username)


def test_a_standard_has_one_open_draft(small_city: Database):
    with small_city.transaction() as session:
        first = begin(session)
        assert begin(session) == first
        assert [each.id for each in list_open_drafts(session, None)] == [first]
        drop_draft(session, None, first)
        assert begin(session) != first
    with small_city.reading() as session:
        with pytest.raises(WrongState, match="already"):
            read_draft(session, None, first)
        with pytest.raises(NotFound):
            read_draft(session, None, 9_999)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.CATALOGUE_DROPPED)).one()
        assert "GB/T 47678.5" in entry.subject


@pytest.mark.parametrize("username", ["operator", "dutyleader", "handler", "leader"])
def test_only_an_administrator_may_look_at_or_change_a_draft(small_city: Database, username: str):
    with small_city.transaction() as session:
        draft_id, standard_id = begin(session), session.scalars(select(Standard.id)).one()
    stranger = viewer_of(small_city, username)
    with small_city.transaction() as session:
        for attempt in (
            lambda: open_draft(session, stranger, standard_id),
            lambda: read_draft(session, stranger, draft_id),
            lambda: list_open_drafts(session, stranger),
            lambda: put_entries(session, stranger, draft_id, 0, {LAMP: None}),
            lambda: drop_draft(session, stranger, draft_id),
            lambda: publish(session, stranger, draft_id, 0, TODAY),
        ):
            with pytest.raises(NotAllowed):
                attempt()


def test_a_draft_touches_nothing_and_shows_what_differs_field_by_field(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, LAMP, limit_value="3", calendar="street"))
        put(session, draft_id, {(LIMIT, "C01037-2/3"): limit("C01037-2", "3", "4")})
        put(session, draft_id, {(CONDITION, "M06001-1"): None})
    with small_city.reading() as session:
        found = read_draft(session, None, draft_id).differences
        assert [(each.key, each.act) for each in found] == [
            ("C01037-1", "changed"),
            ("M06001-1", "ended"),
            ("C01037-2/3", "added"),
        ]
        assert [(column.name, old, new) for column, old, new in found[0].fields] == [
            ("limit_value", "2", "3"),
            ("calendar", "office", "street"),
        ]
        condition = queries.find_condition(session, "C01037-1", TODAY)
        assert condition is not None and condition.limit == Limit(2, Unit.WORKING_DAY)


def test_what_is_put_back_is_no_change(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        assert put(session, draft_id, changed(session, draft_id, LAMP, limit_value="3")) == 1
        assert put(session, draft_id, changed(session, draft_id, LAMP, limit_value="2")) == 1
        view = read_draft(session, None, draft_id)
        assert (view.differences, view.draft.changes) == ([], [])
        assert put(session, draft_id, changed(session, draft_id, LAMP)) == 0


def test_of_entries_with_one_bad_one_none_is_written(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        wanted = changed(session, draft_id, LAMP, limit_value="3")
        wanted |= changed(session, draft_id, (CONDITION, "C01037-2"), limit_value="0", calendar="moon")
        wanted[LIMIT, "C01037-9/1"] = limit("C01037-9", "1", "4")
        wanted[STAGE, "verify"] = None
        with pytest.raises(BadEntries) as refused:
            put(session, draft_id, wanted)
        assert {(key[1], fault.field) for key, fault in refused.value.faults} == {
            ("C01037-2", "limit_value"),
            ("C01037-2", "calendar"),
            ("C01037-9/1", "condition"),
            ("verify", "clock"),
        }
        assert read_draft(session, None, draft_id).differences == []


def test_what_another_has_changed_since_is_not_overwritten(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        seen = read_draft(session, None, draft_id).draft.edits
        wanted = changed(session, draft_id, LAMP, limit_value="3")
        other = changed(session, draft_id, (CONDITION, "C01037-2"), limit_value="3")
        put_entries(session, None, draft_id, seen, wanted)
        put_entries(session, None, draft_id, seen, other)
        with pytest.raises(Conflict, match="C01037-1"):
            put_entries(session, None, draft_id, seen, changed(session, draft_id, LAMP, limit_value="5"))


def test_publishing_ends_the_old_rows_and_begins_the_new_ones(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(
            session,
            draft_id,
            changed(session, draft_id, LAMP, limit_value="3", photos_after="1", basis="甬办〔2026〕1号"),
        )
        put(session, draft_id, {(LIMIT, "C01037-2/3"): limit("C01037-2", "3", "4")})
        put(session, draft_id, changed(session, draft_id, (STAGE, "verify"), limit_value="2"))
        put(session, draft_id, {(CONDITION, "M06001-1"): None})
        version = read_draft(session, None, draft_id).draft.edits
        publish(session, None, draft_id, version, TOMORROW)
    with small_city.reading() as session:
        old, new = (queries.find_condition(session, "C01037-1", day) for day in (TODAY, TOMORROW))
        assert old is not None and new is not None
        assert (old.limit.value, old.valid_until_on) == (2, TODAY)
        assert (new.limit.value, new.photos_after, new.basis) == (3, 1, "甬办〔2026〕1号")
        assert (new.valid_from_on, new.valid_until_on) == (TOMORROW, None)
        assert new.class_id == old.class_id
        old, new = (queries.find_condition(session, "C01037-2", day) for day in (TODAY, TOMORROW))
        assert old is not None and new is not None
        assert (old.limits, new.limit_in(3).limit, new.limit_in(1)) == ([], Limit(4, Unit.WORKING_HOUR), new)
        assert queries.find_condition(session, "M06001-1", TODAY) is not None
        assert queries.find_condition(session, "M06001-1", TOMORROW) is None
        assert queries.get_stage_limit(session, "verify", TODAY).limit_value == 1
        assert queries.get_stage_limit(session, "verify", TOMORROW).limit_value == 2
        assert len(queries.list_stage_limits(session, TOMORROW)) == 7
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.CATALOGUE_PUBLISHED)).one()
        assert entry.subject == f"GB/T 47678.5-2026, {TOMORROW}"


def test_an_ended_class_ends_its_conditions_and_no_number_is_used_again(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, {(CLASS, "component-01037"): None})
        acts = {each.key: each.act for each in read_draft(session, None, draft_id).differences}
        assert acts == {"component-01037": "ended", "C01037-1": "ended", "C01037-2": "ended"}
        publish(session, None, draft_id, 1, TOMORROW)
    with small_city.transaction() as session:
        assert queries.find_class(session, CaseKind.COMPONENT, "01037", TODAY) is not None
        assert queries.find_class(session, CaseKind.COMPONENT, "01037", TOMORROW) is None
        draft_id = begin(session)
        lamp = {"kind": "component", "code": "01037", "major_code": "01", "major_name": "市政", "name": "新路灯"}
        with pytest.raises(BadEntries, match="used before"):
            put(session, draft_id, {(CLASS, "component-01037"): lamp})
        lamp["code"] = "01999"
        condition = dict.fromkeys(("text", "text_en", "closing", "closing_en"), "字")
        condition |= {"code": "C01999-1", "limit_value": "1", "limit_unit": "working_day", "calendar": "office"}
        condition |= {
            "body_kind": "department",
            "body_code": "lamps",
            "is_simple_allowed": "no",
            "check_same_time": "no",
            "in_tier_2": "yes",
        }
        condition |= {"photos_before": "0", "photos_after": "0"}
        put(session, draft_id, {(CLASS, "component-01999"): lamp, (CONDITION, "C01999-1"): condition})
        publish(session, None, draft_id, 1, TOMORROW)
    with small_city.reading() as session:
        assert queries.find_class(session, CaseKind.COMPONENT, "01999", TODAY) is None
        assert queries.get_class(session, CaseKind.COMPONENT, "01999", TOMORROW).begun_on == TOMORROW
        assert "01999" not in {each.code for each in queries.list_classes(session, TODAY)}
        assert queries.find_condition(session, "C01999-1", TOMORROW) is not None


def test_a_class_in_force_keeps_its_name(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        with pytest.raises(BadEntries, match="keeps its number"):
            put(session, draft_id, changed(session, draft_id, (CLASS, "component-01037"), name="灯"))


def test_an_edition_is_refused_on_a_day_that_cannot_be(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        with pytest.raises(WrongState, match="nothing to publish"):
            publish(session, None, draft_id, 0, TOMORROW)
        put(session, draft_id, changed(session, draft_id, LAMP, limit_value="3"))
        with pytest.raises(Invalid, match="never back") as refused:
            publish(session, None, draft_id, 1, TODAY - timedelta(days=1))
        assert refused.value.field == "from_on"
        with pytest.raises(Conflict, match="since you looked"):
            publish(session, None, draft_id, 0, TODAY)
        publish(session, None, draft_id, 1, TODAY)
        with pytest.raises(WrongState, match="already"):
            publish(session, None, draft_id, 1, TODAY)
        again = begin(session)
        put(session, again, changed(session, again, LAMP, limit_value="4"))
        with pytest.raises(Invalid, match="choose a later day"):
            publish(session, None, again, 1, TODAY)


def test_what_was_published_meanwhile_by_another_is_not_undone(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, (STAGE, "verify"), limit_value="2"))
        city = Standard(reference="DB33/T 1", title="市标", valid_from_on=factories.LONG_AGO)
        session.add(city)
        session.flush()
        other = open_draft(session, None, city.id).id
        put(session, other, changed(session, other, (STAGE, "verify"), limit_value="3"))
        publish(session, None, other, 1, TODAY)
    with small_city.transaction() as session, pytest.raises(Conflict, match="verify"):
        publish(session, None, draft_id, 1, TOMORROW)
    with small_city.reading() as session:
        assert [row.limit_value for row in session.scalars(select(StageLimit).where(StageLimit.clock == "verify"))] == [
            1,
            3,
        ]


def test_a_body_that_ended_after_the_draft_named_it_keeps_it_from_being_published(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, LAMP, body_code="roads"))
        factories.accounts.find_body(session, "roads").ended_on = TODAY
    with pytest.raises(BadEntries, match="roads"), small_city.transaction() as session:
        publish(session, None, draft_id, 1, TODAY)
    with small_city.reading() as session:
        assert len(session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).all()) == 1


def test_of_two_publishers_at_once_one_wins(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, LAMP, limit_value="3"))
    barrier = Barrier(2)

    def attempt(_: int) -> str:
        barrier.wait(10)
        with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
            try:
                publish(session, None, draft_id, 1, TODAY)
            except WrongState as refused:
                return str(refused)
            return "published"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(attempt, range(2)))
    assert answers == ["This draft has been published or dropped already.", "published"]
    with small_city.reading() as session:
        assert len(session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).all()) == 2


def test_the_next_condition_of_a_class_is_one_more_than_there_ever_was():
    used = {(CONDITION, "C01037-9"), (CONDITION, "C01037-10"), (CONDITION, "M01037-11"), (CLASS, "component-01037")}
    assert next_condition_code("component-01037", used) == "C01037-11"
    assert next_condition_code("matter-06001", used) == "M06001-1"


def test_an_edition_of_a_standard_keeps_to_its_days(small_city: Database):
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, LAMP, limit_value="3"))
        session.scalars(select(Standard)).one().valid_until_on = date(2026, 12, 31)
        session.flush()
        with pytest.raises(Invalid, match="not in force on this day"):
            publish(session, None, draft_id, 1, date(2027, 1, 1))
