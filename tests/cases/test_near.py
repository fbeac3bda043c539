"""What is open near a place: the nearest first, however much there is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cityops import clock
from cityops.cases import queries
from cityops.cases.names import Source
from cityops.cases.sheet import find_chosen_class, list_told_before
from cityops.db import Database
from tests.counting import counted_queries
from tests.factories import MONDAY_MORNING, WEST_POINT, People, ask, bring_to, decide, make_office, make_report

WHOLE_WAY = ("accept", "file", "dispatch", "sign_for", "report_back", "check", "close")


def test_the_nearest_come_first_and_none_of_them_is_missed(small_city: Database) -> None:
    lon, lat = WEST_POINT
    steps = [9, 8, 7, 6, 5, 4, 3, 2, 1]
    with small_city.transaction() as session:
        inspector = People(session).inspector
        made = {
            step: make_report(session, inspector, point=(lon + step * 5e-5 * (step % 2), lat + step * 4e-5)).case
            for step in steps
        }
        own = made[1]
        found = queries.list_near(session, inspector, lon, lat, not_id=own.id)
        assert [case.id for case, _ in found] == [made[step].id for step in (2, 4, 3, 6, 5)]
        metres = [distance for _, distance in found]
        assert metres == sorted(metres) and metres[-1] <= 100.0


def test_open_cases_and_those_closed_lately_are_perhaps_told_once_more(small_city: Database) -> None:
    lon, lat = WEST_POINT
    office = make_office()
    with small_city.transaction() as session, clock.running_at(MONDAY_MORNING):
        people = People(session)
        closed, declined, forced, stays = (
            make_report(session, people.operator, source=Source.LEADER).case for _ in range(4)
        )
        bring_to(session, people, closed, *WHOLE_WAY)
        bring_to(session, people, declined, "decline")
        bring_to(session, people, forced, "accept", "file", "dispatch", "sign_for")
        decide(session, people.viewer("supervisor"), ask(session, people.dispatcher, forced, "force_close"))
        lamps, rubbish = (find_chosen_class(session, each) for each in ("component-01037", "matter-06001"))

    def told(
        chosen: object, days_later: int, for_days: int = office.doubles_days, reopen_days: int = 30
    ) -> tuple[list[int], list[int]]:
        later = MONDAY_MORNING + timedelta(days=days_later)
        with small_city.reading() as session, clock.running_at(later):
            offered = replace(office, doubles_days=for_days, reopen_days=reopen_days)
            found = list_told_before(session, People(session).operator, offered, chosen, lon, lat)
            return tuple([case.id for case, _ in each] for each in found)  # type: ignore[return-value]

    assert told(lamps, 7) == ([stays.id], [closed.id])
    assert told(lamps, 8) == told(lamps, 400) == ([stays.id], [])
    assert told(lamps, 8, for_days=30) == ([stays.id], [closed.id])
    assert told(lamps, 3, reopen_days=3) == ([stays.id], [closed.id])
    assert told(lamps, 4, reopen_days=3) == ([stays.id], [])
    assert told(lamps, 1, for_days=0) == ([stays.id], [])
    assert told(rubbish, 1) == ([], [])
    # Before the class is known, what was closed here lately is about anything.
    assert told(None, 1) == ([stays.id], [])


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_on_sqlite_only_the_surroundings_of_a_place_are_read(small_city: Database) -> None:
    lon, lat = WEST_POINT
    with small_city.transaction() as session:
        operator = People(session).operator
        case = make_report(session, operator).case
        for since in (None, MONDAY_MORNING):
            with counted_queries() as seen:
                queries.list_near(session, operator, lon, lat, class_id=case.class_id, closed_since=since)
            asked = f"EXPLAIN QUERY PLAN {seen[-1]}"
            plan = session.connection().exec_driver_sql(asked, (0,) * asked.count("?")).all()
            read = [row[3] for row in plan if " cases " in row[3]]
            assert all("rowid=?" in line or "(quad>? AND quad<?)" in line for line in read), read
