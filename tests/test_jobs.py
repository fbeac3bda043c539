"""Owed jobs, their retries and the schedule, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from cityops import clock, jobs, milestones, queue
from cityops.config import Config
from cityops.jobs import Scheduled, Task
from cityops.queue import OwedJob
from cityops.workshop import Workshop

MORNING = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)
seen: list[dict[str, object]] = []


def remember(_workshop: Workshop, **arguments: object) -> None:
    seen.append(arguments)


def fail(_workshop: Workshop) -> None:
    raise RuntimeError("no ink")


@pytest.fixture
def workshop(db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    seen.clear()
    monkeypatch.setitem(jobs.TASKS, "remember", Task(remember, 5))
    monkeypatch.setitem(jobs.TASKS, "fail", Task(fail, 5))
    # No Redis answers there: what is owed stays owed, and nobody minds.
    nobody = f"unix://{tmp_path}/nobody.sock"
    made = Workshop(Config(home=tmp_path, database_url=db_url, redis_url=nobody, keys_folder=tmp_path / "keys"))
    yield made
    made.close()


def owe(workshop: Workshop, task: str, **arguments: int | str) -> int:
    with workshop.transaction() as session:
        job = queue.owe(session, task, **arguments)
    return job.id


def read(workshop: Workshop, job_id: int) -> OwedJob:
    with workshop.transaction() as session:
        return session.get_one(OwedJob, job_id)


def test_an_owed_job_is_done_once(workshop: Workshop) -> None:
    job_id = owe(workshop, "remember", case_id=7)
    assert jobs.run_owed(job_id, workshop)
    assert not jobs.run_owed(job_id, workshop)
    assert seen == [{"case_id": 7}]
    assert read(workshop, job_id).done_at is not None


def test_a_job_owed_in_a_transaction_that_fails_is_not_owed(workshop: Workshop) -> None:
    with pytest.raises(ZeroDivisionError), workshop.transaction() as session:
        queue.owe(session, "remember")
        session.flush()
        raise ZeroDivisionError
    with workshop.reading() as session:
        assert queue.list_owed(session) == []


def test_a_job_that_fails_keeps_its_error_and_waits_longer_each_time(workshop: Workshop) -> None:
    with clock.running_at(MORNING):
        job_id = owe(workshop, "fail")
        assert not jobs.run_owed(job_id, workshop)
    job = read(workshop, job_id)
    assert (job.error, job.due_at) == ("RuntimeError: no ink", MORNING + timedelta(seconds=30))
    with clock.running_at(job.due_at):
        jobs.run_owed(job_id, workshop)
    assert read(workshop, job_id).due_at == job.due_at + timedelta(seconds=60)


def test_a_job_that_fails_ten_times_is_given_up(workshop: Workshop) -> None:
    with clock.running_at(MORNING):
        job_id = owe(workshop, "fail")
    for hour in range(1, 13):
        with clock.running_at(MORNING + timedelta(hours=2 * hour)):
            jobs.run_owed(job_id, workshop)
    assert read(workshop, job_id).attempts == queue.MAX_ATTEMPTS
    with workshop.reading() as session, clock.running_at(MORNING + timedelta(days=9)):
        assert queue.list_owed(session) == []


def test_a_job_of_a_task_that_is_no_more_says_so(workshop: Workshop) -> None:
    job_id = owe(workshop, "cases.forgotten")
    assert not jobs.run_owed(job_id, workshop)
    assert "cases.forgotten" in str(read(workshop, job_id).error)


def test_a_claimed_job_is_found_again_only_when_its_claim_ends(workshop: Workshop) -> None:
    with clock.running_at(MORNING):
        job_id = owe(workshop, "remember")
        with workshop.transaction() as session:
            assert queue.claim(session, job_id) is not None
        with workshop.transaction() as session:
            assert queue.claim(session, job_id) is None
            assert queue.list_owed(session) == []
    with workshop.reading() as session, clock.running_at(MORNING + queue.CLAIM_FOR):
        assert queue.list_owed(session) == [job_id]


def test_a_worker_that_is_alone_takes_up_what_a_killed_one_had_in_hand(workshop: Workshop) -> None:
    in_hand, failed = owe(workshop, "remember"), owe(workshop, "fail")
    jobs.run_owed(failed, workshop)
    with workshop.transaction() as session:
        queue.claim(session, in_hand)
    with workshop.transaction() as session:
        assert queue.release_claims(session) == 1
        assert queue.list_owed(session) == [in_hand]


def test_the_sweep_survives_a_redis_that_is_away(workshop: Workshop) -> None:
    owe(workshop, "remember")
    assert jobs.sweep(workshop) == 0


def test_every_scheduled_task_exists_and_ends_before_its_claim(workshop: Workshop) -> None:
    assert {each.task for each in jobs.SCHEDULE} <= set(jobs.TASKS)
    assert all(task.limit_s < queue.CLAIM_FOR.total_seconds() for task in jobs.TASKS.values())


def test_a_scheduled_task_is_owed_once_a_day_however_many_schedulers_there_are(workshop: Workshop) -> None:
    with clock.running_at(MORNING):
        assert jobs.run_schedule(workshop) == []
    for hours in (1, 20, 20.01, 30, 38):
        with clock.running_at(MORNING + timedelta(hours=hours)):
            jobs.run_schedule(workshop)
            jobs.run_schedule(workshop)
    with workshop.reading() as session:
        owed = list(session.scalars(select(OwedJob.task)))
    assert sorted(owed) == sorted(each.task for each in jobs.SCHEDULE)


def test_a_scheduled_task_missed_while_nothing_ran_is_owed_at_the_next_start(workshop: Workshop) -> None:
    with clock.running_at(MORNING):
        jobs.run_schedule(workshop)
    with clock.running_at(MORNING + timedelta(days=5)):
        assert len(jobs.run_schedule(workshop)) == len(jobs.SCHEDULE)
        assert jobs.run_schedule(workshop) == []


@pytest.fixture
def each_minute(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A city whose one scheduled task comes round every minute, first kept at `MORNING`."""
    monkeypatch.setattr(jobs, "SCHEDULE", (Scheduled("remember", every=timedelta(minutes=1)),))
    with clock.running_at(MORNING):
        assert jobs.run_schedule(workshop) == []
    return workshop


def begun_at(workshop: Workshop, moment: datetime) -> list[str]:
    with clock.running_at(moment):
        return jobs.run_schedule(workshop)


def do_what_is_owed(workshop: Workshop, moment: datetime) -> None:
    with clock.running_at(moment):
        with workshop.reading() as session:
            owed = queue.list_owed(session)
        for job_id in owed:
            jobs.run_owed(job_id, workshop)


def test_a_task_comes_round_every_minute(each_minute: Workshop) -> None:
    for seconds in range(20, 200, 20):
        begun_at(each_minute, MORNING + timedelta(seconds=seconds))
        begun_at(each_minute, MORNING + timedelta(seconds=seconds))
        do_what_is_owed(each_minute, MORNING + timedelta(seconds=seconds))
    assert seen == [{}, {}, {}]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outages=st.lists(st.integers(min_value=60, max_value=864_000), min_size=1, max_size=6))
def test_after_an_outage_of_any_length_a_round_is_caught_up_once(each_minute: Workshop, outages: list[int]) -> None:
    with each_minute.transaction() as session:
        session.execute(delete(OwedJob))
        session.execute(update(milestones.Milestone).values(at=MORNING + timedelta(minutes=1)))
    moment = MORNING
    for outage_s in outages:
        moment += timedelta(seconds=outage_s)
        assert begun_at(each_minute, moment) == ["remember"]
        assert begun_at(each_minute, moment) == []
        do_what_is_owed(each_minute, moment)


def test_a_worker_that_was_away_is_owed_one_round_and_not_a_hundred(each_minute: Workshop) -> None:
    for minute in range(1, 101):
        begun_at(each_minute, MORNING + timedelta(minutes=minute))
    do_what_is_owed(each_minute, MORNING + timedelta(minutes=101))
    assert seen == [{}]


def test_a_round_that_failed_is_tried_again_at_the_next_one(
    each_minute: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(jobs.TASKS, "remember", Task(fail, 5))
    moment = MORNING
    for _ in range(queue.MAX_ATTEMPTS - 1):
        moment += timedelta(minutes=1)
        begun_at(each_minute, moment)
        do_what_is_owed(each_minute, moment)
    with each_minute.reading() as session:
        assert [job.attempts for job in session.scalars(select(OwedJob))] == [queue.MAX_ATTEMPTS - 1]


def test_a_clock_that_ran_ahead_and_was_set_back_stops_no_task(each_minute: Workshop) -> None:
    assert begun_at(each_minute, MORNING + timedelta(days=365)) == ["remember"]
    do_what_is_owed(each_minute, MORNING + timedelta(days=365))
    begun_at(each_minute, MORNING)
    assert begun_at(each_minute, MORNING + timedelta(minutes=1)) == ["remember"]


def test_of_two_callers_only_one_moves_a_milestone(workshop: Workshop) -> None:
    with workshop.transaction() as session:
        milestones.keep(session, "a", MORNING)
        milestones.keep(session, "a", MORNING + timedelta(days=9))
        to = MORNING + timedelta(days=1)
        assert milestones.move_on(session, "a", due_by=MORNING, to=to)
        assert not milestones.move_on(session, "a", due_by=MORNING, to=to)
        assert milestones.find_milestone(session, "a") == to


@pytest.mark.parametrize("task", sorted({each.task for each in jobs.SCHEDULE}))
def test_every_scheduled_task_may_run_twice_in_an_empty_city(workshop: Workshop, task: str) -> None:
    jobs.TASKS[task].call(workshop)
    jobs.TASKS[task].call(workshop)


def test_done_jobs_are_forgotten_after_thirty_days(workshop: Workshop) -> None:
    job_id = owe(workshop, "remember")
    jobs.run_owed(job_id, workshop)
    jobs.forget_done_jobs(workshop)
    with workshop.transaction() as session:
        assert session.get(OwedJob, job_id) is not None
        session.execute(update(OwedJob).values(done_at=clock.now() - timedelta(days=31)))
    jobs.forget_done_jobs(workshop)
    with workshop.reading() as session:
        assert session.get(OwedJob, job_id) is None
