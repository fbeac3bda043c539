"""The first start loads the demo city; killed in the middle of it, the next start brings it to its end."""

import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from cityops.cases.models import Case
from cityops.grid.models import Cell, Component
from cityops.milestones import find_milestone
from cityops.serving.cli import DEMO_DAYS, DEMO_PER_DAY
from cityops.serving.first_load import LOADING
from cityops.workshop import Workshop
from tests.serving.city import City, eventually

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]


def count(city: City, rows: type[Case] | type[Cell] | type[Component]) -> int:
    workshop = Workshop(city.config)
    try:
        with workshop.reading() as session:
            return session.scalar(select(func.count()).select_from(rows)) or 0
    except OperationalError:
        return 0
    finally:
        workshop.close()


def test_a_first_start_killed_half_way_is_brought_to_its_end_by_the_next(tmp_path: Path) -> None:
    city = City(tmp_path / "home")
    try:
        city.start()
        assert eventually(lambda: city.home.exists() and count(city, Case) > 0, within_s=180), city.words()
        assert city.stop(signal.SIGKILL) == -signal.SIGKILL
        assert 0 < count(city, Case) < DEMO_DAYS * DEMO_PER_DAY
        city.start()
        assert eventually(city.is_well, within_s=240), city.words()
        assert "beginning anew" in city.words()
        assert count(city, Case) == DEMO_DAYS * DEMO_PER_DAY
        assert (count(city, Cell) >= 2_000, count(city, Component)) == (True, 36_000)
        workshop = Workshop(city.config)
        with workshop.reading() as session:
            assert find_milestone(session, LOADING) is None
        workshop.close()
        assert city.stop() == 0
        assert city.parts() == {}
    finally:
        city.clear()
