"""A POST sent twice, and twice at once."""

import multiprocessing
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from cityops import clock
from cityops.accounts import idempotency, queries
from cityops.accounts.models import AuditAction, AuditEntry, IdempotencyKey
from cityops.accounts.viewer import Viewer
from cityops.db import Database
from cityops.errors import Invalid, WrongState

DIGEST = "a" * 64


def viewer(db: Database, username: str = "operator") -> Viewer:
    with db.reading() as session:
        return queries.find_viewer_by_username(session, username, clock.today())


def works_done(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count(AuditEntry.id)).where(AuditEntry.subject == "work"))


def do_once(db: Database, who: Viewer, key: str = "k", digest: str = DIGEST, refuse: bool = False) -> str:
    with db.transaction() as session:
        begun = idempotency.begin(session, who, key, digest)
        if begun.status is not None:
            return begun.answer
        session.add(AuditEntry(at=clock.now(), action=AuditAction.POST_GIVEN, subject="work"))
        session.flush()
        if refuse:
            raise WrongState("not now")
        idempotency.store(session, begun, 201, f"answer of {key}")
        return f"answer of {key}"


def test_a_repeated_post_is_answered_from_its_stored_answer(organisation):
    who = viewer(organisation)
    assert do_once(organisation, who) == do_once(organisation, who) == "answer of k"
    assert works_done(organisation) == 1


def test_another_body_under_the_key_is_refused(organisation):
    do_once(organisation, viewer(organisation))
    with pytest.raises(Invalid) as refused:
        do_once(organisation, viewer(organisation), digest="b" * 64)
    assert refused.value.field == "Idempotency-Key"


def test_a_key_belongs_to_its_person(organisation):
    do_once(organisation, viewer(organisation))
    do_once(organisation, viewer(organisation, "admin"), digest="b" * 64)
    assert works_done(organisation) == 2


def test_a_refusal_is_not_stored(organisation):
    who = viewer(organisation)
    with pytest.raises(WrongState):
        do_once(organisation, who, refuse=True)
    assert works_done(organisation) == 0
    do_once(organisation, who)
    assert works_done(organisation) == 1


@pytest.mark.parametrize("key", ["", "x" * 101, "键", "a\nb"])
def test_what_is_no_key_is_refused(organisation, key):
    with pytest.raises(Invalid):
        do_once(organisation, viewer(organisation), key=key)


def test_answers_are_forgotten_after_thirty_days(organisation):
    who = viewer(organisation)
    do_once(organisation, who, "old")
    with clock.running_at(clock.now() + timedelta(days=30, seconds=1)):
        do_once(organisation, who, "new")
        with organisation.transaction() as session:
            assert idempotency.forget_old(session) == 1
    with organisation.reading() as session:
        assert session.scalars(select(IdempotencyKey.key)).all() == ["new"]


@pytest.mark.process
def test_the_same_post_from_four_processes_at_once_is_done_once(organisation):
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(4), context.Queue()
    arguments = (organisation.url, viewer(organisation), barrier, answers)
    runners = [context.Process(target=_send, args=arguments) for _ in range(4)]
    for runner in runners:
        runner.start()
    found = [answers.get(timeout=60) for _ in range(20)]
    for runner in runners:
        runner.join(60)
    assert [runner.exitcode for runner in runners] == [0] * 4
    assert sorted(found) == sorted(f"answer of {number}" for number in range(5) for _ in range(4))
    assert works_done(organisation) == 5


def _send(url: str, who: Viewer, barrier, answers) -> None:
    db = Database(url)
    with db.reading():
        pass
    for number in range(5):
        barrier.wait(30)
        answers.put(do_once(db, who, str(number)))
