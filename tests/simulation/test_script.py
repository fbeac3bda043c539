"""The plan of the lives: the same by seed, allowed by the workflow's table, and as uneven as a city's."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from cityops.cases.names import Source, Stage, StepName
from cityops.cases.workflow import STEPS, find_way, needs_verifying
from cityops.clock import CITY_ZONE
from cityops.simulation.endings import stages
from cityops.simulation.facts import Pace
from cityops.simulation.lives import Life, Run
from cityops.simulation.plot import temper
from cityops.simulation.script import Script
from cityops.worktime.arithmetic import add
from cityops.worktime.defaults import OFFICE
from cityops.worktime.limits import Limit, Unit
from tests.simulation.facts import make_city

UNTIL = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
RUN = Run(seed=7, days=28, per_day=60, until=UNTIL)


def write(run: Run = RUN) -> list[Life]:
    """All lives of a run in the small city."""
    script = Script(make_city(), run)
    return [script.write(index) for index in range(run.cases)]


@pytest.fixture(scope="module")
def lives() -> list[Life]:
    return write()


def test_the_same_seed_gives_the_same_lives(lives: list[Life]) -> None:
    assert write() == lives


def test_another_seed_gives_other_lives(lives: list[Life]) -> None:
    others = write(Run(8, RUN.days, RUN.per_day, UNTIL))
    assert not {life.uuid for life in lives} & {life.uuid for life in others}
    assert [life.acts for life in others] != [life.acts for life in lives]


def test_a_life_depends_on_no_other_life(lives: list[Life]) -> None:
    assert Script(make_city(), RUN).write(1_234) == lives[1_234]


def test_reports_come_in_order_within_the_run(lives: list[Life]) -> None:
    told_at = [life.acts[0].at for life in lives]
    assert told_at == sorted(told_at)
    assert RUN.begins <= told_at[0] and told_at[-1] < UNTIL


def test_mornings_are_busier_than_nights_and_sundays_quieter(lives: list[Life]) -> None:
    local = [life.acts[0].at.astimezone(CITY_ZONE) for life in lives]
    hours, weekdays = Counter(at.hour for at in local), Counter(at.weekday() for at in local)
    assert sum(hours[hour] for hour in (8, 9, 10)) > 8 * sum(hours[hour] for hour in (1, 2, 3))
    assert weekdays[6] == min(weekdays.values())


def test_every_step_is_one_the_table_allows(lives: list[Life]) -> None:
    for life in lives:
        stage: Stage | None = None
        for act in life.acts:
            step = STEPS[act.step]
            assert (stage in step.stages) if stage else not step.stages, (life.index, act)
            way = find_way(step, act.result, life.told.source, onward=act.result)
            assert way is not None, (life.index, act)
            stage = way.to or stage
        assert stage in {Stage.CLOSED, Stage.DECLINED, Stage.REFUSED, Stage.VOIDED, Stage.MERGED}


def test_steps_follow_one_another_in_time(lives: list[Life]) -> None:
    for life in lives:
        assert all(earlier.at < later.at for earlier, later in pairwise(life.acts))
        assert life.call_back is None or life.call_back.at > life.acts[-1].at


def test_half_of_the_cases_are_simple_ones(lives: list[Life]) -> None:
    simple = sum(life.acts[0].step is StepName.SELF_HANDLE for life in lives)
    assert 0.44 < simple / len(lives) < 0.56


def test_all_that_can_come_of_a_case_comes(lives: list[Life]) -> None:
    steps = Counter((act.step, act.result) for life in lives for act in life.acts)
    wanted = [(StepName.DECLINE, None), (StepName.REFUSE, None), (StepName.SEND_BACK, None)]
    wanted += [(StepName.VERIFY, "not_found"), (StepName.REVIEW, "failed"), (StepName.CHECK, "failed")]
    assert all(steps[each] >= 5 for each in wanted), steps
    reworked = Counter(sum(act.result == "failed" for act in life.acts if act.step is StepName.CHECK) for life in lives)
    assert reworked[1] > reworked[2] > 0 == reworked[3]
    assert {life.told.source for life in lives} == set(Source)
    bodies = {act.body for life in lives for act in life.acts if act.body}
    assert bodies == {"lamps", "lamps-upkeep", "roads", "330203001"}


def test_only_the_publics_and_machines_reports_are_verified(lives: list[Life]) -> None:
    verified = {life.told.source for life in lives for act in life.acts if act.step is StepName.VERIFY}
    assert verified == {source for source in Source if needs_verifying(source)}


def test_some_bodies_are_late_more_often_than_others(lives: list[Life]) -> None:
    late: Counter[str] = Counter()
    handled: Counter[str] = Counter()
    for life in lives:
        for dispatch in [act for act in life.acts if act.step is StepName.DISPATCH][-1:]:
            back = next((act for act in life.acts if act.step is StepName.REPORT_BACK), None)
            if back is None:
                continue
            due_at = life.told.condition.pace.after(dispatch.at, 1.0)
            handled[str(dispatch.body)] += 1
            late[str(dispatch.body)] += back.at > due_at
    assert 0.02 < late.total() / handled.total() < 0.4
    worst, best = max(handled, key=temper), min(handled, key=temper)
    assert late[worst] / handled[worst] > late[best] / handled[best]


def test_a_tenth_of_the_cells_holds_about_half_of_the_cases(lives: list[Life]) -> None:
    most = Counter(life.told.cell.code for life in lives).most_common(2)
    assert 0.42 < sum(count for _, count in most) / len(lives) < 0.62


def test_what_is_told_lies_in_its_cell_and_names_no_real_number(lives: list[Life]) -> None:
    for life in lives:
        west, south, east, north = life.told.cell.boundary.bounds
        assert west <= life.told.lon <= east and south <= life.told.lat <= north
        assert life.told.phone is None or life.told.phone.startswith("1540000")
        assert life.told.description and len(life.told.address) <= 200


def test_a_pace_ends_where_its_limit_is_due() -> None:
    start, limit = datetime(2026, 9, 30, 8, 0, tzinfo=UTC), Limit(2, Unit.WORKING_DAY)
    assert Pace.of(OFFICE, limit).after(start, 1.0) == add(OFFICE, start, limit)


def test_a_run_of_any_length_has_the_cases_it_promises() -> None:
    run = Run(1, 1, 3, UNTIL + timedelta(minutes=17))
    assert [len(stages(life)) > 0 for life in write(run)] == [True] * 3
