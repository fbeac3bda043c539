"""Signing in: right, wrong, locked, ended, and many guesses at the same moment."""

import multiprocessing
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from cityops import clock
from cityops.accounts import passwords, queries, services, tokens
from cityops.accounts.models import AuditAction, AuditEntry, Person, SignIn
from cityops.accounts.signing_in import LOCKED_FOR, MAX_FAILURES, sign_in, sign_out
from cityops.db import Database
from cityops.errors import NotAllowed
from tests.accounts.conftest import PASSWORD, add
from tests.accounts.racing import guess


def person(db: Database, username: str) -> Person:
    with db.transaction() as session:
        return session.scalars(select(Person).where(Person.username == username)).one()


def actions(db: Database, username: str) -> list[str]:
    with db.reading() as session:
        found = select(AuditEntry.action).where(AuditEntry.subject == username).order_by(AuditEntry.id)
        return list(session.scalars(found))


def fail(db: Database, times: int, username: str = "operator") -> None:
    for _ in range(times):
        with pytest.raises(NotAllowed):
            sign_in(db, username, "wrong")


def test_the_right_password_opens_a_session_whose_secret_is_not_kept(organisation):
    signed_in = sign_in(organisation, " Operator ", PASSWORD, "10.0.0.7")
    with organisation.reading() as session:
        row = session.scalars(select(SignIn)).one()
        assert (row.person_id, row.address, row.ended_at) == (signed_in.person_id, "10.0.0.7", None)
        assert signed_in.secret not in row.secret_hash
        viewer = queries.find_viewer_by_sign_in(session, signed_in.secret, None, True)
    assert viewer is not None and viewer.username == "operator"
    assert AuditAction.SIGN_IN in actions(organisation, "operator")


def test_unknown_wrong_and_locked_are_refused_in_the_same_words(organisation):
    with pytest.raises(NotAllowed) as unknown:
        sign_in(organisation, "nobody\x00", "whatever")
    with pytest.raises(NotAllowed) as wrong:
        sign_in(organisation, "operator", "wrong")
    fail(organisation, MAX_FAILURES)
    with pytest.raises(NotAllowed) as locked:
        sign_in(organisation, "operator", PASSWORD)
    assert str(unknown.value) == str(wrong.value) == str(locked.value)


def test_a_password_typed_as_a_user_name_is_not_kept(organisation):
    fail(organisation, 1, "my-Secret-7")
    fail(organisation, 1, "operator")
    with organisation.reading() as session:
        subjects = list(session.scalars(select(AuditEntry.subject).where(AuditEntry.is_success.is_(False))))
    assert subjects == ["unknown", "operator"]


def test_an_unknown_name_costs_a_hash_too(organisation, monkeypatch):
    asked = []
    monkeypatch.setattr(passwords, "is_right", lambda kept, password: asked.append(kept) or False)
    fail(organisation, 1, "nobody")
    fail(organisation, 1, "operator")
    assert asked[0] is None and asked[1] is not None


def test_five_failures_lock_for_a_quarter_of_an_hour_and_then_counting_begins_anew(organisation):
    fail(organisation, MAX_FAILURES)
    assert actions(organisation, "operator").count(AuditAction.SIGN_IN_LOCKED) == 1
    locked_until_at = person(organisation, "operator").locked_until_at
    fail(organisation, 2)
    assert person(organisation, "operator").locked_until_at == locked_until_at, "a lock is not extended"
    with clock.running_at(clock.now() + LOCKED_FOR + timedelta(seconds=1)):
        fail(organisation, MAX_FAILURES - 1)
        assert sign_in(organisation, "operator", PASSWORD)
    assert person(organisation, "operator").failed_sign_ins == 0


def test_a_success_forgets_the_failures_before_it(organisation):
    fail(organisation, MAX_FAILURES - 1)
    sign_in(organisation, "operator", PASSWORD)
    fail(organisation, MAX_FAILURES - 1)
    assert sign_in(organisation, "operator", PASSWORD)


def test_who_is_ended_does_not_come_in(organisation):
    with organisation.transaction() as session:
        services.end_person(session, None, "operator")
    with pytest.raises(NotAllowed):
        sign_in(organisation, "operator", PASSWORD)


def test_the_demo_people_do_not_come_in_in_production(organisation):
    with organisation.transaction() as session:
        add(session, "demo", is_demo=True)
    secret = sign_in(organisation, "demo", PASSWORD).secret
    with pytest.raises(NotAllowed):
        sign_in(organisation, "demo", PASSWORD, allow_demo=False)
    with organisation.reading() as session:
        assert queries.find_viewer_by_sign_in(session, secret, None, True, allow_demo=False) is None


def test_signing_out_ends_the_session_for_copies_of_its_cookie_too(organisation):
    secret = sign_in(organisation, "operator", PASSWORD).secret
    with organisation.transaction() as session:
        sign_out(session, secret)
    with organisation.reading() as session:
        assert queries.find_viewer_by_sign_in(session, secret, None, True) is None


def test_a_new_password_ends_every_session_and_opens_the_lock(organisation):
    secret = sign_in(organisation, "operator", PASSWORD).secret
    fail(organisation, MAX_FAILURES)
    with organisation.transaction() as session:
        services.set_password(session, None, "operator", passwords.hash_password("another long one"))
    with organisation.reading() as session:
        assert queries.find_viewer_by_sign_in(session, secret, None, True) is None
    assert sign_in(organisation, "operator", "another long one")


def test_a_new_password_revokes_every_token_and_says_so_in_the_audit_list(organisation):
    with organisation.transaction() as session:
        token = tokens.create_token(session, None, "operator")
        other = tokens.create_token(session, None, "night")
    with organisation.transaction() as session:
        services.set_password(session, None, "operator", "!")
    with organisation.reading() as session:
        assert queries.find_viewer_by_token(session, token, None, True) is None
        assert queries.find_viewer_by_token(session, other, None, True) is not None
    assert actions(organisation, "operator")[-2:] == [AuditAction.PASSWORD_SET, AuditAction.TOKEN_REVOKED]


@pytest.mark.process
def test_of_many_guesses_at_the_same_moment_none_is_lost(organisation):
    guessers = MAX_FAILURES - 1
    _together(guess, organisation.url, guessers)
    assert person(organisation, "operator").failed_sign_ins == guessers
    _together(guess, organisation.url, guessers)
    assert person(organisation, "operator").locked_until_at is not None
    assert actions(organisation, "operator").count(AuditAction.SIGN_IN_LOCKED) == 1
    with organisation.reading() as session:
        assert session.scalar(select(func.count(SignIn.id))) == 0
    with pytest.raises(NotAllowed):
        sign_in(organisation, "operator", PASSWORD)


def _together(target, url: str, count: int) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(count)
    runners = [context.Process(target=target, args=(url, barrier)) for _ in range(count)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(60)
    assert [runner.exitcode for runner in runners] == [0] * count
