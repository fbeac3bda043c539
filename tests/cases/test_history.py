import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from cityops.cases import history
from cityops.cases.models import Case, CaseEvent
from tests import factories
from tests.factories import People, bring_to, make_report

KEYS = factories.make_keys()


@pytest.fixture
def two_cases(session: Session, people: People) -> tuple[Case, Case]:
    first, second = (make_report(session, people.inspector).case for _ in range(2))
    for case in (first, second):
        bring_to(session, people, case, "accept", "file")
    return first, second


def broken(session: Session) -> dict[int, str]:
    session.flush()
    return {each.case_id: each.why for each in history.find_broken(session, KEYS) if isinstance(each, history.Broken)}


def test_an_untouched_history_is_whole(session: Session, two_cases: tuple[Case, Case]) -> None:
    assert list(history.find_broken(session, KEYS)) == [2]
    assert list(history.find_broken(session, KEYS, two_cases[1].id)) == [1]


def test_a_changed_payload_is_found(session: Session, two_cases: tuple[Case, Case]) -> None:
    row = CaseEvent.case_id == two_cases[0].id
    session.execute(update(CaseEvent).where(row, CaseEvent.seq == 2).values(payload="{}"))
    assert broken(session) == {two_cases[0].id: "event 2 was changed"}


def test_a_deleted_event_is_found(session: Session, two_cases: tuple[Case, Case]) -> None:
    for seq in (2, 3):
        session.execute(delete(CaseEvent).where(CaseEvent.case_id == two_cases[0].id, CaseEvent.seq == seq))
        assert set(broken(session)) == {two_cases[0].id}


def test_swapped_histories_are_found(session: Session, two_cases: tuple[Case, Case]) -> None:
    first, second = (case.id for case in two_cases)

    def move(from_id: int, to_id: int, shift: int) -> None:
        rows = update(CaseEvent).where(
            CaseEvent.case_id == from_id, CaseEvent.seq < 100 if shift >= 0 else CaseEvent.seq > 100
        )
        session.execute(rows.values(case_id=to_id, seq=CaseEvent.seq + shift))

    move(first, first, 100)
    move(second, first, 0)
    move(first, second, -100)
    assert [row.seq for row in history.list_events(session, first)] == [1, 2, 3]
    assert set(broken(session)) == {first, second}


def test_a_key_that_is_not_there_is_said(session: Session, two_cases: tuple[Case, Case]) -> None:
    session.execute(update(CaseEvent).where(CaseEvent.case_id == two_cases[0].id).values(digest="chain-9:x:y"))
    assert broken(session)[two_cases[0].id] == "event 1 names the unknown key chain-9"


def test_checkpoints_chain(session: Session, people: People, two_cases: tuple[Case, Case]) -> None:
    session.flush()
    first = history.make_checkpoint(session, KEYS)
    session.flush()
    second = history.make_checkpoint(session, KEYS)
    assert (first.case_count, first.event_count) == (2, 6)
    assert first.heads_digest == second.heads_digest and first.digest != second.digest
    bring_to(session, people, two_cases[0], "dispatch")
    session.flush()
    assert history.make_checkpoint(session, KEYS).heads_digest != first.heads_digest
