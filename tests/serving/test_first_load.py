from datetime import datetime

import pytest
from sqlalchemy import delete, func, select

from cityops import clock, milestones
from cityops.catalog.models import FilingCondition, StageLimit
from cityops.db import Database
from cityops.errors import BadSetting
from cityops.serving.cli import demo_until
from cityops.serving.first_load import LOADING, lay_ground, refuse_half_a_city
from cityops.worktime.models import WorkCalendar
from cityops.worktime.queries import get_calendar


def test_a_new_database_gets_catalogue_and_calendars(db: Database) -> None:
    lay_ground(db)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(FilingCondition)) >= 100
        assert session.scalar(select(func.count()).select_from(StageLimit)) == 7
        assert get_calendar(session, "office").name == "office"
        assert session.scalar(select(func.count()).select_from(WorkCalendar)) == 3


def test_what_a_city_took_away_stays_away(db: Database) -> None:
    lay_ground(db)
    with db.transaction() as session:
        session.execute(delete(FilingCondition))
    lay_ground(db)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(FilingCondition)) == 0


def test_nobody_works_in_what_a_killed_load_left(db: Database) -> None:
    refuse_half_a_city(db)
    with db.transaction() as session:
        milestones.keep(session, LOADING, clock.now())
    with pytest.raises(BadSetting, match="--no-demo"):
        refuse_half_a_city(db)
    with db.transaction() as session:
        milestones.drop(session, LOADING)
    refuse_half_a_city(db)


@pytest.mark.parametrize(
    ("day", "ends"), [("2026-11-23", None), ("2026-12-28", "2026-12-01"), ("2027-01-20", "2026-12-01")]
)
def test_the_demos_week_stays_inside_the_years_whose_holidays_are_known(day: str, ends: str | None) -> None:
    until = demo_until(datetime.fromisoformat(f"{day}T09:00+08:00"))
    assert until == (ends and datetime.fromisoformat(ends).replace(tzinfo=clock.CITY_ZONE))
