"""What an event of an older history does not say is worked out as it was when that event was written."""

from cityops.cases.names import StepName
from cityops.cases.replay import Projection, begin, go_on
from tests.factories import MONDAY_MORNING


def begun() -> Projection:
    place = {"lon": 121.0, "lat": 29.0, "cell": 1, "area": "330203001001", "component": None}
    facts = {"source": "hotline", "class": 1, "condition": 1, "centre": 3, "desk": 4} | place
    return begin(StepName.REPORT, "reported", MONDAY_MORNING, facts)


def test_a_reopening_that_names_no_centre_leaves_the_case_where_it_lay() -> None:
    row = begun()
    row.desk_hops = 1
    go_on(row, StepName.REOPEN, "filed", MONDAY_MORNING, {})
    assert (row.centre_id, row.desk_id, row.desk_hops) == (3, 4, 1)
    go_on(row, StepName.REOPEN, "filed", MONDAY_MORNING, {"centre": 7, "desk": 8, "hops": 0})
    assert (row.centre_id, row.desk_id, row.desk_hops) == (7, 8, 0)


def test_where_no_event_says_what_is_disputed_all_phases_count_together() -> None:
    row = begun()
    for _ in range(2):
        go_on(row, StepName.SEND_BACK, "filed", MONDAY_MORNING, {})
    assert row.arbitration_since_at == MONDAY_MORNING
    told = begun()
    for _ in range(2):
        go_on(told, StepName.SEND_BACK, "filed", MONDAY_MORNING, {"disputed": False})
    assert told.arbitration_since_at is None
