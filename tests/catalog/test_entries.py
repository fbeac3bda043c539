from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityops.accounts.models import BodyKind
from cityops.catalog.columns import COLUMNS, Known, read_entry
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.entries import differences, next_local_code, without_orphans
from cityops.catalog.keys import class_key_of
from cityops.errors import Invalid
from cityops.worktime.defaults import DEFAULT_CALENDARS
from tests.catalog.drafting import CLASS, CONDITION, LIMIT, STAGE, limit

KNOWN = Known(date(2026, 11, 25), DEFAULT_CALENDARS, {"lamps": BodyKind.DEPARTMENT, "street-1": BodyKind.STREET_OFFICE})
LAMP = {
    "code": "C01037-1",
    "text": "不亮",
    "text_en": "out",
    "closing": "恢复",
    "closing_en": "restored",
    "limit_value": "2",
    "limit_unit": "working_day",
    "calendar": "office",
    "body_kind": "department",
    "body_code": "lamps",
    "is_simple_allowed": "no",
    "check_same_time": "no",
    "in_tier_2": "yes",
    "component_state": "",
    "photos_before": "0",
    "photos_after": "1",
    "basis": "",
    "phase_name": "",
    "phase_name_en": "",
}


def refusals(kind: EntryKind, raw: dict[str, str]) -> dict[str, str]:
    return {fault.field: str(fault) for fault in read_entry(kind, raw, KNOWN)[1]}


def test_a_whole_entry_is_taken_and_trimmed():
    entry, faults = read_entry(CONDITION, LAMP | {"text": "  不亮 ", "limit_value": "02"}, KNOWN)
    assert (entry, faults) == (LAMP, [])


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("limit_value", "0", "from 1 to"),
        ("limit_value", "-1", "from 1 to"),
        ("limit_value", "1.5", "from 1 to"),
        ("limit_value", "9" * 30, "from 1 to"),
        ("limit_value", "٣", "from 1 to"),
        ("limit_value", "3661", "from 1 to 3660"),
        ("limit_value", "2500", "knows no holidays of"),
        ("limit_unit", "day", "none of"),
        ("calendar", "moon", "no calendar"),
        ("body_code", "nobody", "no responsible body"),
        ("body_code", "", "only a street office"),
        ("body_code", "street-1", "not of this kind"),
        ("body_kind", "city", "none of"),
        ("text", "", "may not be empty"),
        ("text", "字" * 201, "At most 200"),
        ("closing", "a\nb", "One line"),
        ("is_simple_allowed", "maybe", "none of"),
        ("component_state", "gone", "none of"),
        ("photos_after", "10", "from 0 to 9"),
        ("code", "X01037-1", "letter, class and number"),
        ("code", "C01037-01", "letter, class and number"),
    ],
)
def test_each_bad_value_is_named_with_its_field(field: str, value: str, words: str):
    found = refusals(CONDITION, LAMP | {field: value})
    assert list(found) == [field]
    assert words in found[field]


def test_every_bad_value_is_named_at_once():
    assert set(refusals(CONDITION, {})) == {column.name for column in COLUMNS[CONDITION]} - {
        "body_code",
        "basis",
        "component_state",
        "phase_name",
        "phase_name_en",
    }


def test_ten_years_round_the_clock_are_counted_and_ten_working_years_are_not():
    ten_years = {"limit_value": "87840", "limit_unit": "urgent_hour", "calendar": "continuous"}
    assert refusals(CONDITION, LAMP | ten_years) == {}
    assert refusals(CONDITION, LAMP | {"limit_value": "3660", "calendar": "street"}) == {}
    assert "office" in refusals(CONDITION, LAMP | {"limit_value": "3660"})["limit_value"]


def test_a_street_office_may_be_named_or_left_to_the_place():
    assert refusals(CONDITION, LAMP | {"body_kind": "street_office", "body_code": ""}) == {}
    assert refusals(CONDITION, LAMP | {"body_kind": "street_office", "body_code": "street-1"}) == {}


def test_limits_stages_and_classes_are_checked_by_the_same_table():
    assert refusals(LIMIT, dict(limit("C01037-1", "4", "0"))).keys() == {"area_level", "limit_value"}
    assert refusals(STAGE, {**limit("", "", "1"), "clock": "lunch"}).keys() == {"clock"}
    named = {"kind": "matter", "major_code": "06", "major_name": "市容环境", "name": "泳池"}
    assert refusals(CLASS, named | {"code": "06999"}) == {}
    assert refusals(CLASS, named | {"code": "07999"}).keys() == {"code"}
    assert refusals(CLASS, named | {"code": "6999a"}).keys() == {"code"}


def test_what_hangs_on_an_ended_class_ends_with_it():
    entries = {(CONDITION, "C01037-1"): LAMP, (LIMIT, "C01037-1/2"): limit("C01037-1", "2", "4")}
    assert without_orphans(entries) == {}
    whole = entries | {(CLASS, "component-01037"): {"kind": "component", "code": "01037"}}
    assert without_orphans(whole) == whole


KEYS = st.tuples(st.sampled_from(EntryKind), st.sampled_from(["a", "b", "c"]))
ENTRIES = st.dictionaries(KEYS, st.fixed_dictionaries({"limit_value": st.sampled_from("123")}))


@given(ENTRIES, ENTRIES)
def test_the_differences_lead_from_the_one_to_the_other(before, after):
    entries = dict(before)
    for each in differences(before, after):
        assert each.before != each.after
        assert each.before == entries.pop((each.kind, each.key), None)
        if each.after is not None:
            entries[each.kind, each.key] = each.after
    assert entries == after


@given(ENTRIES)
def test_nothing_differs_from_itself(entries):
    assert differences(entries, dict(entries)) == []


@given(st.sets(st.integers(1, 999), max_size=30), st.integers(1, 20))
def test_local_classes_are_numbered_downwards_and_no_number_twice(national, times):
    used = [f"01{number:03d}" for number in national]
    given_out = []
    for _ in range(times):
        code = next_local_code("01", used)
        given_out.append(code)
        used.append(code)
    assert len(set(used)) == len(used)
    assert given_out == sorted(given_out, reverse=True)
    assert all(len(code) == 5 and code.startswith("01") for code in given_out)


def test_two_digit_editions_begin_at_99_and_a_full_major_class_is_said():
    assert next_local_code("05", [], digits=2) == "0599"
    with pytest.raises(Invalid, match="has been used"):
        next_local_code("05", [f"05{number:02d}" for number in range(1, 100)], digits=2)


def test_the_class_of_a_condition_is_read_from_its_code():
    assert class_key_of("M06010-12") == "matter-06010"
    assert class_key_of("nonsense") == class_key_of("") == ""
