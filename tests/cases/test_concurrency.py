"""Real processes, a barrier and both databases.

The race for a step fails when the line that locks is deleted: on PostgreSQL `with_for_update` in
`queries.get_case_for_update`, on SQLite `BEGIN IMMEDIATE` in `db.py`; the race for a uuid, without its unique index.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.synchronize import Barrier as BarrierType
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from cityops.cases import history
from cityops.cases.models import Case, CaseEvent, Report
from cityops.cases.names import Stage
from cityops.db import Database
from cityops.errors import Conflict
from tests import factories
from tests.factories import People, bring_to, make_report, take

pytestmark = pytest.mark.process
AT_ONCE = 6
ROUNDS, ATTEMPTS = 2, 204
UUID = "00000000-0000-4000-8000-00000000000a"


def at_once(work: Callable[..., Any], url: str, *arguments: Any) -> list[str]:
    """Run `work` in several processes that all begin at one moment; what each of them answered."""
    spawn = multiprocessing.get_context("spawn")
    barrier, answers = spawn.Barrier(AT_ONCE), spawn.Queue()
    processes = [
        spawn.Process(target=_one, args=(work, url, barrier, answers, number, *arguments)) for number in range(AT_ONCE)
    ]
    for process in processes:
        process.start()
    told = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=30)
    return told


def _one(work: Callable[..., Any], url: str, barrier: BarrierType, answers: Any, number: int, *arguments: Any) -> None:
    database = Database(url)
    try:
        with database.reading() as session:
            session.scalar(select(func.count()).select_from(Case))
        barrier.wait(timeout=60)
        answers.put(work(database, number, *arguments))
    except Exception as error:  # noqa: BLE001 - whatever went wrong is the answer
        answers.put(f"{type(error).__name__}: {error}"[:300])
    finally:
        database.dispose()


def dispatch_once(database: Database, number: int, case_id: int, version: int) -> str:
    try:
        with database.transaction() as session:
            case = session.get_one(Case, case_id)
            people = People(session)
            take(session, people.dispatcher, case, "dispatch", version=version, body=("lamps", "roads")[number % 2])
    except Conflict:
        return "conflict"
    return "done"


def urge_often(database: Database, number: int, case_id: int, version: int) -> str:
    """Urge a case on again and again at the version of each round; how often it was this one who did."""
    won = 0
    for round_ in range(ROUNDS):
        for _ in range(ATTEMPTS // AT_ONCE):
            try:
                with database.transaction() as session:
                    case = session.get_one(Case, case_id)
                    take(session, People(session).dispatcher, case, "urge", version=version + round_)
                    won += 1
            except Conflict:
                continue
        while current_version(database, case_id) <= version + round_:
            time.sleep(0.01)
    return str(won)


def current_version(database: Database, case_id: int) -> int:
    with database.reading() as session:
        return session.get_one(Case, case_id).version


def report_the_same(database: Database, number: int) -> str:
    """As a door does it: the one that lost the race for the uuid is done again."""
    for _ in range(2):
        try:
            with database.transaction() as session:
                report = make_report(session, People(session).operator, uuid=UUID)
                return report.number
        except IntegrityError:
            continue
    return "lost twice"


def report_many(database: Database, number: int) -> str:
    for _ in range(10):
        with database.transaction() as session:
            make_report(session, People(session).operator)
    return "done"


@pytest.fixture
def url(db: Database) -> str:
    with db.transaction() as session:
        factories.make_city(session)
    return db.url


def test_of_many_dispatchers_at_the_same_moment_one_moves_the_case(db: Database, url: str) -> None:
    with db.transaction() as session:
        people = People(session)
        case = bring_to(session, people, make_report(session, people.inspector).case, "accept", "file")
        case_id, version = case.id, case.version
    told = at_once(dispatch_once, url, case_id, version)
    assert Counter(told) == {"done": 1, "conflict": AT_ONCE - 1}
    with db.reading() as session:
        case = session.get_one(Case, case_id)
        assert (case.stage, case.version, len(case.assignments)) == (Stage.DISPATCHED, version + 1, 1)
        assert list(history.find_broken(session, factories.make_keys())) == [history.Walked(1, 4)]


def test_of_two_hundred_attempts_a_round_exactly_one_wins(db: Database, url: str) -> None:
    with db.transaction() as session:
        people = People(session)
        case = bring_to(session, people, make_report(session, people.inspector).case, "accept", "file", "dispatch")
        case_id, version = case.id, case.version
    won = [int(each) for each in at_once(urge_often, url, case_id, version)]
    assert sum(won) == ROUNDS
    with db.reading() as session:
        assert session.get_one(Case, case_id).version == version + ROUNDS
        assert list(history.find_broken(session, factories.make_keys())) == [history.Walked(1, version + ROUNDS)]


def test_the_same_report_sent_many_times_at_once_is_one(db: Database, url: str) -> None:
    numbers = set(at_once(report_the_same, url))
    assert len(numbers) == 1 and numbers.pop().startswith("R")
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1


def test_cases_reported_at_the_same_moment_have_numbers_of_their_own(db: Database, url: str) -> None:
    assert set(at_once(report_many, url)) == {"done"}
    with db.reading() as session:
        numbers = [case.number for case in session.scalars(select(Case))]
        assert len(numbers) == len(set(numbers)) == AT_ONCE * 10
        assert session.scalar(select(func.count()).select_from(CaseEvent)) == AT_ONCE * 10
        assert session.scalar(select(func.count()).select_from(Report)) == AT_ONCE * 10
