from sqlalchemy import delete, func, select

from cityops.catalog.models import FilingCondition, StageLimit
from cityops.db import Database
from cityops.serving.first_load import lay_ground
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
