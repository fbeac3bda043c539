"""The last months dispatched anew under one rule more or less: who would have had what, and what is not touched."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.accounts.queries import find_body
from cityops.cases.models import Assignment, Case, CaseEvent
from cityops.catalog import rules
from cityops.catalog.models import ResponsibilityRule
from cityops.catalog.rules import NewRule
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound
from cityops.rehearsal.commands import rehearse as command
from cityops.rehearsal.duty_replay import Account, DutyRehearsal, Outcome, adding, ending, rehearse
from cityops.shell import Shell
from tests import factories
from tests.counting import counted_queries
from tests.factories import EAST, PHASED, WEST, People

AsPerson = Callable[[str], FlaskClient]
MONDAY = factories.MONDAY_MORNING
LAMP = "C01037"
ROADS = NewRule(body="roads", class_key=LAMP)


def lived(db: Database, *bodies: str, started: datetime = MONDAY, is_open: bool = False) -> str:
    """A lamp that was dispatched to these bodies one after another: all but the last sent it back."""
    handlers = {"lamps": "handler", "roads": "handler-roads"}
    with db.transaction() as session:
        people = People(session)
        with clock.running_at(started):
            case = factories.make_report(session, people.inspector).case
            factories.bring_to(session, people, case, "accept", "file")
            for place, body in enumerate(bodies, 1):
                if case.arbitration_since_at is not None:
                    factories.take(session, people.dutyleader, case, "arbitrate", body=body)
                else:
                    factories.take(session, people.dispatcher, case, "dispatch", body=body)
                if place < len(bodies):
                    asked = factories.ask(session, people.viewer(handlers[body]), case, "send_back")
                    factories.decide(session, people.dispatcher, asked)
        if not is_open:
            with clock.running_at(started + timedelta(minutes=30)):
                factories.take(session, people.viewer(handlers[bodies[-1]]), case, "report_back")
                factories.take(session, people.inspector, case, "check")
        return case.number


def add(db: Database, **facts: str) -> int:
    with clock.running_at(MONDAY), db.transaction() as session:
        return rules.add_rule(session, People(session).viewer("admin"), NewRule(**facts)).id


def run(db: Database, new: NewRule, *, ends_others: bool = False, **options: int) -> DutyRehearsal:
    with clock.running_at(MONDAY + timedelta(days=2)), db.reading() as session:
        return rehearse(session, None, adding(session, None, new, ends_others=ends_others), 3, **options)


def told(db: Database, result: DutyRehearsal) -> dict[str, tuple[Account, Account]]:
    with db.reading() as session:
        bodies = accounts.find_bodies(session, result.body_ids)
    return {bodies[key].code: (before, after) for key, before, after in result.list_changed()}


def test_cases_go_to_the_body_of_the_new_rule_with_the_time_they_took(small_city: Database):
    number = lived(small_city, "lamps")
    result = run(small_city, ROADS)
    assert (result.total, dict(result.outcomes)) == (1, {Outcome.MOVED: 1})
    assert [(each.past.number, each.body.code, each.past.is_late) for each in result.redirected] == [
        (number, "roads", False)
    ]
    assert result.redirected[0].proposal.rules[0].rule.id is None
    assert told(small_city, result) == {"roads": (Account(), Account(1)), "lamps": (Account(1), Account())}


def test_what_was_sent_back_would_have_been_there_at_once(small_city: Database):
    lived(small_city, "lamps", "roads")
    result = run(small_city, ROADS)
    assert dict(result.outcomes) == {Outcome.SPARED: 1}
    assert told(small_city, result) == {"lamps": (Account(sent_back=1), Account())}


def test_who_sent_it_back_would_have_done_so_again(small_city: Database):
    lived(small_city, "lamps", "roads", "lamps")
    result = run(small_city, ROADS)
    assert dict(result.outcomes) == {Outcome.SENT_BACK: 1}
    assert told(small_city, result) == {"lamps": (Account(1, sent_back=1), Account(1))}


def test_a_late_case_is_late_with_whoever_would_have_had_it(small_city: Database):
    lived(small_city, "lamps", is_open=True, started=MONDAY - timedelta(days=30))
    result = run(small_city, ROADS)
    assert told(small_city, result)["roads"] == (Account(), Account(1, late=1))


def test_it_says_when_only_the_newest_were_looked_at(small_city: Database):
    for _ in range(3):
        lived(small_city, "lamps")
    with clock.running_at(MONDAY + timedelta(hours=1)), small_city.transaction() as session:
        people = People(session)
        # What was not dispatched takes nobody's place.
        factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept", "file")
    for most, looked_at, is_whole in ((2, 2, False), (3, 3, True), (4, 3, True)):
        result = run(small_city, ROADS, most_cases=most)
        assert (result.total, result.is_whole) == (looked_at, is_whole)


def test_what_went_that_way_already_or_disagrees_stays_where_it_was(small_city: Database):
    lived(small_city, "roads")
    result = run(small_city, ROADS)
    assert (result.as_went, result.redirected, result.list_changed()) == (1, [], [])
    add(small_city, body="lamps", class_key=LAMP)
    result = run(small_city, ROADS)
    assert (result.undecided, result.redirected) == (1, [])
    assert run(small_city, ROADS, ends_others=True).as_went == 1


def test_only_the_matter_of_the_rule_is_looked_at(small_city: Database):
    lived(small_city, "lamps")
    for elsewhere in (
        NewRule(body="roads", class_key=LAMP, area_prefix=EAST),
        NewRule(body="roads", class_key=LAMP, condition_code="C01037-2"),
    ):
        assert run(small_city, elsewhere).total == 0
    assert run(small_city, NewRule(body="roads", area_prefix=WEST)).total == 1


def test_a_rule_that_ends_gives_its_cases_to_whom_the_others_name(small_city: Database):
    number = add(small_city, body="roads", class_key=LAMP)
    lived(small_city, "roads")
    with clock.running_at(MONDAY + timedelta(days=1)), small_city.reading() as session:
        result = rehearse(session, None, ending(session, None, number, clock.today()), 3)
        assert [each.body.code for each in result.redirected] == ["lamps"]
        with pytest.raises(NotFound):
            ending(session, None, 9_999, clock.today())


def test_the_body_of_a_further_phase_of_handling_counts_for_nothing(small_city: Database):
    lived(small_city, "roads", "lamps")
    before = run(small_city, NewRule(body="lamps", class_key=LAMP, area_prefix=WEST))
    with small_city.transaction() as session:
        case = session.scalars(select(Case)).one()
        following = {"body_id": case.assignments[0].body_id, "dispatched_at": MONDAY, "due_at": MONDAY}
        session.add(Assignment(case_id=case.id, phase=2, **following))
    assert run(small_city, NewRule(body="lamps", class_key=LAMP, area_prefix=WEST)) == before


def test_a_rule_for_a_phase_is_rehearsed_with_those_it_was_dispatched_in(small_city: Database):
    with clock.running_at(MONDAY), small_city.transaction() as session:
        people = People(session)
        factories.make_phases(session)
        case = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept")
        factories.take(session, people.dutyleader, case, "file", condition=PHASED)
        factories.bring_to(session, people, case, "dispatch")
        number, ways = case.number, {"dispatched_at": MONDAY, "due_at": MONDAY, "on_time": True, "rework_count": 0}
        bodies = {body: find_body(session, body).id for body in ("lamps", "roads")}
        for phase, body in ((2, "lamps"), (3, "roads")):
            session.add(Assignment(case_id=case.id, phase=phase, body_id=bodies[body], **ways))
    for phase, body, total, goes in ((1, "roads", 1, 1), (3, "lamps", 1, 1), (3, "roads", 1, 0)):
        result = run(small_city, NewRule(body=body, condition_code=f"{PHASED}.{phase}"))
        assert (result.total, [(each.past.number, each.body.code) for each in result.redirected]) == (
            total,
            [(number, body)] * goes,
        )


def test_nothing_is_touched_and_the_queries_do_not_grow(small_city: Database):
    def everything() -> list[object]:
        with small_city.reading() as session:
            rows = (Case, CaseEvent, Assignment, ResponsibilityRule)
            return [session.execute(select(*each.__table__.columns).order_by(each.id)).all() for each in rows]

    lived(small_city, "lamps")
    before = everything()
    with counted_queries() as one:
        run(small_city, ROADS)
    assert everything() == before
    for _ in range(4):
        lived(small_city, "lamps", "roads")
    with counted_queries() as many:
        result = run(small_city, ROADS)
    assert len(one) == len(many)
    few = run(small_city, ROADS, most_redirected=1, most_cases=2)
    assert (result.total, result.is_whole) == (5, True)
    assert (few.total, len(few.redirected), few.is_whole) == (2, 1, False)


def test_a_rule_that_cannot_be_is_refused_as_it_would_be_when_added(small_city: Database):
    with pytest.raises(Invalid) as refused:
        run(small_city, NewRule(body="nobody", class_key=LAMP))
    assert refused.value.field == "body"
    with small_city.reading() as session, pytest.raises(NotAllowed):
        adding(session, People(session).viewer("dispatcher"), ROADS)


def test_the_command_prints_a_table_or_json(shell: Shell, small_city: Database):
    number = lived(small_city, "lamps", started=clock.now() - timedelta(days=1))
    asked = ["rule", "--body", "roads", "--class", LAMP]
    table = CliRunner().invoke(command, asked, obj=shell)
    assert f"{number}  {LAMP}  lamps -> roads, handled by lamps: moved" in table.stdout
    assert "1 moved, 0 spared, 0 sent_back, 0 undecided" in table.stderr
    answer = json.loads(CliRunner().invoke(command, [*asked, "--json"], obj=shell).stdout)
    assert answer["redirected"][0]["proposed"] == "roads" and len(answer["bodies"]) == 2
    assert isinstance(CliRunner().invoke(command, ["rule"], obj=shell).exception, Invalid)


def test_the_pages_rehearse_what_is_typed_and_keep_it(as_person: AsPerson, small_city: Database):
    number, other = (lived(small_city, body, started=clock.now() - timedelta(days=1)) for body in ("lamps", "roads"))
    client = as_person("admin")
    sent = {"class_key": LAMP, "body": "roads", "note": "记一笔", "months": "1"}
    page = client.post("/settings/rules/rehearsal", data=sent)
    assert page.status_code == 200 and f"/cases/{number}" in page.text and 'value="记一笔"' in page.text
    refused = client.post("/settings/rules/rehearsal", data=sent | {"body": ""})
    assert refused.status_code == 422 and 'id="body-error"' in refused.text
    assert client.post("/settings/rules/rehearsal", data=sent | {"months": "5"}).status_code == 422
    rule = add_now(small_city)
    ended = client.post(f"/settings/rules/{rule}/rehearsal", data={"last_on": str(clock.today())})
    assert ended.status_code == 200 and f"/cases/{other}" in ended.text
    assert client.post(f"/settings/rules/{rule}/rehearsal", data={"last_on": ""}).status_code == 422
    assert client.post("/settings/rules/999/rehearsal", data={"last_on": str(clock.today())}).status_code == 404
    assert as_person("dispatcher").post("/settings/rules/rehearsal", data=sent).status_code == 403
    with small_city.reading() as session:
        assert session.scalars(select(ResponsibilityRule.id)).all() == [rule]


def add_now(db: Database) -> int:
    with db.transaction() as session:
        return rules.add_rule(session, People(session).viewer("admin"), NewRule(body="roads", class_key=LAMP)).id
