"""Where lives stand when the run ends."""

import pytest

from cityops.cases.requests import RequestKind
from cityops.simulation.endings import STANDINGS, Standing, cut, hold_back, standings
from cityops.simulation.lives import Life
from tests.simulation.test_script import UNTIL, write


@pytest.fixture(scope="module")
def ended() -> list[Life]:
    """Lives cut at the end of the run."""
    return [cut(life, UNTIL) for life in write()]


def test_nothing_is_done_after_the_end(ended: list[Life]) -> None:
    assert all(act.at < UNTIL for life in ended for act in life.acts)
    assert all(life.call_back is None or life.call_back.at < UNTIL for life in ended)


def last_standings(lives: list[Life]) -> list[Standing]:
    """Where the lives stand at the end."""
    joining = {act.other: act for life in lives for act in life.acts}
    return [each for life in lives for each in standings(life, joining.get(life.index))[-1]]


def test_some_lives_stand_at_every_standing(ended: list[Life]) -> None:
    standing = set(last_standings(hold_back(ended, 1)))
    # No body of the simulation asks for force; a pause is too rare for so few lives.
    seldom = {RequestKind.FORCE_CLOSE, RequestKind.SUSPEND, RequestKind.DEFER}
    assert set(STANDINGS) - seldom <= standing


def test_who_is_held_back_has_gone_on_until_the_last_act_of_another_that_concerns_it(ended: list[Life]) -> None:
    held = hold_back(ended, 3)
    concerning = [act for life in held for act in life.acts if act.other is not None]
    assert concerning == [act for life in ended for act in life.acts if act.other is not None]
    for act in concerning:
        assert [each for each in held[act.other].acts if each.at <= act.at] == [
            each for each in ended[act.other].acts if each.at <= act.at
        ]


def test_who_is_held_back_has_only_not_come_further(ended: list[Life]) -> None:
    held = hold_back(ended, 3)
    changed = [(before, after) for before, after in zip(ended, held, strict=True) if before != after]
    assert 0 < len(changed) <= 3 * len(STANDINGS)
    assert all(after.acts == before.acts[: len(after.acts)] for before, after in changed)
    assert all(after.call_back is None for _, after in changed)


def test_too_few_lives_are_left_as_they_are() -> None:
    assert hold_back([], 3) == []
