from collections import deque

from cityops.accounts.posts import Post
from cityops.cases.names import FINAL_STAGES, STAGE_LABELS, ClockName, Source, Stage, StepName
from cityops.cases.steps import ClockAct, Need
from cityops.cases.workflow import STEPS, find_way, moves_from


def test_every_step_word_is_one_row_of_the_table() -> None:
    assert list(STEPS) == list(StepName)
    assert set(STAGE_LABELS) == set(Stage)


def test_every_stage_can_be_reached_and_left() -> None:
    reached = {way.to for step in STEPS.values() if not step.stages for way in step.ways.values()}
    waiting = deque(reached)
    while waiting:
        here = waiting.popleft()
        for step in (each for each in STEPS.values() if here in each.stages):
            for way in step.ways.values():
                if way.to is not None and way.to not in reached:
                    reached.add(way.to)
                    waiting.append(way.to)
    assert reached == set(Stage)
    for stage in Stage:
        assert bool(moves_from(stage)) is (stage not in FINAL_STAGES - {Stage.CLOSED}), stage


def test_an_ending_leaves_no_clock_running() -> None:
    """Walk every road up to a bound and keep account of what runs."""
    start = frozenset[ClockName]()
    waiting = deque([(None, start)])
    seen: set[tuple[Stage | None, frozenset[ClockName]]] = set()
    while waiting:
        stage, running = waiting.popleft()
        for step in STEPS.values():
            if (stage is None and step.stages) or (stage is not None and stage not in step.stages):
                continue
            for way in step.ways.values():
                if way.stages and stage not in way.stages:
                    continue
                now = set(running)
                for name, act in way.clocks:
                    if act in {ClockAct.START, ClockAct.RESUME, ClockAct.START_OR_RESUME, ClockAct.GO_ON}:
                        now.add(name)
                    else:
                        now.discard(name)
                to = way.to or stage
                place = (to, frozenset(now))
                if place not in seen:
                    seen.add(place)
                    waiting.append(place)
                assert not (now and to in FINAL_STAGES), (step.name, to, now)


def test_who_handles_never_judges() -> None:
    for name in (StepName.CHECK, StepName.CLOSE, StepName.REVIEW):
        assert StepName.REPORT_BACK in STEPS[name].not_after
        assert Post.HANDLER not in STEPS[name].posts


def test_every_end_but_merging_is_answered_to_the_reporter() -> None:
    answered = {step.name for step in STEPS.values() if step.is_answered}
    ends = {each.name for each in STEPS.values() if any(way.to in FINAL_STAGES for way in each.ways.values())}
    assert answered == ends - {StepName.MERGE, StepName.MERGE_FILED}
    assert Need.REASON in STEPS[StepName.DECLINE].needs
    assert Need.REASON in STEPS[StepName.REFUSE].needs


def test_what_the_public_or_a_machine_tells_is_verified_before_filing() -> None:
    verified = {source for source in Source if _accepted_to(source) is Stage.VERIFYING}
    assert verified == {Source.HOTLINE, Source.PUBLIC, Source.VIDEO, Source.SENSOR}


def _accepted_to(source: Source) -> Stage:
    way = find_way(STEPS[StepName.ACCEPT], None, source)
    assert way is not None
    return way.to


def test_a_result_that_is_none_of_a_steps_own_finds_no_way() -> None:
    assert find_way(STEPS[StepName.CHECK], "confirmed", Source.HOTLINE) is None
    assert find_way(STEPS[StepName.CHECK], None, Source.HOTLINE) is None
