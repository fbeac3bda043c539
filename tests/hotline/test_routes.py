"""The intake desk: what is typed becomes one report, whatever is sent; answers owed are given once."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from cityops.cases.models import Case, Report
from cityops.cases.names import Source
from cityops.db import Database
from cityops.grid.geometry import quad
from cityops.grid.models import Component
from cityops.hotline.models import ReporterAnswer
from tests import factories

As = Callable[[str], FlaskClient]


def an_intake(**changes: Any) -> dict[str, str]:
    lon, lat = factories.WEST_POINT
    facts = {
        "uuid": str(uuid4()),
        "source": "hotline",
        "description": "路灯不亮，一整排",
        "class_code": "component-01037",
        "condition": "C01037-1",
        "address": "中山西路 1 号",
        "lon": str(lon),
        "lat": str(lat),
        "reporter_phone": "15400000012",
    }
    return facts | changes


def count_reports(small_city: Database) -> int:
    with small_city.reading() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def test_what_is_told_becomes_a_report_whose_number_is_read_out(as_person: As, small_city: Database) -> None:
    operator = as_person("operator")
    answer = operator.post("/intake", data=an_intake())
    assert answer.status_code == 303
    page = operator.get(answer.location)
    with small_city.reading() as session:
        assert session.scalars(select(Report)).one().number in page.text
        assert session.scalars(select(Case)).one().stage == "reported"


def test_taken_in_and_accepted_at_once_goes_to_an_inspector(as_person: As, small_city: Database) -> None:
    assert as_person("operator").post("/intake", data=an_intake(accept="1")).status_code == 303
    with small_city.reading() as session:
        assert session.scalars(select(Case)).one().stage == "verifying"


def test_what_was_told_before_is_merged_with_one_press(as_person: As, small_city: Database) -> None:
    operator = as_person("operator")
    operator.post("/intake", data=an_intake())
    with small_city.reading() as session:
        main = session.scalars(select(Case)).one().number
    lon, lat = factories.WEST_POINT
    address = f"/cases/near?lon={lon}&lat={lat}&class_code=component-01037"
    assert f'data-same-as="{main}"' in operator.get(address + "&merges=1").text
    assert main in operator.get(address).text and "data-same-as" not in operator.get(address).text
    assert "data-same-as" not in as_person("leader").get(address + "&merges=1").text
    sent = an_intake(same_as=main)
    for _ in range(2):
        answer = operator.post("/intake", data=sent)
        assert answer.status_code == 303 and main in operator.get(answer.location).text
    with small_city.reading() as session:
        first, second = session.scalars(select(Case).order_by(Case.id))
        assert (first.merged_count, second.stage, second.merged_into_id) == (1, "merged", first.id)


def test_nothing_typed_is_lost_where_the_other_case_is_over(as_person: As, small_city: Database) -> None:
    operator = as_person("operator")
    answer = operator.post("/intake", data=an_intake(same_as="20261109-0417-3"))
    assert answer.status_code == 422 and "一整排" in answer.text and 'value="20261109-0417-3"' not in answer.text
    assert count_reports(small_city) == 0
    assert operator.post("/intake", data=an_intake()).status_code == 303
    with small_city.reading() as session:
        main = session.scalars(select(Case)).one().number
    assert as_person("leader").post("/intake", data=an_intake(source="leader", same_as=main)).status_code == 403
    assert count_reports(small_city) == 1


def test_the_same_form_sent_twice_is_one_report(as_person: As, small_city: Database) -> None:
    operator, form = as_person("operator"), an_intake(accept="1")
    assert operator.post("/intake", data=form).location == operator.post("/intake", data=form).location
    assert count_reports(small_city) == 1


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"description": "   "}, "description", None),
        ({"description": "长" * 10_000}, "description", "10000"),
        ({"lon": "29.8705", "lat": "121.5005"}, "lon", None),
        ({"lon": "nan"}, "lon", None),
        ({"lon": "1e309"}, "lon", None),
        ({"lon": "east"}, "lon", None),
        ({"lon": "", "lat": ""}, "lon", None),
        ({"class_code": "component-99999"}, "class_code", None),
        ({"class_code": "01037"}, "class_code", None),
        ({"class_code": ""}, "class_code", None),
        ({"condition": "M06001-1"}, "condition", None),
        ({"reporter_phone": "abc"}, "reporter_phone", None),
        ({"source": "inspector"}, "source", None),
    ],
)
def test_a_wrong_field_is_said_beside_it_and_what_was_typed_stays(
    changes: dict[str, str], field: str, said: str | None, as_person: As, small_city: Database
) -> None:
    form = an_intake(**{"address": "镇明路口<b>", **changes})
    answer = as_person("operator").post("/intake", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "镇明路口&lt;b&gt;" in answer.text
    assert form["uuid"] in answer.text
    assert said is None or said in answer.text
    assert count_reports(small_city) == 0


def test_ten_megabytes_are_refused_beside_the_field(as_person: As, small_city: Database) -> None:
    answer = as_person("operator").post("/intake", data=an_intake(description="x" * 10_000_000))
    assert answer.status_code == 422
    assert 'id="description-error"' in answer.text
    assert count_reports(small_city) == 0


def test_emoji_are_kept_as_they_were_told(as_person: As, small_city: Database) -> None:
    as_person("operator").post("/intake", data=an_intake(description="🕳️井盖没了😡"))
    with small_city.reading() as session:
        assert session.scalars(select(Report)).one().description == "🕳️井盖没了😡"


def test_a_place_outside_every_cell_is_kept(as_person: As, small_city: Database) -> None:
    lon, lat = factories.OUTSIDE_POINT
    assert as_person("operator").post("/intake", data=an_intake(lon=str(lon), lat=str(lat))).status_code == 303
    with small_city.reading() as session:
        case = session.scalars(select(Case)).one()
        assert (case.lon, case.lat, case.cell_id) == (lon, lat, None)


def test_open_cases_of_the_class_nearby_are_told_before_another_is_made(as_person: As, small_city: Database) -> None:
    operator = as_person("operator")
    operator.post("/intake", data=an_intake())
    lon, lat = factories.WEST_POINT
    near = operator.get(f"/cases/near?lon={lon}&lat={lat}&class_code=component-01037").text
    assert "/cases/" in near
    other = operator.get(f"/cases/near?lon={lon}&lat={lat}&class_code=matter-06001").text
    assert "/cases/" not in other
    far = operator.get(f"/cases/near?lon={lon + 0.01}&lat={lat}&class_code=component-01037").text
    assert "/cases/" not in far


def test_a_case_closed_lately_is_told_of_but_takes_nothing_in(as_person: As, small_city: Database) -> None:
    lon, lat = factories.WEST_POINT
    with small_city.transaction() as session:
        people = factories.People(session)
        case = factories.make_report(session, people.operator, source=Source.LEADER).case
        factories.bring_to(
            session, people, case, "accept", "file", "dispatch", "sign_for", "report_back", "check", "close"
        )
        number = case.number
    address = f"/cases/near?lon={lon}&lat={lat}&class_code=component-01037&merges=1"
    near = as_person("operator").get(address).text
    assert f'href="/cases/{number}"' in near and "7 天" in near and "data-same-as" not in near


def test_the_components_of_the_class_nearby_are_offered_and_one_is_kept(as_person: As, small_city: Database) -> None:
    lon, lat = factories.WEST_POINT
    with small_city.transaction() as session:
        near = Component(
            code="33020301037000001",
            class_code="01037",
            name="路灯",
            lon=lon,
            lat=lat,
            quad=quad(lon, lat),
            initial_on=factories.LONG_AGO,
        )
        session.add(near)
    operator = as_person("operator")
    query = f"/cases/near?lon={lon}&lat={lat}&class_code="
    assert 'value="33020301037000001"' in operator.get(query + "component-01037").text
    assert "33020301037000001" not in operator.get(query + "matter-06001").text
    operator.post("/intake", data=an_intake(component_code="33020301037000001"))
    with small_city.reading() as session:
        assert session.scalars(select(Case)).one().component_id is not None


def test_only_desks_take_in(as_person: As) -> None:
    assert as_person("dispatcher").get("/intake").status_code == 403
    assert as_person("handler").post("/intake", data=an_intake()).status_code == 403
    assert as_person("dispatcher").get("/answers").status_code == 403


def owe_an_answer(operator: FlaskClient, small_city: Database) -> str:
    """A declined case whose reporter left a telephone; answers the address of the answer owed."""
    operator.post("/intake", data=an_intake(reporter_name="林小满"))
    with small_city.reading() as session:
        number = session.scalars(select(Case)).one().number
    operator.post(f"/cases/{number}/steps", data={"step": "decline", "version": "1", "note": "不属于本市"})
    owed = re.search(r'action="(/answers/\d+)"', operator.get("/answers").text)
    assert owed is not None
    return owed[1]


def test_an_owed_answer_is_given_once(as_person: As, small_city: Database) -> None:
    operator = as_person("operator")
    address = owe_an_answer(operator, small_city)
    page = operator.get("/answers").text
    assert "林**" in page and "15400000012" not in page
    assert "15400000012" in operator.post(address + "/reporter").text
    assert operator.post(address, data={"outcome": "reached"}).status_code == 303
    assert operator.post(address, data={"outcome": "reached"}).status_code == 409
    assert address not in operator.get("/answers").text


def test_who_is_not_reached_is_called_three_times(as_person: As, small_city: Database) -> None:
    operator = as_person("operator")
    address = owe_an_answer(operator, small_city)
    for said in ("1 次", "2 次"):
        assert operator.post(address, data={"outcome": "not_reached"}).status_code == 303
        page = operator.get("/answers").text
        assert address in page and said in page
    assert operator.post(address, data={"outcome": "not_reached"}).status_code == 303
    assert address not in operator.get("/answers").text
    assert operator.post(address, data={"outcome": "not_reached"}).status_code == 409
    with small_city.reading() as session:
        row = session.scalars(select(ReporterAnswer)).one()
        assert (row.outcome, row.tries, row.answered_at is None) == ("not_reached", 3, False)


def test_who_is_reached_at_the_second_try_is_answered(as_person: As, small_city: Database) -> None:
    operator = as_person("operator")
    address = owe_an_answer(operator, small_city)
    for outcome in ("not_reached", "reached"):
        operator.post(address, data={"outcome": outcome})
    assert address not in operator.get("/answers").text
    with small_city.reading() as session:
        row = session.scalars(select(ReporterAnswer)).one()
        assert (row.outcome, row.tries) == ("reached", 2)
