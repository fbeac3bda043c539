"""Handling in phases: made safe within two urgent hours, repaired within a day, the paving restored within seven."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases import automation, co_handling, co_queries, history
from cityops.cases.acting import running
from cityops.cases.at_place import AtPlace, CheckAnswer, Manner
from cityops.cases.automation import NewAutomation
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.history import Walked
from cityops.cases.models import AttachmentKind, Case, StageClock
from cityops.cases.names import ClockName, Stage
from cityops.cases.plain_cases import AutoStep
from cityops.cases.proposals import NAMED_BY_PHASE, propose_bodies
from cityops.cases.queries import is_urgent
from cityops.catalog import rules
from cityops.catalog.models import FilingCondition
from cityops.catalog.rules import NewRule
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.factories import MONDAY_MORNING, PHASED, People

TUESDAY = MONDAY_MORNING + timedelta(days=1)


@pytest.fixture
def condition(session: Session) -> FilingCondition:
    return factories.make_phases(session)


@pytest.fixture
def case(session: Session, people: People, condition: FilingCondition) -> Case:
    """A case that the lamps' body handles, in its first phase."""
    made = factories.make_report(session, people.inspector).case
    factories.bring_to(session, people, made, "accept")
    factories.take(session, people.dutyleader, made, "file", condition=PHASED)
    return factories.bring_to(session, people, made, "dispatch", "sign_for")


def show(session: Session, people: People, case: Case, kind: AttachmentKind = AttachmentKind.AFTER) -> None:
    """Add a photo of what was done."""
    case.attachments.append(factories.make_photo(people, kind))
    session.flush()


def report_back(session: Session, people: People, case: Case, at: datetime) -> None:
    with clock.running_at(at):
        show(session, people, case)
        factories.take(session, people.handler, case, "report_back")


def check(session: Session, people: People, case: Case, at: datetime, result: str = "passed") -> None:
    with clock.running_at(at):
        factories.take(session, people.inspector, case, "check", result=result)


def make_safe(session: Session, people: People, case: Case, hours: int = 1) -> None:
    """Through the first phase: two urgent hours from nine o'clock."""
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=hours))
    check(session, people, case, MONDAY_MORNING + timedelta(hours=hours, minutes=30))


def handle_clocks(case: Case) -> list[StageClock]:
    return [row for row in case.clocks if row.name is ClockName.HANDLE]


def is_proved(session: Session) -> bool:
    found = history.find_broken(session, factories.make_keys())
    return [each for each in found if not isinstance(each, Walked)] == []


def test_the_first_phase_runs_by_the_conditions_own_limit(case: Case) -> None:
    assert (case.phase, case.stage, case.handle_due_at) == (1, Stage.HANDLING, MONDAY_MORNING + timedelta(hours=2))


def test_the_same_body_goes_on_by_a_clock_of_its_own_from_the_check(
    session: Session, people: People, case: Case
) -> None:
    make_safe(session, people, case)
    assert (case.phase, case.stage) == (2, Stage.HANDLING)
    assert case.body is not None and case.body.code == "lamps" and case.reported_back_at is None
    first, second = handle_clocks(case)
    assert (first.phase, first.stopped_at) == (1, MONDAY_MORNING + timedelta(hours=1))
    checked_at = MONDAY_MORNING + timedelta(hours=1, minutes=30)
    assert (second.phase, second.round, second.started_at, second.limit_value) == (2, 2, checked_at, 1)
    assert case.handle_due_at == case.due_at == second.due_at == TUESDAY.replace(hour=10, minute=30)
    safe, repaired = case.assignments
    assert (safe.phase, safe.on_time, safe.due_at) == (1, True, first.due_at)
    assert (repaired.phase, repaired.on_time, repaired.signed_at) == (2, None, checked_at)
    assert is_proved(session)


def test_without_a_check_it_goes_on_when_it_is_reported_and_another_body_is_dispatched(
    session: Session, people: People, case: Case
) -> None:
    make_safe(session, people, case)
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=5))
    assert (case.phase, case.stage, case.body, case.handle_due_at) == (3, Stage.FILED, None, None)
    assert running(case, ClockName.HANDLE) is None and running(case, ClockName.DISPATCH) is not None
    proposal = propose_bodies(session, [case])[case.id]
    assert proposal.body is not None and (proposal.body.code, proposal.why) == ("roads", NAMED_BY_PHASE)
    with clock.running_at(MONDAY_MORNING + timedelta(hours=6)):
        factories.take(session, people.dispatcher, case, "dispatch", body="roads")
    third = handle_clocks(case)[-1]
    assert (third.phase, third.limit_value, third.started_at) == (3, 7, MONDAY_MORNING + timedelta(hours=6))
    assert is_proved(session)


def finish(session: Session, people: People, case: Case, at: datetime) -> None:
    """From the second phase to the close: the roads' body restores the paving."""
    roads = people.viewer("handler-roads")
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=5))
    with clock.running_at(MONDAY_MORNING + timedelta(hours=6)):
        factories.take(session, people.dispatcher, case, "dispatch", body="roads")
    with clock.running_at(at):
        factories.take(session, roads, case, "report_back")
        factories.bring_to(session, people, case, "check", "close")


def test_the_last_phase_goes_to_the_check_and_the_closing_as_always(
    session: Session, people: People, case: Case
) -> None:
    make_safe(session, people, case)
    finish(session, people, case, TUESDAY)
    assert (case.stage, case.phase, case.passed_at) == (Stage.CLOSED, 3, TUESDAY)
    assert [row.on_time for row in case.assignments] == [True, True, True]
    assert [row.stands_for_case for row in case.assignments] == [False, False, True]
    assert is_proved(session)


def test_the_first_late_phase_stands_for_the_case(session: Session, people: People, case: Case) -> None:
    make_safe(session, people, case, hours=3)
    finish(session, people, case, MONDAY_MORNING + timedelta(days=30))
    assert [row.on_time for row in case.assignments] == [False, True, False]
    assert [row.stands_for_case for row in case.assignments] == [True, False, False]


def test_a_failed_check_is_worked_on_inside_its_phase(session: Session, people: People, case: Case) -> None:
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=1))
    check(session, people, case, MONDAY_MORNING + timedelta(hours=2), "failed")
    assert (case.phase, case.stage, len(case.assignments)) == (1, Stage.HANDLING, 1)
    assert case.handle_due_at == MONDAY_MORNING + timedelta(hours=3)
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=2, minutes=30))
    with clock.running_at(MONDAY_MORNING + timedelta(hours=3)):
        factories.take(session, people.viewer("inspector2"), case, "check")
    assert (case.phase, case.assignments[0].rework_count, case.assignments[0].on_time) == (2, 1, True)
    assert is_proved(session)


def test_sent_back_inside_a_phase_another_body_begins_that_phase_anew(
    session: Session, people: People, case: Case
) -> None:
    make_safe(session, people, case)
    with clock.running_at(MONDAY_MORNING + timedelta(hours=2)):
        factories.send_back(session, people, case)
        assert (case.phase, case.stage) == (2, Stage.FILED)
        factories.take(session, people.dispatcher, case, "dispatch", body="roads")
    row = handle_clocks(case)[-1]
    assert (row.phase, row.limit_value, row.started_at) == (2, 1, MONDAY_MORNING + timedelta(hours=2))
    assert [row.stands_for_case for row in case.assignments] == [False, True, True]
    assert is_proved(session)


def test_what_is_sent_back_once_in_each_of_two_phases_is_no_dispute(
    session: Session, people: People, case: Case
) -> None:
    factories.send_back(session, people, case)
    factories.take(session, people.dispatcher, case, "dispatch", body="lamps")
    make_safe(session, people, case)
    with clock.running_at(MONDAY_MORNING + timedelta(hours=2)):
        factories.send_back(session, people, case)
        assert (case.phase, case.send_back_count, case.arbitration_since_at) == (2, 2, None)
        assert is_proved(session)
        factories.take(session, people.dispatcher, case, "dispatch", body="lamps")
        factories.send_back(session, people, case)
    assert case.arbitration_since_at == MONDAY_MORNING + timedelta(hours=2)
    assert is_proved(session)


def test_passed_on_inside_a_phase_the_lead_has_the_next(session: Session, people: People, case: Case) -> None:
    factories.take(session, people.handler, case, "pass_on", body="lamps-crew")
    make_safe(session, people, case)
    assert (case.phase, case.hop_count, case.body and case.body.code) == (2, 0, "lamps")
    assert is_proved(session)


def test_more_time_is_asked_for_anew_in_each_phase_up_to_its_own_limit(
    session: Session, people: People, case: Case
) -> None:
    with pytest.raises(NotAllowed, match="urgent"):
        factories.ask(session, people.handler, case, "extend", more=1)
    make_safe(session, people, case)
    with clock.running_at(MONDAY_MORNING + timedelta(hours=2)):
        with pytest.raises(Invalid):
            factories.ask(session, people.handler, case, "extend", more=2)
        factories.decide(session, people.dispatcher, factories.ask(session, people.handler, case, "extend", more=1))
    first, second = handle_clocks(case)
    assert (first.extra_value, second.extra_value) == (0, 1)
    assert second.due_at == case.assignments[-1].due_at == TUESDAY.replace(hour=10, minute=30) + timedelta(days=1)


def test_what_was_asked_and_not_decided_dies_with_its_phase(session: Session, people: People, case: Case) -> None:
    make_safe(session, people, case)
    with clock.running_at(MONDAY_MORNING + timedelta(hours=2)):
        request = factories.ask(session, people.handler, case, "extend", more=1)
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=3))
    assert (request.state, case.open_requests) == ("lapsed", 0)


def test_a_suspension_that_ends_by_reporting_back_moves_the_time_of_its_own_phase(
    session: Session, people: People, case: Case
) -> None:
    make_safe(session, people, case)
    wednesday = MONDAY_MORNING + timedelta(days=2)
    with clock.running_at(MONDAY_MORNING + timedelta(hours=2)):
        show(session, people, case, AttachmentKind.PROOF)
        asked = factories.ask(session, people.handler, case, "suspend", until_on=clock.today() + timedelta(days=9))
        factories.decide(session, people.viewer("supervisor"), asked)
    report_back(session, people, case, wednesday)
    repaired = case.assignments[1]
    assert (case.phase, case.suspended_until_at) == (3, None)
    assert (repaired.on_time, repaired.due_at > wednesday) == (True, True)
    assert is_proved(session)


def test_a_check_by_photo_needs_a_photo_and_nobody_at_the_place(session: Session, people: People, case: Case) -> None:
    with pytest.raises(Invalid) as refused:
        factories.take(session, people.handler, case, "report_back")
    assert refused.value.field == "photo"
    show(session, people, case)
    factories.take(session, people.handler, case, "report_back")
    factories.take(session, people.inspector, case, "check", at_place=AtPlace(is_proof_asked=True))
    assert session.query(CheckAnswer.manner).scalar() is Manner.BY_PHOTO
    assert case.phase == 2


def test_a_check_at_the_place_is_one_on_the_spot_though_the_photos_would_do(
    session: Session, people: People, case: Case
) -> None:
    make_safe(session, people, case)
    assert session.query(CheckAnswer.manner).scalar() is Manner.ON_THE_SPOT


def test_nobody_chooses_how_a_step_leads_on(session: Session, people: People, case: Case) -> None:
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=1))
    for result in ("next", "other", "done"):
        with pytest.raises(Invalid, match="passed, failed"):
            factories.take(session, people.inspector, case, "check", result=result)


def test_while_others_have_a_task_an_unchecked_phase_waits_and_is_checked(
    session: Session, people: People, case: Case
) -> None:
    make_safe(session, people, case)
    give_roads_a_task(session, people, case)
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=3))
    assert (case.phase, case.is_waiting) == (2, True)
    with clock.running_at(MONDAY_MORNING + timedelta(hours=4)):
        report_task(session, people, case)
    assert (case.phase, case.stage) == (2, Stage.CHECKING)
    check(session, people, case, MONDAY_MORNING + timedelta(hours=5))
    assert (case.phase, case.stage) == (3, Stage.FILED)
    assert is_proved(session)


def give_roads_a_task(session: Session, people: People, case: Case) -> None:
    new = NewCoHandling(case.version, "roads", "封路", Limit(1, Unit.WORKING_DAY))
    with clock.running_at(MONDAY_MORNING + timedelta(hours=2)):
        co_handling.add(session, people.dispatcher, factories.make_office(), case.number, new)


def report_task(session: Session, people: People, case: Case) -> None:
    [task] = co_queries.list_of(session, case)
    roads = people.viewer("handler-roads")
    co_handling.report(session, roads, factories.make_office(), task.id, case.version, "已封路")


def test_a_reopened_case_begins_with_its_first_phase(session: Session, people: People, case: Case) -> None:
    make_safe(session, people, case)
    finish(session, people, case, TUESDAY)
    with clock.running_at(TUESDAY + timedelta(hours=1)):
        factories.take(session, people.viewer("supervisor"), case, "reopen")
        assert (case.phase, case.stage) == (1, Stage.FILED)
        factories.take(session, people.dispatcher, case, "dispatch")
    assert case.handle_due_at == TUESDAY + timedelta(hours=3)
    assert [row.stands_for_case for row in case.assignments] == [False, False, True, True]
    assert is_proved(session)


def test_closed_by_force_between_two_phases_nothing_counts_as_on_time(
    session: Session, people: People, case: Case
) -> None:
    make_safe(session, people, case)
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=3))
    with clock.running_at(MONDAY_MORNING + timedelta(hours=4)):
        asked = factories.ask(session, people.dispatcher, case, "force_close")
        factories.decide(session, people.viewer("supervisor"), asked)
    assert (case.stage, case.assignments[-1].on_time) == (Stage.FORCE_CLOSED, False)
    assert is_proved(session)


def test_a_case_is_urgent_as_long_as_its_phase_is(session: Session, people: People, case: Case) -> None:
    urgent = select(Case.id).where(is_urgent())
    assert case.is_urgent and session.scalars(urgent).all() == [case.id]
    make_safe(session, people, case)
    assert not case.is_urgent and session.scalars(urgent).all() == []


def test_a_rule_dispatches_the_next_phase_to_the_body_it_names(
    session: Session, people: People, case: Case, condition: FilingCondition
) -> None:
    make_safe(session, people, case)
    new = NewAutomation(AutoStep.DISPATCH, sample_percent=0)
    automation.switch_on(session, people.viewer("admin"), new)
    report_back(session, people, case, MONDAY_MORNING + timedelta(hours=5))
    assert (case.phase, case.stage, case.body and case.body.code) == (3, Stage.DISPATCHED, "roads")
    assert is_proved(session)


def test_the_limit_of_a_phase_goes_by_the_level_of_the_area(session: Session, people: People, case: Case) -> None:
    assert case.cell is not None
    case.cell.area_level = 2
    make_safe(session, people, case)
    assert handle_clocks(case)[-1].limit_value == 2


def show_strip(client: FlaskClient, number: str) -> tuple[str, str]:
    """A case's page, and of it the phases."""
    page = client.get(f"/cases/{number}").text
    return page, page[page.index('id="phases"') : page.index("</ol>", page.index('id="phases"'))]


def test_a_phase_to_come_is_shown_with_the_body_that_its_rule_names(
    as_person: Callable[[str], FlaskClient], small_city: Database
) -> None:
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        factories.make_phases(session)
        made = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept")
        factories.take(session, people.dutyleader, made, "file", condition=PHASED)
        rules.add_rule(session, people.viewer("admin"), NewRule("lamps-crew", condition_code=f"{PHASED}.3"))
        number = made.number
    with clock.running_at(MONDAY_MORNING):
        _, strip = show_strip(as_person("dispatcher"), number)
        assert "lamps-crew" in strip and "roads" not in strip
        with small_city.transaction() as session:
            rules.add_rule(session, People(session).viewer("admin"), NewRule("roads", condition_code=f"{PHASED}.3"))
        assert "lamps-crew, roads" in show_strip(as_person("dispatcher"), number)[1]


def test_the_page_shows_the_phases_and_the_api_says_where_the_case_stands(
    as_person: Callable[[str], FlaskClient], small_city: Database
) -> None:
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        factories.make_phases(session)
        made = factories.make_report(session, people.inspector).case
        factories.bring_to(session, people, made, "accept")
        factories.take(session, people.dutyleader, made, "file", condition=PHASED)
        factories.bring_to(session, people, made, "dispatch", "sign_for")
        make_safe(session, people, made)
        number = made.number
    client = as_person("handler")
    page, strip = show_strip(client, number)
    now = strip[strip.index('aria-current="step"') :]
    assert "安全防护" in strip and "修复" in now and "安全防护" not in now
    assert "roads" in strip and "转入第 2 阶段" in page
    assert client.get(f"/api/v1/cases/{number}").json["phase"] == 2
    clocks = client.get(f"/api/v1/cases/{number}/clocks").json["clocks"]
    assert [each["phase"] for each in clocks if each["name"] == "handle"] == [1, 2]
