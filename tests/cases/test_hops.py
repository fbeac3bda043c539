"""A case passed on to teams and contractors: each hop signs for it, the lead carries the score."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Body, BodyKind
from cityops.accounts.posts import Post
from cityops.accounts.queries import find_body, find_jurisdiction
from cityops.accounts.viewer import Viewer
from cityops.cases import hops, queries
from cityops.cases.history import Walked, find_broken
from cityops.cases.models import Case
from cityops.cases.names import ClockName, Stage, StepName
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from tests import factories
from tests.factories import MONDAY_MORNING, People


@pytest.fixture
def case(session: Session, people: People) -> Case:
    """A case that the lamp department has signed for."""
    made = factories.make_report(session, people.inspector).case
    return factories.bring_to(session, people, made, "accept", "file", "dispatch", "sign_for")


@pytest.fixture
def team(session: Session, people: People) -> Viewer:
    """A handler of a team below the lamp department's contractor."""
    crew, city = find_body(session, "lamps-crew"), find_jurisdiction(session, "city")
    assert crew is not None and city is not None
    body = factories.make_body(session, "team", BodyKind.COMPANY, crew)
    return people.viewer(factories.make_person(session, "handler-team", Post.HANDLER, body, city).username)


def test_each_hop_signs_by_its_own_clock_and_the_limit_stays(
    session: Session, people: People, case: Case, team: Viewer
) -> None:
    crew, due_at = people.viewer("handler-crew"), case.handle_due_at
    factories.take(session, people.handler, case, "pass_on", body="lamps-crew")
    assert (case.stage, case.body and case.body.code, case.hop_count) == (Stage.DISPATCHED, "lamps-crew", 1)
    factories.take(session, crew, case, "sign_for")
    factories.take(session, crew, case, "pass_on", body="team")
    with clock.running_at(MONDAY_MORNING + timedelta(minutes=5)):
        factories.take(session, team, case, "sign_for")
    assert [hop.to_body.code for hop in hops.list_of(session, case)] == ["lamps-crew", "team"]
    assert all(hop.signed_at is not None for hop in hops.list_of(session, case))
    signs = [row for row in case.clocks if row.name is ClockName.SIGN]
    assert [row.round for row in signs] == [1, 2, 3] and all(row.stopped_at for row in signs)
    assert case.handle_due_at == due_at and len(case.assignments) == 1


def test_what_the_team_reports_goes_straight_to_the_check_and_counts_for_the_lead(
    session: Session, people: People, case: Case
) -> None:
    crew = people.viewer("handler-crew")
    factories.take(session, people.handler, case, "pass_on", body="lamps-crew")
    factories.take(session, crew, case, "report_back")
    factories.take(session, people.viewer("inspector2"), case, "check", result="failed")
    assert case.stage is Stage.HANDLING and case.body is not None and case.body.code == "lamps-crew"
    factories.take(session, crew, case, "report_back")
    factories.take(session, people.viewer("inspector2"), case, "check")
    (assignment,) = case.assignments
    assert (assignment.body.code, assignment.on_time, assignment.rework_count) == ("lamps", True, 1)
    assert case.hop_count == 0 and all(hop.ended_at for hop in hops.list_of(session, case))
    assert case.body is not None and case.body.code == "lamps"
    assert [each for each in find_broken(session, factories.make_keys()) if not isinstance(each, Walked)] == []


def test_it_is_handed_up_to_whoever_passed_it_on(session: Session, people: People, case: Case, team: Viewer) -> None:
    factories.take(session, people.handler, case, "pass_on", body="team")
    with pytest.raises(Invalid):
        factories.take(session, team, case, "hand_up", note=" ")
    factories.take(session, team, case, "hand_up", note="缺材料")
    assert (case.stage, case.body and case.body.code, case.hop_count) == (Stage.HANDLING, "lamps", 0)
    with pytest.raises(WrongState, match="not passed on"):
        factories.take(session, people.handler, case, "hand_up", note="原因")


@pytest.mark.parametrize("body", ["lamps", "roads", "city", "supervision", "nobody"])
def test_it_is_passed_on_to_bodies_below_alone(session: Session, people: People, case: Case, body: str) -> None:
    with pytest.raises(Invalid) as refused:
        factories.take(session, people.handler, case, "pass_on", body=body)
    assert refused.value.field == "body"


def test_a_closed_team_gets_nothing(session: Session, people: People, case: Case) -> None:
    crew = find_body(session, "lamps-crew")
    assert crew is not None
    crew.ended_on = MONDAY_MORNING.date()
    with pytest.raises(Invalid):
        factories.take(session, people.handler, case, "pass_on", body="lamps-crew")


def test_who_has_it_and_who_leads_see_it_and_nobody_beside(
    session: Session, people: People, case: Case, team: Viewer
) -> None:
    with pytest.raises(NotFound):
        queries.get_case(session, people.viewer("handler-crew"), case.number)
    factories.take(session, people.handler, case, "pass_on", body="lamps-crew")
    for viewer in (people.handler, people.viewer("handler-crew")):
        assert queries.get_case(session, viewer, case.number).id == case.id
    for viewer in (team, people.viewer("handler-roads")):
        with pytest.raises(NotFound):
            queries.get_case(session, viewer, case.number)


def test_the_lead_asks_for_what_concerns_its_score(session: Session, people: People, case: Case) -> None:
    factories.take(session, people.handler, case, "pass_on", body="lamps-crew")
    with pytest.raises(NotAllowed, match="The lead asks"):
        factories.ask(session, people.viewer("handler-crew"), case, "send_back")
    request = factories.ask(session, people.handler, case, "send_back")
    lamps = session.get_one(Body, request.body_id)
    assert lamps.code == "lamps"
    factories.decide(session, people.dispatcher, request)
    assert (case.stage, case.hop_count, case.body) == (Stage.FILED, 0, None)


def test_the_page_offers_the_bodies_below_and_shows_the_way(as_person, small_city) -> None:
    with small_city.transaction() as session:
        people = People(session)
        made = factories.make_report(session, people.inspector).case
        number = factories.bring_to(session, people, made, "accept", "file", "dispatch", "sign_for").number
    handler = as_person("handler")
    page = handler.get(f"/cases/{number}").text
    assert 'id="step-pass_on"' in page
    offered = page.split('id="pass_on-body"')[1].split("</select>")[0]
    assert "lamps-crew" in offered and "roads" not in offered
    version = handler.get(f"/api/v1/cases/{number}").json["version"]
    sent = {"step": "pass_on", "version": str(version), "body": "lamps-crew"}
    assert handler.post(f"/cases/{number}/steps", data=sent).status_code == 303
    crew = as_person("handler-crew").get(f"/cases/{number}").text
    assert "lamps → lamps-crew" in crew and 'id="step-pass_on"' not in crew
    assert StepName.PASS_ON not in as_person("handler-crew").get(f"/api/v1/cases/{number}").json["steps"]
