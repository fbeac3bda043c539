"""Many reports, one case: merged, told of together, taken apart again."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.assessment.facts import Count
from cityops.cases import co_handling, history, merging, queries
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.co_models import CoEnd, CoHandling
from cityops.cases.merging import NewMerge
from cityops.cases.models import AttachmentKind, Case, CaseEvent
from cityops.cases.names import ClockName, Source, Stage, StepName
from cityops.catalog.models import CaseKind
from cityops.db import Database
from cityops.errors import CityopsError, Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.hotline.models import ReporterAnswer
from cityops.patrol.models import InspectorTask
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.cases.test_asking import due_counts, suspended
from tests.factories import EAST_POINT, MONDAY_MORNING, People, bring_to, make_report

FILED = ("accept", "file")
HANDLED = (*FILED, "dispatch", "sign_for")


def merge(session: Session, viewer: Viewer, case: Case, main: Case, **given: object) -> Case:
    new = NewMerge(**({"version": case.version, "into": main.number} | given))  # type: ignore[arg-type]
    return merging.merge(session, viewer, factories.make_office(), case.number, new)


def unmerge(session: Session, viewer: Viewer, case: Case, **given: object) -> Case:
    facts = {"version": case.version, "reason": "不是同一处"} | given
    return merging.unmerge(session, viewer, factories.make_office(), case.number, **facts)  # type: ignore[arg-type]


def a_case(session: Session, people: People, *steps: str, **facts: object) -> Case:
    return bring_to(session, people, make_report(session, people.inspector, **facts).case, *steps)


@pytest.fixture
def main(session: Session, people: People) -> Case:
    """A case that the lamp department handles."""
    return a_case(session, people, *HANDLED)


def is_whole(session: Session) -> bool:
    session.flush()
    broken = [each for each in history.find_broken(session, factories.make_keys()) if isinstance(each, history.Broken)]
    return broken == []


def test_a_merged_case_ends_in_a_stage_of_its_own(session: Session, people: People, main: Case) -> None:
    case = make_report(session, people.operator, source=Source.HOTLINE).case
    merge(session, people.operator, case, main, reason="同一盏灯")
    assert (case.stage, case.merged_into_id, main.merged_count) == (Stage.MERGED, main.id, 1)
    assert case.ended_at is not None and case.due_at is None
    assert all(row.stopped_at is not None for row in case.clocks)
    assert main.stage is Stage.HANDLING
    told = {event.case_id: event for event in session.scalars(select(CaseEvent).order_by(CaseEvent.id))}
    assert (told[case.id].step, told[case.id].note) == (StepName.MERGE, "同一盏灯")
    assert told[main.id].step is StepName.TAKE_IN
    assert is_whole(session)


@pytest.mark.parametrize("steps", [FILED, HANDLED])
def test_before_filing_the_desk_merges_and_then_those_who_command(
    session: Session, people: People, main: Case, steps: tuple[str, ...]
) -> None:
    case = a_case(session, people, *steps)
    for who in ("operator", "handler", "supervisor", "inspector"):
        with pytest.raises((NotAllowed, NotFound)):
            merge(session, people.viewer(who), case, main)
    assert merge(session, people.dispatcher, case, main).stage is Stage.MERGED
    unfiled = a_case(session, people, "accept")
    with pytest.raises(NotAllowed):
        merge(session, people.dispatcher, unfiled, main)
    assert merge(session, people.dutyleader, unfiled, main).stage is Stage.MERGED


def test_both_cases_lie_in_the_area_of_who_merges(session: Session, people: People, main: Case) -> None:
    east = a_case(session, people, point=EAST_POINT)
    with pytest.raises(NotFound):
        merge(session, people.viewer("operator-east"), main, east)
    with pytest.raises(Invalid) as refused:
        merge(session, people.viewer("operator-east"), east, main)
    assert refused.value.field == "into"
    assert merge(session, people.operator, east, main).stage is Stage.MERGED


def test_a_case_is_not_merged_into_itself_nor_into_none(session: Session, people: People, main: Case) -> None:
    case = a_case(session, people)
    for into in (case.number, "20261109-0417-3", "", "x" * 300):
        with pytest.raises(Invalid) as refused:
            merge(session, people.operator, case, main, into=into)
        assert refused.value.field == "into"


def test_nothing_is_merged_into_what_is_over(session: Session, people: People) -> None:
    over, case = a_case(session, people, "decline"), a_case(session, people)
    with pytest.raises(WrongState, match="over"):
        merge(session, people.operator, case, over)
    other, main = a_case(session, people), a_case(session, people)
    merge(session, people.operator, other, main)
    with pytest.raises(WrongState, match="merged itself"):
        merge(session, people.operator, case, other)
    with pytest.raises(WrongState):
        merge(session, people.operator, other, case)
    with pytest.raises(WrongState):
        merge(session, people.operator, over, case)


def test_what_is_reported_back_goes_its_own_way(session: Session, people: People, main: Case) -> None:
    case = a_case(session, people, *HANDLED, "report_back")
    with pytest.raises(WrongState, match="reported back"):
        merge(session, people.dispatcher, case, main)


def test_no_limit_is_shaken_off_by_merging_into_a_later_case(session: Session, people: People, main: Case) -> None:
    with clock.running_at(MONDAY_MORNING + timedelta(hours=1)):
        later, unfiled = a_case(session, people, *FILED), a_case(session, people)
        for other in (later, unfiled):
            with pytest.raises(Invalid, match="filed before"):
                merge(session, people.dispatcher, main, other)
        assert merge(session, people.dispatcher, later, main).stage is Stage.MERGED


def test_what_counts_against_a_body_is_not_merged_away(session: Session, people: People, main: Case) -> None:
    case = a_case(session, people, *HANDLED)
    due_at = next(row.due_at for row in case.clocks if row.name is ClockName.HANDLE)
    with clock.running_at(due_at + timedelta(minutes=1)), pytest.raises(WrongState, match="late, reworked or reopened"):
        merge(session, people.dispatcher, case, main)
    case.reopen_count = 1
    with pytest.raises(WrongState, match="late, reworked or reopened"):
        merge(session, people.dispatcher, case, main)
    assert not merging.may_merge(people.dispatcher, case)


def test_nothing_goes_back_to_a_body_that_has_closed_meanwhile(session: Session, people: People, main: Case) -> None:
    case = a_case(session, people, *HANDLED)
    merge(session, people.dispatcher, case, main)
    case.assignments[-1].body.ended_on = MONDAY_MORNING.date()
    with pytest.raises(WrongState, match="closed by now"):
        unmerge(session, people.dispatcher, case)


@pytest.mark.parametrize("asked", ["suspend", "twice"])
def test_a_suspended_or_disputed_case_is_not_merged(session: Session, people: People, main: Case, asked: str) -> None:
    case = a_case(session, people, *HANDLED)
    if asked == "suspend":
        suspended(session, people, case)
    else:
        bring_to(session, people, case, "send_back", "dispatch", "send_back")
    with pytest.raises(WrongState):
        merge(session, people.dispatcher, case, main)


def test_what_was_merged_before_is_carried_along(session: Session, people: People, main: Case) -> None:
    first, second, third = (a_case(session, people) for _ in range(3))
    merge(session, people.operator, first, second)
    merge(session, people.operator, second, third)
    assert (second.merged_count, third.merged_count) == (0, 2)
    merge(session, people.operator, third, main)
    assert {each.merged_into_id for each in (first, second, third)} == {main.id}
    assert (third.merged_count, main.merged_count) == (0, 3)
    assert is_whole(session)
    assert unmerge(session, people.operator, first).stage is Stage.REPORTED
    assert main.merged_count == 2 and is_whole(session)


def test_tasks_and_requests_of_a_merged_case_are_over(session: Session, people: People, main: Case) -> None:
    case = a_case(session, people, *HANDLED)
    new = NewCoHandling(case.version, "roads", "围挡", Limit(2, Unit.URGENT_HOUR))
    row = co_handling.add(session, people.dispatcher, factories.make_office(), case.number, new)
    factories.ask(session, people.handler, case, "extend", more=1)
    merge(session, people.dispatcher, case, main)
    assert (case.open_requests, case.open_co_handlings) == (0, 0)
    assert session.get_one(CoHandling, row.id).end is CoEnd.LAPSED
    assert is_whole(session)


def test_an_inspectors_task_is_taken_back_and_given_again(session: Session, people: People, main: Case) -> None:
    case = make_report(session, people.operator, source=Source.HOTLINE).case
    bring_to(session, people, case, "accept")
    tasks = select(InspectorTask).where(InspectorTask.case_id == case.id, InspectorTask.done_at.is_(None))
    assert len(session.scalars(tasks).all()) == 1
    merge(session, people.operator, case, main)
    assert session.scalars(tasks).all() == []
    unmerge(session, people.operator, case)
    assert case.stage is Stage.VERIFYING and len(session.scalars(tasks).all()) == 1


def test_what_is_taken_apart_goes_on_where_it_stood(session: Session, people: People, main: Case) -> None:
    case = a_case(session, people, *HANDLED)
    handle = next(row for row in case.clocks if row.name is ClockName.HANDLE)
    due_at, head = handle.due_at, case.assignments[-1]
    with clock.running_at(MONDAY_MORNING + timedelta(hours=1)):
        merge(session, people.dispatcher, case, main)
    with clock.running_at(MONDAY_MORNING + timedelta(days=1, hours=1)):
        unmerge(session, people.dispatcher, case)
        assert (case.stage, case.merged_into_id, case.ended_at) == (Stage.HANDLING, None, None)
        assert handle.stopped_at is None and handle.due_at == due_at + timedelta(days=1)
        assert case.due_at == case.handle_due_at == head.due_at == handle.due_at
        assert main.merged_count == 0 and is_whole(session)
        bring_to(session, people, case, "report_back")
        factories.take(session, people.viewer("inspector2"), case, "check")
    assert head.on_time is True and is_whole(session)


def test_a_clock_that_stood_still_stands_still_again(session: Session, people: People, main: Case) -> None:
    case = a_case(session, people, *HANDLED, "send_back")
    handle = next(row for row in case.clocks if row.name is ClockName.HANDLE)
    merge(session, people.dispatcher, case, main)
    with clock.running_at(MONDAY_MORNING + timedelta(days=1)):
        unmerge(session, people.dispatcher, case)
        assert case.stage is Stage.FILED and handle.stopped_at is None and handle.pauses[-1].until_at is None
        bring_to(session, people, case, "dispatch")
    assert handle.due_at == MONDAY_MORNING + timedelta(days=3)


def test_it_is_taken_apart_while_the_main_case_goes_on(session: Session, people: People) -> None:
    main, case = a_case(session, people, "accept"), a_case(session, people)
    merge(session, people.operator, case, main)
    with pytest.raises(Invalid):
        unmerge(session, people.operator, case, reason=" ")
    with pytest.raises(Conflict):
        unmerge(session, people.operator, case, version=case.version - 1)
    with pytest.raises(NotAllowed):
        unmerge(session, people.dispatcher, case)
    with pytest.raises(NotFound):
        unmerge(session, people.viewer("operator-east"), case)
    factories.take(session, people.dutyleader, main, "refuse")
    with pytest.raises(WrongState, match="over"):
        unmerge(session, people.operator, case)
    with pytest.raises(WrongState, match="not merged"):
        unmerge(session, people.operator, main)


def test_what_was_merged_into_a_case_that_is_voided_can_still_be_handled(
    session: Session, people: People, main: Case
) -> None:
    case = a_case(session, people, *HANDLED)
    merge(session, people.dispatcher, case, main)
    factories.decide(session, people.viewer("supervisor"), factories.ask(session, people.dispatcher, main, "void"))
    assert main.stage is Stage.VOIDED and merging.may_unmerge(session, people.dispatcher, case)
    assert unmerge(session, people.dispatcher, case).stage is Stage.HANDLING
    assert (main.stage, main.merged_count) == (Stage.VOIDED, 0) and is_whole(session)


def test_every_reporter_is_called_back_when_the_main_case_ends(session: Session, people: People) -> None:
    def told(phone: str) -> Case:
        return make_report(session, people.operator, source=Source.HOTLINE, reporter_phone=phone).case

    main, first, second, apart = (told(f"1540000000{number}") for number in range(4))
    merge(session, people.operator, first, second)
    for case in (second, apart):
        merge(session, people.operator, case, main)
    unmerge(session, people.operator, apart)
    owed = select(ReporterAnswer)
    assert session.scalars(owed).all() == []
    factories.take(session, people.operator, main, "decline")
    session.flush()
    assert {row.report.case_id for row in session.scalars(owed)} == {main.id, first.id, second.id}
    assert {row.step for row in session.scalars(owed)} == {StepName.DECLINE}


def test_who_told_what_an_inspector_put_right_himself_is_called_back(session: Session, people: People) -> None:
    simple = {"kind": CaseKind.MATTER, "class_code": "06001"}
    main = make_report(session, people.inspector, condition="M06001-1", is_self_handled=True, **simple).case
    told = make_report(session, people.operator, source=Source.HOTLINE, reporter_phone="15400000001", **simple).case
    merge(session, people.operator, told, main)
    main.attachments += [factories.make_photo(people, kind) for kind in (AttachmentKind.BEFORE, AttachmentKind.AFTER)]
    session.flush()
    factories.take(session, people.dutyleader, main, "review")
    session.flush()
    assert [row.report.case_id for row in session.scalars(select(ReporterAnswer))] == [told.id]


def test_a_merged_case_is_in_nobodys_figures(session: Session, people: People, main: Case) -> None:
    case = a_case(session, people, *HANDLED)
    session.flush()
    assert due_counts(session, people)[Count.TO_HANDLE] == 2
    merge(session, people.dispatcher, case, main)
    assert due_counts(session, people)[Count.TO_HANDLE] == 1


@pytest.mark.parametrize("is_apart", [False, True])
def test_two_who_merge_the_cases_into_each_other_merge_one(small_city: Database, is_apart: bool) -> None:
    """Without the locks in the order of the keys each would wait for the other, or both would win."""
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        cases = [a_case(session, people) for _ in range(3 if is_apart else 2)]
        if is_apart:
            merge(session, people.operator, cases[2], cases[0])
        ids, versions = [case.id for case in cases], [case.version for case in cases]
    barrier, answers = Barrier(2), []

    def work(number: int) -> None:
        barrier.wait(10)
        try:
            with small_city.transaction() as session:
                people = People(session)
                rows = [session.get_one(Case, key) for key in ids]
                if is_apart and number:
                    unmerge(session, people.operator, rows[2], version=versions[2])
                else:
                    case, main = rows[number], rows[1 - number]
                    merge(session, people.operator, case, main, version=versions[number])
            answers.append("done")
        except CityopsError:
            answers.append("refused")

    threads = [Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["done", "refused"]
    with small_city.reading() as session:
        rows = [session.get_one(Case, key) for key in ids]
        assert sum(row.merged_count for row in rows) == sum(row.stage is Stage.MERGED for row in rows)
        assert is_whole(session)


def test_the_list_says_how_many_were_merged(session: Session, people: People, main: Case) -> None:
    for _ in range(2):
        merge(session, people.operator, a_case(session, people), main)
    session.flush()
    page = queries.list_cases(session, people.operator, queries.CaseFilter(is_open=True))
    assert {case.id: case.merged_count for case in page.cases} == {main.id: 2}
