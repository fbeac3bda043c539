"""A body that closes: refused while it has work and no successor; else all of it goes over, and clocks go on."""

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import services as accounts
from cityops.accounts.bodies import find_heirs, find_responsible
from cityops.accounts.models import AuditAction, AuditEntry, Body, BodyKind
from cityops.accounts.posts import Post
from cityops.accounts.queries import find_body, find_jurisdiction
from cityops.cases import co_handling, queries, succession, tasks
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.co_models import CoEnd
from cityops.cases.history import Walked, find_broken
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import Stage, StepName
from cityops.cases.office import CaseOffice
from cityops.cases.proposals import KEEPS_COMPONENT, NAMED_BY_CONDITION, propose_bodies
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import RequestState
from cityops.catalog import rules
from cityops.catalog.models import ResponsibilityRule
from cityops.catalog.rules import NewRule
from cityops.config import Config
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.workshop import Workshop
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.factories import MONDAY_MORNING, People

TODAY = MONDAY_MORNING.date()
FILED = ("accept", "file")
LAMP = "33020301037000001"


@pytest.fixture
def case(session: Session, people: People) -> Case:
    """A case that the lamp department has signed for."""
    return road(session, people, "sign_for")


@pytest.fixture
def bare(session: Session, people: People) -> None:
    """The lamp department without its contractor."""
    crew = get(session, "lamps-crew")
    crew.ended_on = TODAY


def road(session: Session, people: People, *steps: str) -> Case:
    made = factories.make_report(session, people.inspector).case
    return factories.bring_to(session, people, made, "accept", "file", "dispatch", *steps)


def get(session: Session, code: str) -> Body:
    body = find_body(session, code)
    assert body is not None
    return body


def end(session: Session, people: People, code: str = "lamps", successor: str = "roads", days: int = 0) -> Body:
    office, on = factories.make_office(), TODAY + timedelta(days=days)
    return succession.end_body(session, people.viewer("admin"), office, code, on=on, successor=successor)


def broken(session: Session) -> list[object]:
    return [each for each in find_broken(session, factories.make_keys()) if not isinstance(each, Walked)]


def test_a_department_with_open_tasks_closes_only_with_a_successor(
    session: Session, people: People, case: Case, bare: None
) -> None:
    with pytest.raises(Invalid, match="1 open cases and 0 open tasks") as refused:
        end(session, people, successor="")
    assert refused.value.field == "successor" and get(session, "lamps").ended_on is None
    end(session, people, "roads", successor="")
    assert get(session, "roads").ended_on == TODAY


def test_an_open_case_goes_over_at_once_and_its_clock_goes_on(
    session: Session, people: People, case: Case, bare: None
) -> None:
    due_at, clocks = case.handle_due_at, len(case.clocks)
    request = factories.ask(session, people.handler, case, "extend", more=1)
    end(session, people)
    session.refresh(request)
    (assignment,) = case.assignments
    roads = get(session, "roads")
    assert (case.stage, case.body_id, assignment.body_id, request.body_id) == (Stage.HANDLING, *[roads.id] * 3)
    assert (case.handle_due_at, len(case.clocks)) == (due_at, clocks)
    event = session.scalars(select(CaseEvent).order_by(CaseEvent.id.desc())).first()
    assert event is not None and (event.step, event.person_id) == (StepName.SUCCEED, people.viewer("admin").person_id)
    factories.take(session, people.viewer("handler-roads"), case, "report_back")
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None and entry.action is AuditAction.BODY_ENDED
    assert entry.subject == f"lamps from {TODAY}, its work to roads" and broken(session) == []


def test_a_hop_of_a_closed_team_is_its_successors_or_its_leads_again(
    session: Session, people: People, case: Case
) -> None:
    other = road(session, people, "sign_for")
    for each in (case, other):
        factories.take(session, people.handler, each, "pass_on", body="lamps-crew")
    with pytest.raises(WrongState, match="lamps-crew still stands"):
        end(session, people)
    end(session, people, "lamps-crew", successor="lamps")
    lamps = get(session, "lamps")
    assert [(each.body_id, each.hop_count) for each in (case, other)] == [(lamps.id, 0)] * 2
    factories.take(session, people.handler, case, "sign_for")
    assert case.stage is Stage.HANDLING and broken(session) == []


def test_a_hop_goes_to_another_team(session: Session, people: People, case: Case) -> None:
    factories.make_body(session, "crew2", BodyKind.COMPANY, get(session, "lamps"))
    factories.take(session, people.handler, case, "pass_on", body="lamps-crew")
    end(session, people, "lamps-crew", successor="crew2")
    assert (case.body and case.body.code, case.hop_count) == ("crew2", 1)
    factories.take(session, people.handler, case, "hand_up", note="原因")
    assert case.body is not None and case.body.code == "lamps" and broken(session) == []


def test_a_task_goes_over_and_is_excused_where_the_successor_leads(
    session: Session, people: People, bare: None
) -> None:
    factories.make_body(session, "parks", BodyKind.DEPARTMENT, get(session, "city"))
    cases = [road(session, people, "sign_for") for _ in range(2)]
    for each in cases:
        new = NewCoHandling(each.version, "roads", "围挡", Limit(1, Unit.WORKING_DAY))
        co_handling.add(session, people.dispatcher, factories.make_office(), each.number, new)
    assert succession.count_work(session, get(session, "roads")).tasks == 2
    end(session, people, "roads", successor="parks")
    tasks = list(session.scalars(select(co_handling.CoHandling)))
    assert {row.body.code for row in tasks} == {"parks"} and all(row.ended_at is None for row in tasks)
    end(session, people, "parks", successor="lamps")
    assert {row.end for row in tasks} == {CoEnd.EXCUSED} and [each.open_co_handlings for each in cases] == [0, 0]
    assert broken(session) == []


def test_who_comes_to_lead_a_case_is_excused_from_his_task_in_it(
    session: Session, people: People, case: Case, bare: None
) -> None:
    new = NewCoHandling(case.version, "roads", "围挡", Limit(1, Unit.WORKING_DAY))
    co_handling.add(session, people.dispatcher, factories.make_office(), case.number, new)
    end(session, people)
    (task,) = session.scalars(select(co_handling.CoHandling))
    assert (task.end, case.open_co_handlings) == (CoEnd.EXCUSED, 0)
    assert case.body is not None and case.body.code == "roads" and broken(session) == []


def test_rules_name_the_successor_from_the_day_on(session: Session, people: People, bare: None) -> None:
    admin, day = people.viewer("admin"), TODAY + timedelta(days=5)
    rules.add_rule(session, admin, NewRule("lamps", "C01037"))
    future = rules.add_rule(session, admin, NewRule("lamps", "M06001", from_on=day + timedelta(days=9)))
    end(session, people, days=5)
    found = session.scalars(select(ResponsibilityRule).order_by(ResponsibilityRule.id)).all()
    assert [(row.body.code, row.valid_from_on, row.valid_until_on) for row in found] == [
        ("lamps", TODAY, day - timedelta(days=1)),
        ("roads", future.valid_from_on, None),
        ("roads", day, None),
    ]


def test_until_a_later_day_it_works_on_and_then_the_task_hands_over(
    session: Session, people: People, case: Case, bare: None
) -> None:
    with pytest.raises(Invalid, match="until then it gets more"):
        end(session, people, successor="", days=1)
    end(session, people, days=1)
    assert propose_bodies(session, [case])[case.id].body is not None
    later = road(session, people)
    assert case.body is not None and case.body.code == "lamps" and succession.list_owed(session) == []
    with clock.running_at(MONDAY_MORNING + timedelta(days=1)):
        third = factories.make_report(session, people.inspector).case
        factories.bring_to(session, people, third, "accept", "file")
        with pytest.raises(Invalid, match=f"closed since {TODAY + timedelta(days=1)}"):
            factories.take(session, people.dispatcher, third, "dispatch")
        (owed,) = succession.list_owed(session)
        succession.hand_over_owed(session, factories.make_office(), owed)
        assert succession.list_owed(session) == []
    assert [each.body and each.body.code for each in (case, later)] == ["roads", "roads"] and broken(session) == []


def test_whose_work_goes_over_to_whom_is_never_a_circle(session: Session, people: People, bare: None) -> None:
    end(session, people, days=10)
    with pytest.raises(Invalid, match="lamps is to close itself"):
        end(session, people, "roads", successor="lamps", days=5)
    with pytest.raises(WrongState, match="is to close already"):
        end(session, people, days=12)


@pytest.mark.parametrize(("first", "second"), [("lamps", "roads"), ("roads", "lamps")])
def test_two_that_close_into_each_other_at_once_are_no_circle(small_city: Database, first: str, second: str) -> None:
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        get(session, "lamps-crew").ended_on = TODAY
    refused: list[str] = []

    def close() -> None:
        try:
            with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
                end(session, People(session), second, successor=first)
        except Invalid as refusal:
            refused.append(refusal.field)

    closing = Thread(target=close)
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        end(session, People(session), first, successor=second)
        closing.start()
        closing.join(0.5)
    closing.join()
    with small_city.reading() as session:
        assert get(session, second).ended_on is None and refused == ["successor"]


def test_who_has_the_work_is_found_in_a_circle_as_well(session: Session, people: People) -> None:
    parks = factories.make_body(session, "parks", BodyKind.DEPARTMENT, get(session, "city"))
    circle = [get(session, "lamps"), get(session, "roads"), parks]
    for body, heir in zip(circle, [*circle[1:], circle[0]], strict=True):
        body.ended_on, body.successor_id = TODAY, heir.id
    session.flush()
    assert set(find_heirs(session, circle, TODAY).values()) <= set(circle)
    assert not {"lamps", "roads", "parks"} & find_responsible(session, TODAY).keys()


def test_who_is_to_have_the_work_of_another_closes_only_with_a_successor(
    session: Session, people: People, case: Case, bare: None
) -> None:
    factories.make_body(session, "parks", BodyKind.DEPARTMENT, get(session, "city"))
    end(session, people, days=3)
    with pytest.raises(Invalid, match="The work of lamps is to come to it"):
        end(session, people, "roads", successor="")
    end(session, people, "roads", successor="parks")
    with clock.running_at(MONDAY_MORNING + timedelta(days=3)):
        (owed,) = succession.list_owed(session)
        succession.hand_over_owed(session, factories.make_office(), owed)
    assert case.body is not None and case.body.code == "parks" and broken(session) == []


def test_nothing_is_added_below_what_is_to_close(session: Session, people: People, bare: None) -> None:
    end(session, people, days=3)
    with pytest.raises(Invalid, match="lamps is closed or is to close"):
        accounts.add_body(
            session, None, code="lamps-2", name="二队", name_en="Crew 2", kind=BodyKind.COMPANY, parent="lamps"
        )


@pytest.mark.parametrize("wrong", ["lamps", "nobody", "supervision", "lamps-crew"])
def test_a_successor_is_another_responsible_body_of_that_day(
    session: Session, people: People, bare: None, wrong: str
) -> None:
    with pytest.raises(Invalid) as refused:
        end(session, people, successor=wrong)
    assert refused.value.field == "successor"


def test_what_is_being_dispatched_to_a_body_is_seen_by_who_closes_it(
    small_city: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        get(session, "lamps-crew").ended_on = TODAY
        people = People(session)
        number = factories.bring_to(
            session, people, factories.make_report(session, people.inspector).case, *FILED
        ).number
    refused: list[str] = []

    def close() -> None:
        try:
            with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
                end(session, People(session), successor="")
        except Invalid as refusal:
            refused.append(refusal.field)

    closing = Thread(target=close)

    def close_meanwhile(*asked: object) -> dict[str, object]:
        closing.start()
        closing.join(0.5)
        return {}

    # Called between the look at the body and the first row that names it.
    monkeypatch.setattr("cityops.cases.services.find_duties", close_meanwhile)
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        case = queries.get_case_for_update(session, people.dispatcher, number)
        factories.take(session, people.dispatcher, case, "dispatch")
    closing.join()
    assert refused == ["successor"]


def test_who_grants_and_who_closes_the_body_never_wait_for_each_other(
    small_city: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        get(session, "lamps-crew").ended_on = TODAY
        people = People(session)
        case = road(session, people, "sign_for")
        request = factories.ask(session, people.handler, case, "extend", more=1)
        case_id, request_id = case.id, request.id

    def close() -> None:
        with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
            end(session, People(session))

    closing = Thread(target=close)

    def close_meanwhile(*asked: object, **given: object) -> None:
        closing.start()
        closing.join(0.5)

    # Called between the case's lock and the body's.
    monkeypatch.setattr("cityops.cases.asking.check_grant", close_meanwhile)
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        factories.decide(session, people.dispatcher, session.get_one(CaseRequest, request_id))
    closing.join()
    with small_city.reading() as session:
        case = session.get_one(Case, case_id)
        assert session.get_one(CaseRequest, request_id).state is RequestState.GRANTED
        assert case.body is not None and case.body.code == "roads" and broken(session) == []


def test_what_names_a_closed_body_is_proposed_to_who_has_its_work(session: Session, people: People, bare: None) -> None:
    factories.make_body(session, "parks", BodyKind.DEPARTMENT, get(session, "city"))
    factories.add_component(session, LAMP, factories.WEST_POINT, body_code="lamps")
    end(session, people)
    end(session, people, "roads", successor="parks")
    cases = [factories.make_report(session, people.inspector, component_code=code).case for code in (LAMP, None)]
    proposed = []
    for each in cases:
        factories.bring_to(session, people, each, "accept", "file")
        proposal = propose_bodies(session, [each])[each.id]
        proposed.append((proposal.body and proposal.body.code, proposal.why))
    assert proposed == [("parks", KEEPS_COMPONENT), ("parks", NAMED_BY_CONDITION)]


def test_a_body_that_cannot_go_over_keeps_no_other_waiting(
    config: Config, small_city: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = Workshop(config)
    monkeypatch.setattr(succession, "BATCH", 1)
    with clock.running_at(MONDAY_MORNING), workshop.transaction() as session:
        people, roads = People(session), get(session, "roads")
        for code in ("lamps", "lamps-crew"):
            get(session, code).ended_on, get(session, code).successor_id = TODAY + timedelta(days=1), roads.id
        cases = [road(session, people, "sign_for").id for _ in range(3)]
        factories.take(session, people.handler, session.get_one(Case, cases[0]), "pass_on", body="lamps-crew")
        lamps_id = get(session, "lamps").id
    whole = succession.hand_over_owed

    def fail_once(session: Session, office: CaseOffice, body_id: int, after: int = 0) -> int | None:
        if body_id == lamps_id and after == 0:
            raise WrongState("not now")
        return whole(session, office, body_id, after)

    monkeypatch.setattr(succession, "hand_over_owed", fail_once)
    with clock.running_at(MONDAY_MORNING + timedelta(days=1)):
        tasks.hand_over_ended(workshop, factories.make_office())
        with workshop.reading() as session:
            assert session.get_one(Case, cases[0]).body_id == roads.id and succession.list_owed(session) == [lamps_id]
        monkeypatch.setattr(succession, "hand_over_owed", whole)
        tasks.hand_over_ended(workshop, factories.make_office())
        with workshop.reading() as session:
            assert succession.list_owed(session) == [] and broken(session) == []
            assert {session.get_one(Case, case_id).body_id for case_id in cases} == {roads.id}
    workshop.close()


def test_what_cannot_be_closed_is_said(session: Session, people: People, bare: None) -> None:
    with pytest.raises(Invalid, match="has passed"):
        end(session, people, days=-1)
    with pytest.raises(WrongState, match="closed already"):
        end(session, people, "lamps-crew")
    with pytest.raises(NotAllowed):
        office = factories.make_office()
        succession.end_body(session, people.dispatcher, office, "lamps", on=TODAY, successor="roads")


def test_a_centre_closes_when_it_is_in_charge_of_nothing(session: Session, people: People) -> None:
    factories.make_district_centre(session)
    with pytest.raises(WrongState, match="in charge of a jurisdiction"):
        end(session, people, "command", successor="")
    case = factories.make_report(session, people.inspector).case
    factories.bring_to(session, people, case, "accept", "file")
    factories.take(session, people.dispatcher, case, "hand_down")
    with pytest.raises(WrongState, match="Open cases lie"):
        end(session, people, "command-west", successor="")
    with pytest.raises(Invalid, match="closes on the day itself"):
        end(session, people, "command-west", successor="", days=1)
    factories.take(session, people.dispatcher, case, "take_over")
    end(session, people, "command-west", successor="")
    with pytest.raises(Invalid):
        factories.take(session, people.dispatcher, case, "hand_down")


def test_who_leaves_strands_no_case(session: Session, people: People, case: Case) -> None:
    city = find_jurisdiction(session, "city")
    assert city is not None
    factories.make_person(session, "handler2", Post.HANDLER, get(session, "lamps"), city)
    request = factories.ask(session, people.handler, case, "extend", more=1)
    accounts.end_person(session, people.viewer("admin"), "handler")
    colleague = people.viewer("handler2")
    assert [row.id for row in queries.list_work(session, colleague, queries.CaseFilter())] == [case.id]
    factories.decide(session, colleague, request, "withdraw")
    factories.take(session, colleague, case, "report_back")
    assert case.stage is Stage.CHECKING


def test_the_page_closes_a_body_and_keeps_what_was_typed(as_person, small_city) -> None:
    admin, today = as_person("admin"), clock.today().isoformat()
    assert 'href="/settings/bodies/lamps-crew/end"' in admin.get("/settings/bodies").text
    wrong = admin.post("/settings/bodies/lamps-crew/end", data={"on": "2020-01-01", "successor": "roads"})
    assert wrong.status_code == 422 and 'value="2020-01-01"' in wrong.text and 'id="on-error"' in wrong.text
    assert admin.post("/settings/bodies/lamps/end", data={"on": today}).status_code == 409
    assert admin.post("/settings/bodies/lamps-crew/end", data={"on": today}).status_code == 302
    assert "lamps-crew" not in admin.get("/settings/bodies").text.split("<tbody>")[1].split("</tbody>")[0]
    assert admin.get("/settings/bodies/nobody/end").status_code == 404
    assert as_person("dispatcher").get("/settings/bodies/lamps/end").status_code == 403
