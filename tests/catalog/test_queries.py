from datetime import date

import pytest
from sqlalchemy import select

from cityops.catalog import queries
from cityops.catalog.models import CaseClass, CaseKind, ConditionLimit, FilingCondition, Standard
from cityops.db import Database
from cityops.errors import Invalid, NotFound
from cityops.worktime.limits import Limit, Unit

TODAY = date(2026, 11, 23)
COMPONENT, MATTER = CaseKind.COMPONENT, CaseKind.MATTER


def test_a_class_is_found_by_its_kind_and_code(stocked: Database) -> None:
    with stocked.reading() as session:
        assert queries.get_class(session, COMPONENT, "01037", TODAY).name == "路灯"
        assert queries.get_class(session, MATTER, "01037", TODAY).name == "路灯异常"
        assert queries.get_class(session, COMPONENT, "01037", TODAY).standard.reference == "GB/T 47678.5-2026"


def test_a_class_that_does_not_exist_is_refused_by_its_field(stocked: Database) -> None:
    with stocked.reading() as session:
        for code in ("01016", "99999", "", "路灯", "01037\x00", "\ud800", "0' OR 1=1"):
            with pytest.raises(Invalid, match="no component class") as refusal:
                queries.get_class(session, COMPONENT, code, TODAY)
            assert refusal.value.field == "class_code"


def test_a_class_is_not_valid_before_its_standard(stocked: Database) -> None:
    with stocked.reading() as session:
        assert queries.get_class(session, COMPONENT, "01037", date(2026, 7, 1))
        with pytest.raises(Invalid, match="not valid before 2026-07-01"):
            queries.get_class(session, COMPONENT, "01037", date(2026, 6, 30))
        assert queries.find_class(session, COMPONENT, "01037", date(2026, 6, 30)) is None


def test_an_ended_class_is_refused_from_the_day_it_ended(stocked: Database) -> None:
    with stocked.transaction() as session:
        queries.get_class(session, COMPONENT, "01041", TODAY).ended_on = TODAY
    with stocked.reading() as session:
        assert queries.get_class(session, COMPONENT, "01041", date(2026, 11, 22))
        with pytest.raises(Invalid, match="no longer valid") as refusal:
            queries.get_class(session, COMPONENT, "01041", TODAY)
        assert refusal.value.field == "class_code"
        assert "01041" not in {each.code for each in queries.list_classes(session, TODAY, COMPONENT)}


def test_of_two_standards_the_newer_one_in_force_is_taken(stocked: Database) -> None:
    with stocked.transaction() as session:
        session.scalars(select(Standard)).one().valid_until_on = date(2027, 6, 30)
        newer = Standard(reference="GB/T 99999-2027", title="新标准", valid_from_on=date(2027, 1, 1))
        session.add(newer)
        session.flush()
        session.add(
            CaseClass(
                standard_id=newer.id, kind=COMPONENT, code="01037", major_code="01", major_name="设施", name="新路灯"
            )
        )
    with stocked.reading() as session:
        assert queries.get_class(session, COMPONENT, "01037", date(2026, 12, 31)).name == "路灯"
        assert queries.get_class(session, COMPONENT, "01037", date(2027, 1, 1)).name == "新路灯"
        assert queries.get_class(session, COMPONENT, "01001", date(2027, 6, 30)).name == "供水井盖"
        with pytest.raises(Invalid, match="no longer valid"):
            queries.get_class(session, COMPONENT, "01001", date(2027, 7, 1))


def test_classes_are_listed_by_kind(stocked: Database) -> None:
    with stocked.reading() as session:
        assert len(queries.list_classes(session, TODAY)) == 403
        assert len(queries.list_classes(session, TODAY, COMPONENT)) == 153
        assert [each.code for each in queries.list_classes(session, TODAY, MATTER)][0] == "01001"
        assert queries.list_classes(session, date(2020, 1, 1)) == []


def test_the_likeliest_class_comes_first(stocked: Database) -> None:
    likeliest = {
        "01037": "01037",
        "路灯": "01037",
        "street lamp": "01037",
        "STREET LAMP": "01037",
        "路灯 不亮": "01037",
        "小广告": "07001",
        "共享": "09011",
        "单车": "09011",
        "消火栓": "01013",
        "坑槽": "06013",
        "暴露\x00垃圾": "06010",
    }
    with stocked.reading() as session:
        assert {text: queries.search_classes(session, text, TODAY)[0].code for text in likeliest} == likeliest


def test_what_can_be_filed_comes_before_what_cannot(stocked: Database) -> None:
    with stocked.reading() as session:
        found = queries.search_classes(session, "路灯", TODAY, limit=100)
        assert [(each.kind, each.code) for each in found][0] == (COMPONENT, "01037")
        fileable = [bool(queries.list_conditions(session, each.id, TODAY)) for each in found]
    assert fileable == sorted(fileable, reverse=True)
    assert not all(fileable)


def test_a_search_for_what_is_not_there_finds_nothing(stocked: Database) -> None:
    with stocked.reading() as session:
        for text in ("%", "_", "没有这种东西", "路灯 井盖 垃圾", "\\"):
            assert queries.search_classes(session, text, TODAY) == [], text


def test_a_search_keeps_to_its_kind_and_limit(stocked: Database) -> None:
    with stocked.reading() as session:
        assert {each.kind for each in queries.search_classes(session, "井盖", TODAY, MATTER)} == {MATTER}
        assert len(queries.search_classes(session, "井盖", TODAY, limit=7)) == 7
        assert len(queries.search_classes(session, "  ", TODAY, limit=7)) == 7


def test_a_condition_carries_its_limit_and_class(stocked: Database) -> None:
    with stocked.reading() as session:
        condition = queries.find_condition(session, "C01001-1", TODAY)
        assert condition is not None
        assert condition.limit == Limit(2, Unit.URGENT_HOUR)
        assert condition.calendar == "continuous"
        assert condition.case_class.name == "供水井盖"
        assert queries.get_condition(session, condition.id) is condition


def test_a_condition_has_a_limit_for_each_level_of_area_that_names_one(stocked: Database) -> None:
    with stocked.transaction() as session:
        condition = queries.find_condition(session, "C01001-1", TODAY)
        assert condition is not None
        condition.limits.append(
            ConditionLimit(area_level=2, limit_value=4, limit_unit=Unit.WORKING_HOUR, calendar="street")
        )
    with stocked.reading() as session:
        condition = queries.find_condition(session, "C01001-1", TODAY)
        assert condition is not None
        second = condition.limit_in(2)
        assert (second.limit, second.calendar) == (Limit(4, Unit.WORKING_HOUR), "street")
        for level in (1, 3, None):
            assert condition.limit_in(level) is condition


def test_a_condition_that_does_not_exist_is_none(stocked: Database) -> None:
    with stocked.reading() as session:
        for code in ("C01001-9", "", "C01001-1\x00", "c01001-1"):
            assert queries.find_condition(session, code, TODAY) is None


def test_an_ended_condition_is_kept_for_its_cases_and_no_longer_offered(stocked: Database) -> None:
    with stocked.transaction() as session:
        condition = session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).one()
        condition.valid_until_on = date(2026, 11, 22)
    with stocked.reading() as session:
        assert queries.find_condition(session, "C01037-1", date(2026, 11, 22)) is not None
        assert queries.find_condition(session, "C01037-1", TODAY) is None
        assert queries.get_condition(session, condition.id).code == "C01037-1"
        offered = queries.list_conditions(session, condition.class_id, TODAY)
        assert [each.code for each in offered] == [f"C01037-{n}" for n in range(2, 7)]
        assert "C01037-1" not in {each.code for each in queries.list_conditions_in_force(session, TODAY)}


def test_a_condition_of_another_class_is_refused_by_its_field(stocked: Database) -> None:
    with stocked.reading() as session:
        lamp = queries.get_class(session, COMPONENT, "01037", TODAY)
        assert queries.check_condition(session, lamp, "C01037-1", TODAY).code == "C01037-1"
        for code in ("C01001-1", "C01037-9"):
            with pytest.raises(Invalid) as refusal:
                queries.check_condition(session, lamp, code, TODAY)
            assert refusal.value.field == "condition"


def test_an_unknown_condition_number_is_not_found(stocked: Database) -> None:
    with stocked.reading() as session, pytest.raises(NotFound):
        queries.get_condition(session, 999_999)


def test_the_conditions_of_several_classes_come_together(stocked: Database) -> None:
    with stocked.reading() as session:
        classes = queries.list_classes(session, TODAY, COMPONENT)
        found = queries.list_conditions_of(session, [each.id for each in classes], TODAY)
        for each in classes[:20]:
            assert found.get(each.id, []) == queries.list_conditions(session, each.id, TODAY)


def test_each_clock_has_its_limit_and_an_unknown_one_says_so(stocked: Database) -> None:
    with stocked.reading() as session:
        assert queries.get_stage_limit(session, "verify", TODAY).limit == Limit(2, Unit.WORKING_HOUR)
        assert len(queries.list_stage_limits(session, TODAY)) == 7
        with pytest.raises(NotFound, match="handle"):
            queries.get_stage_limit(session, "handle", TODAY)
