"""A component's life: what filing, closing and reopening say of it, and which break again and again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.cases import faults, history, merging
from cityops.cases.component_life import follow
from cityops.cases.faults import Repeats
from cityops.cases.merging import NewMerge
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import Stage, StepName
from cityops.catalog.models import ComponentFault, FilingCondition
from cityops.db import Database
from cityops.grid.census.history import Why, changing
from cityops.grid.census.models import ChangeCause, ComponentChange
from cityops.grid.models import Component, ComponentState
from tests import factories
from tests.counting import counted_queries
from tests.factories import People

LAMP, OTHER_LAMP = "33020301037000001", "33020301037000002"
FILED = ("accept", "file")
CLOSED = (*FILED, "dispatch", "report_back", "check", "close")


@pytest.fixture
def lamps(small_city: Database) -> Database:
    """Two lamps in the west; `C01037-1` says that a lamp is damaged, `C01037-2` that it is missing."""
    with small_city.transaction() as session:
        for code in (LAMP, OTHER_LAMP):
            factories.add_component(session, code, factories.WEST_POINT)
        for code, fault in (("C01037-1", ComponentFault.DAMAGED), ("C01037-2", ComponentFault.MISSING)):
            session.scalars(select(FilingCondition).where(FilingCondition.code == code)).one().component_state = fault
    return small_city


def make_case(session: Session, *steps: str, condition: str = "C01037-1", component: str | None = LAMP) -> Case:
    people = People(session)
    case = factories.make_report(session, people.inspector, component_code=component).case
    for step in steps:
        if step == "file":
            factories.take(session, people.dutyleader, case, "file", condition=condition)
        elif step == "check":
            factories.take(session, people.viewer("inspector2"), case, step)
        else:
            factories.bring_to(session, people, case, step)
    return case


def finish(session: Session, case: Case) -> None:
    people = People(session)
    factories.bring_to(session, people, case, "dispatch", "report_back")
    factories.take(session, people.viewer("inspector2"), case, "check")
    factories.bring_to(session, people, case, "close")


def state(session: Session, code: str = LAMP) -> str:
    return session.scalars(select(Component.state).where(Component.code == code)).one().value


def changes(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(select(ComponentChange).order_by(ComponentChange.id))
    return [(row.before, row.after) for row in rows]


def test_filing_marks_the_component_and_closing_restores_it(lamps: Database) -> None:
    with lamps.transaction() as session:
        case = make_case(session, "accept")
        assert state(session) == "in_place"
        factories.take(session, People(session).dutyleader, case, "file")
        assert state(session) == "damaged"
        filed = session.scalars(select(CaseEvent).where(CaseEvent.step == StepName.FILE)).one()
        (change,) = session.scalars(select(ComponentChange))
        assert (change.event_id, change.case_id, change.at) == (filed.id, case.id, filed.at)
        finish(session, case)
        assert state(session) == "in_place" and state(session, OTHER_LAMP) == "in_place"
        assert changes(session) == [("in_place", "damaged"), ("damaged", "in_place")]


def test_while_another_open_case_holds_it_the_component_is_not_restored(lamps: Database) -> None:
    with lamps.transaction() as session:
        missing = make_case(session, *FILED, condition="C01037-2")
        damaged = make_case(session, *FILED)
        assert state(session) == "missing"
        finish(session, missing)
        assert state(session) == "damaged"
        finish(session, damaged)
        assert changes(session) == [("in_place", "missing"), ("missing", "damaged"), ("damaged", "in_place")]


def merge(session: Session, case: Case, main: Case) -> None:
    new = NewMerge(case.version, main.number)
    merging.merge(session, People(session).dutyleader, factories.make_office(), case.number, new)


def test_a_merged_case_says_what_it_said_until_the_main_case_is_over(lamps: Database) -> None:
    with lamps.transaction() as session:
        main, other = make_case(session, *FILED, component=None), make_case(session, *FILED, component=OTHER_LAMP)
        case = make_case(session, *FILED)
        merge(session, case, other)
        merge(session, other, main)
        assert case.merged_into_id == other.merged_into_id == main.id
        assert (state(session), state(session, OTHER_LAMP)) == ("damaged", "damaged") and len(changes(session)) == 2
        finish(session, main)
        assert (state(session), state(session, OTHER_LAMP)) == ("in_place", "in_place")
        restored = session.scalars(select(ComponentChange).where(ComponentChange.case_id == main.id)).all()
        assert len(restored) == 2 and len({row.event_id for row in restored}) == 1
        factories.take(session, People(session).viewer("supervisor"), main, "reopen", note="没修好")
        assert (state(session), state(session, OTHER_LAMP)) == ("damaged", "damaged")


def test_a_case_taken_apart_again_says_it_until_its_own_end(lamps: Database) -> None:
    with lamps.transaction() as session:
        main, case = make_case(session, *FILED, component=None), make_case(session, *FILED)
        merge(session, case, main)
        merging.unmerge(
            session, People(session).dutyleader, factories.make_office(), case.number, case.version, "不是同一处"
        )
        finish(session, main)
        assert state(session) == "damaged"
        finish(session, case)
        assert changes(session) == [("in_place", "damaged"), ("damaged", "in_place")]


def test_a_main_case_that_is_voided_leaves_nothing_broken(lamps: Database) -> None:
    with lamps.transaction() as session:
        people = People(session)
        main, case = make_case(session, *FILED, component=None), make_case(session, *FILED)
        merge(session, case, main)
        factories.decide(session, people.viewer("supervisor"), factories.ask(session, people.dispatcher, main, "void"))
        assert main.stage is Stage.VOIDED and state(session) == "in_place"


def test_what_is_refused_or_says_nothing_leaves_the_component_alone(lamps: Database) -> None:
    with lamps.transaction() as session:
        make_case(session, "accept", "refuse")
        make_case(session, "decline")
        session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).one().component_state = None
        make_case(session, *CLOSED)
        make_case(session, *FILED, component=None)
        assert changes(session) == []


def test_a_component_that_was_removed_stays_so(lamps: Database) -> None:
    with lamps.transaction() as session:
        session.scalars(select(Component).where(Component.code == LAMP)).one().state = ComponentState.REMOVED
        make_case(session, *CLOSED)
        assert state(session) == "removed" and changes(session) == []


def test_a_reopened_case_says_it_again(lamps: Database) -> None:
    with lamps.transaction() as session:
        case = make_case(session, *CLOSED)
        # What reopens a case clears its end and appends an event; the follower sees just that.
        case.ended_at = None
        event = history.get_last(session, case.id)
        told = CaseEvent(
            id=event.id, step=StepName.CLOSE, from_stage=Stage.CLOSED, to_stage=Stage.HANDLING, at=clock.now()
        )
        session.flush()
        session.execute(ComponentChange.__table__.delete())
        follow(session, case, told)
        session.flush()
        assert state(session) == "damaged"


def repeats(session: Session, viewer: Viewer, times: int = 3, days: int = 90) -> list[tuple[str, int]]:
    found = faults.list_repeat_faults(session, viewer, Repeats(times, days))
    return [(fault.component.code, len(fault.cases)) for fault in found]


def test_repeated_faults_are_listed_with_their_cost_in_time(lamps: Database) -> None:
    begun = factories.MONDAY_MORNING
    with lamps.transaction() as session:
        people = People(session)
        for number in range(3):
            with clock.running_at(begun + timedelta(days=number)):
                case = make_case(session, *FILED, "dispatch")
            with clock.running_at(begun + timedelta(days=number, hours=2)):
                factories.bring_to(session, people, case, "report_back")
        with clock.running_at(begun):
            make_case(session, *FILED, component=OTHER_LAMP)
        with clock.running_at(begun + timedelta(days=20)):
            (fault,) = faults.list_repeat_faults(session, people.dutyleader, Repeats())
            assert (fault.component.code, len(fault.cases), round(fault.minutes)) == (LAMP, 3, 360)
            assert repeats(session, people.dutyleader, times=1) == [(LAMP, 3), (OTHER_LAMP, 1)]
            assert repeats(session, people.dutyleader, times=3, days=19) == []
            assert repeats(session, people.viewer("operator-east"), times=1) == []
            assert list(faults.iterate_repeat_faults(session, people.dutyleader, Repeats())) == [fault]


def test_the_list_asks_the_same_number_of_queries_for_1_and_for_2_components(lamps: Database) -> None:
    def ask() -> int:
        with lamps.reading() as session, counted_queries() as seen:
            faults.list_repeat_faults(session, People(session).dutyleader, Repeats(times=2))
        return len(seen)

    with lamps.transaction() as session:
        for _ in range(2):
            make_case(session, *FILED, "dispatch")
    ask()  # The calendar is read once a process.
    first = ask()
    with lamps.transaction() as session:
        for _ in range(3):
            make_case(session, *FILED, "dispatch", component=OTHER_LAMP)
    assert ask() == first


def test_the_pages_show_the_state_the_changes_and_the_list(
    as_person: Callable[[str], FlaskClient], lamps: Database
) -> None:
    with lamps.transaction() as session:
        numbers = [make_case(session, *FILED, "dispatch").number for _ in range(3)]
    leader = as_person("dutyleader")
    shown = leader.get(f"/cases/{numbers[0]}").text
    assert f"/components/{LAMP}" in shown and "完好 → 破损" in shown
    page = leader.get(f"/components/{LAMP}").text
    assert all(number in page for number in numbers) and "完好 → 破损" in page
    listed = leader.get("/components/repeat-faults").text
    assert all(number in listed for number in numbers)
    assert "/components/repeat-faults.csv" in listed
    rows = leader.get("/components/repeat-faults.csv?times=2&days=5").text.splitlines()
    assert rows[0].startswith("\ufeffcomponent,") and len(rows) == 2 and rows[1].startswith(LAMP)
    assert LAMP not in leader.get("/components/repeat-faults?times=4").text
    wrong = leader.get("/components/repeat-faults?times=0&days=5")
    assert wrong.status_code == 422 and 'id="times-error"' in wrong.text
    assert leader.get("/components/00000000000000000").status_code == 404


def test_what_an_office_changes_is_told_with_names_and_reason(
    as_person: Callable[[str], FlaskClient], lamps: Database
) -> None:
    with lamps.transaction() as session:
        admin = People(session).viewer("admin")
        lamp = session.scalars(select(Component).where(Component.code == LAMP)).one()
        why = Why(ChangeCause.OFFICE, "移交养护", admin.person_id)
        with changing(session, lamp, why):
            lamp.body_code, lamp.owner_name, lamp.lon = "lamps", "城投", lamp.lon
        session.flush()
        assert len(changes(session)) == 2
        assert lamp.changed_on == clock.today()
    page = as_person("dutyleader").get(f"/components/{LAMP}").text
    for words in ("权属单位: — → 城投", "移交养护", "admin 某", "— → lamps"):
        assert words in page, words


def test_a_stranger_to_the_district_is_told_no_case_of_a_component(
    as_person: Callable[[str], FlaskClient], lamps: Database
) -> None:
    with lamps.transaction() as session:
        number = make_case(session, *FILED).number
    stranger = as_person("operator-east")
    for address in (
        f"/components/{LAMP}",
        "/components/repeat-faults?times=2",
        "/components/repeat-faults.csv?times=2",
    ):
        assert number not in stranger.get(address).text


def test_a_component_is_told_to_whom_its_place_its_body_or_a_case_about_it_belongs(
    as_person: Callable[[str], FlaskClient], lamps: Database
) -> None:
    page = f"/components/{LAMP}"
    assert as_person("dutyleader").get(page).status_code == 200
    assert as_person("handler").get(page).status_code == 404
    with lamps.transaction() as session:
        make_case(session, *FILED, "dispatch")
    assert as_person("handler").get(page).status_code == 200
    assert as_person("handler-roads").get(page).status_code == 404


def test_the_grid_page_counts_the_damaged_and_the_missing(
    as_person: Callable[[str], FlaskClient], lamps: Database
) -> None:
    with lamps.transaction() as session:
        make_case(session, *FILED)
    page = as_person("dutyleader").get("/grid").text
    assert '<td class="number">2</td><td class="number">1</td><td class="number">0</td>' in page
