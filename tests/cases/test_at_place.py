"""A verify or check is answered at the place, with a photo of its own that shows nothing else."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases import services
from cityops.cases.at_place import AtPlace, CheckAnswer, Manner
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import StepName
from cityops.cases.services import StepRequest
from cityops.db import Database
from cityops.errors import Invalid
from cityops.patrol.models import CheckFlag
from tests import factories
from tests.factories import People

As = Callable[[str], FlaskClient]
LON, LAT = factories.WEST_POINT
# A thousandth of a degree of latitude is 111 m.
FAR = LAT + 0.001


def handled(session: Session) -> Case:
    people = People(session)
    case = factories.make_report(session, people.inspector).case
    return factories.bring_to(session, people, case, "accept", "file", "dispatch", "report_back")


def check(session: Session, case: Case, place: AtPlace) -> None:
    asked = StepRequest(StepName.CHECK, case.version, "passed", at_place=place)
    services.take_step(session, People(session).viewer("inspector2"), factories.make_office(), case.number, asked)


def flags(session: Session) -> list[str]:
    return [flag.value for flag in session.scalars(select(CheckFlag.flag).order_by(CheckFlag.id))]


def told(session: Session) -> dict[str, Any]:
    payload = select(CaseEvent.payload).where(CaseEvent.step == StepName.CHECK).order_by(CaseEvent.id.desc()).limit(1)
    return json.loads(session.scalar(payload) or "{}")


def test_the_history_holds_the_distance_and_no_place(small_city: Database) -> None:
    with small_city.transaction() as session:
        check(session, handled(session), AtPlace(LON, LAT + 0.0001, clock.now()))
        assert (told(session)["away_m"], told(session)["manner"]) == (11, "on_the_spot")
        assert "lat" not in told(session) and flags(session) == []
        answer = session.scalars(select(CheckAnswer)).one()
        assert (answer.lon, answer.away_m, answer.reason) == (LON, 11, None)


def test_from_far_away_it_needs_a_reason_and_is_looked_at_again(small_city: Database) -> None:
    with small_city.transaction() as session:
        case = handled(session)
        with pytest.raises(Invalid) as refusal:
            check(session, case, AtPlace(LON, FAR, clock.now()))
        assert refusal.value.field == "at_place_reason" and refusal.value.params["away"] == 111
        check(session, case, AtPlace(LON, FAR, clock.now(), "封路"))
        assert flags(session) == ["far_away"]


@pytest.mark.parametrize("old", [AtPlace(), AtPlace(LON, LAT, clock.now() - timedelta(hours=1))])
def test_without_a_fresh_position_it_is_looked_at_again(small_city: Database, old: AtPlace) -> None:
    with small_city.transaction() as session:
        check(session, handled(session), old)
        assert flags(session) == ["no_position"] and told(session)["away_m"] is None


def test_a_position_and_moment_serves_for_one_case(small_city: Database) -> None:
    with small_city.transaction() as session:
        here = AtPlace(LON, LAT, clock.now())
        check(session, handled(session), here)
        assert flags(session) == []
        check(session, handled(session), here)
        assert flags(session) == ["same_position"]


@pytest.mark.parametrize(
    ("manner", "raised"), [(Manner.BY_VIDEO, []), (Manner.BY_PHOTO, []), (Manner.WAIVED, ["waived"])]
)
def test_what_was_not_judged_on_the_spot_says_how(small_city: Database, manner: Manner, raised: list[str]) -> None:
    with small_city.transaction() as session:
        check(session, handled(session), AtPlace(manner=manner, reason="值班视频"))
        assert told(session)["manner"] == manner.value and flags(session) == raised


@pytest.mark.parametrize(("place", "field"), [(AtPlace(lon=LON), "lat"), (AtPlace(LON, 95.0), "lat")])
def test_half_a_position_or_none_on_earth_is_refused(small_city: Database, place: AtPlace, field: str) -> None:
    with small_city.transaction() as session, pytest.raises(Invalid) as refusal:
        check(session, handled(session), place)
    assert refusal.value.field == field


def picture(colour: str) -> tuple[BytesIO, str]:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG")
    out.seek(0)
    return out, "a.jpg"


@pytest.fixture
def number(small_city: Database) -> str:
    with small_city.transaction() as session:
        return handled(session).number


def form(**given: Any) -> dict[str, Any]:
    here = {"lon": str(LON), "lat": str(LAT), "located_at": clock.now().isoformat()}
    return {"step": "check", "version": "5", "result": "passed", "note": "已恢复", **here} | given


def test_the_page_asks_for_a_photo_and_a_place_and_keeps_what_was_typed(
    as_person: As, small_city: Database, number: str
) -> None:
    tablet = as_person("inspector2")
    lacking = tablet.post(f"/cases/{number}/steps", data=form())
    assert lacking.status_code == 422 and 'id="check-photo-error"' in lacking.text and "已恢复" in lacking.text
    nowhere = tablet.post(f"/cases/{number}/steps", data=form(located_at="", photo=picture("red")))
    assert nowhere.status_code == 422 and 'id="check-at_place_reason-error"' in nowhere.text
    assert tablet.post(f"/cases/{number}/steps", data=form(manner="asleep", photo=picture("red"))).status_code == 422
    assert tablet.post(f"/cases/{number}/steps", data=form(photo=picture("red"))).status_code == 303
    assert "距现场 0 米" in tablet.get(f"/cases/{number}").text


def test_what_is_waived_needs_no_photo_but_a_reason_which_the_page_shows(as_person: As, number: str) -> None:
    tablet = as_person("inspector2")
    assert tablet.post(f"/cases/{number}/steps", data=form(manner="waived")).status_code == 422
    data = form(manner="waived", at_place_reason="台风停勤")
    assert tablet.post(f"/cases/{number}/steps", data=data).status_code == 303
    page = tablet.get(f"/cases/{number}").text
    assert "免核查" in page and "台风停勤" in page


def test_a_photo_shows_one_thing_in_one_case(as_person: As, small_city: Database, number: str) -> None:
    with small_city.transaction() as session:
        other = handled(session).number
    tablet = as_person("inspector2")

    def add(to: str, kind: str, client: FlaskClient = tablet) -> Any:
        return client.post(f"/cases/{to}/photos", data={"kind": kind, "photo": picture("red")})

    assert add(number, "check").status_code == 303
    assert add(number, "check").status_code == 303
    again = add(number, "scene")
    assert again.status_code == 422 and "本案已有这张照片（" in again.text
    elsewhere = add(other, "check")
    assert elsewhere.status_code == 422 and number in elsewhere.text


def test_where_a_photo_was_used_is_told_as_far_as_one_may_see(as_person: As, small_city: Database, number: str) -> None:
    as_person("inspector2").post(f"/cases/{number}/photos", data={"kind": "check", "photo": picture("red")})
    with small_city.transaction() as session:
        people = People(session)
        east = factories.make_report(session, people.inspector, point=factories.EAST_POINT).case.number
    refused = as_person("inspector-east").post(f"/cases/{east}/photos", data={"kind": "scene", "photo": picture("red")})
    assert refused.status_code == 422 and number not in refused.text and "其他案件" in refused.text


def test_the_api_takes_a_position(as_person: As, small_city: Database, number: str) -> None:
    tablet = as_person("inspector2")
    body = {"step": "check", "version": 5, "result": "passed", "lon": LON, "lat": FAR}
    headers = {"Idempotency-Key": "one"}
    far = tablet.post(f"/api/v1/cases/{number}/steps", json=body, headers=headers)
    assert far.status_code == 422 and far.json["field"] == "at_place_reason"
    naive = tablet.post(
        f"/api/v1/cases/{number}/steps", json=body | {"located_at": "2026-11-23T16:00:00"}, headers=headers
    )
    assert naive.status_code == 422 and naive.json["field"] == "located_at"
    assert tablet.post(f"/api/v1/cases/{number}/steps", json=body | {"lat": LAT}, headers=headers).status_code == 200
