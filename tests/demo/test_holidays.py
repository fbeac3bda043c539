"""The demo city's days off by law: thirteen a year, and every year that is not announced has them."""

from datetime import date

import pytest

from cityops.db import Database
from cityops.demo.holidays import SOURCE, days_by_law, load_years_by_law
from cityops.worktime.holidays import ANNOUNCED_YEARS
from cityops.worktime.queries import get_calendar, list_years
from cityops.worktime.seed import seed_calendars


@pytest.mark.parametrize("year", range(2027, 2036))
def test_the_law_gives_thirteen_days_and_fewer_only_where_two_fall_together(year: int) -> None:
    days = days_by_law(year)
    assert len(days) == 13 - (year in {2028, 2031})
    assert all(day.year == year for day in days) and list(days) == sorted(days)


def test_where_national_day_and_mid_autumn_fall_together_it_is_national_day() -> None:
    assert days_by_law(2031)[date(2031, 10, 1)].name_en == "National Day"


def test_a_year_that_is_announced_stays_as_it_is(db: Database) -> None:
    with db.transaction() as session:
        seed_calendars(session)
        load_years_by_law(session)
        known = {each.year: each.source for each in list_years(session)}
        assert set(known) == ANNOUNCED_YEARS | set(range(2027, 2036))
        assert [year for year, source in known.items() if source == SOURCE] == sorted(
            set(range(2027, 2036)) - ANNOUNCED_YEARS
        )


def test_the_new_year_is_counted_over(db: Database) -> None:
    with db.transaction() as session:
        seed_calendars(session)
        load_years_by_law(session)
        office = get_calendar(session, "office")
        assert not office.spans_on(date(2027, 1, 1)) and office.spans_on(date(2027, 1, 4))
