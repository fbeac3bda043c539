"""A case sent back twice: decided by the supervision side, made safe meanwhile, and proposed as a rule."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock, schema
from cityops.accounts.models import BodyKind
from cityops.accounts.posts import Post
from cityops.accounts.queries import find_jurisdiction
from cityops.cases import arbitration, co_handling
from cityops.cases.arbitration import MAKE_SAFE, ProposalState, ProposedRule
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.co_models import CoHandling, CoKind
from cityops.cases.history import Walked, find_broken
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import Stage, StepName
from cityops.catalog import rules
from cityops.catalog.models import ResponsibilityRule
from cityops.catalog.rules import NewRule
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.counting import counted_queries
from tests.factories import EAST, MONDAY_MORNING, WEST, People

STREET = WEST + "001"


def send_back(session: Session, people: People, case: Case, body: str, who: str, reason: str = "不是我们的") -> Case:
    """Dispatched to a body, which asks to send it back; the dispatcher takes it back."""
    factories.take(session, people.dispatcher, case, "dispatch", body=body)
    request = factories.ask(session, people.viewer(who), case, "send_back", reason=reason)
    factories.decide(session, people.dispatcher, request)
    return case


@pytest.fixture
def office(session: Session) -> None:
    """The street's own office."""
    factories.make_body(session, STREET, BodyKind.STREET_OFFICE, None)


@pytest.fixture
def disputed(session: Session, people: People, office: None) -> Case:
    """A case that the lamp and the road department have sent back."""
    case = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept", "file")
    send_back(session, people, case, "lamps", "handler")
    assert case.arbitration_since_at is None
    return send_back(session, people, case, "roads", "handler-roads", "灯杆归路灯")


def decide(session: Session, people: People, case: Case, body: str = "roads", who: str = "supervisor") -> Case:
    return factories.take(session, people.viewer(who), case, "arbitrate", body=body, note="按职责清单")


def test_the_second_sending_back_takes_it_out_of_the_dispatchers_hands(
    session: Session, people: People, disputed: Case
) -> None:
    assert (disputed.stage, disputed.arbitration_since_at) == (Stage.FILED, MONDAY_MORNING)
    with pytest.raises(WrongState, match="supervision side"):
        factories.take(session, people.dispatcher, disputed, "dispatch")
    with pytest.raises(NotAllowed):
        decide(session, people, disputed, who="dispatcher")


def test_meanwhile_the_street_makes_it_safe_and_says_what_it_cost(
    session: Session, people: People, disputed: Case
) -> None:
    row = session.scalars(select(CoHandling)).one()
    assert (row.kind, row.body.code, row.task) == (CoKind.MAKE_SAFE, STREET, MAKE_SAFE)
    assert row.due_at == MONDAY_MORNING + timedelta(hours=2)
    event = session.scalars(select(CaseEvent).order_by(CaseEvent.seq.desc())).first()
    assert event is not None and event.step is StepName.ADD_CO_HANDLER and event.person_id is None
    city = find_jurisdiction(session, "city")
    assert city is not None
    street = people.viewer(factories.make_person(session, "street", Post.HANDLER, row.body, city).username)
    co_handling.report(session, street, factories.make_office(), row.id, disputed.version, "已围挡", 260)
    assert (row.cost_yuan, disputed.stage) == (260, Stage.FILED)
    assert decide(session, people, disputed).stage is Stage.DISPATCHED


def test_the_rule_for_every_class_names_the_fallback_body(session: Session, people: People, office: None) -> None:
    case = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept", "file")
    fallback = arbitration.find_fallback(session, case)
    assert fallback is not None and fallback.code == STREET
    rules.add_rule(session, people.viewer("admin"), NewRule("lamps-crew", area_prefix=WEST))
    fallback = arbitration.find_fallback(session, case)
    assert fallback is not None and fallback.code == "lamps-crew"
    case.area_code = None
    assert arbitration.find_fallback(session, case) is None


def test_the_decision_binds(session: Session, people: People, disputed: Case) -> None:
    decide(session, people, disputed)
    assert disputed.body is not None and disputed.body.code == "roads" and disputed.arbitration_since_at is None
    with pytest.raises(NotAllowed, match="cannot be sent back"):
        factories.ask(session, people.viewer("handler-roads"), disputed, "send_back")
    with pytest.raises(WrongState):
        decide(session, people, disputed)


def test_an_arbiter_needs_a_body_and_a_reason(session: Session, people: People, disputed: Case) -> None:
    for wrong in ({"body": "nobody", "note": "原因"}, {"body": "roads", "note": " "}):
        with pytest.raises(Invalid):
            factories.take(session, people.viewer("supervisor"), disputed, "arbitrate", **wrong)


def test_nobody_arbitrates_what_nobody_disputes(session: Session, people: People) -> None:
    case = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept", "file")
    with pytest.raises(WrongState, match="Nobody disputes"):
        decide(session, people, case)


def test_the_list_says_who_claims_what_and_who_handled_the_like(
    session: Session, people: People, disputed: Case
) -> None:
    like = factories.make_report(session, people.inspector).case
    factories.bring_to(session, people, like, "accept", "file", "dispatch", "report_back")
    factories.take(session, people.viewer("inspector2"), like, "check")
    (found,) = arbitration.list_disputes(session, people.viewer("supervisor"))
    assert [(claim.body.code, claim.reason) for claim in found.claims] == [
        ("lamps", "不是我们的"),
        ("roads", "灯杆归路灯"),
    ]
    assert [(body.code, count) for body, count in found.similar] == [("lamps", 1)]
    assert [row.body.code for row in found.safety] == [STREET]
    assert arbitration.count_disputes(session, people.dutyleader) == 1
    assert arbitration.list_disputes(session, people.viewer("dutyleader-east")) == []
    assert arbitration.count_disputes(session, people.dispatcher) == 0


def test_the_list_asks_the_same_number_of_queries_for_one_and_for_three(
    session: Session, people: People, disputed: Case
) -> None:
    counts, supervisor = [], people.viewer("supervisor")
    for more in (0, 2):
        for _ in range(more):
            made = factories.make_report(session, people.inspector).case
            factories.bring_to(session, people, made, "accept", "file")
            send_back(session, people, made, "lamps", "handler")
            send_back(session, people, made, "roads", "handler-roads")
        session.expire_all()
        with counted_queries() as asked:
            found = arbitration.list_disputes(session, supervisor)
            assert all(each.claims and each.safety for each in found) and len(found) == 1 + more
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_decision_becomes_a_proposed_rule_that_an_administrator_accepts(
    session: Session, people: People, disputed: Case
) -> None:
    admin = people.viewer("admin")
    decide(session, people, disputed)
    (proposed,) = arbitration.list_proposed(session, admin)
    assert (proposed.class_key, proposed.area_prefix, proposed.body.code) == ("C01037", STREET, "roads")
    rule = arbitration.accept(session, admin, proposed.id)
    assert (rule.class_key, rule.area_prefix, rule.reference) == ("C01037", STREET, disputed.number)
    assert (proposed.state, proposed.rule_id) == (ProposalState.ACCEPTED, rule.id)
    with pytest.raises(WrongState):
        arbitration.dismiss(session, admin, proposed.id)
    assert arbitration.list_proposed(session, admin) == []


def test_a_proposal_is_dismissed_by_who_may_keep_its_area(session: Session, people: People, disputed: Case) -> None:
    decide(session, people, disputed)
    factories.give_post(session, "operator-east", Post.ADMINISTRATOR, EAST)
    session.flush()
    key = session.scalars(select(ProposedRule.id)).one()
    assert arbitration.list_proposed(session, people.viewer("operator-east")) == []
    with pytest.raises(NotFound):
        arbitration.dismiss(session, people.viewer("operator-east"), key)
    with pytest.raises(NotAllowed):
        arbitration.accept(session, people.dispatcher, key)
    arbitration.dismiss(session, people.viewer("admin"), key)
    assert session.scalars(select(ResponsibilityRule)).all() == []


def test_a_decision_outside_the_grid_proposes_no_rule(session: Session, people: People, disputed: Case) -> None:
    disputed.area_code = None
    decide(session, people, disputed)
    assert session.scalars(select(ProposedRule)).all() == []


def test_a_voided_case_is_disputed_no_more(session: Session, people: People, disputed: Case) -> None:
    request = factories.ask(session, people.dispatcher, disputed, "void")
    factories.decide(session, people.viewer("supervisor"), request)
    assert disputed.arbitration_since_at is None
    assert arbitration.count_disputes(session, people.viewer("supervisor")) == 0


def test_the_pages_of_a_dispute(as_person, small_city) -> None:
    with clock.running_at(clock.now()), small_city.transaction() as session:
        people = People(session)
        case = factories.bring_to(
            session, people, factories.make_report(session, people.inspector).case, "accept", "file"
        )
        send_back(session, people, case, "lamps", "handler")
        number = send_back(session, people, case, "roads", "handler-roads", "灯杆归路灯").number
    supervisor, admin = as_person("supervisor"), as_person("admin")
    page = supervisor.get("/arbitration").text
    assert number in page and "灯杆归路灯" in page
    assert as_person("dispatcher").get("/arbitration").status_code == 403
    assert 'data-key="d"' not in as_person("dispatcher").get("/?stage=filed").text
    version = supervisor.get(f"/api/v1/cases/{number}").json["version"]
    sent = {"step": "arbitrate", "version": str(version), "body": "lamps", "note": "按清单"}
    assert supervisor.post(f"/cases/{number}/steps", data=sent).status_code == 303
    assert number in admin.get("/settings/rules").text
    assert admin.post("/settings/rules/proposed/1/accept").status_code == 302
    assert admin.post("/settings/rules/proposed/1/dismiss").status_code == 409
    assert as_person("dispatcher").post("/settings/rules/proposed/1/accept").status_code == 403


def test_the_events_tell_the_whole_row(session: Session, people: People, disputed: Case) -> None:
    keys = factories.make_keys()
    assert list(find_broken(session, keys, disputed.id)) == [Walked(1, disputed.version)]
    decide(session, people, disputed, body="lamps")
    factories.take(session, people.handler, disputed, "sign_for")
    factories.take(session, people.handler, disputed, "pass_on")
    new = NewCoHandling(disputed.version, "roads", "修补", Limit(2, Unit.URGENT_HOUR))
    co_handling.add(session, people.dispatcher, factories.make_office(), disputed.number, new)
    assert (disputed.hop_count, disputed.open_co_handlings) == (1, 2)
    assert list(find_broken(session, keys, disputed.id)) == [Walked(1, disputed.version)]
    factories.take(session, people.viewer("handler-crew"), disputed, "hand_up")
    request = factories.ask(session, people.dispatcher, disputed, "void")
    factories.decide(session, people.viewer("supervisor"), request)
    assert list(find_broken(session, keys, disputed.id)) == [Walked(1, disputed.version)]


def test_a_dispute_of_before_is_known_after_the_migration(small_city: Database) -> None:
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        people = People(session)
        factories.make_body(session, STREET, BodyKind.STREET_OFFICE, None)
        made = [factories.make_report(session, people.inspector).case for _ in range(2)]
        for case in made:
            factories.bring_to(session, people, case, "accept", "file")
            send_back(session, people, case, "lamps", "handler")
            send_back(session, people, case, "roads", "handler-roads")
        decide(session, people, made[1])
        made[0].arbitration_since_at = None
    url = small_city.url
    small_city.dispose()
    schema.downgrade(url, "0021")
    schema.upgrade(url)
    with small_city.reading() as session:
        assert [case.arbitration_since_at for case in session.scalars(select(Case).order_by(Case.id))] == [
            MONDAY_MORNING,
            None,
        ]
        assert all(isinstance(each, Walked) for each in find_broken(session, factories.make_keys()))
