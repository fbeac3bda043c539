"""Handling together: each answers for himself, and the case goes on when the lead and all others have."""

import json
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases import co_handling, co_queries, queries
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.co_models import CoEnd, CoHandling
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import ClockName, Stage, StepName
from cityops.db import Database
from cityops.errors import CityopsError, Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.factories import MONDAY_MORNING, People

HOURS = Limit(2, Unit.URGENT_HOUR)


@pytest.fixture
def case(session: Session, people: People) -> Case:
    """A case that the lamp department handles."""
    made = factories.make_report(session, people.inspector).case
    return factories.bring_to(session, people, made, "accept", "file", "dispatch", "sign_for")


def give(session: Session, people: People, case: Case, body: str = "roads", **changes: object) -> CoHandling:
    facts = {"version": case.version, "body": body, "task": "围挡现场", "limit": HOURS} | changes
    return co_handling.add(session, people.dispatcher, factories.make_office(), case.number, NewCoHandling(**facts))  # type: ignore[arg-type]


def report(session: Session, people: People, row: CoHandling, who: str = "handler-roads", **given: object):
    facts = {"result": "已围挡"} | given
    version = session.get_one(Case, row.case_id).version
    return co_handling.report(session, people.viewer(who), factories.make_office(), row.id, version, **facts)  # type: ignore[arg-type]


def test_the_case_goes_on_when_the_lead_and_the_others_have_answered(
    session: Session, people: People, case: Case
) -> None:
    row = give(session, people, case)
    assert (row.due_at, case.open_co_handlings) == (MONDAY_MORNING + timedelta(hours=2), 1)
    factories.take(session, people.handler, case, "report_back")
    assert case.stage is Stage.HANDLING and case.is_waiting
    with pytest.raises(WrongState, match="waits for the co-handlers"):
        factories.take(session, people.handler, case, "report_back")
    report(session, people, row)
    assert case.stage is Stage.CHECKING and case.open_co_handlings == 0
    assert (row.end, row.is_on_time) == (CoEnd.REPORTED, True)
    steps = session.scalars(select(CaseEvent.step).order_by(CaseEvent.seq.desc()).limit(3)).all()
    assert steps == [StepName.CO_REPORT, StepName.REPORT_BACK, StepName.ADD_CO_HANDLER]


def test_where_the_others_are_first_the_leads_report_sends_it_to_the_check(
    session: Session, people: People, case: Case
) -> None:
    report(session, people, give(session, people, case))
    assert case.stage is Stage.HANDLING
    assert factories.take(session, people.handler, case, "report_back").stage is Stage.CHECKING


def test_waiting_for_others_is_not_the_leads_time(session: Session, people: People, case: Case) -> None:
    row = give(session, people, case)
    factories.take(session, people.handler, case, "report_back")
    with clock.running_at(MONDAY_MORNING + timedelta(days=9)):
        report(session, people, row)
        factories.take(session, people.viewer("inspector2"), case, "check")
    assert case.assignments[-1].on_time is True and not row.is_on_time
    handle = next(each for each in case.clocks if each.name is ClockName.HANDLE)
    assert handle.stopped_at == MONDAY_MORNING


def test_after_a_failed_check_the_lead_reports_again(session: Session, people: People, case: Case) -> None:
    row = give(session, people, case)
    factories.take(session, people.handler, case, "report_back")
    report(session, people, row)
    factories.take(session, people.viewer("inspector2"), case, "check", result="failed")
    assert case.stage is Stage.HANDLING and not case.is_waiting
    assert factories.take(session, people.handler, case, "report_back").stage is Stage.CHECKING


def test_who_is_excused_holds_nobody_up(session: Session, people: People, case: Case) -> None:
    row = give(session, people, case)
    factories.take(session, people.handler, case, "report_back")
    office = factories.make_office()
    with pytest.raises(NotAllowed):
        co_handling.excuse(session, people.viewer("handler-roads"), office, row.id, case.version, "不必")
    with pytest.raises(Invalid):
        co_handling.excuse(session, people.dispatcher, office, row.id, case.version, " ")
    co_handling.excuse(session, people.dispatcher, office, row.id, case.version, "不必了")
    assert (row.end, case.stage) == (CoEnd.EXCUSED, Stage.CHECKING)
    with pytest.raises(WrongState):
        report(session, people, row)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("body", {"body": "nobody"}),
        ("body", {"body": "supervision"}),
        ("body", {"body": "lamps"}),
        ("task", {"task": " "}),
        ("task", {"task": "长" * 501}),
        ("limit_value", {"limit": Limit(0, Unit.WORKING_DAY)}),
        ("limit_value", {"limit": Limit(1001, Unit.WORKING_DAY)}),
    ],
)
def test_a_task_that_cannot_be_is_refused(
    session: Session, people: People, case: Case, field: str, changes: dict[str, object]
) -> None:
    with pytest.raises(Invalid) as refused:
        give(session, people, case, **changes)
    assert refused.value.field == field


def test_a_body_has_one_open_task_in_a_case(session: Session, people: People, case: Case) -> None:
    row = give(session, people, case)
    with pytest.raises(Invalid, match="already"):
        give(session, people, case)
    report(session, people, row)
    assert give(session, people, case).id != row.id


def test_a_task_is_given_by_the_dispatcher_at_the_state_he_saw(session: Session, people: People, case: Case) -> None:
    office, new = factories.make_office(), NewCoHandling(case.version, "roads", "围挡", HOURS)
    with pytest.raises(NotAllowed):
        co_handling.add(session, people.handler, office, case.number, new)
    with pytest.raises(NotFound):
        co_handling.add(session, people.viewer("dispatcher-east"), office, case.number, new)
    factories.take(session, people.handler, case, "report_back")
    with pytest.raises(Conflict):
        co_handling.add(session, people.dispatcher, office, case.number, new)
    with pytest.raises(WrongState):
        give(session, people, case)


def test_another_body_neither_sees_nor_answers_the_task(session: Session, people: People, case: Case) -> None:
    row = give(session, people, case)
    with pytest.raises(NotAllowed):
        report(session, people, row, who="handler")
    lamps_row = give(session, people, case, body="lamps-crew")
    with pytest.raises(NotFound):
        queries.get_case(session, people.viewer("dispatcher-east"), case.number)
    assert [each.id for each in co_queries.list_work(session, people.viewer("handler-roads"))] == [row.id]
    assert [each.id for each in co_queries.list_work(session, people.handler)] == [lamps_row.id]


def test_a_co_handler_sees_the_case_but_not_among_his_own(session: Session, people: People, case: Case) -> None:
    roads = people.viewer("handler-roads")
    with pytest.raises(NotFound):
        queries.get_case(session, roads, case.number)
    give(session, people, case)
    assert queries.get_case(session, roads, case.number).id == case.id
    assert queries.tally_by_stage(session, roads)[Stage.HANDLING].total == 0
    assert co_queries.tally_work(session, roads).total == 1
    with pytest.raises(NotAllowed):
        factories.take(session, roads, case, "report_back")


def test_what_is_open_lapses_with_the_case(session: Session, people: People, case: Case) -> None:
    row = give(session, people, case)
    factories.decide(session, people.viewer("supervisor"), factories.ask(session, people.dispatcher, case, "void"))
    assert case.stage is Stage.VOIDED
    assert (row.end, case.open_co_handlings) == (CoEnd.LAPSED, 0)


def test_tasks_are_scored_apart_from_what_a_body_leads(session: Session, people: People, case: Case) -> None:
    report(session, people, give(session, people, case), cost_yuan=380)
    late = give(session, people, case)
    with clock.running_at(MONDAY_MORNING + timedelta(hours=3)):
        report(session, people, late, cost_yuan=20)
    begin, end = MONDAY_MORNING - timedelta(days=1), MONDAY_MORNING + timedelta(days=1)
    (score,) = co_queries.list_scores(session, people.viewer("supervisor"), begin, end)
    assert (score.body.code, score.due, score.on_time, score.cost_yuan) == ("roads", 2, 1, 400)
    assert co_queries.list_scores(session, people.viewer("dispatcher-east"), begin, end) == []
    payload = json.loads(session.scalars(select(CaseEvent.payload).order_by(CaseEvent.seq.desc())).first() or "")
    assert payload["cost"] == 20 and payload["co_handling"] == late.id


def test_two_who_answer_the_last_task_at_once_answer_it_once(small_city: Database) -> None:
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        made = factories.make_report(session, people.inspector).case
        factories.bring_to(session, people, made, "accept", "file", "dispatch", "sign_for")
        row_id = give(session, people, made).id
        version = factories.take(session, people.handler, made, "report_back").version
    barrier, answers = Barrier(2), []

    def answer(is_excuse: bool) -> None:
        barrier.wait(10)
        try:
            with small_city.transaction() as session:
                people = People(session)
                if is_excuse:
                    co_handling.excuse(session, people.dispatcher, factories.make_office(), row_id, version, "不必")
                else:
                    roads = people.viewer("handler-roads")
                    co_handling.report(session, roads, factories.make_office(), row_id, version, "好了")
            answers.append("done")
        except CityopsError:
            answers.append("refused")

    threads = [Thread(target=answer, args=(is_excuse,)) for is_excuse in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["done", "refused"]
    with small_city.reading() as session:
        case = session.scalars(select(Case)).one()
        assert (case.stage, case.open_co_handlings, case.version) == (Stage.CHECKING, 0, version + 1)
