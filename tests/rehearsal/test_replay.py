import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from cityops import clock
from cityops.cases.models import Case, CaseEvent, StageClock
from cityops.cases.names import ClockName, Stage
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import read_draft
from cityops.db import Database
from cityops.errors import Invalid
from cityops.rehearsal import past, replay
from cityops.rehearsal.cli import rehearse as command
from cityops.rehearsal.past import PastClock, Rule
from cityops.rehearsal.replay import due_under, months_before, rehearse, wanted_rule
from cityops.shell import Shell
from cityops.worktime.arithmetic import add
from cityops.worktime.defaults import DEFAULT_CALENDARS
from cityops.worktime.limits import Unit
from tests import factories
from tests.catalog.drafting import CONDITION, LIMIT, begin, changed, limit, put

AsPerson = Callable[[str], FlaskClient]
MONDAY = factories.MONDAY_MORNING
URGENT = (CONDITION, "C01037-2")


def handled(db: Database, started: datetime, hours: float | None, *, rework: bool = False) -> str:
    """A case under a limit of two urgent hours, reported back after some hours, or still handled."""
    with db.transaction() as session:
        with clock.running_at(started):
            people = factories.People(session)
            case = factories.make_report(session, people.inspector).case
            factories.bring_to(session, people, case, "accept")
            factories.take(session, people.dutyleader, case, "file", condition="C01037-2")
            factories.take(session, people.dispatcher, case, "dispatch")
        if hours is not None:
            with clock.running_at(started + timedelta(hours=hours)):
                factories.bring_to(session, people, case, "report_back")
            with clock.running_at(started + timedelta(hours=hours + 5)):
                factories.take(session, people.inspector, case, "check", result="failed" if rework else "passed")
        if rework:
            with clock.running_at(started + timedelta(hours=hours + 5.5)):
                factories.bring_to(session, people, case, "report_back")
        return case.number


@pytest.fixture
def draft_id(small_city: Database) -> int:
    """A draft that gives urgent lamps four hours instead of two, with cases of the last days."""
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, URGENT, limit_value="4"))
        return draft_id


def run(db: Database, draft_id: int, at: datetime, months: int = 3, **options) -> replay.Rehearsal:
    with clock.running_at(at), db.reading() as session:
        return rehearse(session, None, read_draft(session, None, draft_id), months, **options)


def test_cases_that_were_late_and_would_not_have_been_are_named_with_why(small_city: Database, draft_id: int):
    in_time, late, too_late = (handled(small_city, MONDAY, hours) for hours in (1, 3, 5))
    result = run(small_city, draft_id, MONDAY + timedelta(days=2))
    assert (result.whole.total, result.whole.late_before, result.whole.late_after) == (3, 2, 1)
    assert [each.past.number for each in result.turned] == [late]
    turned = result.turned[0]
    assert (turned.past.rule, turned.rule) == (
        Rule(2, Unit.URGENT_HOUR, "continuous"),
        Rule(4, Unit.URGENT_HOUR, "continuous"),
    )
    assert turned.past.due_at == MONDAY + timedelta(hours=2)
    assert turned.due_at == MONDAY + timedelta(hours=4)
    assert not turned.is_late
    assert {in_time, too_late}.isdisjoint({turned.past.number})


def test_a_shorter_limit_makes_some_late_and_counts_by_body(small_city: Database, draft_id: int):
    handled(small_city, MONDAY, 0.5)
    late = handled(small_city, MONDAY, 1.5)
    with small_city.transaction() as session:
        put(session, draft_id, changed(session, draft_id, URGENT, limit_value="1"))
    result = run(small_city, draft_id, MONDAY + timedelta(days=2))
    assert [(each.past.number, each.is_late) for each in result.turned] == [(late, True)]
    (tally,) = result.bodies.values()
    assert (tally.rate_before, tally.rate_after, tally.turned_late, tally.turned_on_time) == (1.0, 0.5, 1, 0)


def test_the_limit_of_the_level_of_the_area_counts(small_city: Database, draft_id: int):
    handled(small_city, MONDAY, 1.5)
    with small_city.transaction() as session:
        put(session, draft_id, {(LIMIT, "C01037-2/1"): limit("C01037-2", "1", "1", "urgent_hour", "continuous")})
    result = run(small_city, draft_id, MONDAY + timedelta(days=2))
    assert [each.rule.value for each in result.turned] == [1]


def test_the_recorded_pauses_do_not_count_and_open_clocks_are_judged_as_of_now(small_city: Database, draft_id: int):
    reworked = handled(small_city, MONDAY, 1.75, rework=True)
    open_one = handled(small_city, MONDAY, None)
    result = run(small_city, draft_id, MONDAY + timedelta(hours=3))
    assert {each.past.number for each in result.turned} == {open_one, reworked}
    by_number = {each.past.number: each for each in result.turned}
    assert by_number[reworked].due_at == MONDAY + timedelta(hours=4 + 5)
    assert by_number[open_one].past.end_at is None


def test_what_was_granted_comes_on_top_and_void_cases_are_left_out(small_city: Database, draft_id: int):
    extended, voided = handled(small_city, MONDAY, 4.5), handled(small_city, MONDAY, 3)
    with small_city.transaction() as session:
        for case in session.scalars(select(Case)):
            if case.number == voided:
                case.stage = Stage.VOIDED
            elif case.number == extended:
                row = next(each for each in case.clocks if each.name is ClockName.HANDLE)
                row.extra_value, row.due_at = 1, row.due_at + timedelta(hours=1)
    result = run(small_city, draft_id, MONDAY + timedelta(days=2))
    assert result.whole.total == 1
    assert [(each.past.number, each.due_at) for each in result.turned] == [(extended, MONDAY + timedelta(hours=5))]


def test_nothing_is_touched(small_city: Database, draft_id: int):
    handled(small_city, MONDAY, 3)

    def everything() -> list[object]:
        with small_city.reading() as session:
            rows = (Case, CaseEvent, StageClock)
            return [session.execute(select(*each.__table__.columns).order_by(each.id)).all() for each in rows]

    before = everything()
    run(small_city, draft_id, MONDAY + timedelta(days=2))
    assert everything() == before


def test_cases_under_an_ended_condition_count_as_they_went(small_city: Database, draft_id: int):
    handled(small_city, MONDAY, 3)
    with small_city.transaction() as session:
        put(session, draft_id, {URGENT: None})
    result = run(small_city, draft_id, MONDAY + timedelta(days=2))
    assert (result.ended, result.turned, result.whole.late_before, result.whole.late_after) == (1, [], 1, 1)


def test_what_cannot_be_counted_is_said(small_city: Database, draft_id: int):
    handled(small_city, MONDAY, 1)
    with small_city.transaction() as session:
        longest = {"limit_value": "200", "limit_unit": "working_day", "calendar": "office"}
        put(session, draft_id, changed(session, draft_id, URGENT, **longest))
    result = run(small_city, draft_id, MONDAY + timedelta(days=2))
    assert (result.unknown, result.whole.total) == (1, 0)


def test_the_months_bound_what_is_looked_at_and_batches_change_nothing(
    small_city: Database, draft_id: int, monkeypatch: pytest.MonkeyPatch
):
    numbers = [handled(small_city, MONDAY + timedelta(days=day), 3) for day in range(5)]
    later = MONDAY + timedelta(days=40)
    assert run(small_city, draft_id, later, 1).whole.total == 0
    whole = run(small_city, draft_id, later, 2)
    monkeypatch.setattr(past, "BATCH", 2)
    assert run(small_city, draft_id, later, 2) == whole
    assert [each.past.number for each in whole.turned] == numbers[::-1]
    few = run(small_city, draft_id, later, 2, most_turned=1, most_cases=2)
    assert (len(few.turned), few.whole.total, few.is_whole) == (1, 2, False)
    for months in (0, 25, -1):
        with pytest.raises(Invalid, match="months"):
            run(small_city, draft_id, later, months)


def test_another_district_is_not_counted(small_city: Database, draft_id: int):
    handled(small_city, MONDAY, 3)
    with clock.running_at(MONDAY + timedelta(days=1)), small_city.reading() as session:
        east = factories.People(session).viewer("operator-east")
        view = read_draft(session, None, draft_id)
        assert rehearse(session, east, view, 3).whole.total == 0


def test_a_rule_is_the_levels_then_the_conditions_and_none_where_it_ends():
    entries = {URGENT: limit("", "", "4"), (LIMIT, "C01037-2/2"): limit("C01037-2", "2", "6")}
    assert wanted_rule(entries, "C01037-2", 2) == Rule(6, Unit.WORKING_HOUR, "street")
    assert wanted_rule(entries, "C01037-2", None) == Rule(4, Unit.WORKING_HOUR, "street")
    assert wanted_rule(entries, "C01037-1", 2) is None


def test_the_rule_of_a_further_phase_is_its_own_and_none_where_it_ends():
    entries = {URGENT: limit("", "", "4"), (EntryKind.PHASE, "C01037-2.2"): limit("", "", "7")}
    entries |= {(LIMIT, "C01037-2.2/3"): limit("C01037-2.2", "3", "9")}
    assert wanted_rule(entries, "C01037-2.2", None) == Rule(7, Unit.WORKING_HOUR, "street")
    assert wanted_rule(entries, "C01037-2.2", 3) == Rule(9, Unit.WORKING_HOUR, "street")
    assert wanted_rule(entries, "C01037-2.3", 3) is None


MOMENTS = st.integers(0, 270 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
RULES = st.builds(
    Rule, st.integers(1, 40), st.sampled_from(list(Unit)), st.sampled_from(["office", "street", "continuous"])
)


@given(st.lists(st.tuples(MOMENTS, RULES, st.one_of(st.none(), RULES), st.booleans()), max_size=30))
def test_whole_arrays_say_what_each_clock_alone_says(drawn):
    clocks = []
    for start, old, _, is_paused in drawn:
        pauses = ((start, start + timedelta(hours=7)),) if is_paused else ()
        clocks.append(PastClock(1, start, "C", 1, 1, 1, old, 0, start, start, None, pauses))
    rules = [rule for _, _, rule, _ in drawn]
    found = due_under(clocks, rules, DEFAULT_CALENDARS)
    for each, rule, due in zip(clocks, rules, found, strict=True):
        if rule is None or rule == each.rule:
            assert due == each.due_at
        else:
            assert due == add(DEFAULT_CALENDARS[rule.calendar], each.started_at, rule.limit, each.pauses)


def test_months_before_a_day_stay_in_their_month():
    assert months_before(date(2026, 1, 31), 2) == date(2025, 11, 28)
    assert months_before(date(2026, 11, 25), 12) == date(2025, 11, 25)


def test_the_command_prints_a_table_or_json(shell: Shell, small_city: Database, draft_id: int):
    number = handled(small_city, clock.now() - timedelta(days=2), 3)
    table = CliRunner().invoke(command, [], obj=shell)
    assert "lamps" in table.stdout and number in table.stdout and "0.0%" in table.stdout and "100.0%" in table.stdout
    assert "0 would have been late, 1 on time" in table.stderr
    told = json.loads(CliRunner().invoke(command, ["--json", "--months", "1"], obj=shell).stdout)
    assert told["bodies"] == [
        {"body": "lamps", "cases": 1, "late_before": 1, "late_after": 0, "turned_late": 0, "turned_on_time": 1}
    ]
    assert told["cases"][0]["case"] == number
    assert told["cases"][0]["after"]["limit_value"] == 4
    assert isinstance(CliRunner().invoke(command, ["--months", "99"], obj=shell).exception, Invalid)


def test_the_page_links_each_case_and_is_the_administrators(as_person: AsPerson, small_city: Database, draft_id: int):
    number = handled(small_city, clock.now() - timedelta(days=2), 3)
    address = f"/settings/catalogue/drafts/{draft_id}/rehearsal"
    page = as_person("admin").get(address).text
    assert f"/cases/{number}" in page and "100.0 %" in page
    assert as_person("admin").get(address, query_string={"months": "99"}).status_code == 422
    assert as_person("admin").get(address, query_string={"months": "x"}).status_code == 200
    assert as_person("dutyleader").get(address).status_code == 403
