"""The pages of renewals: begin one, follow it, draw, check on a tablet, decide; and who may not."""

import io
from collections.abc import Callable
from datetime import datetime

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from cityops.clock import CITY_ZONE, today
from cityops.db import Database
from cityops.grid.models import Component
from cityops.jobs import run_owed
from cityops.patrol.renewal.models import RenewalCheck, RenewalSample, RenewalStreet
from cityops.queue import list_owed
from tests import factories

As = Callable[[str], FlaskClient]
PAGE = "/grid/renewals"
RIGHT = dict.fromkeys(("is_found", "is_class_right", "is_place_right", "is_state_right", "is_owner_right"), "right")


@pytest.fixture
def city(small_city: Database) -> Database:
    """Three lamps in the west, surveyed long ago."""
    with small_city.transaction() as session:
        for number in range(3):
            code, place = f"{factories.WEST}01037{number:06d}", {"lon": 121.5005, "lat": 29.8705, "quad": 0}
            facts = {"name": "=1+1", "class_code": "01037", "area_code": f"{factories.WEST}001001"}
            session.add(Component(code=code, initial_on=factories.LONG_AGO, **place, **facts))
    return small_city


def english(as_person: As, username: str) -> FlaskClient:
    client = as_person(username)
    client.post("/language", data={"language": "en"})
    return client


def form(**changes: object) -> dict[str, object]:
    facts: dict[str, object] = {"title": "=2026", "begins_on": today().isoformat(), "ends_on": today().isoformat()}
    facts |= {"areas": [factories.WEST, factories.EAST], "body": "roads", "level": "II"}
    return facts | {"most_faulty_percent": "5", "least_seen_percent": "95"} | changes


def begin(as_person: As) -> str:
    answer = english(as_person, "admin").post(PAGE, data=form())
    assert answer.status_code == 303, answer.text
    return answer.location


def work(client: FlaskClient) -> None:
    workshop = client.application.extensions["cityops"]
    with workshop.reading() as session:
        owed = list_owed(session)
    assert owed and all(run_owed(job_id, workshop) for job_id in owed)


def test_a_renewal_goes_from_its_beginning_to_an_accepted_street(city: Database, as_person: As) -> None:
    campaign = begin(as_person)
    supervisor, inspector = english(as_person, "supervisor"), english(as_person, "inspector2")
    assert "being counted" in supervisor.get(campaign).text
    with city.transaction() as session:
        session.execute(update(Component).values(seen_on=today()))
    assert supervisor.post(f"{campaign}/count").status_code == 303
    work(supervisor)
    page = supervisor.get(campaign).text
    assert "3 of the 3 components" in page and "0 of 2 streets are accepted" in page
    with city.reading() as session:
        street = session.scalars(select(RenewalStreet.id).order_by(RenewalStreet.street_code)).first()
    drawn = supervisor.post(f"{campaign}/streets/{street}/draw")
    assert supervisor.post(f"{campaign}/streets/{street}/draw").status_code == 409
    sample = drawn.location
    assert "0 of 2 components are checked" in supervisor.get(sample).text
    assert supervisor.post(f"{sample}/decide").status_code == 409
    with city.reading() as session:
        checks = session.scalars(select(RenewalCheck.id).order_by(RenewalCheck.id)).all()
    assert str(checks[0]) in inspector.get(f"{PAGE}/checks").text
    for check in checks:
        assert "As the census has it" in inspector.get(f"{PAGE}/checks/{check}").text
        assert inspector.post(f"{PAGE}/checks/{check}", data=RIGHT).status_code == 303
    assert inspector.post(f"{PAGE}/checks/{checks[0]}", data=RIGHT).status_code == 409
    assert "Nothing waits" in inspector.get(f"{PAGE}/checks").text
    assert "By its sample the street is accepted" in supervisor.get(sample).text
    assert supervisor.post(f"{sample}/decide", data={"note": "as agreed"}).status_code == 303
    assert "The street is accepted" in supervisor.get(sample).text
    assert "1 of 2 streets are accepted" in supervisor.get(campaign).text
    with city.transaction() as session:
        # At one in the morning here, when it is still the day before in Greenwich.
        night = datetime(2026, 11, 10, 1, tzinfo=CITY_ZONE)
        session.execute(update(RenewalSample).values(drawn_at=night, decided_at=night))
    book = openpyxl.load_workbook(io.BytesIO(supervisor.get(f"{campaign}.xlsx").data))
    seen, acceptance = book.worksheets
    assert [acceptance[cell].value.date() for cell in ("E2", "K2")] == [night.date()] * 2
    assert [cell.value for cell in seen[3]][3:] == [3, 3, 100, 0]
    assert acceptance["C2"].value == "accepted"
    assert all(cell.data_type != "f" for row in seen.iter_rows() for cell in row)


def test_an_answer_that_lacks_something_keeps_what_was_said(city: Database, as_person: As) -> None:
    campaign = begin(as_person)
    with city.transaction() as session:
        session.execute(update(Component).values(seen_on=today()))
        street = session.scalars(select(RenewalStreet.id).order_by(RenewalStreet.street_code)).first()
    as_person("supervisor").post(f"{campaign}/streets/{street}/draw")
    with city.reading() as session:
        check = session.scalars(select(RenewalCheck.id)).first()
    inspector = english(as_person, "inspector2")
    bare = inspector.post(f"{PAGE}/checks/{check}", data={"note": "by the bridge"})
    assert (bare.status_code, "by the bridge" in bare.text) == (422, True)
    most = inspector.post(f"{PAGE}/checks/{check}", data=RIGHT | {"is_state_right": ""})
    assert (most.status_code, "Say whether it is right" in most.text, most.text.count('"right" checked')) == (
        422,
        True,
        4,
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": ""}, "Fill this in"),
        ({"title": " "}, "Fill this in"),
        ({"areas": ["999999"]}, "districts or streets"),
        ({"majors": ["99"]}, "Choose from the list"),
        ({"body": "nobody"}, "no body with this code"),
        ({"ends_on": "2020-01-01"}, "before the first"),
        ({"most_faulty_percent": "101"}, "between 0 and 100"),
        ({"least_seen_percent": "nan"}, "between 0 and 100"),
        ({"level": "IV"}, "Not a valid choice"),
    ],
)
def test_a_renewal_that_cannot_be_is_refused_beside_its_field(
    city: Database, as_person: As, changes: dict[str, object], words: str
) -> None:
    answer = english(as_person, "admin").post(PAGE, data=form(**changes))
    assert (answer.status_code, words in answer.text) == (422, True)


def test_an_inspector_confirms_what_he_sees(city: Database, as_person: As) -> None:
    code = f"{factories.WEST}01037000000"
    inspector = english(as_person, "inspector")
    assert "Stands as described" in inspector.get(f"/components/{code}").text
    assert inspector.post(f"/components/{code}/seen").status_code == 303
    assert str(today()) in inspector.get(f"/components/{code}").text
    assert as_person("inspector-east").post(f"/components/{code}/seen").status_code == 404
    assert as_person("supervisor").post(f"/components/{code}/seen").status_code == 403


def test_closing_ends_it_for_everybody(city: Database, as_person: As) -> None:
    campaign = begin(as_person)
    admin = english(as_person, "admin")
    assert as_person("supervisor").post(f"{campaign}/close").status_code == 403
    assert admin.post(f"{campaign}/close").status_code == 303
    assert admin.post(f"{campaign}/close").status_code == 409
    assert admin.post(f"{campaign}/count").status_code == 409
    assert "closed" in admin.get(PAGE).text


def test_the_pages_are_for_who_follows_it(city: Database, as_person: As) -> None:
    campaign = begin(as_person)
    for username in ("operator", "dispatcher", "handler", "inspector"):
        person = as_person(username)
        assert [person.get(PAGE).status_code, person.get(campaign).status_code] == [403, 403]
    assert as_person("supervisor").post(PAGE, data=form()).status_code == 403
    assert as_person("leader").get(campaign).status_code == 200
    assert as_person("leader").get(f"{PAGE}/checks").status_code == 403
