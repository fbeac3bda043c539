import math

from hypothesis import given
from hypothesis import strategies as st

from cityops.grid.addresses.words import (
    MAX_LETTERS,
    Beside,
    Direction,
    about,
    beside,
    crossing,
    direction_from,
    moved,
    numbered,
    plain,
)
from cityops.grid.geometry import distance_m

LONS, LATS = st.floats(73.5, 135.0), st.floats(18.0, 53.0)


@given(st.text(max_size=500))
def test_plain_words_are_few_letters_and_digits_whatever_is_typed(text: str) -> None:
    words = plain(text)
    assert len(words) <= MAX_LETTERS
    assert not words or words.isalnum()
    assert plain(words) == words
    for _ in numbered(words):
        pass
    crossing(text)
    beside(words)


def test_ten_thousand_letters_are_cut_off() -> None:
    assert plain("天" * 10_000) == "天" * MAX_LETTERS
    assert crossing("路与" * 5_000) != []


def test_signs_wildcards_and_pictures_are_nothing() -> None:
    assert plain("%_*?'\";--\n\0😀（）") == ""


def test_full_width_is_half_width() -> None:
    assert plain("Ａ座１２３号") == "a座123号"


def test_a_road_with_a_number_is_a_plate() -> None:
    assert [tuple(each) for each in numbered("中山西路123号")] == [("中山西路", 123, "号")]
    assert [tuple(each) for each in numbered("zsxl123")] == [("zsxl", 123, "")]
    assert [tuple(each) for each in numbered("329国道12号")] == [("329国道", 12, "号")]
    assert list(numbered("123号")) == []
    assert list(numbered("天一广场3楼")) == []
    assert list(numbered("路999999号")) == []


def test_two_roads_are_a_crossing_however_they_are_joined() -> None:
    expected = [("中山西路", "解放南路")]
    for text in (
        "中山西路与解放南路交叉口",
        "中山西路和解放南路的路口",
        "中山西路/解放南路",
        "中山西路、解放南路口",
        "中山西路 解放南路",
    ):
        assert crossing(text) == expected
    assert crossing("zhong shan lu") == []
    assert crossing("和义路") == []


def test_a_side_a_gate_or_so_many_metres_lie_beside_a_landmark() -> None:
    assert beside("天一广场北门") == Beside("天一广场", Direction.NORTH, None)
    assert beside("天一广场的西南角") == Beside("天一广场", Direction.SOUTH_WEST, None)
    assert beside("天一广场东侧约120米") == Beside("天一广场", Direction.EAST, 120)
    assert beside("天一广场") is None
    assert beside("江东北路") is None


@given(LONS, LATS, st.floats(20.0, 1_000.0), st.sampled_from(Direction))
def test_what_lies_in_a_direction_is_told_by_it(lon: float, lat: float, metres: float, direction: Direction) -> None:
    to = moved(lon, lat, direction, metres)
    assert direction_from(lon, lat, *to) is direction
    assert math.isclose(distance_m(lon, lat, *to), metres, rel_tol=0.002)


@given(LONS, LATS, st.floats(0.0, math.tau), st.floats(20.0, 1_000.0))
def test_a_direction_is_never_off_by_more_than_half_an_eighth(
    lon: float, lat: float, angle: float, metres: float
) -> None:
    east, north = (
        moved(lon, lat, Direction.EAST, math.cos(angle) * metres)[0],
        moved(lon, lat, Direction.NORTH, math.sin(angle) * metres)[1],
    )
    told = direction_from(lon, lat, east, north)
    x, y = told.unit
    assert x * math.cos(angle) + y * math.sin(angle) >= math.cos(math.tau / 16) - 0.01


@given(st.floats(0.0, 5_000.0))
def test_a_told_distance_is_within_ten_metres(metres: float) -> None:
    assert about(metres) % 10 == 0
    assert about(metres) > 0
    assert abs(about(metres) - metres) <= 10
