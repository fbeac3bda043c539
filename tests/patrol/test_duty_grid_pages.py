"""The duty grids' pages: drawn, checked, kept, withdrawn; given to inspectors; what nobody watches; who may not."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops.cases.names import Source
from cityops.clock import running_at, today
from cityops.db import Database
from cityops.grid.duty_grids.models import DutyGridChange
from cityops.grid.models import Cell, Component, ComponentState, DutyGrid, VersionState
from cityops.patrol import queries as patrol
from cityops.patrol.choosing import Rules, Why
from cityops.patrol.models import InspectorShift, InspectorTask
from cityops.patrol.services import hand_on_tasks
from tests import factories
from tests.counting import counted_queries

As = Callable[[str], FlaskClient]
STREET = factories.WEST + "001"
ONE, TWO = f"{STREET}001001", f"{STREET}001002"
OLD, NEW = f"{STREET}-1", f"{STREET}Z01"
PAGE = f"/grid/duty/{STREET}"


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """The day on which the small city was laid out, at nine."""
    with running_at(factories.MONDAY_MORNING):
        yield


def drawn(**changes: object) -> dict[str, object]:
    """The street in two duty grids, as the page sends it."""
    names = {f"name-{OLD}": "责任网格", f"name_en-{OLD}": "Duty grid", f"name-{NEW}": "二号", f"name_en-{NEW}": "Two"}
    cells = {f"cell-{ONE}": OLD, f"cell-{TWO}": NEW}
    return {"grid": [OLD, NEW], "chosen": NEW, "from_on": today().isoformat(), "keep": "1"} | names | cells | changes


def given(**changes: object) -> dict[str, object]:
    """The night inspector's hours, as the page sends them."""
    hours = {"grid": OLD, "username": "inspector", "weekdays": ["0", "1"], "start": "21:00", "end": "07:00"}
    return hours | {"from_on": today().isoformat(), "until_on": ""} | changes


def test_a_street_is_drawn_checked_and_kept(as_person: As, small_city: Database) -> None:
    leader = as_person("dutyleader")
    page = leader.get(PAGE).text
    assert f'data-cell="{ONE}"' in page and f'value="{NEW}"' in page
    checked = leader.post(PAGE, data=drawn(check="1"))
    assert checked.status_code == 200 and "二号" in checked.text
    with small_city.reading() as session:
        assert session.scalars(select(DutyGridChange)).all() == []
    assert leader.post(PAGE, data=drawn()).status_code == 303
    with small_city.reading() as session:
        assert session.scalars(select(DutyGridChange)).one().state is VersionState.IN_FORCE
    listed = leader.get("/grid/duty").text
    assert "二号" in listed and listed.count("无人 07:00–21:00") == 1 + 1


def test_what_is_wrong_is_said_and_what_was_drawn_stays(as_person: As, small_city: Database) -> None:
    leader = as_person("dutyleader")
    answer = leader.post(PAGE, data=drawn(**{f"cell-{TWO}": ""}))
    assert answer.status_code == 422 and f"{TWO} 将不属于任何责任网格" in answer.text and "二号" in answer.text
    assert leader.post(PAGE, data=drawn(from_on="昨天")).status_code == 422
    assert leader.post(PAGE, data=drawn(from_on="2020-01-01")).status_code == 422
    part = leader.post(f"{PAGE}/balance", data=drawn(**{f"cell-{TWO}": ""})).text
    assert f"{TWO} 将不属于任何责任网格" in part and "<html" not in part
    with small_city.reading() as session:
        assert session.scalars(select(DutyGridChange)).all() == []


def test_the_balance_counts_components_and_cases_of_ninety_days(as_person: As, small_city: Database) -> None:
    with small_city.transaction() as session:
        people = factories.People(session)
        case = factories.make_report(session, people.inspector).case
        lamp = Component(code="33020301037000001", class_code="01037", name="路灯", state=ComponentState.IN_PLACE)
        lamp.lon, lamp.lat, lamp.quad, lamp.initial_on = case.lon, case.lat, case.quad, factories.LONG_AGO
        lamp.cell_id, lamp.area_code = case.cell_id, case.area_code
        session.add(lamp)
    with running_at(factories.MONDAY_MORNING - timedelta(days=91)), small_city.transaction() as session:
        factories.make_report(session, factories.People(session).inspector)
    part = as_person("dutyleader").post(f"{PAGE}/balance", data=drawn(chosen=OLD)).text
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in part.split("<tbody>")[1].split("</tr>")[:2]]
    assert rows[0][0] == "责任网格" and rows[0][-4:] == ["1", "+100%", "1", "+100%"]
    assert "is-current" in part and "相邻" in part


def test_a_planned_change_is_shown_has_inspectors_and_is_withdrawn(as_person: As, small_city: Database) -> None:
    leader, day = as_person("dutyleader"), today() + timedelta(days=3)
    assert leader.post(PAGE, data=drawn(from_on=day.isoformat())).status_code == 303
    page = leader.get(PAGE).text
    assert str(day) in page and f"{PAGE}/withdraw" in page and 'name="keep"' not in page
    assert leader.post(PAGE, data=drawn()).status_code == 409
    early = leader.post(f"{PAGE}/inspectors", data=given(grid=NEW))
    assert early.status_code == 422
    assert leader.post(f"{PAGE}/inspectors", data=given(grid=NEW, from_on=day.isoformat())).status_code == 303
    assert leader.post(f"{PAGE}/withdraw").status_code == 303
    with small_city.reading() as session:
        assert session.scalars(select(DutyGridChange)).one().state is VersionState.WITHDRAWN
    assert leader.post(f"{PAGE}/withdraw").status_code == 409


def test_a_duty_grid_is_given_with_dates_and_ended(as_person: As, small_city: Database) -> None:
    leader, last = as_person("dutyleader"), today() + timedelta(days=6)
    assert leader.post(f"{PAGE}/inspectors", data=given()).status_code == 303
    with small_city.reading() as session:
        nights = session.scalars(select(InspectorShift).where(InspectorShift.start_minute != 420)).all()
        spans = sorted((shift.weekday, shift.start_minute, shift.end_minute, shift.from_on) for shift in nights)
        tomorrow = today() + timedelta(days=1)
        assert spans == [
            (0, 1260, 1440, today()), (1, 0, 420, tomorrow), (1, 1260, 1440, today()), (2, 0, 420, tomorrow)
        ]  # fmt: skip
        shift_id = min(shift.id for shift in nights if shift.start_minute == 1260)
    twice = leader.post(f"{PAGE}/inspectors", data=given(start="20:00", end="22:00"))
    assert twice.status_code == 422 and OLD in twice.text and "20:00" in twice.text
    end = f"{PAGE}/inspectors/{shift_id}/end"
    for day in ("2020-01-01", "", "昨天"):
        assert leader.post(end, data={"last_on": day}).status_code == 422
    assert leader.post(end, data={"last_on": last.isoformat()}).status_code == 303
    with small_city.reading() as session:
        evenings = session.scalars(select(InspectorShift).where(InspectorShift.start_minute == 1260)).all()
        assert {shift.ended_on for shift in evenings} == {last + timedelta(days=1)}
    assert leader.post(f"{PAGE}/inspectors/999/end", data={"last_on": last.isoformat()}).status_code == 404


def test_hours_that_end_are_not_made_longer_over_others(as_person: As, small_city: Database) -> None:
    leader, day = as_person("dutyleader"), today() + timedelta(days=7)
    leader.post(PAGE, data=drawn())
    first = given(start="21:00", end="22:00", weekdays=["0"], until_on=day.isoformat())
    then = first | {"grid": NEW, "from_on": (day + timedelta(days=1)).isoformat(), "until_on": ""}
    assert [leader.post(f"{PAGE}/inspectors", data=each).status_code for each in (first, then)] == [303, 303]
    with small_city.reading() as session:
        shift_id = session.scalars(select(InspectorShift.id).where(InspectorShift.ended_on.is_not(None))).one()
    later = leader.post(f"{PAGE}/inspectors/{shift_id}/end", data={"last_on": (day + timedelta(days=30)).isoformat()})
    assert later.status_code == 422 and day.isoformat() in later.text
    with small_city.reading() as session:
        assert session.get_one(InspectorShift, shift_id).ended_on == day + timedelta(days=1)


@pytest.mark.parametrize("field", ["from_on", "until_on"])
def test_a_day_at_the_end_of_time_is_refused_beside_its_field(as_person: As, field: str) -> None:
    leader = as_person("dutyleader")
    far = leader.post(f"{PAGE}/inspectors", data=given(**{field: "9999-12-31"}))
    assert far.status_code == 422 and "9999-12-31" in far.text


def test_the_list_says_what_nobody_watches_and_when(as_person: As, small_city: Database) -> None:
    leader = as_person("dutyleader")
    assert "每个责任网格都有监督员在岗" not in leader.get("/grid/duty/without").text
    with small_city.transaction() as session:
        grids = {row.street_code: row.id for row in session.scalars(select(DutyGrid))}
        east = InspectorShift(person_id=factories.People(session).viewer("inspector-east").person_id, weekday=0)
        east.duty_grid_id, east.start_minute, east.end_minute = grids[factories.EAST + "001"], 420, 1200
        session.add(east)
        session.scalars(select(Cell).where(Cell.code == TWO)).one().duty_grid_id = None
    page = leader.get("/grid/duty/without").text
    assert "无人 20:00–21:00" in page and OLD not in page and TWO in page
    assert TWO not in as_person("dutyleader-east").get("/grid/duty/without").text
    assert as_person("dutyleader-east").get("/grid/duty/without").status_code == 200
    assert leader.get("/grid/duty/without?on=neverday").status_code == 200


def test_open_tasks_stay_with_their_inspector_when_the_grid_and_the_hours_end(
    as_person: As, small_city: Database
) -> None:
    with small_city.transaction() as session:
        people = factories.People(session)
        case = factories.make_report(session, people.operator, source=Source.HOTLINE).case
        factories.bring_to(session, people, case, "accept")
        task = session.scalars(select(InspectorTask).where(InspectorTask.case_id == case.id)).one()
        task_id, person_id = task.id, task.person_id
        assert person_id is not None and task.chosen_because is Why.ON_DUTY_IN_GRID
    whole = drawn(**{f"cell-{ONE}": NEW})
    assert as_person("dutyleader").post(PAGE, data=whole).status_code == 303
    with small_city.transaction() as session:
        assert hand_on_tasks(session, factories.make_keys()) == 0
        task = session.get(InspectorTask, task_id)
        assert (task.person_id, task.done_at, task.waits_because) == (person_id, None, None)
        # The hours in the grid that ended count for no other task.
        near = patrol.list_candidates(session, task.case, factories.MONDAY_MORNING, Rules().reach_m)
        assert [each.why for each in near if each.person_id == person_id] == []


def test_the_list_asks_as_much_for_two_streets_as_for_one(as_person: As) -> None:
    leader, east = as_person("dutyleader"), as_person("dutyleader-east")
    with counted_queries() as both:
        assert leader.get("/grid/duty").text.count("rowgroup") == 2
    with counted_queries() as one:
        assert east.get("/grid/duty").text.count("rowgroup") == 1
    assert len(both) == len(one)


@pytest.mark.parametrize("username", ["operator", "dispatcher", "handler", "inspector", "supervisor"])
def test_another_desk_has_no_door(as_person: As, username: str) -> None:
    client = as_person(username)
    for path in ("", f"/{STREET}", f"/{STREET}/cells.json", f"/{STREET}/inspectors", "/without"):
        assert client.get(f"/grid/duty{path}").status_code == 403


def test_the_leader_of_the_east_sees_and_draws_nothing_of_the_west(as_person: As, small_city: Database) -> None:
    east = as_person("dutyleader-east")
    assert STREET not in east.get("/grid/duty").text
    for path in ("", "/cells.json", "/inspectors"):
        assert east.get(PAGE + path).status_code == 404
    for path, data in (("", drawn()), ("/withdraw", {}), ("/balance", drawn()), ("/inspectors", given())):
        assert east.post(PAGE + path, data=data).status_code == 404
    assert east.post(f"{PAGE}/inspectors/1/end", data={"last_on": today().isoformat()}).status_code == 404
    with small_city.reading() as session:
        assert session.scalars(select(DutyGridChange)).all() == []
