"""Copied cases: as many as asked for, spread as a city's are, with histories that hold, in a city that lives on."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from cityops import clock, locks, schema
from cityops.accounts.models import Person
from cityops.cases import checkpoints
from cityops.cases.history import Walked, find_broken
from cityops.cases.models import Attachment, Case, CaseEvent, Report, StageClock
from cityops.cases.names import FINAL_STAGES
from cityops.config import Config
from cityops.db import Database
from cityops.errors import BadSetting, Invalid, NotAllowed, WrongState
from cityops.shell import Shell
from cityops.simulation import copying
from cityops.simulation.cli import bench_data
from cityops.simulation.copying import Filled, fill
from cityops.simulation.services import simulate
from tests import factories

WANTED = 500
LIVED = 70


@pytest.fixture(autouse=True)
def short_week(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten cases a day are enough to be copied."""
    monkeypatch.setattr(copying, "FEW_PER_DAY", LIVED // copying.DAYS)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.from_env({"CITYOPS_HOME": str(tmp_path / "home")})


@pytest.fixture
def city(db: Database) -> Database:
    """A database with the test city."""
    build(db)
    return db


@pytest.fixture
def small_city(make_db_url: Callable[..., str]) -> Iterator[Database]:
    """The test city on SQLite only."""
    database = Database(make_db_url("sqlite"))
    build(database)
    yield database
    database.dispose()


def build(database: Database) -> None:
    """The test city, in which only the demo's people work."""
    with clock.running_at(factories.MONDAY_MORNING), database.transaction() as session:
        factories.make_city(session)
        session.execute(update(Person).values(is_demo=True))


def copy(database: Database, config: Config, wanted: int = WANTED) -> Filled:
    """Fill the city."""
    return fill(database, factories.make_office(), config, wanted, lambda doing, cases, of: None)


def prove(database: Database, cases: int) -> None:
    """Every history holds, every event is under a checkpoint that fits."""
    with database.reading() as session:
        proof = checkpoints.Proof(checkpoints.list_checkpoints(session))
        events = session.scalar(select(func.count()).select_from(CaseEvent)) or 0
        assert list(find_broken(session, factories.make_keys(), seen=proof.see))[-1] == Walked(cases, events)
        assert list(find_broken(session, factories.make_keys())) == [Walked(cases, events)]
        assert proof.find_broken(factories.make_keys()) == []
        assert proof.checkpoints[-1].cases == cases


def test_a_filled_city_has_so_many_whole_cases_over_three_years_and_lives_on(
    city: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "OPEN_SHARE", 0.2)
    filled = copy(city, config)
    assert (filled.cases, filled.added) == (WANTED, WANTED)
    prove(city, WANTED)
    with city.reading() as session:
        cases = session.scalars(select(Case)).all()
        assert len({case.number for case in cases}) == len(cases) == WANTED
        still_open = [case for case in cases if case.ended_at is None]
        assert len(still_open) == filled.open and 0.1 < filled.open / WANTED <= 0.2
        assert all((case.ended_at is None) is (case.stage not in FINAL_STAGES) for case in cases)
        week_ago = max(case.opened_at for case in cases) - timedelta(days=copying.DAYS)
        assert all(case.opened_at >= week_ago for case in still_open)
        weeks = Counter((week_ago - case.opened_at).days // 7 for case in cases)
        assert len(weeks) >= 8 and 100 < max(weeks) <= copying.WEEKS
        for row in session.scalars(select(StageClock)):
            assert row.started_at < row.due_at and (row.stopped_at is None or row.stopped_at >= row.started_at)
        reports, photos = (session.scalar(select(func.count()).select_from(each)) or 0 for each in (Report, Attachment))
        assert reports == WANTED and photos > WANTED
    simulate(city, factories.make_office(), config, days=1, per_day=5, seed=3, progress=lambda cases, of, steps: None)
    with city.reading() as session:
        assert list(find_broken(session, factories.make_keys()))[-1].cases == WANTED + 5


def test_places_keep_their_shares(small_city: Database, config: Config) -> None:
    copy(small_city, config)
    with small_city.reading() as session:
        cells = session.execute(select(Case.cell_id, func.count()).group_by(Case.cell_id)).all()
        lived = session.execute(select(Case.cell_id, func.count()).where(Case.id <= LIVED).group_by(Case.cell_id)).all()
    shares, of_lived = (
        {cell: count / total for cell, count in found} for found, total in ((cells, WANTED), (lived, LIVED))
    )
    assert shares.keys() == of_lived.keys()
    assert all(abs(shares[cell] - of_lived[cell]) < 0.15 for cell in shares)


class Interrupted(Exception):
    """Somebody pulled the plug."""


def test_a_copy_that_is_broken_off_is_finished_by_the_same_call(small_city: Database, config: Config) -> None:
    def pull_the_plug(doing: str, cases: int, of: int) -> None:
        if doing == "copying" and cases > 200:
            raise Interrupted

    with pytest.raises(Interrupted):
        fill(small_city, factories.make_office(), config, WANTED, pull_the_plug)
    with small_city.reading() as session:
        have = session.scalar(select(func.count()).select_from(Case)) or 0
        assert list(find_broken(session, factories.make_keys()))[-1].cases == have
    rest = copy(small_city, config)
    assert (rest.cases, rest.added) == (WANTED, WANTED - have)
    prove(small_city, WANTED)


def test_more_are_added_later(small_city: Database, config: Config) -> None:
    copy(small_city, config, 200)
    assert copy(small_city, config, 300).added == 100
    prove(small_city, 300)


@pytest.mark.parametrize("wanted", [0, -5, copying.MOST + 1])
def test_numbers_that_are_none_are_refused(small_city: Database, config: Config, wanted: int) -> None:
    with pytest.raises(Invalid, match="at most"):
        copy(small_city, config, wanted)


def test_a_city_in_use_is_left_alone(small_city: Database, config: Config) -> None:
    with pytest.raises(NotAllowed, match="production"):
        copy(small_city, replace(config, production=True))
    config.home.mkdir(parents=True)
    with locks.holding(config.home / locks.SERVING), pytest.raises(BadSetting, match="stop it first"):
        copy(small_city, config)
    with small_city.transaction() as session:
        session.execute(update(Person).where(Person.username == "operator").values(is_demo=False))
    with pytest.raises(WrongState, match="demo"):
        copy(small_city, config)
    with small_city.reading() as session:
        assert session.scalar(select(Case.id).limit(1)) is None


@pytest.mark.database
def test_the_command_asks_first_and_answers_in_json(tmp_path: Path) -> None:
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path)}))
    schema.upgrade(shell.config.database_url)
    build(shell.database)
    unsure = CliRunner().invoke(bench_data, ["--cases", "1_00"], obj=shell, input="n\n")
    sure = CliRunner().invoke(bench_data, ["--cases", "1_00", "--yes"], obj=shell, catch_exceptions=False)
    shell.workshop.close()
    assert unsure.exit_code == 1 and "copied cases" in unsure.stderr
    assert json.loads(sure.stdout)["cases"] == 100
