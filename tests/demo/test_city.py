"""The demo city in a database: whole, once, and not in production."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cityops.accounts.models import Body, Person, PersonPost
from cityops.accounts.passwords import DEMO_PASSWORD, is_right
from cityops.accounts.queries import find_viewer_by_username
from cityops.catalog.models import FilingCondition
from cityops.config import Config
from cityops.db import Database
from cityops.demo.city import load_demo
from cityops.errors import NotAllowed, WrongState
from cityops.grid.models import Cell, Component, DutyGrid
from cityops.patrol.models import InspectorShift
from tests import factories

TODAY = date(2026, 11, 23)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.from_env({"CITYOPS_HOME": str(tmp_path / "home")})


def load(database: Database, config: Config, *, with_components: bool = False) -> list[str]:
    said: list[str] = []
    load_demo(database, factories.make_keys(), config, said.append, with_components=with_components)
    return said


def test_the_demo_city_stands_whole_and_only_once(db: Database, config: Config) -> None:
    assert load(db, config)
    with pytest.raises(WrongState, match="already"):
        load(db, config)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(DutyGrid)) == 40
        assert (session.scalar(select(func.count()).select_from(Cell)) or 0) >= 2_000
        assert session.scalar(select(func.count()).select_from(InspectorShift)) == 80 * 7 + 8 * 2 * 7
        lost = select(func.count()).select_from(PersonPost).outerjoin(Body, Body.id == PersonPost.body_id)
        assert session.scalar(lost.where(Body.id.is_(None))) == 0
        assert {row.is_demo for row in session.scalars(select(Person))} == {True}
        hashes = set(session.scalars(select(Person.password_hash)))
        assert len(hashes) == 1 and is_right(hashes.pop(), DEMO_PASSWORD)
        operator = find_viewer_by_username(session, "operator", TODAY)
        zone = find_viewer_by_username(session, "operator-hitech", TODAY)
    assert operator is not None and operator.is_city_wide
    assert zone is not None and not zone.is_city_wide
    assert zone.held[0].covers("330212004001") and not zone.held[0].covers("330212008001")


def test_the_citys_own_classes_show_phases_and_a_check_at_the_same_hour(db: Database, config: Config) -> None:
    load(db, config)
    with db.reading() as session:
        phased = select(FilingCondition.code).where(FilingCondition.phases.any())
        assert session.scalars(phased).all() == ["M10999-1"]
        same_time = select(FilingCondition.code).where(FilingCondition.check_same_time)
        assert session.scalars(same_time).all() == ["M06999-1"]


def test_each_component_is_kept_up_by_a_department_but_some_notice_boards(
    make_db_url: Callable[..., str], config: Config
) -> None:
    database = Database(make_db_url("sqlite"))
    load(database, config, with_components=True)
    with database.reading() as session:
        keepers = Counter(session.scalars(select(Component.body_code)))
        assert 20 < keepers.pop(None) < 200
        assert keepers.keys() <= set(session.scalars(select(Body.code)))
        assert session.scalar(select(func.count()).select_from(Component)) == 36_000
        assert session.scalar(select(func.count()).select_from(Component).where(Component.cell_id.is_(None))) == 0
    database.dispose()


def test_a_production_system_takes_no_demo(make_db_url: Callable[..., str], config: Config) -> None:
    database = Database(make_db_url("sqlite"))
    with pytest.raises(NotAllowed, match="production"):
        load(database, replace(config, production=True))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0
    database.dispose()
