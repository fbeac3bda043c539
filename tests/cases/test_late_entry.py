"""Late entry after an outage (补录): when it came in and when it was typed are both kept, and both are shown."""

import json
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases.models import Case, CaseEvent, Report
from cityops.cases.names import ClockName
from cityops.cases.office import CaseOffice
from cityops.errors import Invalid
from tests import factories
from tests.factories import MONDAY_MORNING, People

REASON = "系统停机，纸质登记"


def test_clocks_begin_when_it_is_typed_and_both_moments_are_kept(session: Session, people: People) -> None:
    occurred_at = MONDAY_MORNING - timedelta(hours=30)
    report = factories.make_report(session, people.operator, occurred_at=occurred_at, late_reason=REASON)
    case = report.case
    assert (case.opened_at, case.occurred_at) == (MONDAY_MORNING, occurred_at)
    assert (report.reported_at, report.occurred_at, report.late_reason) == (MONDAY_MORNING, occurred_at, REASON)
    assert next(row for row in case.clocks if row.name is ClockName.ACCEPT).started_at == MONDAY_MORNING
    assert case.number.startswith(f"{MONDAY_MORNING:%Y%m%d}")
    payload = json.loads(session.scalars(select(CaseEvent.payload)).one())
    assert datetime.fromisoformat(payload["occurred"]) == occurred_at


@pytest.mark.parametrize(
    ("field", "ago", "reason"),
    [
        ("occurred_at", timedelta(seconds=-1), REASON),
        ("occurred_at", timedelta(hours=72, seconds=1), REASON),
        ("late_reason", timedelta(hours=1), None),
        ("late_reason", timedelta(hours=1), "  "),
        ("late_reason", timedelta(hours=1), "长" * 201),
        ("occurred_at", None, REASON),
    ],
)
def test_a_moment_that_cannot_be_or_has_no_reason_is_refused(
    session: Session, people: People, field: str, ago: timedelta | None, reason: str | None
) -> None:
    occurred_at = None if ago is None else MONDAY_MORNING - ago
    with pytest.raises(Invalid) as refused:
        factories.make_report(session, people.operator, occurred_at=occurred_at, late_reason=reason)
    assert refused.value.field == field


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(hours=72)])
def test_both_ends_of_the_time_allowed_are_taken(session: Session, people: People, ago: timedelta) -> None:
    report = factories.make_report(session, people.operator, occurred_at=MONDAY_MORNING - ago, late_reason=REASON)
    assert report.occurred_at == MONDAY_MORNING - ago


def test_the_city_sets_how_long_ago_it_may_be(session: Session, people: People) -> None:
    none = CaseOffice(factories.make_keys(), late_entry=timedelta(0))
    late = {"occurred_at": MONDAY_MORNING - timedelta(minutes=1), "late_reason": REASON}
    with pytest.raises(Invalid, match="0 hours"):
        factories.make_report(session, people.operator, none, **late)


def a_report(**changes: object) -> dict[str, object]:
    facts = {"id": str(uuid4()), "source": "hotline", "kind": "component", "class_code": "01037", "description": "灯坏"}
    lon, lat = factories.WEST_POINT
    return facts | {"lon": lon, "lat": lat} | changes


def test_the_api_takes_and_shows_both_moments(as_person) -> None:
    operator, earlier = as_person("operator"), clock.now().replace(microsecond=0) - timedelta(hours=2)
    sent = a_report(occurred_at=earlier.isoformat(), late_reason=REASON)
    answer = operator.post("/api/v1/reports", json=sent)
    assert answer.status_code == 201 and answer.json["late_reason"] == REASON
    case = operator.get(f"/api/v1/cases/{answer.json['case']['number']}").json
    assert datetime.fromisoformat(case["occurred_at"]) == earlier < datetime.fromisoformat(case["opened_at"])
    assert operator.post("/api/v1/reports", json=a_report()).json["case"]["occurred_at"] is None
    for wrong in ("2026-11-09T08:00:00", "1999-01-01T00:00:00Z"):
        refused = operator.post("/api/v1/reports", json=a_report(occurred_at=wrong, late_reason=REASON))
        assert refused.status_code == 422 and "occurred_at" in refused.text


def test_the_desk_enters_it_later_and_every_page_shows_both(as_person, small_city) -> None:
    operator, now = as_person("operator"), clock.now().astimezone(clock.CITY_ZONE)
    lon, lat = factories.WEST_POINT
    form = {"uuid": str(uuid4()), "source": "hotline", "description": "灯坏", "class_code": "component-01037"}
    form |= {"lon": str(lon), "lat": str(lat), "occurred_at": f"{now - timedelta(hours=5):%Y-%m-%dT%H:%M}"}
    refused = operator.post("/intake", data=form)
    assert (
        refused.status_code == 422 and 'id="late_reason-error"' in refused.text and form["occurred_at"] in refused.text
    )
    answer = operator.post("/intake", data=form | {"late_reason": REASON})
    assert answer.status_code == 303
    with small_city.reading() as session:
        case = session.scalars(select(Case)).one()
        assert session.scalars(select(Report.late_reason)).one() == REASON
        number, occurred_at = case.number, case.occurred_at
    assert occurred_at is not None
    shown = f"{occurred_at.astimezone(clock.CITY_ZONE):%m-%d %H:%M}"
    assert all(shown in operator.get(path).text for path in (answer.location, f"/cases/{number}", "/cases"))
    assert REASON in operator.get(f"/cases/{number}").text


def test_a_moment_that_is_none_stays_beside_its_error(as_person) -> None:
    lon, lat = factories.WEST_POINT
    form = {"uuid": str(uuid4()), "source": "hotline", "description": "灯坏", "class_code": "component-01037"}
    form |= {"lon": str(lon), "lat": str(lat), "occurred_at": "昨天", "late_reason": REASON}
    answer = as_person("operator").post("/intake", data=form)
    assert answer.status_code == 422 and 'id="occurred_at-error"' in answer.text and 'value="昨天"' in answer.text
