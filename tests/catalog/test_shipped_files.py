import re
from collections import Counter

from sqlalchemy import text

from cityops import schema
from cityops.accounts.models import RESPONSIBLE_KINDS, BodyKind
from cityops.catalog.labels import CLOCK_LABELS
from cityops.catalog.models import ComponentFault
from cityops.catalog.seed import CONDITIONS, STAGE_LIMITS, STANDARDS, read_catalog
from cityops.demo.bodies import demo_bodies
from cityops.demo.furniture import KINDS, LAMP_KIND
from cityops.worktime.defaults import DEFAULT_CALENDARS
from cityops.worktime.limits import Limit, Unit

CLASSES = [row for standard in read_catalog(STANDARDS) for row in read_catalog(standard["classes"])]
ROWS = list(read_catalog(CONDITIONS))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_catalogue_has_the_153_components_and_250_matters_of_the_standard() -> None:
    assert Counter(row["kind"] for row in CLASSES) == {"component": 153, "matter": 250}
    assert len({(row["kind"], row["code"]) for row in CLASSES}) == 403


def test_matters_01_to_05_are_the_faults_of_the_components() -> None:
    components = {row["code"]: row["name"] for row in CLASSES if row["kind"] == "component"}
    faults = {row["code"]: row["name"] for row in CLASSES if row["kind"] == "matter" and row["code"] < "06"}
    assert faults == {code: f"{name}异常" for code, name in components.items()}


def test_every_class_has_five_digits_a_major_class_and_both_names() -> None:
    for row in CLASSES:
        assert re.fullmatch(r"\d{5}", row["code"])
        assert row["code"].startswith(row["major_code"])
        assert all(row[column].strip() for column in ("name", "name_en", "major_name", "major_name_en"))


def test_at_least_forty_classes_can_be_filed_among_them_all_that_the_demo_builds() -> None:
    fileable = {(row["kind"], row["class_code"]) for row in ROWS}
    assert len(fileable) >= 40
    assert {("component", kind.code) for kind in (LAMP_KIND, *KINDS)} <= fileable


def test_the_demo_furniture_bears_the_names_of_the_standard() -> None:
    names = {row["code"]: row["name"] for row in CLASSES if row["kind"] == "component"}
    assert {kind.code: kind.name for kind in (LAMP_KIND, *KINDS)}.items() <= names.items()


def test_every_filing_condition_is_whole() -> None:
    known = {(row["kind"], row["code"]) for row in CLASSES}
    for row in ROWS:
        letter = {"component": "C", "matter": "M"}[row["kind"]]
        assert re.fullmatch(rf"{letter}{row['class_code']}-[1-9]", row["code"]), row["code"]
        assert (row["kind"], row["class_code"]) in known, row["code"]
        assert Limit(int(row["limit_value"]), Unit(row["limit_unit"])).value > 0, row["code"]
        assert row["calendar"] in DEFAULT_CALENDARS, row["code"]
        assert (row["calendar"] == "continuous") == (row["limit_unit"] == Unit.URGENT_HOUR), row["code"]
        assert row["is_simple_allowed"] in {"yes", "no"}, row["code"]


def test_every_filing_condition_speaks_both_languages() -> None:
    for row in ROWS:
        for column in ("text", "closing"):
            assert CHINESE.search(row[column]), row["code"]
            assert len(row[column]) <= 200, row["code"]
            assert row[f"{column}_en"], row["code"]
            assert not CHINESE.search(row[f"{column}_en"]), row["code"]


def test_codes_of_filing_conditions_are_unique_and_count_from_one() -> None:
    codes = [row["code"] for row in ROWS]
    assert len(set(codes)) == len(codes)
    for class_code, number in Counter(code[:6] for code in codes).items():
        assert {f"{class_code}-{n}" for n in range(1, number + 1)} <= set(codes)


def test_every_filing_condition_names_a_body_of_the_demo_or_the_street_office() -> None:
    bodies = {body.code: body.kind for body in demo_bodies()}
    for row in ROWS:
        kind = BodyKind(row["body_kind"])
        assert kind in RESPONSIBLE_KINDS
        if kind is BodyKind.STREET_OFFICE:
            assert row["body_code"] == ""
        else:
            assert bodies.get(row["body_code"]) == kind, row["code"]


def test_an_inspector_may_put_right_what_needs_no_crew() -> None:
    simple = {row["code"] for row in ROWS if row["is_simple_allowed"] == "yes"}
    assert {"M07001-1", "M06010-1", "M09011-1", "C03005-1"} <= simple


def test_every_clock_but_handling_has_a_limit() -> None:
    limits = list(read_catalog(STAGE_LIMITS))
    assert [row["clock"] for row in limits] == list(CLOCK_LABELS)
    for row in limits:
        assert Limit(int(row["limit_value"]), Unit(row["limit_unit"])).value > 0
        assert row["calendar"] in DEFAULT_CALENDARS


def test_only_faults_of_components_say_what_the_component_is() -> None:
    assert {row["component_state"] for row in ROWS if row["kind"] == "matter"} == {""}
    said = {row["code"]: row["component_state"] for row in ROWS if row["kind"] == "component"}
    assert set(said.values()) == {"", *ComponentFault}
    shown = ("C01001-1", "C01001-2", "C01001-3", "C01037-1")
    assert [said[code] for code in shown] == ["missing", "damaged", "", "damaged"]


def test_the_conditions_of_a_city_that_is_there_already_are_told_what_the_shipped_ones_say(empty_db_url: str) -> None:
    schema.upgrade(empty_db_url, "0002")
    with schema.migration_engine(empty_db_url).begin() as connection:
        connection.execute(
            text("INSERT INTO standards (id, reference, title, valid_from_on) VALUES (1, '', '', '2026-07-01')")
        )
        connection.execute(
            text(
                "INSERT INTO case_classes (id, standard_id, kind, code, major_code, major_name, name)"
                " VALUES (1, 1, 'component', '', '', '', '')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO filing_conditions (class_id, code, text, text_en, closing, closing_en, limit_value,"
                " limit_unit, calendar, body_kind, is_simple_allowed, valid_from_on)"
                " VALUES (1, :code, :text, '', '', '', 1, 'working_day', 'office', 'department', false, '2026-07-01')"
            ),
            [{"code": row["code"], "text": row["text"]} for row in ROWS],
        )
    schema.upgrade(empty_db_url)
    with schema.migration_engine(empty_db_url).connect() as connection:
        told = dict(connection.execute(text("SELECT code, component_state FROM filing_conditions")).all())
    assert told == {row["code"]: row["component_state"] or None for row in ROWS}
