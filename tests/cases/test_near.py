"""What is open near a place: the nearest first, however much there is."""

from cityops.cases import queries
from cityops.db import Database
from tests.factories import WEST_POINT, People, make_report


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
