from hypothesis import given
from hypothesis import strategies as st

from cityops.grid.addresses.index import Entry, NameIndex
from cityops.grid.addresses.match import Grade, Typed
from cityops.grid.addresses.sounds import sounds_of
from cityops.grid.addresses.words import plain

NAMES = ("天一广场", "天一豪景", "灵桥广场", "重庆北路", "中山西路", "中山公园", "宁波大学附属第一医院", "KFC天一店")
HERE = (121.55, 29.87)


def make_index(*names: str) -> NameIndex:
    return NameIndex(
        Entry(number, 0, plain(name), sounds_of(name), HERE[0] + number * 0.01, HERE[1])
        for number, name in enumerate(names)
    )


INDEX = make_index(*NAMES)
SOUNDS = INDEX.sounds_of_letters()


def typed(text: str) -> Typed:
    words = plain(text)
    return Typed(words, tuple(SOUNDS.get(letter, letter) for letter in words))


def first(text: str, near: tuple[float, float] | None = None) -> tuple[str, Grade] | None:
    found = INDEX.find(typed(text), near)
    return (NAMES[found[0].id], found[0].grade) if found else None


def test_a_name_is_found_by_itself_its_beginning_and_its_inside() -> None:
    assert first("天一广场") == ("天一广场", Grade.SAME)
    assert first("中山公") == ("中山公园", Grade.BEGINS)
    assert first("山西") == ("中山西路", Grade.HOLDS)


def test_a_name_is_found_by_its_sound_its_initials_and_a_mixture() -> None:
    assert first("tianyiguangchang") == ("天一广场", Grade.SOUNDS_SAME)
    assert first("tygc") == ("天一广场", Grade.SOUNDS_SAME)
    assert first("天一gc") == ("天一广场", Grade.SOUNDS_SAME)
    assert first("chongqingbei") == ("重庆北路", Grade.SOUNDS_BEGINNING)
    assert first("kfc") == ("KFC天一店", Grade.SOUNDS_BEGINNING)


def test_half_a_syllable_is_enough_while_typing() -> None:
    for end in range(3, len("tianyiguangchang") + 1):
        found = INDEX.find(typed("tianyiguangchang"[:end]))
        assert NAMES.index("天一广场") in [match.id for match in found], end


def test_slips_are_forgiven() -> None:
    assert first("天亿广场") == ("天一广场", Grade.LIKE)
    assert first("添一广场") == ("天一广场", Grade.LIKE)
    assert first("天广场") == ("天一广场", Grade.SHORTENED)
    assert first("tianyiguangchnag") == ("天一广场", Grade.LIKE)
    assert first("中山四路") == ("中山西路", Grade.LIKE)


def test_a_letter_of_the_same_sound_is_no_slip() -> None:
    index = make_index("天一广场", "光明路")
    sounds = index.sounds_of_letters()
    wrong = Typed("天一光场", tuple(sounds.get(letter, letter) for letter in "天一光场"))
    assert index.find(wrong)[0].grade is Grade.SOUNDS_SAME


def test_a_name_in_short_is_found() -> None:
    assert first("宁波第一医院") == ("宁波大学附属第一医院", Grade.SHORTENED)


def test_among_equals_the_nearest_comes_first() -> None:
    index = make_index(*["建设银行"] * 9)
    for number in (0, 4, 8):
        near = (HERE[0] + number * 0.01, HERE[1])
        assert index.find(Typed("建设银行", ("jian", "she", "yin", "hang")), near)[0].id == number


def test_the_whole_name_is_found_among_many_longer_ones_that_are_nearer() -> None:
    index = make_index(*[f"中山公园{letter}店" for letter in "abcdefghijklmnopqrstuvwxyz" * 8], "中山公园")
    found = index.find(Typed("中山公园", ("zhong", "shan", "gong", "yuan")), HERE)
    assert found[0].id == 26 * 8


def test_nothing_is_found_by_nothing_or_in_nothing() -> None:
    assert INDEX.find(Typed("", ())) == []
    assert make_index().find(Typed("天一", ("tian", "yi"))) == []
    assert first("qqqqxx") is None


@given(st.lists(st.text("天一广场中山西路银行é가", min_size=1, max_size=8), min_size=1, max_size=30))
def test_every_name_is_found_by_itself(names: list[str]) -> None:
    index = make_index(*names)
    sounds = index.sounds_of_letters()
    for name in names:
        found = index.find(Typed(plain(name), tuple(sounds.get(letter, letter) for letter in plain(name))))
        assert names[found[0].id] == name


@given(st.text(max_size=80))
def test_whatever_is_typed_is_answered(text: str) -> None:
    assert len(INDEX.find(typed(text), HERE)) <= 10
