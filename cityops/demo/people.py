"""The demo city's people: work names drawn from lists of surnames and given names. Nobody is real.

The same every time; user names are those the README and the tests rely on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from cityops.accounts.posts import Post
from cityops.demo.bodies import (
    CITY,
    COMMAND,
    CONTRACTORS,
    DEPARTMENTS,
    DISTRICT_WORDS,
    SUPERVISION,
    ZONE_WORKS,
    district_word,
    street_codes,
)

SEED = 96311
NIGHT_INSPECTORS = 8

MORNING, AFTERNOON, MIDNIGHT, NIGHT_BEGINS = 7 * 60, 14 * 60, 24 * 60, 21 * 60

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅"
GIVEN_FIRST = "小晓文志海明建国春秋雨雪佳思子梦天立永学新光向正一云月宇心安宁书清若"
GIVEN_SECOND = "伟芳娜敏静丽强磊军洋勇艳杰涛超霞平刚辉玲桂英华玉萍红鹏飞龙斌波浩然婷雯颖琳岚舟帆禾满"


@dataclass(frozen=True, slots=True)
class Held:
    """A post at a body over a jurisdiction, by their codes."""

    post: Post
    body: str
    jurisdiction: str = CITY


@dataclass(frozen=True, slots=True)
class Shift:
    """An inspector's hours in a duty grid on every day of the week: minutes after midnight, the end not included."""

    duty_grid: str
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """Somebody who signs in."""

    username: str
    name: str
    posts: tuple[Held, ...]
    shifts: tuple[Shift, ...] = ()


def demo_people(duty_grids: Sequence[str]) -> list[PersonRecord]:
    """Everybody, the fixed sign-ins first.

    Args:
        duty_grids: the codes of the duty grids; each gets an inspector for the morning and one for the afternoon.
    """
    wanted = [*_city_desks(), *_handlers(), *_inspectors(sorted(duty_grids)), *_districts(), *_street_handlers()]
    both = zip(wanted, _names(len(wanted)), strict=True)
    return [PersonRecord(username, name, posts, shifts) for (username, posts, shifts), name in both]


_Wanted = tuple[str, tuple[Held, ...], tuple[Shift, ...]]


def _one(username: str, *posts: Held) -> _Wanted:
    return username, posts, ()


def _numbered(word: str, count: int) -> list[str]:
    return [word if number == 1 else f"{word}{number}" for number in range(1, count + 1)]


def _city_desks() -> Iterator[_Wanted]:
    desks = (
        ("operator", Post.OPERATOR, SUPERVISION, 4),
        ("dutyleader", Post.DUTY_LEADER, SUPERVISION, 2),
        ("dispatcher", Post.DISPATCHER, COMMAND, 2),
    )
    for word, post, body, count in desks:
        yield from (_one(username, Held(post, body)) for username in _numbered(word, count))
    yield _one("supervisor", Held(Post.SUPERVISOR, SUPERVISION))
    yield _one("leader", Held(Post.LEADER, CITY))
    yield _one("admin", Held(Post.ADMINISTRATOR, CITY))
    # At night one person is the whole centre.
    everything = (
        Held(Post.OPERATOR, SUPERVISION),
        Held(Post.DUTY_LEADER, SUPERVISION),
        Held(Post.DISPATCHER, COMMAND),
    )
    yield from (_one(username, *everything) for username in ("night1", "night2", "night3"))


def _handlers() -> Iterator[_Wanted]:
    for username, body in zip(_numbered("handler", len(DEPARTMENTS)), DEPARTMENTS, strict=True):
        yield _one(username, Held(Post.HANDLER, body.code))
    for body in (*DEPARTMENTS, *CONTRACTORS):
        yield from (_one(username, Held(Post.HANDLER, body.code)) for username in _numbered(f"crew-{body.code}", 2))


def _inspectors(duty_grids: Sequence[str]) -> Iterator[_Wanted]:
    hours = ((MORNING, AFTERNOON), (AFTERNOON, NIGHT_BEGINS))
    shifts = [Shift(grid, *span) for grid in duty_grids for span in hours]
    held = (Held(Post.INSPECTOR, SUPERVISION),)
    for username, shift in zip(_numbered("inspector", len(shifts)), shifts, strict=True):
        yield username, held, (shift,)
    # A shift lies within one day, so a night is two of them.
    for number in range(NIGHT_INSPECTORS):
        grid = duty_grids[number * len(duty_grids) // NIGHT_INSPECTORS]
        night = (Shift(grid, NIGHT_BEGINS, MIDNIGHT), Shift(grid, 0, MORNING))
        yield f"night-inspector{number + 1}", held, night


def _districts() -> Iterator[_Wanted]:
    for word in DISTRICT_WORDS.values():
        supervision, command = f"{SUPERVISION}-{word}", f"{COMMAND}-{word}"
        yield _one(f"operator-{word}", Held(Post.OPERATOR, supervision, word))
        yield _one(f"dutyleader-{word}", Held(Post.DUTY_LEADER, supervision, word))
        yield _one(f"dispatcher-{word}", Held(Post.DISPATCHER, command, word))
        yield _one(f"supervisor-{word}", Held(Post.SUPERVISOR, supervision, word))
        yield _one(f"leader-{word}", Held(Post.LEADER, word, word))
    both = Held(Post.OPERATOR, f"{SUPERVISION}-hitech", "hitech"), Held(Post.DISPATCHER, f"{COMMAND}-hitech", "hitech")
    yield _one("desk-hitech", *both)


def _street_handlers() -> Iterator[_Wanted]:
    yield _one("handler-hitech", Held(Post.HANDLER, ZONE_WORKS.code, "hitech"))
    for code in street_codes():
        yield _one(f"handler-{code}", Held(Post.HANDLER, code, district_word(code)))


def _names(count: int) -> list[str]:
    source, names = Random(SEED), dict[str, None]()
    while len(names) < count:
        given = source.choice(GIVEN_FIRST) + source.choice(GIVEN_SECOND)
        names[source.choice(SURNAMES) + (given if source.random() < 0.7 else given[1])] = None
    return list(names)
