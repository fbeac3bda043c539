import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.posts import Post
from cityops.cases import history
from cityops.cases.history import Broken, Walked
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import Stage, StepName
from cityops.db import Database
from tests import factories
from tests.cases.tampering import force
from tests.factories import People, bring_to, make_report, take

KEYS = factories.make_keys()


@pytest.fixture
def two_cases(session: Session, people: People) -> tuple[Case, Case]:
    first, second = (make_report(session, people.inspector).case for _ in range(2))
    for case in (first, second):
        bring_to(session, people, case, "accept", "file")
    return first, second


@pytest.fixture
def living_city(small_city: Database) -> Database:
    """Three cases that were reported and accepted, written down."""
    with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        for _ in range(3):
            bring_to(session, people, make_report(session, people.inspector).case, "accept")
    return small_city


def broken(session: Session) -> dict[int, str]:
    session.flush()
    return {each.case_id: each.why for each in history.find_broken(session, KEYS) if isinstance(each, Broken)}


def test_an_untouched_history_is_whole(session: Session, two_cases: tuple[Case, Case]) -> None:
    assert list(history.find_broken(session, KEYS)) == [Walked(2, 6)]
    assert list(history.find_broken(session, KEYS, two_cases[1].id)) == [Walked(1, 3)]


def test_a_history_with_every_kind_of_step_is_whole(session: Session, people: People) -> None:
    case = make_report(session, people.inspector).case
    bring_to(session, people, case, "accept", "file", "dispatch", "send_back", "dispatch", "sign_for", "report_back")
    take(session, people.inspector, case, "check", result="failed", note="仍不亮")
    bring_to(session, people, case, "report_back", "check")
    bring_to(session, people, make_report(session, people.inspector).case, "decline")
    assert broken(session) == {}


def test_an_event_is_written_at_the_machines_moment(session: Session, two_cases: tuple[Case, Case]) -> None:
    for event in history.list_events(session, two_cases[0].id):
        assert event.at < factories.MONDAY_MORNING.replace(minute=1)
        assert abs((clock.machine_now() - event.written_at).total_seconds()) < 60


def test_batches_walk_every_case(
    session: Session, two_cases: tuple[Case, Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BATCH", 1)
    assert list(history.find_broken(session, KEYS)) == [Walked(1, 3), Walked(2, 6), Walked(2, 6)]


def test_a_changed_payload_is_found(session: Session, two_cases: tuple[Case, Case]) -> None:
    row = CaseEvent.case_id == two_cases[0].id
    session.execute(update(CaseEvent).where(row, CaseEvent.seq == 2).values(payload="{}"))
    assert broken(session) == {two_cases[0].id: "event 2 was changed"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("step", StepName.VERIFY),
        ("result", "other"),
        ("from_stage", None),
        ("to_stage", Stage.CLOSED),
        ("at", factories.MONDAY_MORNING.replace(day=1)),
        ("person_id", 2),
        ("post", Post.LEADER),
        ("body_id", None),
        ("note", "何人所写"),
    ],
)
def test_a_column_that_no_longer_says_what_was_signed_is_found(
    column: str, value: object, session: Session, two_cases: tuple[Case, Case]
) -> None:
    row = CaseEvent.case_id == two_cases[0].id
    session.execute(update(CaseEvent).where(row, CaseEvent.seq == 2).values({column: value}))
    assert broken(session) == {two_cases[0].id: f"event 2 was changed in {column}"}


@pytest.mark.parametrize("note", ["另一个原因", None])
def test_a_changed_or_emptied_note_is_found(note: str | None, session: Session, people: People) -> None:
    case = bring_to(session, people, make_report(session, people.inspector).case, "decline")
    assert broken(session) == {}
    session.execute(update(CaseEvent).where(CaseEvent.seq == 2).values(note=note))
    assert broken(session) == {case.id: "event 2 was changed in note"}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"stage": Stage.CLOSED}, "the case stands at closed, its history at filed"),
        ({"ended_at": factories.MONDAY_MORNING}, "the case's ended_at is not what its history says"),
        (
            {"opened_at": factories.MONDAY_MORNING.replace(day=1), "moved_at": factories.MONDAY_MORNING.replace(day=2)},
            "the case's opened_at, moved_at is not what its history says",
        ),
        ({"version": 2}, "the case stands at event 2, its history ends at 3"),
    ],
)
def test_a_case_that_does_not_stand_where_its_history_does_is_found(
    values: dict[str, object], why: str, session: Session, two_cases: tuple[Case, Case]
) -> None:
    session.execute(update(Case).where(Case.id == two_cases[0].id).values(values))
    assert broken(session) == {two_cases[0].id: why}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body_id", None),
        ("rework_count", 0),
        ("class_id", 2),
        ("condition_id", 2),
        ("filed_at", factories.MONDAY_MORNING.replace(day=1)),
        ("reported_back_at", None),
        ("verify_result", "confirmed"),
        ("lon", 121.0),
        ("area_code", "330212001001"),
        ("source", "hotline"),
        ("is_simple", True),
    ],
)
def test_a_row_that_is_not_what_its_events_make_is_found(
    column: str, value: object, session: Session, people: People
) -> None:
    case = bring_to(session, people, make_report(session, people.inspector).case, "accept", "file", "dispatch")
    bring_to(session, people, case, "report_back")
    take(session, people.inspector, case, "check", result="failed")
    bring_to(session, people, case, "report_back")
    assert broken(session) == {}
    session.execute(update(Case).values({column: value}))
    assert broken(session) == {case.id: f"the case's {column} is not what its history says"}


def test_a_closed_case_made_open_is_found(session: Session, people: People) -> None:
    case = bring_to(session, people, make_report(session, people.inspector).case, "decline")
    session.flush()
    session.execute(update(Case).values(ended_at=None))
    assert broken(session) == {case.id: "the case's ended_at is not what its history says"}


def test_a_deleted_event_is_found(session: Session, two_cases: tuple[Case, Case]) -> None:
    for seq in (2, 3):
        session.execute(delete(CaseEvent).where(CaseEvent.case_id == two_cases[0].id, CaseEvent.seq == seq))
        assert set(broken(session)) == {two_cases[0].id}


def test_a_case_without_any_event_is_found(session: Session, two_cases: tuple[Case, Case]) -> None:
    first = two_cases[0].id
    session.execute(delete(CaseEvent).where(CaseEvent.case_id == first))
    assert broken(session) == {first: "the case stands at event 3, its history ends at 0"}
    session.execute(update(Case).where(Case.id == first).values(version=0, head_digest=history.GENESIS))
    assert broken(session) == {first: "the case has no history"}


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


@pytest.mark.parametrize("gone", ["= 1", "= 2", "= 3", "> 0"], ids=["first", "middle", "newest", "all"])
@pytest.mark.parametrize("batch", [2, 2_000])
def test_events_whose_case_is_gone_are_found_wherever_they_stand(
    gone: str, batch: int, living_city: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BATCH", batch)
    with living_city.reading() as session:
        orphans = set(session.scalars(select(Case.id).where(text(f"cases.id {gone}"))))
    assert orphans
    force(living_city, f"DELETE FROM cases WHERE id {gone}")
    with living_city.reading() as session:
        assert broken(session) == dict.fromkeys(orphans, "its events stand there, the case is gone")


def test_a_key_that_is_not_there_is_said(session: Session, two_cases: tuple[Case, Case]) -> None:
    session.execute(update(CaseEvent).where(CaseEvent.case_id == two_cases[0].id).values(digest="chain-9:x:y"))
    assert broken(session)[two_cases[0].id] == "event 1 names the unknown key chain-9"


def test_a_walk_through_a_living_city_sees_one_moment(living_city: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BATCH", 1)
    with living_city.reading() as session:
        walk = history.find_broken(session, KEYS)
        assert next(walk) == Walked(1, 2)
        with clock.running_at(factories.MONDAY_MORNING), living_city.transaction() as other:
            people = People(other)
            for case in other.scalars(select(Case)):
                bring_to(other, people, case, "file")
            make_report(other, people.inspector)
        assert list(walk) == [Walked(2, 4), Walked(3, 6), Walked(3, 6)]
