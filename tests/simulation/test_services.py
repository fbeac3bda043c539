"""A run lived in the test city, through the real services, on both databases."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cityops import clock, locks
from cityops.cases import automation
from cityops.cases.automation import NewAutomation
from cityops.cases.history import Walked, find_broken
from cityops.cases.models import Assignment, Attachment, Case, CaseEvent, ClockPause, Report, StageClock
from cityops.cases.names import OPEN_STAGES, Stage, StepName
from cityops.cases.plain_cases import AutoStep
from cityops.cases.services import StepRequest
from cityops.catalog import rules
from cityops.catalog.models import FilingCondition
from cityops.catalog.rules import NewRule
from cityops.config import Config
from cityops.db import Database
from cityops.demo.holidays import load_years_by_law
from cityops.errors import BadSetting, Invalid, NotAllowed, NotFound, WrongState
from cityops.hotline.models import ReporterAnswer
from cityops.patrol.models import InspectorTask, TaskKind
from cityops.simulation import playing
from cityops.simulation.services import Summary, simulate
from tests import factories

UNTIL = datetime(2026, 11, 20, 16, 0, tzinfo=clock.CITY_ZONE)
Timeline = dict[str, list[tuple[StepName, str, datetime]]]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.from_env({"CITYOPS_HOME": str(tmp_path / "home")})


@pytest.fixture
def city(db: Database) -> Database:
    """A database with the test city."""
    build(db)
    return db


def build(database: Database) -> None:
    """The test city in an empty database."""
    with clock.running_at(factories.MONDAY_MORNING), database.transaction() as session:
        factories.make_city(session)


def live(database: Database, config: Config, **changes: object) -> Summary:
    """Two days of forty cases."""
    wanted: dict[str, object] = {"days": 2, "per_day": 40, "seed": 7, "until": UNTIL}
    given = {"progress": lambda cases, of, steps: None} | wanted | changes
    return simulate(database, factories.make_office(), config, **given)  # type: ignore[arg-type]


def read_timelines(database: Database) -> Timeline:
    """Every case's steps by its report's uuid; which of them are re-checked is left to the lot."""
    rows = select(Report.uuid, CaseEvent.step, CaseEvent.result, CaseEvent.at).join(
        CaseEvent, CaseEvent.case_id == Report.case_id
    )
    rows = rows.where(CaseEvent.step != StepName.RECHECK)
    found: Timeline = {}
    with database.reading() as session:
        for uuid, step, result, at in session.execute(rows.order_by(Report.uuid, CaseEvent.seq)):
            found.setdefault(uuid, []).append((step, result, at))
    return found


def test_a_run_leaves_whole_chains_sane_clocks_and_open_cases_at_every_stage(city: Database, config: Config) -> None:
    summary = live(city, config)
    assert (summary.cases, summary.added) == (80, 80)
    assert all(summary.by_stage[stage] >= 2 for stage in OPEN_STAGES), summary.by_stage
    with city.reading() as session:
        assert list(find_broken(session, factories.make_keys())) == [Walked(80, summary.steps)]
        assert session.scalar(select(func.count()).select_from(CaseEvent)) == summary.steps
        stages = session.execute(select(Case.stage, func.count()).group_by(Case.stage)).all()
        assert dict(stages) == dict(summary.by_stage)
        latest = session.scalar(select(func.max(CaseEvent.at)))
        assert latest is not None and latest < UNTIL
        for row in session.scalars(select(StageClock)):
            assert row.started_at < row.due_at and (row.stopped_at is None or row.stopped_at >= row.started_at)
        for pause in session.scalars(select(ClockPause)):
            assert pause.until_at is None or pause.until_at >= pause.from_at
        undone = InspectorTask.done_at.is_(None), InspectorTask.kind != TaskKind.RECHECK
        open_tasks = session.scalars(select(InspectorTask.case_id).where(*undone)).all()
        waiting = session.scalars(select(Case.id).where(Case.stage.in_([Stage.VERIFYING, Stage.CHECKING]))).all()
        assert set(open_tasks) <= set(waiting)
        assert session.scalar(select(func.count()).select_from(ReporterAnswer))
        for sha256 in session.scalars(select(Attachment.sha256).distinct()):
            assert (config.files_folder / sha256[:2] / sha256[2:4] / f"{sha256}.small").is_file()


def test_lives_go_from_phase_to_phase_reworked_on_the_way(city: Database, config: Config) -> None:
    with city.transaction() as session:
        factories.make_phases(session)
        day_before = factories.MONDAY_MORNING.date() - timedelta(days=1)
        for condition in session.scalars(select(FilingCondition).where(FilingCondition.code != factories.PHASED)):
            condition.valid_until_on = day_before
    live(city, config, days=4)
    with city.reading() as session:
        reached = dict(session.execute(select(Case.phase, func.count()).group_by(Case.phase)).all())
        assert reached[2] > 0 and reached[3] > 0
        reworked = (
            select(func.count()).select_from(Assignment).where(Assignment.phase == 1, Assignment.rework_count > 0)
        )
        assert session.scalar(reworked)
        found = list(find_broken(session, factories.make_keys()))
        assert [each for each in found if not isinstance(each, Walked)] == []


def test_a_city_that_knows_the_days_off_by_law_lives_over_the_new_year(city: Database, config: Config) -> None:
    with city.transaction() as session:
        load_years_by_law(session)
    end = datetime(2027, 1, 2, 16, 0, tzinfo=clock.CITY_ZONE)
    with clock.running_at(end):
        summary = live(city, config, until=end)
    assert summary.added == 80


def test_two_runs_of_one_seed_have_the_same_timelines_whatever_the_batch(
    make_db_url: Callable[..., str], config: Config
) -> None:
    found = []
    for kind, batch in (("sqlite", 50), ("sqlite", 7), ("postgresql", 50)):
        database = Database(make_db_url(kind))
        build(database)
        live(database, config, per_day=20, batch=batch)
        found.append(read_timelines(database))
        database.dispose()
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 40


def test_who_handled_a_case_never_judged_it(city: Database, config: Config) -> None:
    live(city, config)
    judged = select(CaseEvent.case_id, CaseEvent.person_id).where(
        CaseEvent.step.in_([StepName.CHECK, StepName.CLOSE, StepName.REVIEW])
    )
    handled = select(CaseEvent.case_id, CaseEvent.person_id).where(
        CaseEvent.step.in_([StepName.REPORT_BACK, StepName.SELF_HANDLE])
    )
    with city.reading() as session:
        assert not set(session.execute(judged)) & set(session.execute(handled))


class Interrupted(Exception):
    """Somebody pulled the plug."""


def test_an_interrupted_run_is_finished_by_the_same_command_and_not_doubled(
    city: Database, config: Config, make_db_url: Callable[..., str]
) -> None:
    def pull_the_plug(cases: int, of: int, steps: int) -> None:
        if cases >= 8:
            raise Interrupted

    with pytest.raises(Interrupted):
        live(city, config, per_day=10, progress=pull_the_plug, batch=4)
    assert len(read_timelines(city)) == 8
    rest = live(city, config, per_day=10, batch=6)
    assert (rest.cases, rest.added) == (20, 12)
    again = live(city, config, per_day=10)
    assert (again.cases, again.added, again.steps) == (20, 0, 0)
    whole = Database(make_db_url("sqlite"))
    build(whole)
    live(whole, config, per_day=10)
    assert read_timelines(city) == read_timelines(whole)
    whole.dispose()


def test_a_step_that_fails_takes_its_whole_batch_back(
    city: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> StepRequest:
        raise Interrupted

    monkeypatch.setattr(playing.Player, "_asked", refuse)
    with pytest.raises(Interrupted):
        live(city, config)
    assert read_timelines(city) == {}


def test_the_same_run_up_to_another_end_is_refused(city: Database, config: Config) -> None:
    live(city, config, per_day=2)
    with pytest.raises(WrongState, match="another seed"):
        live(city, config, per_day=2, until=factories.MONDAY_MORNING)


def test_a_run_without_an_end_goes_on_to_the_end_it_had(city: Database, config: Config) -> None:
    live(city, config, per_day=2)
    assert live(city, config, per_day=2, until=None).until == UNTIL


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"per_day": 0}, {"until": datetime(2200, 1, 1, tzinfo=clock.CITY_ZONE)}]
)
def test_numbers_that_are_none_are_refused(make_db_url: Callable[..., str], config: Config, wrong: object) -> None:
    database = Database(make_db_url("sqlite"))
    with pytest.raises(Invalid):
        live(database, config, **wrong)  # type: ignore[arg-type]
    database.dispose()


def test_a_run_that_could_not_begin_leaves_no_end_behind(nothing: Database, config: Config) -> None:
    with pytest.raises(NotFound):
        live(nothing, config)
    build(nothing)
    assert live(nothing, config, per_day=1, until=factories.MONDAY_MORNING).until == factories.MONDAY_MORNING


def test_a_production_system_is_not_simulated(nothing: Database, config: Config) -> None:
    build(nothing)
    with pytest.raises(NotAllowed, match="production"):
        live(nothing, replace(config, production=True))


@pytest.fixture
def nothing(make_db_url: Callable[..., str]) -> Iterator[Database]:
    """A migrated database without a city."""
    database = Database(make_db_url("sqlite"))
    yield database
    database.dispose()


def test_without_a_city_it_says_how_to_get_one(nothing: Database, config: Config) -> None:
    with pytest.raises(NotFound, match="cityops demo"):
        live(nothing, config)


def test_two_simulations_at_once_are_refused(nothing: Database, config: Config) -> None:
    config.home.mkdir(parents=True)
    with locks.holding(config.home / locks.SIMULATING), pytest.raises(BadSetting, match="Another simulation"):
        live(nothing, config)


def let_go_by_themselves(database: Database) -> None:
    """Every step that may, with a share of a fifth for persons."""
    with clock.running_at(factories.MONDAY_MORNING), database.transaction() as session:
        admin = factories.People(session).viewer("admin")
        rules.add_rule(session, admin, NewRule("roads", "M06001"))
        for step in AutoStep:
            automation.switch_on(session, admin, NewAutomation(step, sample_percent=20))


def test_a_simulated_city_lives_by_its_rules_and_the_same_way_again(
    make_db_url: Callable[..., str], config: Config, tmp_path: Path
) -> None:
    timelines = []
    for number in range(2):
        database = Database(make_db_url("sqlite"))
        build(database)
        let_go_by_themselves(database)
        summary = live(database, replace(config, home=tmp_path / str(number)))
        timelines.append(read_timelines(database))
        with database.reading() as session:
            taken = session.scalars(select(CaseEvent.step).where(CaseEvent.person_id.is_(None))).all()
            assert {step.value for step in taken} == {step.value for step in AutoStep}
            assert list(find_broken(session, factories.make_keys())) == [Walked(80, summary.steps)]
        database.dispose()
    assert timelines[0] == timelines[1]
