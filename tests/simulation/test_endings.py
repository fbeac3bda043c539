"""Where lives stand when the run ends."""

from collections import Counter

import pytest

from cityops.cases.names import OPEN_STAGES
from cityops.simulation.endings import cut, hold_back, stages
from cityops.simulation.lives import Life
from tests.simulation.test_script import UNTIL, write


@pytest.fixture(scope="module")
def ended() -> list[Life]:
    """Lives cut at the end of the run."""
    return [cut(life, UNTIL) for life in write()]


def test_nothing_is_done_after_the_end(ended: list[Life]) -> None:
    assert all(act.at < UNTIL for life in ended for act in life.acts)
    assert all(life.call_back is None or life.call_back.at < UNTIL for life in ended)


def test_some_lives_stand_at_every_open_stage(ended: list[Life]) -> None:
    standing = Counter(stages(life)[-1] for life in hold_back(ended, 3))
    assert all(standing[stage] >= 3 for stage in OPEN_STAGES), standing


def test_who_is_held_back_has_only_not_come_further(ended: list[Life]) -> None:
    held = hold_back(ended, 3)
    changed = [(before, after) for before, after in zip(ended, held, strict=True) if before != after]
    assert 0 < len(changed) <= 3 * len(OPEN_STAGES)
    assert all(after.acts == before.acts[: len(after.acts)] for before, after in changed)
    assert all(after.call_back is None for _, after in changed)


def test_too_few_lives_are_left_as_they_are() -> None:
    assert hold_back([], 3) == []
