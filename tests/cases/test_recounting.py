"""A changed calendar moves open due times only when asked, each move in its case's history, and only once."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops import clock, jobs
from cityops.accounts.models import AuditAction, AuditEntry
from cityops.cases import history, recounting, tasks
from cityops.cases.models import AttachmentKind, Case, CaseEvent
from cityops.cases.names import ClockName, Stage, StepName
from cityops.catalog.models import StageLimit
from cityops.config import Config
from cityops.db import Database
from cityops.errors import NotAllowed, WrongState
from cityops.patrol.models import InspectorTask
from cityops.queue import OwedJob, list_owed
from cityops.workshop import Workshop
from cityops.worktime import editing
from cityops.worktime.calendar import DayRule
from cityops.worktime.limits import Unit
from tests import factories
from tests.counting import counted_queries

As = Callable[[str], FlaskClient]
RECOUNT = "/settings/calendars/office/recount"

# Two working days from Monday 09:00: 7.5 h on Monday, 8 h on Tuesday, half an hour on Wednesday.
BEFORE = datetime(2026, 11, 11, 9, 0, tzinfo=clock.CITY_ZONE)
# With Tuesday closed from 14:00: 7.5 h and 4 h, so 4.5 h are left for Wednesday.
AFTER = datetime(2026, 11, 11, 14, 30, tzinfo=clock.CITY_ZONE)
TUESDAY, TWO_O_CLOCK = date(2026, 11, 10), 14 * 60


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    """Monday, nine in the morning."""
    with clock.running_at(factories.MONDAY_MORNING):
        yield


@pytest.fixture
def shop(config: Config, small_city: Database) -> Iterator[Workshop]:
    """The workshop of a worker on the same city, with the keys of its history."""
    workshop = Workshop(config)
    vars(workshop)["keys"] = factories.make_keys()
    yield workshop
    workshop.close()


def make_case(database: Database, *steps: str, condition: str = "C01037-1") -> int:
    """A case brought as far as these steps, and then to a handler's desk."""
    with database.transaction() as session:
        people = factories.People(session)
        case = factories.make_report(session, people.inspector).case
        factories.bring_to(session, people, case, "accept")
        factories.take(session, people.dutyleader, case, StepName.FILE, condition=condition)
        factories.bring_to(session, people, case, "dispatch", "sign_for", *steps)
        return case.id


def close_tuesday(database: Database) -> None:
    with database.transaction() as session:
        editing.close_from(session, None, TUESDAY, TWO_O_CLOCK, ("台风", "typhoon"), "office")


def order(database: Database) -> None:
    with database.transaction() as session:
        recounting.order_recount(session, factories.People(session).viewer("admin"), "office")


def work(shop: Workshop) -> int:
    """Do what is owed; how many jobs."""
    with shop.reading() as session:
        job_ids = list_owed(session)
    assert all(jobs.run_owed(job_id, shop) for job_id in job_ids)
    return len(job_ids)


def moments(database: Database, case_id: int) -> set[datetime | None]:
    """Every place where the due moment of handling stands."""
    with database.reading() as session:
        case = session.get_one(Case, case_id)
        handle = next(row for row in case.clocks if row.name is ClockName.HANDLE)
        return {case.due_at, case.handle_due_at, case.assignments[-1].due_at, handle.due_at}


def test_what_would_move_is_shown_and_nothing_is_moved(small_city: Database) -> None:
    case_id = make_case(small_city)
    urgent = make_case(small_city, condition="C01037-2")
    close_tuesday(small_city)
    with small_city.reading() as session:
        moved = recounting.list_moved(session, None, "office")
        assert [(each.case_id, each.name, each.due_at, each.becomes_at) for each in moved] == [
            (case_id, ClockName.HANDLE, BEFORE, AFTER)
        ]
        assert recounting.list_moved(session, None, "continuous") == []
    assert moments(small_city, case_id) == {BEFORE}
    assert moments(small_city, urgent) != {BEFORE}


def test_a_recount_moves_the_clock_the_assignment_and_the_case(small_city: Database, shop: Workshop) -> None:
    case_id = make_case(small_city)
    close_tuesday(small_city)
    order(small_city)
    assert moments(small_city, case_id) == {BEFORE}
    assert work(shop) == 1
    assert moments(small_city, case_id) == {AFTER}
    with small_city.reading() as session:
        case = session.get_one(Case, case_id)
        event = case.events[-1]
        assert (case.stage, event.step, event.from_stage, event.to_stage) == (
            Stage.HANDLING,
            StepName.RECOUNT,
            Stage.HANDLING,
            Stage.HANDLING,
        )
        assert event.person is not None
        assert event.person.username == "admin"
        assert case.version == event.seq
        warn_at = next(row.warn_at for row in case.clocks if row.name is ClockName.HANDLE)
        assert case.warn_at == warn_at
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.DUE_TIMES_RECOUNTED)).one()
        assert entry.subject == "office"
        assert not [each for each in history.find_broken(session, shop.keys) if isinstance(each, history.Broken)]


def make_safe(database: Database) -> int:
    """A case that was made safe by ten: its second phase has one working day, until Tuesday at ten."""
    with database.transaction() as session:
        factories.make_phases(session)
    case_id = make_case(database, condition=factories.PHASED)
    ten = factories.MONDAY_MORNING + timedelta(hours=1)
    with clock.running_at(ten), database.transaction() as session:
        people, case = factories.People(session), session.get_one(Case, case_id)
        case.attachments.append(factories.make_photo(people, AttachmentKind.AFTER))
        session.flush()
        factories.bring_to(session, people, case, "report_back", "check")
    return case_id


def test_a_recount_moves_the_phase_at_hand_and_none_that_is_done(small_city: Database, shop: Workshop) -> None:
    case_id = make_safe(small_city)
    with small_city.transaction() as session:
        # Two hours are left of Monday, so six are left for Tuesday.
        editing.close_from(session, None, date(2026, 11, 9), TWO_O_CLOCK + 30, ("台风", "typhoon"), "office")
        moved = recounting.list_moved(session, None, "office")
    due, becomes = (datetime(2026, 11, 10, hour, tzinfo=clock.CITY_ZONE) for hour in (10, 15))
    assert [(each.case_id, each.name, each.due_at) for each in moved] == [(case_id, ClockName.HANDLE, due)]
    order(small_city)
    assert work(shop) == 1
    with small_city.reading() as session:
        case = session.get_one(Case, case_id)
        safe, repair = (row for row in case.clocks if row.name is ClockName.HANDLE)
        assert (safe.phase, repair.phase, case.phase) == (1, 2, 2)
        assert {case.due_at, case.handle_due_at, case.assignments[-1].due_at, repair.due_at} == {moved[0].becomes_at}
        made_safe_by = factories.MONDAY_MORNING + timedelta(hours=2)
        assert (safe.due_at, case.assignments[0].due_at) == (made_safe_by, made_safe_by)
        assert moved[0].becomes_at == becomes
        assert not [each for each in history.find_broken(session, shop.keys) if isinstance(each, history.Broken)]


def test_a_recount_that_runs_twice_does_nothing_the_second_time(small_city: Database, shop: Workshop) -> None:
    case_id = make_case(small_city)
    close_tuesday(small_city)
    for _ in range(2):
        order(small_city)
        work(shop)
    with small_city.reading() as session:
        steps = [event.step for event in session.get_one(Case, case_id).events]
        assert recounting.list_moved(session, None, "office") == []
    assert steps.count(StepName.RECOUNT) == 1


def test_a_calendar_changed_back_is_counted_back(small_city: Database, shop: Workshop) -> None:
    case_id = make_case(small_city)
    close_tuesday(small_city)
    order(small_city)
    work(shop)
    with small_city.transaction() as session:
        editing.remove_day(session, None, TUESDAY, "office")
    order(small_city)
    work(shop)
    assert moments(small_city, case_id) == {BEFORE}


def test_a_clock_that_stands_still_is_counted_with_its_pauses(small_city: Database, shop: Workshop) -> None:
    case_id = make_case(small_city)
    with clock.running_at(datetime(2026, 11, 9, 11, 0, tzinfo=clock.CITY_ZONE)), small_city.transaction() as session:
        people = factories.People(session)
        factories.bring_to(session, people, session.get_one(Case, case_id), "report_back")
    with clock.running_at(datetime(2026, 11, 9, 16, 0, tzinfo=clock.CITY_ZONE)):
        with small_city.transaction() as session:
            people = factories.People(session)
            factories.take(session, people.inspector, session.get_one(Case, case_id), "check", result="failed")
        close_tuesday(small_city)
        order(small_city)
        work(shop)
    # 3.5 h of the pause from 11:00 to 16:00 were open: Wednesday 14:30 and 3.5 h more.
    assert moments(small_city, case_id) == {datetime(2026, 11, 11, 18, 0, tzinfo=clock.CITY_ZONE)}


def test_a_case_that_waits_for_its_check_has_its_bodys_limit_moved_too(small_city: Database, shop: Workshop) -> None:
    case_id = make_case(small_city, "report_back")
    close_tuesday(small_city)
    order(small_city)
    work(shop)
    with small_city.reading() as session:
        case = session.get_one(Case, case_id)
        assert (case.stage, case.assignments[-1].due_at, case.handle_due_at) == (Stage.CHECKING, AFTER, AFTER)


def test_an_inspectors_task_is_due_with_the_clock_of_its_stage(small_city: Database, shop: Workshop) -> None:
    with small_city.transaction() as session:
        limit = session.scalars(select(StageLimit).where(StageLimit.clock == ClockName.CHECK.value)).one()
        limit.limit_value, limit.limit_unit, limit.calendar = 2, Unit.WORKING_DAY, "office"
    case_id = make_case(small_city, "report_back")
    close_tuesday(small_city)
    order(small_city)
    work(shop)
    with small_city.reading() as session:
        task = session.scalars(select(InspectorTask).where(InspectorTask.case_id == case_id)).one()
        assert (task.due_at, session.get_one(Case, case_id).due_at) == (AFTER, AFTER)


def test_what_cannot_be_counted_stays_as_it_is(small_city: Database, shop: Workshop) -> None:
    with clock.running_at(datetime(2026, 12, 29, 13, 30, tzinfo=clock.CITY_ZONE)):
        case_id = make_case(small_city)
        before = moments(small_city, case_id)
        with small_city.transaction() as session:
            editing.close_from(session, None, date(2026, 12, 31), 10 * 60, ("台风", "typhoon"), "office")
        with small_city.reading() as session:
            assert [each.becomes_at for each in recounting.list_moved(session, None, "office")] == [None]
        order(small_city)
        work(shop)
    assert moments(small_city, case_id) == before


def test_an_ended_case_is_left_alone(small_city: Database, shop: Workshop) -> None:
    case_id = make_case(small_city, "report_back", "check", "close")
    close_tuesday(small_city)
    with small_city.reading() as session:
        assert recounting.list_moved(session, None, "office") == []
    with small_city.transaction() as session:
        people = factories.People(session)
        assert not recounting.recount_case(session, factories.make_office(shop.keys), _actor(people), case_id, "office")


def _actor(people: factories.People) -> recounting.Actor:
    admin = people.viewer("admin")
    return recounting.Actor.under(admin.held[0], admin.person_id)


def test_more_than_one_run_can_do_is_owed_again(
    small_city: Database, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "RECOUNTED_A_RUN", 2)
    monkeypatch.setattr(tasks, "RECOUNTED_A_BATCH", 1)
    case_ids = [make_case(small_city) for _ in range(5)]
    close_tuesday(small_city)
    order(small_city)
    runs = 0
    while work(shop):
        runs += 1
    assert runs == 3
    assert all(moments(small_city, case_id) == {AFTER} for case_id in case_ids)


def test_another_rule_of_days_moves_clocks_too(small_city: Database, shop: Workshop) -> None:
    case_id = make_case(small_city)
    with small_city.transaction() as session:
        terms = editing.Terms("机关", "Offices", 240, DayRule.NOMINAL, observes_holidays=True)
        editing.set_terms(session, None, "office", terms)
    order(small_city)
    work(shop)
    # 8 h from Monday 09:00: 7.5 h on Monday and half an hour on Tuesday.
    assert moments(small_city, case_id) == {datetime(2026, 11, 10, 9, 0, tzinfo=clock.CITY_ZONE)}


def test_only_one_recount_is_under_way(small_city: Database) -> None:
    order(small_city)
    with pytest.raises(WrongState, match="under way"):
        order(small_city)


def test_nobody_takes_the_step_alone(small_city: Database) -> None:
    case_id = make_case(small_city)
    with small_city.transaction() as session:
        people = factories.People(session)
        for username in ("admin", "dutyleader", "handler"):
            with pytest.raises(NotAllowed):
                factories.take(session, people.viewer(username), session.get_one(Case, case_id), StepName.RECOUNT)


def test_the_page_shows_what_would_move_and_takes_the_order(
    small_city: Database, shop: Workshop, as_person: As
) -> None:
    case_id = make_case(small_city)
    admin = as_person("admin")
    admin.post("/language", data={"language": "en"})
    assert "No open clock would move" in admin.get(RECOUNT).text
    close_tuesday(small_city)
    page = admin.get(RECOUNT).text
    assert "1 clocks of 1 cases were counted before the calendar changed: 1 would be due later, 0 earlier" in page
    assert "11-11 09:00" in page and "11-11 14:30" in page
    with small_city.reading() as session:
        number = session.get_one(Case, case_id).number
    assert "today it would be due 11-11 14:30" in admin.get(f"/cases/{number}").text
    assert admin.post(RECOUNT).location == RECOUNT
    assert "A recount is under way. Of this calendar 1 clocks are still to move" in admin.get(RECOUNT).text
    assert admin.post(RECOUNT).status_code == 409
    work(shop)
    assert "No open clock would move" in admin.get(RECOUNT).text
    case_page = admin.get(f"/cases/{number}").text
    assert "had its due times counted anew" in case_page and "handle 11-11 09:00 → 11-11 14:30" in case_page
    assert "typhoon" in case_page and "today it would be due" not in case_page


def test_clocks_over_their_limit_are_told_apart(small_city: Database, as_person: As) -> None:
    make_case(small_city)
    close_tuesday(small_city)
    with clock.running_at(datetime(2026, 11, 11, 10, 0, tzinfo=clock.CITY_ZONE)):
        page = as_person("admin").get(RECOUNT).text
    assert "其中已超时的有 1 个将恢复按时" in page


@pytest.mark.parametrize("username", ["leader", "dispatcher", "dutyleader-east"])
def test_the_page_is_the_administrators(small_city: Database, as_person: As, username: str) -> None:
    client = as_person(username)
    assert (client.get(RECOUNT).status_code, client.post(RECOUNT).status_code) == (403, 403)
    with small_city.reading() as session:
        assert session.scalars(select(OwedJob).where(OwedJob.task == recounting.TASK)).all() == []
        assert session.scalars(select(CaseEvent).where(CaseEvent.step == StepName.RECOUNT)).all() == []


def test_a_calendar_that_is_not_there_is_not_found(as_person: As) -> None:
    assert as_person("admin").get("/settings/calendars/moon/recount").status_code == 404
    assert as_person("admin").post("/settings/calendars/moon/recount").status_code == 404


def test_the_preview_asks_as_many_questions_for_many_clocks_as_for_one(small_city: Database) -> None:
    counts = []
    with small_city.reading() as session:
        recounting.list_moved(session, None, "office")
    for more in (1, 6):
        for _ in range(more):
            make_case(small_city)
        with small_city.reading() as session, counted_queries() as asked:
            recounting.list_moved(session, None, "office")
        counts.append(len(asked))
    assert counts[0] == counts[1]
