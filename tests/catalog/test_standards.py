from collections.abc import Callable
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from cityops import clock
from cityops.accounts.models import AuditAction, AuditEntry
from cityops.catalog import queries
from cityops.catalog.cli import compare as command
from cityops.catalog.columns import Known
from cityops.catalog.comparing import compare, is_looser
from cityops.catalog.drafts import open_draft, read_draft
from cityops.catalog.editions import publish
from cityops.catalog.models import CaseKind, Standard
from cityops.catalog.standards import add_standard, compare_with_parent, set_parent
from cityops.config import Config
from cityops.db import Database
from cityops.errors import Conflict, Invalid, NotAllowed, NotFound
from cityops.shell import Shell
from cityops.worktime.defaults import DEFAULT_CALENDARS
from cityops.worktime.limits import Unit
from tests import factories
from tests.catalog.drafting import CLASS, CONDITION, LIMIT, limit, put

AsPerson = Callable[[str], FlaskClient]
TODAY = factories.MONDAY_MORNING.date()
KNOWN = Known(date(2026, 11, 9), DEFAULT_CALENDARS, {})
LAMP = (CLASS, "component-01037")


@pytest.fixture
def city_id(small_city: Database) -> int:
    """A city's standard under the nation's: lamps with a looser first condition, published; no rubbish."""
    with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        nation = session.scalars(select(Standard)).one()
        facts = {"title": "市标准", "title_en": "", "valid_from_on": TODAY - timedelta(days=9)}
        city = add_standard(session, None, reference="DB3302/T 1-2026", parent_id=nation.id, **facts)
        draft_id = open_draft(session, None, city.id).id
        theirs = read_draft(session, None, open_draft(session, None, nation.id).id).wanted
        condition = {**theirs[CONDITION, "C01037-1"], "limit_value": "3"}
        lamp = {**theirs[LAMP], "name": "市路灯"}
        put(session, draft_id, {LAMP: lamp, (CONDITION, "C01037-1"): condition})
        publish(session, None, draft_id, 1, TODAY)
        return city.id


def test_looser_limits_and_lacking_classes_are_listed(small_city: Database, city_id: int):
    with clock.running_at(factories.MONDAY_MORNING), small_city.reading() as session:
        found = compare_with_parent(session, None, session.get_one(Standard, city_id))
        assert found is not None
        assert [(each.code, each.area_level) for each in found.looser] == [("C01037-1", None)]
        assert [each["name"] for each in found.lacking] == ["暴露垃圾"]
        nation = session.scalars(select(Standard).where(Standard.id != city_id)).one()
        assert compare_with_parent(session, None, nation) is None


def test_the_newer_standards_class_stands_in_place_of_the_parents_and_the_rest_is_inherited(
    small_city: Database, city_id: int
):
    with small_city.reading() as session:
        names = [each.name for each in queries.list_classes(session, TODAY)]
        assert sorted(names) == ["市路灯", "暴露垃圾"]
        assert queries.get_class(session, CaseKind.COMPONENT, "01037", TODAY).name == "市路灯"
        offered = queries.list_conditions_in_force(session, TODAY)
        assert [(each.code, each.limit_value) for each in offered] == [("C01037-1", 3), ("M06001-1", 4)]
        condition = queries.find_condition(session, "C01037-1", TODAY)
        assert condition is not None and condition.limit_value == 3
        before = TODAY - timedelta(days=1)
        assert [each.limit_value for each in queries.list_conditions_in_force(session, before)][:1] == [2]


def test_limits_of_the_levels_are_compared_level_by_level():
    own = {(CONDITION, "C"): limit("", "", "4"), (LIMIT, "C/2"): limit("C", "2", "9")}
    parents = {(CONDITION, "C"): limit("", "", "5"), (LIMIT, "C/3"): limit("C", "3", "3")}
    found = compare(own, parents, KNOWN)
    assert [each.area_level for each in found.looser] == [2, 3]
    assert compare(own, own, KNOWN).looser == []


def test_a_limit_is_compared_by_when_it_is_due_whatever_its_unit():
    def entry(value: int, unit: Unit, calendar: str) -> dict[str, str]:
        return {"limit_value": str(value), "limit_unit": unit.value, "calendar": calendar}

    day, urgent = entry(1, Unit.WORKING_DAY, "office"), entry(24, Unit.URGENT_HOUR, "continuous")
    assert is_looser(day, urgent, KNOWN)
    assert not is_looser(entry(2, Unit.WORKING_HOUR, "street"), urgent, KNOWN)
    assert not is_looser(entry(8, Unit.WORKING_HOUR, "moon"), urgent, KNOWN)
    assert not is_looser(entry(3_660, Unit.WORKING_DAY, "office"), urgent, KNOWN)


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from(list(Unit)), st.sampled_from(sorted(DEFAULT_CALENDARS)))
def test_in_one_unit_and_calendar_the_larger_number_is_the_looser(one: int, other: int, unit: Unit, calendar: str):
    first, second = (
        {"limit_value": str(each), "limit_unit": unit.value, "calendar": calendar} for each in (one, other)
    )
    assert is_looser(first, second, KNOWN) == (one > other)


def test_no_standard_stands_above_itself_or_begins_before_what_stands_above(small_city: Database, city_id: int):
    with small_city.transaction() as session:
        nation = session.scalars(select(Standard).where(Standard.id != city_id)).one()
        nation.valid_from_on = session.get_one(Standard, city_id).valid_from_on
        session.flush()
        with pytest.raises(Invalid, match="above itself"):
            set_parent(session, None, nation.id, city_id)
        with pytest.raises(Invalid, match="above itself"):
            set_parent(session, None, city_id, city_id)
        nation.valid_from_on += timedelta(days=1)
        session.flush()
        with pytest.raises(Invalid, match="begins later"):
            set_parent(session, None, city_id, nation.id)
        with pytest.raises(NotFound):
            set_parent(session, None, city_id, 9_999)
        assert set_parent(session, None, city_id, None).parent_id is None
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert {AuditAction.STANDARD_ADDED, AuditAction.STANDARD_PARENT_SET} <= set(actions)


def test_a_standard_that_cannot_be_added_is_refused(small_city: Database):
    good = {"reference": "DB 1", "title": "标", "title_en": "", "valid_from_on": TODAY, "parent_id": None}
    with small_city.transaction() as session:
        for field, value in (("reference", " "), ("title", ""), ("title_en", "x" * 201), ("reference", "a\x07")):
            with pytest.raises(Invalid) as refused:
                add_standard(session, None, **good | {field: value})
            assert refused.value.field == field
        with pytest.raises(Conflict):
            add_standard(session, None, **good | {"reference": "GB/T 47678.5-2026"})
        with pytest.raises(NotAllowed):
            add_standard(session, factories.People(session).viewer("leader"), **good)


def test_the_pages_add_a_standard_and_show_the_comparison(as_person: AsPerson, small_city: Database, city_id: int):
    root, client, stranger = "/settings/catalogue/standards", as_person("admin"), as_person("dutyleader")
    assert "DB3302/T 1-2026" in client.get(root).text
    page = client.get(f"{root}/{city_id}").text
    assert "C01037-1" in page and "暴露垃圾" in page
    sent = {"reference": "DB33/T 9", "title": "省标准", "valid_from_on": "2026-01-01", "parent": ""}
    for bad in ({"reference": ""}, {"valid_from_on": "never"}, {"parent": "9999"}, {"parent": str(city_id)}):
        assert client.post(root, data=sent | bad).status_code in {404, 422}, bad
    assert client.post(root, data=sent).status_code == 303
    assert client.post(root, data=sent).status_code == 409
    assert client.post(f"{root}/{city_id}/parent", data={"parent": str(city_id)}).status_code == 422
    assert client.post(f"{root}/{city_id}/parent", data={"parent": ""}).status_code == 303
    assert client.get(f"{root}/9999").status_code == 404
    for method, address in (("get", root), ("get", f"{root}/{city_id}"), ("post", root), ("post", f"{root}/1/parent")):
        assert getattr(stranger, method)(address).status_code == 403


def test_the_command_lists_what_is_looser_and_what_lacks(small_city: Database, city_id: int, tmp_path):
    shell = Shell(Config(home=tmp_path, database_url=small_city.url, keys_folder=tmp_path / "keys"))
    result = CliRunner().invoke(command, ["--standard", "DB3302/T 1-2026"], obj=shell)
    lines = result.stdout.splitlines()
    assert lines[1] == "looser,C01037-1,,3 working_day office,2 working_day office"
    assert lines[2].startswith("lacking,matter-06001")
    assert isinstance(CliRunner().invoke(command, ["--standard", "GB/T 47678.5-2026"], obj=shell).exception, NotFound)
    shell.database.dispose()
