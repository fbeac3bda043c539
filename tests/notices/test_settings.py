"""Setting what warns whom, and when it is quiet."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import AuditAction, AuditEntry
from cityops.accounts.posts import Post
from cityops.cases.names import ClockName
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.notices import rules
from cityops.notices.hours import Quiet
from cityops.notices.models import ClockWarning, Moment, Notice, Recipient, WarningRule
from cityops.notices.rules import NewWarning
from cityops.notices.sweeping import find_quiet, warn
from tests import factories
from tests.factories import MONDAY_MORNING, People, bring_to, make_report

LATE_SIGNING = NewWarning(ClockName.SIGN, Moment.DUE, 30, None, Recipient.DISPATCHER, is_urgent_only=False)
SENT = {"watches": "sign", "moment": "due", "after_minutes": "30", "recipient": "dispatcher", "every_minutes": ""}


def told_by(session: Session, number: int, **after: float) -> int:
    """Of how many clocks a rule has spoken, so long after Monday 9:00."""
    with clock.running_at(MONDAY_MORNING + timedelta(**after)):
        warn(session, limit=10_000)
    count = select(func.count()).where(ClockWarning.rule_id == number, ClockWarning.made_at > MONDAY_MORNING)
    return session.scalar(count) or 0


def unsigned_case(session: Session, people: People) -> None:
    bring_to(session, people, make_report(session, people.inspector).case, "accept", "file", "dispatch")


def test_a_rule_that_was_added_speaks_of_what_comes_to_it(session: Session, people: People) -> None:
    rule = rules.add_rule(session, people.viewer("admin"), LATE_SIGNING)
    unsigned_case(session, people)
    assert told_by(session, rule.id, minutes=89) == 0
    assert told_by(session, rule.id, minutes=91) == 1
    assert told_by(session, rule.id, days=2) == 1


def test_a_rule_that_was_added_is_silent_on_what_has_passed_it_by(session: Session, people: People) -> None:
    unsigned_case(session, people)
    with clock.running_at(MONDAY_MORNING + timedelta(days=1)):
        rule = rules.add_rule(session, people.viewer("admin"), LATE_SIGNING)
        warn(session, limit=10_000)
    claimed = select(func.count()).where(ClockWarning.rule_id == rule.id)
    assert session.scalar(claimed) == 1
    assert people.dispatcher.person_id not in session.scalars(select(Notice.person_id)).all()


def test_a_changed_rule_keeps_its_number_and_an_ended_one_can_speak_again(session: Session, people: People) -> None:
    admin = people.viewer("admin")
    rule = rules.add_rule(session, admin, LATE_SIGNING)
    rules.end_rule(session, admin, rule.id)
    unsigned_case(session, people)
    assert told_by(session, rule.id, hours=3) == 0
    with pytest.raises(WrongState):
        rules.end_rule(session, admin, rule.id)
    changed = rules.change_rule(session, admin, rule.id, replace(LATE_SIGNING, after_minutes=240))
    assert (changed.id, changed.is_active) == (rule.id, True)
    assert told_by(session, rule.id, hours=6) == 1
    entries = session.execute(select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id)).all()
    assert [action for action, _ in entries] == [
        AuditAction.WARNING_RULE_SET,
        AuditAction.WARNING_RULE_ENDED,
        AuditAction.WARNING_RULE_SET,
    ]
    assert entries[-1].subject == f"#{rule.id}: sign due +240 → dispatcher"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("after_minutes", {"after_minutes": -1}),
        ("after_minutes", {"after_minutes": 50_000}),
        ("every_minutes", {"every_minutes": 1}),
        ("every_minutes", {"recipient": Recipient.DUTY_LIST}),
        ("recipient", {"clock": ClockName.FILE, "recipient": Recipient.HANDLER}),
        ("recipient", {}),
    ],
)
def test_a_rule_that_cannot_be_is_refused_beside_its_field(
    session: Session, people: People, field: str, changes: dict[str, object]
) -> None:
    rules.add_rule(session, people.viewer("admin"), LATE_SIGNING)
    with pytest.raises(Invalid) as refused:
        rules.add_rule(session, people.viewer("admin"), replace(LATE_SIGNING, **changes))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_the_quiet_hours_are_set_for_the_whole_city(session: Session, people: People) -> None:
    rules.set_quiet(session, people.viewer("admin"), Quiet(22 * 60, 6 * 60 + 30))
    assert find_quiet(session) == Quiet(22 * 60, 6 * 60 + 30)
    assert session.scalars(select(AuditEntry.subject)).all() == ["22:00–06:30"]


def test_a_district_s_administrator_sets_nothing(session: Session, people: People) -> None:
    factories.give_post(session, "operator-east", Post.ADMINISTRATOR, factories.EAST)
    viewer = people.viewer("operator-east")
    for change in (
        lambda: rules.add_rule(session, viewer, LATE_SIGNING),
        lambda: rules.change_rule(session, viewer, 1, LATE_SIGNING),
        lambda: rules.end_rule(session, viewer, 1),
        lambda: rules.set_quiet(session, viewer, Quiet(0, 0)),
    ):
        with pytest.raises(NotAllowed):
            change()
    with pytest.raises(NotFound):
        rules.end_rule(session, people.viewer("admin"), 9_999)


def test_the_page_adds_changes_and_ends_a_rule(as_person: Callable[[str], FlaskClient], small_city: Database) -> None:
    client = as_person("admin")
    assert client.post("/settings/warnings", data=SENT).status_code == 302
    with small_city.reading() as session:
        number = session.scalars(select(func.max(WarningRule.id))).one()
    path = f"/settings/warnings/{number}"
    assert path in client.get("/settings/warnings").text
    assert 'value="30"' in client.get(path).text
    assert client.post(path, data=SENT | {"after_minutes": "45", "is_urgent_only": "y"}).status_code == 302
    with small_city.reading() as session:
        rule = session.get_one(WarningRule, number)
        assert (rule.after_minutes, rule.is_urgent_only, rule.recipient) == (45, True, Recipient.DISPATCHER)
    assert client.post(path + "/end").status_code == 302
    assert client.post(path + "/end").status_code == 409


def test_what_was_typed_stays_beside_the_error(as_person: Callable[[str], FlaskClient], small_city: Database) -> None:
    client = as_person("admin")
    answer = client.post("/settings/warnings", data=SENT | {"recipient": "duty_list"})
    assert answer.status_code == 422 and 'id="every_minutes-error"' in answer.text
    assert client.post("/settings/warnings", data=SENT | {"after_minutes": "soon"}).status_code == 422
    assert client.post("/settings/warnings", data=SENT | {"watches": "none"}).status_code == 422
    answer = client.post("/settings/warnings/quiet-hours", data={"from_time": "22:00", "until_time": "25:00"})
    assert answer.status_code == 422 and 'id="until_time-error"' in answer.text and 'value="22:00"' in answer.text
    hours = {"from_time": "22:00", "until_time": "06:30"}
    assert client.post("/settings/warnings/quiet-hours", data=hours).status_code == 302
    assert 'value="06:30"' in client.get("/settings/warnings").text


def test_warnings_are_the_administrators(as_person: Callable[[str], FlaskClient], small_city: Database) -> None:
    client = as_person("dispatcher")
    assert client.get("/settings/warnings").status_code == 403
    assert client.post("/settings/warnings", data=SENT).status_code == 403
    assert as_person("admin").get("/settings/warnings/9999").status_code == 404
