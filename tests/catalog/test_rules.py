"""Responsibility rules added, ended, found and found fault with."""

from collections.abc import Iterator
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import AuditAction, AuditEntry, BodyKind
from cityops.accounts.posts import Post
from cityops.accounts.queries import find_body
from cityops.catalog import rule_faults, rules
from cityops.catalog.duties import Matter
from cityops.catalog.models import ResponsibilityRule
from cityops.catalog.rules import NewRule, RuleFilter
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from tests import factories
from tests.factories import EAST, MONDAY_MORNING, PHASED, WEST, People

TODAY = MONDAY_MORNING.date()
LAMP = "C01037"


@pytest.fixture
def session(small_city: Database) -> Iterator[Session]:
    with clock.running_at(MONDAY_MORNING), small_city.transaction() as session:
        yield session


@pytest.fixture
def admin(session: Session):
    return People(session).viewer("admin")


def test_an_added_rule_is_found_for_its_matter_and_written_in_the_audit_list(session: Session, admin) -> None:
    rule = rules.add_rule(session, admin, NewRule("roads", LAMP, area_prefix=WEST))
    found = rules.find_winning(session, {1: Matter(LAMP, "", WEST + "001001")}, TODAY)
    assert found == {1: [rule]}
    assert rules.find_winning(session, {1: Matter(LAMP, "", EAST + "001001")}, TODAY) == {}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.RULE_ADDED)).one()
    assert entry.subject == f"#{rule.id}: {LAMP} @ {WEST} → roads"


def test_a_condition_alone_says_its_class(session: Session, admin) -> None:
    rule = rules.add_rule(session, admin, NewRule("roads", condition_code=f"{LAMP}-2"))
    assert (rule.class_key, rule.condition_code) == (LAMP, f"{LAMP}-2")


def test_a_rule_names_a_phase_that_the_condition_has(session: Session, admin) -> None:
    factories.make_phases(session)
    whole = rules.add_rule(session, admin, NewRule("lamps", condition_code=PHASED))
    safe, again = (rules.add_rule(session, admin, NewRule("roads", LAMP, f"{PHASED}.{phase}")) for phase in (1, 3))
    assert [(each.class_key, each.condition_code, each.phase) for each in (whole, safe, again)] == [
        (LAMP, PHASED, phase) for phase in (None, 1, 3)
    ]
    found = rules.find_winning(session, {phase: Matter(LAMP, PHASED, "", phase) for phase in (1, 2, 3)}, TODAY)
    assert found == {1: [safe], 2: [whole], 3: [again]}
    entries = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == AuditAction.RULE_ADDED)).all()
    assert f"#{again.id}: {PHASED}.3 @ * → roads" in entries
    assert rule_faults.list_faults(session, admin).contradicting == []
    for code in (f"{PHASED}.4", f"{PHASED}.x", f"{PHASED}.²"):
        with pytest.raises(Invalid, match="no phase"):
            rules.add_rule(session, admin, NewRule("roads", condition_code=code))
    with pytest.raises(Invalid, match="the same body goes on"):
        rules.add_rule(session, admin, NewRule("roads", condition_code=f"{PHASED}.2"))
    with pytest.raises(Invalid, match="says the same"):
        rules.add_rule(session, admin, NewRule("roads", condition_code=f"{PHASED}.3"))


@pytest.mark.parametrize(
    ("field", "new"),
    [
        ("body", NewRule("nobody", LAMP)),
        ("body", NewRule("supervision", LAMP)),
        ("class_key", NewRule("roads", "C99999")),
        ("class_key", NewRule("roads", "X")),
        ("condition", NewRule("roads", "M06001", f"{LAMP}-1")),
        ("condition", NewRule("roads", "", "C99999-1")),
        ("condition", NewRule("roads", LAMP, f"{LAMP}-1.1")),
        ("condition", NewRule("roads", LAMP, f"{LAMP}-1.2")),
        ("condition", NewRule("roads", LAMP, f"{LAMP}-1.")),
        ("area", NewRule("roads", LAMP, area_prefix="3302")),
        ("area", NewRule("roads", LAMP, area_prefix="３３０２０３")),
        ("from_on", NewRule("roads", LAMP, from_on=TODAY - timedelta(days=1))),
        ("until_on", NewRule("roads", LAMP, until_on=TODAY - timedelta(days=1))),
        ("note", NewRule("roads", LAMP, note="长" * 201)),
        ("reference", NewRule("roads", LAMP, reference="a\x00b")),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(session: Session, admin, field: str, new: NewRule) -> None:
    with pytest.raises(Invalid) as refused:
        rules.add_rule(session, admin, new)
    assert refused.value.field == field


def test_the_same_rule_twice_is_one_rule(session: Session, admin) -> None:
    rules.add_rule(session, admin, NewRule("roads", LAMP))
    with pytest.raises(Invalid, match="says the same"):
        rules.add_rule(session, admin, NewRule("roads", LAMP, from_on=TODAY + timedelta(days=9)))


def test_a_rule_ends_and_the_same_may_begin_again(session: Session, admin) -> None:
    rule = rules.add_rule(session, admin, NewRule("roads", LAMP))
    rules.end_rule(session, admin, rule.id, TODAY - timedelta(days=1))
    assert rules.find_winning(session, {1: Matter(LAMP, "", "")}, TODAY) == {}
    with pytest.raises(WrongState):
        rules.end_rule(session, admin, rule.id, TODAY)
    again = rules.add_rule(session, admin, NewRule("roads", LAMP))
    assert again.id != rule.id
    assert [each.id for each in rules.list_rules(session, admin, RuleFilter())] == [again.id]
    assert [each.id for each in rules.list_rules(session, admin, RuleFilter(is_ended=True))] == [rule.id]


@pytest.mark.parametrize("days", [-2, 6])
def test_a_last_day_lies_between_yesterday_and_the_one_that_is_set(session: Session, admin, days: int) -> None:
    rule = rules.add_rule(session, admin, NewRule("roads", LAMP, until_on=TODAY + timedelta(days=5)))
    with pytest.raises(Invalid):
        rules.end_rule(session, admin, rule.id, TODAY + timedelta(days=days))
    with pytest.raises(NotFound):
        rules.end_rule(session, admin, rule.id + 1, TODAY)


def test_a_rule_that_names_a_closed_body_is_passed_over_and_listed(session: Session, admin) -> None:
    wide = rules.add_rule(session, admin, NewRule("lamps", LAMP))
    near = rules.add_rule(session, admin, NewRule("roads", LAMP, area_prefix=WEST))
    roads = find_body(session, "roads")
    assert roads is not None
    roads.ended_on = TODAY
    session.flush()
    assert rules.find_winning(session, {1: Matter(LAMP, "", WEST + "001001")}, TODAY) == {1: [wide]}
    assert rule_faults.list_faults(session, admin).closed == [near]


def test_equal_rules_that_disagree_both_win_and_are_listed(session: Session, admin) -> None:
    one = rules.add_rule(session, admin, NewRule("lamps", LAMP))
    other = rules.add_rule(session, admin, NewRule("roads", LAMP))
    assert rules.find_winning(session, {1: Matter(LAMP, "", "")}, TODAY) == {1: [one, other]}
    assert rule_faults.list_faults(session, admin).contradicting == [(one, other)]


def test_classes_that_no_rule_names_are_listed(session: Session, admin) -> None:
    assert [each.key for each in rule_faults.list_faults(session, admin).uncovered] == [LAMP, "M06001"]
    rules.add_rule(session, admin, NewRule("roads", LAMP, f"{LAMP}-1"))
    assert [each.key for each in rule_faults.list_faults(session, admin).uncovered] == ["M06001"]
    rules.add_rule(session, admin, NewRule("roads"))
    assert rule_faults.list_faults(session, admin).count == 0


def test_a_districts_administrator_keeps_the_rules_of_the_district_alone(session: Session, admin) -> None:
    factories.give_post(session, "operator-east", Post.ADMINISTRATOR, EAST)
    session.flush()
    east = People(session).viewer("operator-east")
    rule = rules.add_rule(session, east, NewRule("roads", LAMP, area_prefix=EAST + "001"))
    assert rules.end_rule(session, east, rule.id, TODAY).valid_until_on == TODAY
    for area in ("", WEST):
        with pytest.raises(NotAllowed):
            rules.add_rule(session, east, NewRule("roads", LAMP, area_prefix=area))
    everywhere = rules.add_rule(session, admin, NewRule("roads", LAMP))
    with pytest.raises(NotAllowed):
        rules.end_rule(session, east, everywhere.id, TODAY)


def test_nobody_but_an_administrator_sees_or_adds_rules(session: Session) -> None:
    dispatcher = People(session).dispatcher
    with pytest.raises(NotAllowed):
        rules.add_rule(session, dispatcher, NewRule("roads", LAMP))
    with pytest.raises(NotAllowed):
        rules.list_rules(session, dispatcher, RuleFilter())


def test_a_body_that_closes_later_has_its_rules_until_then(session: Session, admin) -> None:
    closing = factories.make_body(session, "closing", BodyKind.COMPANY, find_body(session, "city"))
    closing.ended_on = date(2026, 12, 1)
    session.flush()
    rule = rules.add_rule(session, admin, NewRule("closing", LAMP))
    assert rules.find_winning(session, {1: Matter(LAMP, "", "")}, TODAY) == {1: [rule]}
    with pytest.raises(Invalid):
        rules.add_rule(session, admin, NewRule("closing", from_on=date(2026, 12, 1)))


def test_two_administrators_who_add_the_same_rule_at_once_add_it_once(small_city: Database) -> None:
    barrier, answers = Barrier(2), []

    def add() -> None:
        barrier.wait(10)
        try:
            with small_city.transaction() as session:
                rules.add_rule(session, People(session).viewer("admin"), NewRule("roads", LAMP))
            answers.append("added")
        except Invalid:
            answers.append("refused")

    threads = [Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["added", "refused"]
    with small_city.reading() as session:
        assert len(session.scalars(select(ResponsibilityRule)).all()) == 1
