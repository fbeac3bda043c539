from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityops.errors import Invalid
from cityops.grid.census.classes import LEFT_OUT, ClassBook, UnknownClass, read_kinds
from cityops.grid.census.fields import find_columns, read_day
from cityops.grid.census.near import find_twice
from cityops.grid.geometry import distance_m, quad, quads

NAMES = {"01001": "供水井盖", "01023": "不明井盖", "01037": "路灯", "01069": "水域附属设施", "03005": "垃圾箱"}


@pytest.mark.parametrize(
    ("edition", "said", "code"),
    [
        (None, "01037", "01037"),
        (None, "路灯", "01037"),
        ("2013", "0137", "01037"),
        ("2013", "0506", "01069"),
        ("2007", "0118", "01037"),
        ("2007", "0114", "01023"),
    ],
)
def test_a_class_is_found_by_code_by_name_and_by_the_number_of_an_earlier_standard(
    edition: str | None, said: str, code: str
) -> None:
    assert ClassBook(NAMES, edition).of(said) == code


@pytest.mark.parametrize(
    ("edition", "said"),
    [(None, "0137"), ("2007", "0117"), ("2013", "0504"), ("2013", "0199"), ("2013", "0186"), (None, "")],
)
def test_what_became_no_class_is_refused_and_counted(edition: str | None, said: str) -> None:
    book = ClassBook(NAMES, edition)
    for _ in range(2):
        with pytest.raises(UnknownClass):
            book.of(said)
    assert book.unmapped == {said: 2}


def test_a_citys_own_kinds_become_classes_or_are_left_out() -> None:
    book = ClassBook(NAMES, kinds=read_kinds(["\ufeffkind,class_code", "street_lamp,01037", "tree,"]))
    assert (book.of("street_lamp"), book.of("tree")) == ("01037", LEFT_OUT)
    assert book.mapped == {("street_lamp", "01037"): 1, ("tree", LEFT_OUT): 1}
    with pytest.raises(Invalid, match="there is no component class 09009"):
        ClassBook(NAMES, kinds={"x": "09009"})
    with pytest.raises(Invalid, match="kind and class_code"):
        read_kinds(["a,b", "1,2"])


def test_a_code_of_16_digits_gets_17() -> None:
    assert ClassBook(NAMES, "2013").number("3302030137000001") == "33020301037000001"
    assert ClassBook(NAMES).number("33020301037000001") == "33020301037000001"


@pytest.mark.parametrize(
    "names", [["GLBJBSM", "glbjzt"], ["管理部件标识码", "管理部件状态"], ["ObjID", "ObjState"], ["code", "STATE"]]
)
def test_fields_are_found_by_every_name_they_go_by(names: list[str]) -> None:
    assert find_columns(names, {}) == dict(zip(("code", "state"), names, strict=True))


def test_a_mapping_goes_before_the_names_and_may_name_only_fields() -> None:
    assert find_columns(["code", "NO"], {"code": "NO"}) == {"code": "NO"}
    with pytest.raises(Invalid, match="no field nm"):
        find_columns(["code"], {"nm": "code"})


@pytest.mark.parametrize("text", ["20260701", "2026-07-01", "2026/07/01", "2026-07-01T00:00:00"])
def test_a_day_is_read_however_it_is_written(text: str) -> None:
    assert read_day(text) == date(2026, 7, 1)


@given(st.lists(st.tuples(st.sampled_from([0.5, 1.0]), st.integers(0, 40), st.integers(0, 40)), max_size=40))
def test_twins_are_those_that_the_slow_way_finds(things: list[tuple[float, int, int]]) -> None:
    # Steps of about 0.11 m, so that no distance is within rounding of a tolerance.
    lons = np.array([121.5 + each[1] * 1.13e-6 for each in things])
    lats = np.array([29.8 + each[2] * 1.01e-6 for each in things])
    tolerances = np.array([each[0] for each in things])
    slow = {
        k
        for k in range(len(things))
        for j in range(k)
        if distance_m(lons[j], lats[j], lons[k], lats[k]) <= max(tolerances[j], tolerances[k])
    }
    assert set(find_twice(lons, lats, tolerances)) == slow


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_the_quads_of_many_are_those_of_each(lon: float, lat: float) -> None:
    assert abs(quads(np.array([lon]), np.array([lat]))[0] - quad(lon, lat)) in (0, *(1 << k for k in range(40)))
