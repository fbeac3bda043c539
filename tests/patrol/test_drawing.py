"""Who gets a verify or check task, why, and that it can be proved afterwards."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.models import Body, Person, PersonPost
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases.at_place import AtPlace, Manner
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import Source, Stage, StepName
from cityops.cli import cli
from cityops.clock import running_at
from cityops.config import Config
from cityops.db import Database
from cityops.grid.models import DutyGrid
from cityops.patrol import drawing, queries, services
from cityops.patrol.choosing import Flag, Rules, Wait, Why
from cityops.patrol.models import CheckFlag, InspectorShift, InspectorTask, PatrolRules
from cityops.shell import Shell
from tests import factories
from tests.counting import counted_queries
from tests.factories import People

As = Callable[[str], FlaskClient]

HANDLED = ("accept", "file", "dispatch", "report_back")
KEYS = factories.make_keys()


def tasks(session: Session, kind: str = "check") -> list[InspectorTask]:
    return list(session.scalars(select(InspectorTask).where(InspectorTask.kind == kind).order_by(InspectorTask.id)))


def flags(session: Session) -> list[str]:
    return [flag.value for flag in session.scalars(select(CheckFlag.flag).order_by(CheckFlag.id))]


def handled_case(session: Session, people: People, reporter: Viewer | None = None) -> Case:
    with running_at(factories.MONDAY_MORNING):
        case = factories.make_report(session, reporter or people.inspector).case
        return factories.bring_to(session, people, case, *HANDLED)


def send_home(session: Session, username: str) -> None:
    person = People(session).viewer(username).person_id
    for shift in session.scalars(select(InspectorShift).where(InspectorShift.person_id == person)):
        session.delete(shift)


def on_duty_in(session: Session, username: str, district: str) -> None:
    grid = session.scalars(select(DutyGrid).where(DutyGrid.street_code == district + "001")).one()
    person = People(session).viewer(username).person_id
    shift = InspectorShift(person_id=person, duty_grid_id=grid.id, weekday=0, start_minute=0, end_minute=1440)
    session.add(shift)


def test_a_check_goes_to_another_than_who_reported_it(small_city: Database) -> None:
    with small_city.transaction() as session:
        people = People(session)
        handled_case(session, people)
        (task,) = tasks(session)
        assert task.person_id == people.viewer("inspector2").person_id
        told = json.loads(task.draw or "")
        assert told["passed_over"] == {str(people.inspector.person_id): ["involved"]}
        assert told["between"] == {str(task.person_id): "on_duty_in_grid"} and told["flags"] == []


def test_without_another_near_the_reporter_checks_and_it_is_flagged(small_city: Database) -> None:
    with small_city.transaction() as session:
        people = People(session)
        send_home(session, "inspector2")
        case = handled_case(session, people)
        (task,) = tasks(session)
        assert task.person_id == people.inspector.person_id and flags(session) == []
        factories.take(session, people.inspector, case, "check")
        assert flags(session) == ["own_case"]


def test_after_a_failed_check_it_is_always_another(small_city: Database) -> None:
    with small_city.transaction() as session:
        people = People(session)
        send_home(session, "inspector2")
        case = handled_case(session, people)
        with running_at(factories.MONDAY_MORNING):
            factories.take(session, people.inspector, case, "check", result="failed")
            factories.bring_to(session, people, case, "report_back")
        first, second = tasks(session)
        assert first.done_at is not None and (second.person_id, second.waits_because) == (None, Wait.ALL_BARRED)


def test_nobody_of_the_handling_body_or_below_or_above_it_checks(small_city: Database) -> None:
    with small_city.transaction() as session:
        people = People(session)
        second = session.scalars(select(Person).where(Person.username == "inspector2")).one()
        for code in ("lamps-crew", "city"):
            body = session.scalars(select(Body).where(Body.code == code)).one()
            held = PersonPost(
                post=Post.HANDLER, body=body, jurisdiction=second.posts[0].jurisdiction, from_on=factories.LONG_AGO
            )
            second.posts.append(held)
            session.flush()
            handled_case(session, people)
            assert tasks(session)[-1].person_id == people.inspector.person_id
            second.posts.remove(held)
            session.delete(held)


def test_who_has_no_inspectors_post_any_more_gets_no_task(small_city: Database) -> None:
    with small_city.transaction() as session:
        people = People(session)
        second = session.scalars(select(Person).where(Person.username == "inspector2")).one()
        second.posts[0].until_on = factories.LONG_AGO
        handled_case(session, people, people.operator)
        assert [task.person_id for task in tasks(session)] == [people.inspector.person_id]


def test_an_inspector_of_another_street_is_near_within_reach_only(small_city: Database) -> None:
    with small_city.transaction() as session:
        people = People(session)
        east_grid = session.scalars(select(DutyGrid).where(DutyGrid.street_code.startswith(factories.EAST))).one()
        # Another street of the same district, 200 m away.
        east_grid.street_code = factories.WEST + "002"
        send_home(session, "inspector2")
        person = people.viewer("inspector2").person_id
        session.add(
            InspectorShift(person_id=person, duty_grid_id=east_grid.id, weekday=0, start_minute=0, end_minute=1440)
        )
        handled_case(session, people)
        assert tasks(session)[-1].chosen_because is Why.ON_DUTY_NEAR
        session.add(PatrolRules(id=1, **asdict(Rules(reach_m=100))))
        session.flush()
        handled_case(session, people)
        assert tasks(session)[-1].person_id == people.inspector.person_id


def test_the_same_pair_comes_together_at_most_so_often(small_city: Database) -> None:
    with small_city.transaction() as session:
        people = People(session)
        session.add(PatrolRules(id=1, **asdict(Rules(pair_most=1, pair_of=2))))
        for _ in range(2):
            case = handled_case(session, people, people.operator)
            with running_at(factories.MONDAY_MORNING):
                checker = next(
                    viewer
                    for viewer in (people.inspector, people.viewer("inspector2"))
                    if viewer.person_id == tasks(session)[-1].person_id
                )
                factories.take(session, checker, case, "check")
        first, second = tasks(session)
        assert first.person_id != second.person_id and flags(session) == []
        case = handled_case(session, people, people.operator)
        assert drawing.flags_of(tasks(session)[-1]) == {Flag.PAIR_TOO_OFTEN}


def test_a_verify_task_is_drawn_too(small_city: Database) -> None:
    with small_city.transaction() as session, running_at(factories.MONDAY_MORNING):
        people = People(session)
        for _ in range(8):
            case = factories.make_report(session, people.operator, source=Source.HOTLINE).case
            factories.bring_to(session, people, case, "accept")
        drawn = {task.person_id for task in tasks(session, "verify")}
        assert drawn == {people.inspector.person_id, people.viewer("inspector2").person_id}


def test_a_draw_can_be_proved_and_a_changed_one_is_found(small_city: Database) -> None:
    with small_city.transaction() as session:
        people = People(session)
        handled_case(session, people, people.operator)
        (task,) = tasks(session)
        proof = drawing.prove(KEYS, task)
        assert proof is not None and proof.wrong is None and len(proof.lots) == 2
        other = next(person for person, _ in proof.lots if person != task.person_id)
        chosen, task.person_id = task.person_id, other
        assert drawing.prove(KEYS, task).wrong == "what was written down of it was changed"  # type: ignore[union-attr]
        task.person_id, kept = chosen, task.draw
        task.draw = (kept or "").replace("on_duty_in_grid", "on_duty_in_street")
        assert drawing.prove(KEYS, task).wrong is not None  # type: ignore[union-attr]
        task.draw = None
        assert drawing.prove(KEYS, task) is None


@pytest.fixture
def shell(app: Flask, config: Config) -> Iterator[Shell]:
    made = Shell(config)
    yield made
    made.workshop.close()


def test_the_command_explains_a_draw_and_says_when_it_was_changed(
    shell: Shell, small_city: Database, app: Flask
) -> None:
    with small_city.transaction() as session, running_at(factories.MONDAY_MORNING):
        people = People(session)
        case = factories.make_report(session, people.inspector, app.extensions["cityops.office"]).case
        for step in HANDLED:
            who = {"accept": "operator", "file": "dutyleader", "dispatch": "dispatcher", "report_back": "handler"}[step]
            factories.take(session, people.viewer(who), case, step, app.extensions["cityops.office"])
        number = case.number
    answer = CliRunner().invoke(cli, ["patrol", "draw", "--case", number], obj=shell)
    assert answer.exit_code == 0 and "inspector2: on duty in this duty grid" in answer.stderr
    assert "inspector: passed over, reported or judged this case before" in answer.stderr
    (told,) = json.loads(answer.stdout)
    assert told["drawn"] is True and told["wrong"] is None
    with small_city.transaction() as session:
        tasks(session)[0].person_id = People(session).inspector.person_id
    assert CliRunner().invoke(cli, ["patrol", "draw", "--case", number], obj=shell).exit_code == 1


def test_a_case_that_ends_in_another_way_leaves_no_task_behind(small_city: Database) -> None:
    with small_city.transaction() as session:
        case = handled_case(session, People(session))
        voiding = CaseEvent(step=StepName.CLOSE, from_stage=Stage.CHECKING, to_stage=Stage.CLOSED, at=case.moved_at)
        services.follow(KEYS, session, case, voiding)
        assert [(task.done_at, task.done_by) for task in tasks(session)] == [(case.moved_at, None)]


def test_flagged_answers_are_listed_for_the_supervision_of_the_area(as_person: As, small_city: Database) -> None:
    with small_city.transaction() as session:
        people = People(session)
        numbers = []
        for place in (AtPlace(), AtPlace(manner=Manner.WAIVED)):
            case = handled_case(session, people, people.operator)
            factories.take(session, people.viewer("inspector2"), case, "check", at_place=place)
            numbers.append(case.number)
    supervisor = as_person("supervisor")
    page = supervisor.get("/checks/flagged").text
    assert all(number in page for number in numbers) and page.index(numbers[1]) < page.index(numbers[0])
    one = supervisor.get("/checks/flagged?flag=waived").text
    assert numbers[1] in one and numbers[0] not in one
    assert numbers[0] not in as_person("dutyleader-east").get("/checks/flagged").text
    assert as_person("inspector").get("/checks/flagged").status_code == 403


def test_the_flagged_list_asks_the_same_number_of_queries_for_1_and_for_4(small_city: Database) -> None:
    def ask(more: int) -> int:
        with small_city.transaction() as session:
            people = People(session)
            for _ in range(more):
                case = handled_case(session, people, people.operator)
                factories.take(session, people.viewer("inspector2"), case, "check", at_place=AtPlace())
        with small_city.reading() as session, counted_queries() as seen:
            for flag in queries.list_flags(session, People(session).viewer("supervisor")):
                assert flag.case.case_class.name and flag.event.person is not None
        return len(seen)

    assert ask(1) == ask(3)


def end(session: Session, username: str) -> None:
    session.scalars(select(Person).where(Person.username == username)).one().ended_on = factories.LONG_AGO


def end_post(session: Session, username: str) -> None:
    person = session.scalars(select(Person).where(Person.username == username)).one()
    person.posts[0].until_on = factories.LONG_AGO


@pytest.mark.parametrize("leave", [end, end_post])
def test_the_open_task_of_who_left_goes_to_another(small_city: Database, leave: Callable[[Session, str], None]) -> None:
    with small_city.transaction() as session, running_at(factories.MONDAY_MORNING):
        people = People(session)
        done = handled_case(session, people, people.operator)
        first = tasks(session)[0].person_id
        names = {people.viewer(name).person_id: name for name in ("inspector", "inspector2")}
        factories.take(session, people.viewer(names[first]), done, "check")
        handled_case(session, people, people.operator)
        _, task = tasks(session)
        left = task.person_id
        assert services.hand_on_tasks(session, KEYS) == 0
        leave(session, names[left])
        session.flush()
        assert services.hand_on_tasks(session, KEYS) == 1
        assert task.person_id == next(key for key in names if key != left) and task.turn == 2
        assert json.loads(task.draw or "")["instead_of"] == left
        assert drawing.prove(KEYS, task).wrong is None  # type: ignore[union-attr]
        assert tasks(session)[0].person_id == first
        assert services.hand_on_tasks(session, KEYS) == 0


def test_a_task_stays_where_it_is_until_somebody_can_take_it(small_city: Database) -> None:
    with small_city.transaction() as session, running_at(factories.MONDAY_MORNING):
        people = People(session)
        handled_case(session, people)
        second = people.viewer("inspector2").person_id
        end(session, "inspector")
        end(session, "inspector2")
        session.flush()
        assert services.hand_on_tasks(session, KEYS) == 0
        (task,) = tasks(session)
        assert (task.person_id, task.turn) == (second, 1)
        assert drawing.prove(KEYS, task).wrong is None  # type: ignore[union-attr]


def test_only_the_citys_administrator_sets_who_checks(as_person: As, small_city: Database) -> None:
    admin = as_person("admin")
    assert 'value="3000"' in admin.get("/settings/checks").text
    asked = {"reach_m": "1500", "pair_most": "2", "pair_of": "8"}
    asked |= {"simple_percent": "0", "waived_percent": "30", "recheck_days": "5"}
    asked |= {"watch_from_hour": "6", "watch_until_hour": "22"}
    wrong = admin.post("/settings/checks", data=asked | {"pair_most": "9"})
    assert wrong.status_code == 422 and 'id="pair_most-error"' in wrong.text and 'value="1500"' in wrong.text
    for bad in ({"reach_m": "x"}, {"watch_until_hour": "6"}):
        assert admin.post("/settings/checks", data=asked | bad).status_code == 422
    for _ in range(2):
        assert admin.post("/settings/checks", data=asked).status_code == 302
    assert as_person("dutyleader").post("/settings/checks", data=asked).status_code == 403
    with small_city.reading() as session:
        assert queries.get_rules(session) == Rules(1500, 2, 8, 0, 30, 5, 6, 22)
