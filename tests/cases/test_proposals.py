"""Whom a dispatcher is proposed, and in which words he is told why."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask, g
from sqlalchemy.orm import Session

from cityops.accounts.models import BodyKind
from cityops.accounts.queries import find_body
from cityops.cases.models import Case
from cityops.cases.proposals import KEEPS_COMPONENT, NAMED_BY_PHASE, propose_bodies
from cityops.cases.reasons import proposal_words
from cityops.catalog import rules
from cityops.catalog.rules import NewRule
from cityops.grid.models import Component, ComponentState
from tests import factories
from tests.counting import counted_queries
from tests.factories import PHASED, WEST, People


@pytest.fixture
def filed(session: Session, people: People) -> Case:
    """A filed case of the western district, of a lamp that is out."""
    case = factories.make_report(session, people.inspector).case
    return factories.bring_to(session, people, case, "accept", "file")


@pytest.fixture
def speaking(app: Flask) -> Iterator[None]:
    """A reader of English."""
    with app.test_request_context():
        g.language = "en"
        yield


def test_a_rule_goes_before_the_filing_condition_and_says_why(
    session: Session, people: People, filed: Case, speaking: None
) -> None:
    rule = rules.add_rule(session, people.viewer("admin"), NewRule("roads", "C01037", area_prefix=WEST))
    proposal = propose_bodies(session, [filed])[filed.id]
    assert proposal.body is not None and proposal.body.code == "roads"
    assert proposal_words(filed, proposal) == f"rule #{rule.id}: 路灯 → roads ({WEST}区)"
    wide = rules.add_rule(session, people.viewer("admin"), NewRule("lamps", condition_code="C01037-1"))
    words = proposal_words(filed, propose_bodies(session, [filed])[filed.id])
    assert words == f"rule #{wide.id}: 路灯 · out → lamps (whole city)"


@pytest.fixture
def fallen(session: Session, people: People) -> Case:
    """A filed case under a condition with phases, in the first of them."""
    factories.make_phases(session)
    case = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept")
    return factories.take(session, people.dutyleader, case, "file", condition=PHASED)


def add_lamp(session: Session, case: Case, body: str) -> None:
    lamp = Component(
        code="33020301037000001",
        class_code="01037",
        name="路灯",
        lon=case.lon,
        lat=case.lat,
        quad=case.quad,
        state=ComponentState.IN_PLACE,
        body_code=body,
        initial_on=factories.LONG_AGO,
    )
    session.add(lamp)
    session.flush()
    case.component_id = lamp.id


def test_a_rule_for_the_phase_goes_before_everybody_and_says_so(
    session: Session, people: People, fallen: Case, speaking: None
) -> None:
    admin = people.viewer("admin")
    add_lamp(session, fallen, "lamps-crew")
    rules.add_rule(session, admin, NewRule("roads", condition_code=PHASED))
    assert propose_bodies(session, [fallen])[fallen.id].why == KEEPS_COMPONENT
    safe = rules.add_rule(session, admin, NewRule("roads", condition_code=f"{PHASED}.1"))
    words = proposal_words(fallen, propose_bodies(session, [fallen])[fallen.id])
    assert words == f"rule #{safe.id}: 路灯 · out · make safe → roads (whole city)"


def test_in_a_further_phase_its_own_rule_goes_before_the_body_that_the_catalogue_names(
    session: Session, people: People, fallen: Case, speaking: None
) -> None:
    admin, fallen.phase = people.viewer("admin"), 3
    rules.add_rule(session, admin, NewRule("lamps", condition_code=PHASED))
    assert propose_bodies(session, [fallen])[fallen.id].why == NAMED_BY_PHASE
    own = rules.add_rule(session, admin, NewRule("lamps", condition_code=f"{PHASED}.3"))
    words = proposal_words(fallen, propose_bodies(session, [fallen])[fallen.id])
    assert words == f"rule #{own.id}: 路灯 · out · restore → lamps (whole city)"
    more = [factories.make_report(session, people.inspector).case for _ in range(2)]
    for case in more:
        factories.bring_to(session, people, case, "accept")
        factories.take(session, people.dutyleader, case, "file", condition=PHASED)
        case.phase = 3
    session.flush()
    asked = []
    for cases in ([fallen], [fallen, *more]):
        session.expire_all()
        assert all(case.case_class and case.condition for case in cases)
        with counted_queries() as queries:
            found = propose_bodies(session, cases)
            assert {proposal_words(case, found[case.id]) for case in cases} == {words}
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_who_keeps_up_the_component_goes_before_the_rules(session: Session, people: People, filed: Case) -> None:
    rules.add_rule(session, people.viewer("admin"), NewRule("roads", "C01037"))
    add_lamp(session, filed, "lamps-crew")
    proposal = propose_bodies(session, [filed])[filed.id]
    assert proposal.body is not None and proposal.body.code == "lamps-crew" and not proposal.rules


def test_equal_rules_that_disagree_leave_the_choice_to_a_person(
    session: Session, people: People, filed: Case, speaking: None
) -> None:
    admin = people.viewer("admin")
    numbers = [rules.add_rule(session, admin, NewRule(body, "C01037")).id for body in ("lamps", "roads")]
    proposal = propose_bodies(session, [filed])[filed.id]
    assert proposal.body is None and [body.code for body in proposal.bodies] == ["lamps", "roads"]
    words = f"rules #{numbers[0]}, #{numbers[1]} fit equally well: lamps, roads"
    assert proposal_words(filed, proposal) == words


def test_a_closed_department_is_proposed_by_nobody(session: Session, people: People, filed: Case) -> None:
    rules.add_rule(session, people.viewer("admin"), NewRule("roads", "C01037"))
    roads = find_body(session, "roads")
    assert roads is not None
    roads.ended_on = factories.MONDAY_MORNING.date() - timedelta(days=1)
    session.flush()
    proposal = propose_bodies(session, [filed])[filed.id]
    assert proposal.body is not None and proposal.body.code == "lamps"


def test_the_condition_names_its_body_and_else_the_street_office(session: Session, filed: Case) -> None:
    proposal = propose_bodies(session, [filed])[filed.id]
    assert proposal.body is not None and proposal.body.code == "lamps"
    assert filed.condition is not None
    filed.condition.body_code, filed.condition.body_kind = None, BodyKind.STREET_OFFICE
    assert propose_bodies(session, [filed]) == {}
    factories.make_body(session, WEST + "001", BodyKind.STREET_OFFICE, None)
    proposal = propose_bodies(session, [filed])[filed.id]
    assert proposal.body is not None and proposal.body.code == WEST + "001"


def test_many_cases_are_proposed_for_in_as_many_questions_as_one(session: Session, people: People, filed: Case) -> None:
    rules.add_rule(session, people.viewer("admin"), NewRule("roads", "C01037", area_prefix=WEST))
    more = [factories.make_report(session, people.inspector).case for _ in range(3)]
    cases = [filed, *(factories.bring_to(session, people, case, "accept", "file") for case in more)]
    assert all(case.case_class and case.condition for case in cases)
    with counted_queries() as asked:
        assert len(propose_bodies(session, cases)) == 4
    assert len(asked) == 3
