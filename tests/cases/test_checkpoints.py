from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases import checkpoints, history
from cityops.cases.models import Case, CaseEvent, Checkpoint
from cityops.crypto import Keys
from cityops.db import Database
from cityops.errors import Conflict, Invalid
from tests import factories
from tests.cases.tampering import force
from tests.factories import People, bring_to, make_report

KEYS = factories.make_keys()
FOREIGN_KEYS = Keys({name: bytes([9]) * 32 for name in KEYS.by_name})


def live(city: Database, cases: int = 1) -> None:
    with clock.running_at(factories.MONDAY_MORNING), city.transaction() as session:
        people = People(session)
        for _ in range(cases):
            bring_to(session, people, make_report(session, people.inspector).case, "accept", "file")


def make_checkpoint(city: Database, keys: Keys = KEYS) -> checkpoints.Facts:
    """A checkpoint over everything written until now."""
    with city.reading() as session:
        gathered = checkpoints.gather(session, clock.machine_now())
    with city.transaction() as session:
        return checkpoints.facts_of(checkpoints.add(session, keys, gathered))


@pytest.fixture
def city(small_city: Database) -> Database:
    """Two cases, a checkpoint, one case more and a second checkpoint."""
    live(small_city, 2)
    make_checkpoint(small_city)
    live(small_city)
    make_checkpoint(small_city)
    return small_city


def unfit(city: Database, *exported: checkpoints.Facts) -> tuple[list[str], list[str]]:
    """What the walk says of cases, and what the checkpoints say."""
    with city.reading() as session:
        proof = checkpoints.Proof(checkpoints.list_checkpoints(session))
        walk = list(history.find_broken(session, KEYS, seen=proof.see))
    cases = [each.why for each in walk if isinstance(each, history.Broken)]
    return cases, [each.why for each in proof.find_broken(KEYS) + proof.compare(KEYS, exported)]


def kept(city: Database) -> list[checkpoints.Facts]:
    with city.reading() as session:
        return checkpoints.list_checkpoints(session)


def test_checkpoints_chain_and_count_all_that_was_written(city: Database) -> None:
    first, second = kept(city)
    assert (first.cases, first.events, first.previous) == (2, 6, history.GENESIS)
    assert (second.cases, second.events, second.previous) == (3, 9, first.digest)
    assert unfit(city) == ([], [])


def test_an_empty_city_and_a_quiet_night_have_checkpoints_too(small_city: Database) -> None:
    for _ in range(2):
        assert make_checkpoint(small_city).events == 0
    assert unfit(small_city) == ([], [])


def test_what_goes_on_after_a_checkpoint_leaves_it_whole(city: Database) -> None:
    with clock.running_at(factories.MONDAY_MORNING), city.transaction() as session:
        for case in session.query(Case):
            bring_to(session, People(session), case, "dispatch")
    assert unfit(city) == ([], [])
    assert make_checkpoint(city).events == 12
    assert unfit(city) == ([], [])


def test_a_past_that_is_simulated_after_a_checkpoint_leaves_it_whole(city: Database) -> None:
    with clock.running_at(factories.MONDAY_MORNING - timedelta(days=60)), city.transaction() as session:
        make_report(session, People(session).inspector)
    assert unfit(city) == ([], [])


def test_events_of_the_last_minutes_wait_for_the_next_checkpoint(small_city: Database) -> None:
    live(small_city)
    with small_city.reading() as session:
        gathered = checkpoints.gather(session)
    assert gathered.events == 0
    assert gathered.at - gathered.until == checkpoints.SETTLED_AFTER


def test_no_checkpoint_ends_before_the_one_before_it(city: Database) -> None:
    last = kept(city)[-1]
    with city.reading() as session:
        gathered = checkpoints.gather(session)
    assert (gathered.until, gathered.events) == (last.until, last.events)


def cut_back(session: Session) -> None:
    """The second case loses its last event, and its row is set back to the one before."""
    second, third = (
        session.query(CaseEvent).where(CaseEvent.case_id == 2, CaseEvent.seq == seq).one() for seq in (2, 3)
    )
    values = {"version": 2, "head_digest": second.digest, "stage": second.to_stage, "moved_at": second.at}
    values |= {"condition_id": None, "filed_at": None}
    session.execute(update(Case).where(Case.id == 2).values(values))
    session.delete(third)


def remove_case(session: Session) -> None:
    session.query(CaseEvent).where(CaseEvent.case_id == 2).delete()
    for table in ("stage_clocks", "reports"):
        session.connection().exec_driver_sql(f"DELETE FROM {table} WHERE case_id = 2")
    session.query(Case).where(Case.id == 2).delete()


@pytest.mark.parametrize(("tamper", "left"), [(cut_back, 5), (remove_case, 3)], ids=["cut back", "removed"])
def test_a_history_cut_back_and_a_case_removed_whole_are_found(
    tamper: Callable[[Session], None], left: int, city: Database
) -> None:
    with city.transaction() as session:
        tamper(session)
    assert unfit(city) == ([], [f"covers 6 events since the one before, {left} are there"])


def test_what_was_cut_since_the_newest_checkpoint_is_not_found(small_city: Database) -> None:
    make_checkpoint(small_city)
    live(small_city, 2)
    with small_city.transaction() as session:
        remove_case(session)
    assert unfit(small_city) == ([], [])


def test_an_event_put_in_the_place_of_another_is_found(city: Database) -> None:
    """Even by somebody with the chain's key, who signs the event and the case anew."""
    with city.transaction() as session:
        last = session.query(CaseEvent).where(CaseEvent.case_id == 2, CaseEvent.seq == 3).one()
        last.payload = last.payload.replace('"result":"done"', '"result":"other"')
        last.result = "other"
        last.digest = KEYS.digest(f"2\n3\n{last.previous_digest}\n{last.payload}")
        session.execute(update(Case).where(Case.id == 2).values(head_digest=last.digest))
    assert unfit(city) == ([], ["the events it covers are not those that were there"])


def test_an_event_dated_past_the_checkpoint_is_missed_there(city: Database) -> None:
    with city.transaction() as session:
        session.execute(update(CaseEvent).where(CaseEvent.case_id == 2).values(written_at=clock.machine_now()))
    assert unfit(city)[1] == ["covers 6 events since the one before, 3 are there"]


@pytest.mark.parametrize("column", ["case_count", "event_count"])
def test_a_changed_count_is_found(column: str, city: Database) -> None:
    force(city, f"UPDATE checkpoints SET {column} = {column} - 1 WHERE id = 1")
    assert "was changed" in unfit(city)[1]


def test_a_changed_moment_is_found(city: Database) -> None:
    with city.transaction() as session:
        session.execute(update(Checkpoint).where(Checkpoint.id == 2).values(until_at=clock.machine_now()))
    assert unfit(city) == ([], ["was changed"])


def test_a_checkpoint_taken_out_is_found(city: Database) -> None:
    force(city, "DELETE FROM checkpoints WHERE id = 1")
    assert unfit(city) == ([], ["does not follow the checkpoint before it"])


def test_a_key_that_is_not_there_is_said(city: Database) -> None:
    force(city, "UPDATE checkpoints SET digest = 'chain-9:x:y' WHERE id = 2")
    assert unfit(city) == ([], ["names the unknown key chain-9"])


def test_an_exported_checkpoint_finds_checkpoints_cut_back_with_the_history(city: Database) -> None:
    exported = kept(city)
    with city.transaction() as session:
        remove_case(session)
        session.query(Checkpoint).delete()
    assert unfit(city) == ([], [])
    make_checkpoint(city)
    gone = "exported checkpoint: the database does not have it: its checkpoints were cut back or made anew"
    assert unfit(city, *exported) == ([], [gone, gone])


def test_an_exported_checkpoint_of_this_city_is_whole_and_of_another_is_not(city: Database) -> None:
    first, second = kept(city)
    assert unfit(city, second) == ([], [])
    read = checkpoints.read_exported([first.as_json(), "\n", second.as_json().replace('"cases": 3', '"cases": 4')])
    assert read[0] == first
    assert unfit(city, *read) == ([], ["exported checkpoint: was changed"])


@pytest.mark.parametrize("line", ["", "7", "{}", "[]", "null", "no JSON", '{"at": 1, "until": 2}'])
def test_a_file_without_a_checkpoint_is_refused(line: str) -> None:
    with pytest.raises(Invalid):
        checkpoints.read_exported([line])


def test_of_two_checkpoints_gathered_at_once_one_is_written(city: Database) -> None:
    with city.reading() as session:
        both = [checkpoints.gather(session) for _ in range(2)]
    with city.transaction() as session:
        checkpoints.add(session, KEYS, both[0])
    with pytest.raises(Conflict), city.transaction() as session:
        checkpoints.add(session, KEYS, both[1])
    assert unfit(city) == ([], [])


def test_batches_make_the_same_checkpoint(city: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "BATCH", 1)
    monkeypatch.setattr(history, "BATCH", 1)
    live(city)
    make_checkpoint(city)
    assert unfit(city) == ([], [])
