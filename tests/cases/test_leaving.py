"""What cases and rules hang on an area that a survey gives up."""

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.cases.leaving import find_left_behind
from cityops.catalog.models import ResponsibilityRule
from cityops.db import Database
from cityops.grid.records import GridData, RetiredArea
from tests.factories import People, make_report


def test_open_cases_and_rules_of_an_ending_area_are_told(small_city: Database) -> None:
    with small_city.transaction() as session:
        report = make_report(session, People(session).operator)
        community = report.case.area_code
        assert community is not None
        body = next(iter(accounts.list_bodies(session)))
        session.add(
            ResponsibilityRule(
                class_key="",
                condition_code="",
                phase=None,
                area_prefix=community,
                body=body,
                valid_from_on=clock.today(),
                reference="",
                note="",
            )
        )
        session.flush()
        told = find_left_behind(session, GridData(retired=[RetiredArea(community, 7), RetiredArea("330299", 8)]))
    assert [(each.line, each.is_error, each.sentence.split(" ", 1)[1]) for each in told] == [
        (7, False, "open cases lie in it: they stay with whom they are"),
        (7, False, told[1].sentence.split(" ", 1)[1]),
    ]
    assert "says who is responsible in it alone" in told[1].reason
