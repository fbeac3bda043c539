from datetime import date

from cityops.grid.addresses.plates import Plate, choose_plate


def plate(name: str, number: int, lon: float, ended_on: date | None = None) -> Plate:
    return Plate(name, number, lon, 29.87, None, ended_on)


ROAD = [plate("1号", 1, 121.0), plate("2号", 2, 122.0), plate("5号", 5, 121.4), plate("6号", 6, 122.4)]


def test_a_plate_is_where_it_stands() -> None:
    found = choose_plate(ROAD, 5, "号")
    assert found is not None
    assert (found.name, found.lon, found.is_approximate) == ("5号", 121.4, False)


def test_a_missing_number_lies_between_the_neighbours_of_its_side() -> None:
    odd, even = choose_plate(ROAD, 3, "号"), choose_plate(ROAD, 4, "")
    assert odd is not None
    assert even is not None
    assert (odd.name, round(odd.lon, 6), odd.is_approximate) == ("3号", 121.2, True)
    assert odd.params == {"low": "1号", "high": "5号"}
    assert round(even.lon, 6) == 122.2


def test_beyond_the_last_plate_it_is_said_to_be_near_that() -> None:
    found = choose_plate(ROAD, 9, "号")
    assert found is not None
    assert (found.lon, found.is_approximate, found.params) == (121.4, True, {"name": "5号"})


def test_a_side_without_plates_tells_nothing() -> None:
    assert choose_plate([plate("2号", 2, 122.0)], 3, "号") is None
    assert choose_plate([], 3, "号") is None


def test_what_follows_the_number_chooses_among_plates_of_one_number() -> None:
    plates = [plate("12弄5号", 12, 1.0), plate("12号", 12, 2.0), plate("12号甲", 12, 3.0), plate("12弄", 12, 4.0)]
    found = {rest: choose_plate(plates, 12, rest) for rest in ("号", "", "弄5号", "弄", "号甲", "h")}
    assert {rest: each.name if each else None for rest, each in found.items()} == {
        "号": "12号",
        "": "12号",
        "弄5号": "12弄5号",
        "弄": "12弄",
        "号甲": "12号甲",
        "h": "12号",
    }


def test_a_plate_that_is_no_more_is_said_to_be_gone() -> None:
    found = choose_plate([plate("7号", 7, 1.0, date(2026, 5, 1))], 7, "号")
    assert found is not None
    assert found.params == {"on": "2026-05-01"}
