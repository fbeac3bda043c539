"""Two sweeps at the same moment, real processes and both databases: each warning is written once.

It fails without the unique key of `clock_warnings`, which the sweep's INSERT leaves to the database.
"""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from cityops import clock
from cityops.db import Database
from cityops.notices.models import ClockWarning, Notice
from cityops.notices.sweeping import warn
from tests.cases.test_concurrency import at_once
from tests.factories import MONDAY_MORNING, People, make_report

pytestmark = pytest.mark.process
CASES = 40


def sweep_all(database: Database, _number: int) -> int:
    """As the task does it, in small batches, so that the sweeps meet many times."""
    spoken = 0
    with clock.running_at(MONDAY_MORNING + timedelta(minutes=61)):
        while True:
            with database.transaction() as session:
                batch = warn(session, limit=7)
            spoken += batch
            if batch < 7:
                return spoken


def test_of_sweeps_at_the_same_moment_each_warning_is_written_once(small_city: Database) -> None:
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        for _ in range(CASES):
            make_report(session, people.inspector)
    spoken = at_once(sweep_all, small_city.url)
    assert sum(map(int, spoken)) == 2 * CASES
    with small_city.reading() as session:
        assert session.scalar(select(func.count()).select_from(ClockWarning)) == 2 * CASES
        told = Counter(session.scalars(select(Notice.person_id)))
        operators = {people.operator.person_id, People(session).viewer("dutyleader").person_id}
        assert told == dict.fromkeys(operators, CASES)
