"""The demo's roster: every hour has every post, nobody works two shifts on end, everybody has a day of his own."""

from collections import defaultdict

from cityops.demo.roster import FORTNIGHT, SHIFTS, WHOLE_CENTRE, lines

NAMES = [name for name, *_ in SHIFTS]


def test_every_shift_of_the_fortnight_has_every_post() -> None:
    posts = defaultdict(set)
    for day, name, _, post in lines():
        posts[day, name].add(post)
    assert posts == {(day, name): set(WHOLE_CENTRE) for day in range(1, FORTNIGHT + 1) for name in NAMES}


def test_nobody_works_two_shifts_on_end_and_everybody_rests() -> None:
    worked = defaultdict(set)
    for day, name, username, _ in lines():
        worked[username].add((day - 1) * 3 + NAMES.index(name))
    for username, turns in worked.items():
        assert not {(turn + 1) % (3 * FORTNIGHT) for turn in turns} & turns, username
        assert len({turn // 3 for turn in turns}) <= FORTNIGHT - 2, username
