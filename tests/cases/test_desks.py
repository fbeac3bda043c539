"""Which centre is in charge: the one set for the place; handed down, signed for, handed back, taken over."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import centres
from cityops.accounts import queries as accounts
from cityops.accounts.models import Body, BodyKind
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import desks, merging, queries, request_queries, succession
from cityops.cases.history import Walked, find_broken
from cityops.cases.merging import NewMerge
from cityops.cases.models import AttachmentKind, Case, CaseEvent
from cityops.cases.names import ClockName, Source, Stage, StepName
from cityops.cases.queries import CaseFilter
from cityops.cases.requests import RequestState
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.notices.models import Notice
from tests import factories
from tests.factories import MONDAY_MORNING, WEST, People


@pytest.fixture
def west(session: Session, people: People) -> Body:
    """The west's command centre; the city's centres are in charge of the whole city."""
    return factories.make_district_centre(session)


@pytest.fixture
def case(session: Session, people: People, west: Body) -> Case:
    """A case of the west at the city's desk."""
    made = factories.make_report(session, people.inspector).case
    return factories.bring_to(session, people, made, "accept", "file")


def listed(session: Session, people: People, username: str) -> list[int]:
    return [row.id for row in queries.list_work(session, people.viewer(username), CaseFilter(stages=(Stage.FILED,)))]


def broken(session: Session) -> list[object]:
    return [each for each in find_broken(session, factories.make_keys()) if not isinstance(each, Walked)]


def test_a_district_without_a_centre_of_its_own_is_the_citys(session: Session, people: People, case: Case) -> None:
    assert case.desk is not None and case.desk.code == "command"
    assert listed(session, people, "dispatcher") == [case.id]
    assert listed(session, people, "dispatcher-west") == []
    with pytest.raises(NotAllowed, match="Another centre"):
        factories.take(session, people.viewer("dispatcher-west"), case, "dispatch")


def test_a_district_with_a_centre_dispatches_itself_from_the_day_that_is_set(
    session: Session, people: People, case: Case
) -> None:
    day = MONDAY_MORNING.date() + timedelta(days=1)
    said = {"jurisdiction": WEST, "supervision": "supervision", "command": "command-west"}
    centres.set_centres(session, None, **said, from_on=day)
    today = factories.make_report(session, people.inspector).case
    with clock.running_at(MONDAY_MORNING + timedelta(days=1)):
        later = factories.make_report(session, people.inspector).case
        east = factories.make_report(session, people.inspector, point=factories.EAST_POINT).case
        factories.bring_to(session, people, later, "accept", "file")
        codes = [each.desk and each.desk.code for each in (case, today, later, east)]
        assert codes == ["command", "command", "command-west", "command"]
        assert listed(session, people, "dispatcher-west") == [later.id]
        assert listed(session, people, "dispatcher") == [case.id]
        with pytest.raises(NotAllowed, match="Another centre"):
            factories.take(session, people.dispatcher, later, "dispatch")
        factories.take(session, people.viewer("dispatcher-west"), later, "dispatch")
    assert later.stage is Stage.DISPATCHED


def test_the_centre_below_signs_by_its_own_clock_and_dispatches(session: Session, people: People, case: Case) -> None:
    below = people.viewer("dispatcher-west")
    factories.take(session, people.dispatcher, case, "hand_down")
    assert case.desk is not None and (case.stage, case.desk.code) == (Stage.FILED, "command-west")
    assert {row.name for row in case.clocks if row.stopped_at is None} == {ClockName.SIGN}
    with pytest.raises(WrongState, match="not signed for it"):
        factories.take(session, below, case, "dispatch")
    with clock.running_at(MONDAY_MORNING + timedelta(minutes=5)):
        factories.take(session, below, case, "sign_at_desk")
        (hop,) = desks.list_of(session, case)
        assert hop.signed_at == clock.now()
        assert [row.round for row in case.clocks if row.name is ClockName.DISPATCH] == [1, 2]
        factories.take(session, below, case, "dispatch")
    assert case.stage is Stage.DISPATCHED and broken(session) == []


def test_the_centre_below_hands_it_back_signed_for_or_not(session: Session, people: People, case: Case) -> None:
    below = people.viewer("dispatcher-west")
    for signs in (False, True):
        factories.take(session, people.dispatcher, case, "hand_down")
        if signs:
            factories.take(session, below, case, "sign_at_desk")
        with pytest.raises(Invalid):
            factories.take(session, below, case, "hand_back", note=" ")
        factories.take(session, below, case, "hand_back")
        assert case.desk is not None and (case.desk.code, case.desk_hops) == ("command", 0)
    with pytest.raises(WrongState, match="No centre above"):
        factories.take(session, people.dispatcher, case, "hand_back")
    factories.take(session, people.dispatcher, case, "dispatch")
    assert broken(session) == []


def test_the_city_takes_over_what_lies_below_and_nobody_takes_from_above(
    session: Session, people: People, case: Case
) -> None:
    below = people.viewer("dispatcher-west")
    for who in (people.dispatcher, below):
        with pytest.raises(NotAllowed, match="below yours"):
            factories.take(session, who, case, "take_over")
    factories.take(session, people.dispatcher, case, "hand_down")
    factories.take(session, people.dispatcher, case, "take_over")
    assert case.desk is not None and (case.desk.code, case.desk_hops, case.desk_since_at) == ("command", 0, None)
    with pytest.raises(NotAllowed, match="Another centre"):
        factories.take(session, below, case, "sign_at_desk")
    factories.take(session, people.dispatcher, case, "dispatch")
    assert broken(session) == []


def test_only_a_centre_below_where_somebody_dispatches_the_place_is_handed_to(
    session: Session, people: People, case: Case
) -> None:
    for wrong in ("command", "supervision", "lamps", "nobody"):
        with pytest.raises(Invalid) as refused:
            factories.take(session, people.dispatcher, case, "hand_down", body=wrong)
        assert refused.value.field == "body"
    east = factories.make_report(session, people.inspector, point=factories.EAST_POINT).case
    factories.bring_to(session, people, east, "accept", "file")
    with pytest.raises(Invalid):
        factories.take(session, people.dispatcher, east, "hand_down")


def test_requests_are_decided_at_the_desk_that_has_the_case(session: Session, people: People, case: Case) -> None:
    below = people.viewer("dispatcher-west")
    factories.take(session, people.dispatcher, case, "hand_down")
    factories.take(session, below, case, "sign_at_desk")
    factories.take(session, below, case, "dispatch")
    request = factories.ask(session, people.handler, case, "send_back")
    assert request_queries.list_to_decide(session, people.dispatcher).requests == []
    assert [each.id for each in request_queries.list_to_decide(session, below).requests] == [request.id]
    with pytest.raises(NotAllowed):
        factories.decide(session, people.dispatcher, request)
    factories.decide(session, below, request)
    assert (case.stage, case.desk_hops) == (Stage.FILED, 1) and listed(session, people, "dispatcher-west") == [case.id]


def test_what_is_voided_before_it_is_signed_for_leaves_no_clock(session: Session, people: People, case: Case) -> None:
    factories.take(session, people.dispatcher, case, "hand_down")
    request = factories.ask(session, people.viewer("dispatcher-west"), case, "void")
    factories.decide(session, people.viewer("supervisor"), request)
    assert case.stage is Stage.VOIDED and all(row.stopped_at for row in case.clocks) and broken(session) == []


def test_who_judges_belongs_to_the_supervising_centre(session: Session, people: People, west: Body) -> None:
    case = factories.make_report(session, people.inspector).case
    factories.take(session, people.operator, case, "accept")
    case.centre_id = west.id
    session.flush()
    with pytest.raises(NotAllowed, match="Another centre"):
        factories.take(session, people.dutyleader, case, "file")
    assert StepName.FILE not in {step.name for step in queries.steps_open_to(people.dutyleader, case)}


@pytest.fixture
def handed_down(session: Session, people: People, case: Case) -> Case:
    """A case that the west's centre signed for and dispatched."""
    factories.take(session, people.dispatcher, case, "hand_down")
    below = people.viewer("dispatcher-west")
    factories.take(session, below, case, "sign_at_desk")
    factories.take(session, below, case, "dispatch")
    return case


def replace_centres(session: Session) -> Viewer:
    """Other centres are in charge of the city; who judges at the other one."""
    city, everywhere = accounts.find_body(session, "city"), accounts.find_jurisdiction(session, "city")
    assert everywhere is not None
    for code, kind in (("supervision-2", BodyKind.SUPERVISION_CENTRE), ("command-2", BodyKind.COMMAND_CENTRE)):
        body = factories.make_body(session, code, kind, city)
        post = Post.DISPATCHER if kind is BodyKind.COMMAND_CENTRE else Post.DUTY_LEADER
        factories.make_person(session, f"at-{code}", post, body, everywhere)
    centres.set_centres(session, None, jurisdiction="city", supervision="supervision-2", command="command-2")
    return People(session).viewer("at-supervision-2")


def end_centres(session: Session) -> None:
    """The centres that the city had are closed."""
    for code in ("supervision", "command"):
        succession.end_body(session, None, factories.make_office(), code, on=MONDAY_MORNING.date())
    session.expire_all()


def close(session: Session, people: People, case: Case) -> None:
    factories.bring_to(session, people, case, "report_back")
    factories.take(session, people.viewer("inspector2"), case, "check")
    factories.bring_to(session, people, case, "close")


def test_a_centre_to_which_an_open_case_may_be_handed_back_does_not_close(
    session: Session, people: People, handed_down: Case
) -> None:
    case, office, below = handed_down, factories.make_office(), people.viewer("dispatcher-west")
    request = factories.ask(session, people.handler, case, "send_back")
    factories.decide(session, below, request)
    replace_centres(session)
    with pytest.raises(WrongState, match="may be handed back to it"):
        succession.end_body(session, None, office, "command", on=MONDAY_MORNING.date())
    factories.take(session, below, case, "hand_back")
    assert listed(session, people, "dispatcher") == [case.id]
    factories.take(session, people.dispatcher, case, "hand_down")
    factories.take(session, people.viewer("at-command-2"), case, "take_over")
    succession.end_body(session, None, office, "command", on=MONDAY_MORNING.date())
    assert listed(session, people, "at-command-2") == [case.id] and broken(session) == []


def test_a_reopened_case_lies_at_the_centres_in_charge_by_now(
    session: Session, people: People, handed_down: Case
) -> None:
    case = handed_down
    close(session, people, case)
    judge = replace_centres(session)
    end_centres(session)
    assert StepName.REOPEN in {step.name for step in queries.steps_open_to(judge, case)}
    factories.take(session, judge, case, "reopen", note="没修好")
    assert case.centre is not None and case.desk is not None
    assert (case.centre.code, case.desk.code, case.desk_hops) == ("supervision-2", "command-2", 0)
    assert listed(session, people, "at-command-2") == [case.id] and listed(session, people, "dispatcher-west") == []
    assert [hop.ended_at for hop in desks.list_of(session, case)] == [MONDAY_MORNING]
    factories.take(session, people.viewer("at-command-2"), case, "dispatch")
    assert broken(session) == []


def test_a_reopened_case_stays_with_the_centre_below_where_nothing_has_changed(
    session: Session, people: People, handed_down: Case
) -> None:
    close(session, people, handed_down)
    factories.take(session, people.viewer("supervisor"), handed_down, "reopen", note="没修好")
    assert handed_down.desk_hops == 1 and listed(session, people, "dispatcher-west") == [handed_down.id]
    assert broken(session) == []


def test_an_appeal_on_a_case_of_a_closed_centre_is_decided_where_it_is_in_charge_of_nothing(
    session: Session, people: People, case: Case
) -> None:
    factories.bring_to(session, people, case, "dispatch", "report_back")
    factories.take(session, people.viewer("inspector2"), case, "check", result="failed")
    close(session, people, case)
    case.attachments.append(factories.make_photo(people, AttachmentKind.PROOF))
    judge = replace_centres(session)
    end_centres(session)
    request = factories.ask(session, people.handler, case, "appeal")
    assert [each.id for each in request_queries.list_to_decide(session, judge).requests] == [request.id]
    told = session.scalars(select(Notice.person_id).join(CaseEvent).where(CaseEvent.step == StepName.ASK)).all()
    assert judge.person_id in told
    factories.decide(session, judge, request)
    assert request.state is RequestState.GRANTED and broken(session) == []


def test_what_is_taken_apart_again_lies_at_the_centres_in_charge_by_now(
    session: Session, people: People, west: Body
) -> None:
    case, office = factories.make_report(session, people.operator, source=Source.HOTLINE).case, factories.make_office()
    replace_centres(session)
    main = factories.make_report(session, people.operator, source=Source.HOTLINE).case
    merging.merge(session, people.operator, office, case.number, NewMerge(case.version, main.number))
    end_centres(session)
    merging.unmerge(session, people.operator, office, case.number, case.version, "不是同一处")
    assert (case.centre_id, case.desk_id) == (main.centre_id, main.desk_id) and broken(session) == []


def test_what_was_to_be_signed_for_at_a_centre_that_is_gone_is_not_taken_apart(
    session: Session, people: People, case: Case
) -> None:
    office = factories.make_office()
    main = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept", "file")
    later = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept", "file")
    factories.take(session, people.dispatcher, later, "hand_down")
    leader = people.dutyleader
    merging.merge(session, leader, office, later.number, NewMerge(later.version, main.number))
    replace_centres(session)
    with pytest.raises(WrongState, match="in charge no more"):
        merging.unmerge(session, leader, office, later.number, later.version, "不是同一处")


@pytest.mark.parametrize("goes_down", [False, True])
def test_what_was_taken_over_from_above_stays_there_when_it_is_taken_apart(
    session: Session, people: People, west: Body, goes_down: bool
) -> None:
    centres.set_centres(session, None, jurisdiction=WEST, supervision="supervision", command="command-west")
    main, case = (factories.make_report(session, people.inspector).case for _ in range(2))
    for each in (main, case):
        factories.bring_to(session, people, each, "accept", "file")
    factories.take(session, people.dispatcher, case, "take_over")
    if goes_down:
        factories.take(session, people.dispatcher, case, "hand_down")
    desk = case.desk
    assert desk is not None and desk.code == ("command-west" if goes_down else "command")
    leader, office = people.dutyleader, factories.make_office()
    merging.merge(session, leader, office, case.number, NewMerge(case.version, main.number))
    merging.unmerge(session, leader, office, case.number, case.version, "不是同一处")
    assert (case.desk, case.desk_hops) == (desk, int(goes_down)) and broken(session) == []


def test_the_pages_hand_it_down_and_sign_for_it(as_person, small_city) -> None:
    with small_city.transaction() as session:
        factories.make_district_centre(session)
        people = People(session)
        case = factories.make_report(session, people.inspector).case
        factories.bring_to(session, people, case, "accept", "file")
        number, version = case.number, case.version
    city, below = as_person("dispatcher"), as_person("dispatcher-west")
    page = city.get(f"/cases/{number}").text
    assert 'value="command-west"' in page and "step-take_over" not in page
    sent = {"step": "hand_down", "version": version, "body": "command-west"}
    assert city.post(f"/cases/{number}/steps", data=sent).status_code == 303
    assert "command → command-west" in city.get(f"/cases/{number}").text
    assert number not in city.get("/?stage=filed").text
    listed = below.get("/?stage=filed").text
    assert number in listed and 'value="sign_at_desk"' in listed
    sent = {"step": "sign_at_desk", "version": version + 1}
    assert below.post(f"/cases/{number}/steps", data=sent).status_code == 303
    shown = below.get(f"/api/v1/cases/{number}").json
    assert shown["desk"] == "command-west" and "dispatch" in shown["steps"]
    assert "take_over" in city.get(f"/api/v1/cases/{number}").json["steps"]
