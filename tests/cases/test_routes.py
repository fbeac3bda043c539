"""The case room's pages: what they show, what a refusal leaves standing, how many queries a list may ask."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from cityops.accounts.models import AuditAction, AuditEntry
from cityops.cases.models import Attachment, Case
from cityops.cases.names import Source
from cityops.cases.office import CaseOffice
from cityops.db import Database
from tests import factories
from tests.counting import counted_queries
from tests.factories import People

As = Callable[[str], FlaskClient]


@pytest.fixture
def office(app: Flask) -> CaseOffice:
    """The surroundings the application itself works in, with its keys."""
    found: CaseOffice = app.extensions["cityops.office"]
    return found


def make_case(small_city: Database, office: CaseOffice, *steps: str, **changes: Any) -> str:
    """A case brought on its way by these steps; answers its number."""
    with small_city.transaction() as session:
        people = People(session)
        viewer = people.operator if changes.get("source") is Source.HOTLINE else people.inspector
        case = factories.make_report(session, viewer, office, **changes).case
        return factories.bring_to(session, people, case, *steps).number


def picture(colour: str = "red") -> BytesIO:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG")
    out.seek(0)
    return out


def buttons(page: str) -> set[str]:
    """The steps that a case page offers."""
    return set(re.findall(r'name="step" value="(\w+)"', page))


def test_the_list_narrows_by_stage_and_words(as_person: As, small_city: Database, office: CaseOffice) -> None:
    filed = make_case(small_city, office, "accept", "file", address="中山西路 8 号")
    reported = make_case(small_city, office, address="镇明路 2 号")
    client = as_person("operator")
    by_stage = client.get("/cases?stage=filed").text
    assert filed in by_stage and reported not in by_stage
    by_words = client.get("/cases?q=镇明路").text
    assert reported in by_words and filed not in by_words
    assert "no such" not in client.get("/cases?stage=nonsense&area=x&light=y").text


def test_a_list_asks_the_same_number_of_queries_for_5_and_for_60_rows(
    as_person: As, small_city: Database, office: CaseOffice
) -> None:
    lists = [("/cases", as_person("operator")), ("/?stage=filed", as_person("dispatcher"))]

    def ask(rows: int) -> list[int]:
        with small_city.transaction() as session:
            people = People(session)
            for number in range(rows):
                point = factories.WEST_POINT if number % 2 else factories.EAST_POINT
                case = factories.make_report(session, people.inspector, office, point=point).case
                factories.bring_to(session, people, case, "accept", "file")
        counts = []
        for path, client in lists:
            with counted_queries() as seen:
                page = client.get(path)
            assert page.status_code == 200
            assert page.text.count("data-href=") >= min(rows, 50)
            counts.append(len(seen))
        return counts

    few = ask(5)
    assert ask(55) == few
    assert max(few) <= 18


def test_the_case_page_offers_exactly_the_steps_of_the_table(
    as_person: As, small_city: Database, office: CaseOffice
) -> None:
    number = make_case(small_city, office, "accept")
    assert buttons(as_person("dutyleader").get(f"/cases/{number}").text) == {"file", "refuse"}
    assert buttons(as_person("dispatcher").get(f"/cases/{number}").text) == set()
    assert buttons(as_person("dutyleader-east").get(f"/cases/{number}").text) == set()


def test_who_handled_a_case_is_not_offered_its_check(as_person: As, small_city: Database, office: CaseOffice) -> None:
    number = make_case(small_city, office, "accept", "file", "dispatch", "report_back")
    assert buttons(as_person("inspector2").get(f"/cases/{number}").text) == {"check"}


def test_a_case_outside_the_scope_is_not_found(as_person: As, small_city: Database, office: CaseOffice) -> None:
    number = make_case(small_city, office)
    assert as_person("operator-east").get(f"/cases/{number}").status_code == 404
    assert as_person("operator-east").post(f"/cases/{number}/steps", data={"step": "accept"}).status_code in {404, 422}
    assert as_person("operator").get("/cases/20260101-0001-0").status_code == 404


def test_a_step_is_taken_and_leads_back_to_the_list_it_came_from(
    as_person: As, small_city: Database, office: CaseOffice
) -> None:
    number = make_case(small_city, office, "accept", "file")
    answer = as_person("dispatcher").post(
        f"/cases/{number}/steps",
        data={"step": "dispatch", "version": "3", "body": "lamps", "next": "/?stage=filed"},
    )
    assert (answer.status_code, answer.location) == (303, "/?stage=filed")
    with small_city.reading() as session:
        assert session.scalars(select(Case)).one().stage == "dispatched"


def test_a_form_sends_nobody_to_another_site(as_person: As, small_city: Database, office: CaseOffice) -> None:
    number = make_case(small_city, office)
    answer = as_person("operator").post(
        f"/cases/{number}/steps", data={"step": "accept", "version": "1", "next": "//elsewhere.example/"}
    )
    assert (answer.status_code, answer.location) == (303, "/")


def test_a_refused_step_keeps_what_was_typed_and_says_why_beside_the_field(
    as_person: As, small_city: Database, office: CaseOffice
) -> None:
    number = make_case(small_city, office, "accept", "file")
    answer = as_person("dispatcher").post(
        f"/cases/{number}/steps", data={"step": "dispatch", "version": "3", "body": "nobody", "note": "照明所今天有人"}
    )
    assert answer.status_code == 422
    assert "照明所今天有人" in answer.text
    assert 'id="dispatch-body-error"' in answer.text


def test_a_stale_step_says_who_moved_the_case_and_how_to_see_it(
    as_person: As, small_city: Database, office: CaseOffice
) -> None:
    number = make_case(small_city, office, "accept")
    answer = as_person("dutyleader").post(
        f"/cases/{number}/steps", data={"step": "refuse", "version": "1", "note": "不在范围"}
    )
    assert answer.status_code == 409
    assert "operator 某" in answer.text
    assert "不在范围" in answer.text
    assert f'href="/cases/{number}"' in answer.text


@pytest.mark.parametrize(
    "data", [{"step": "fly", "version": "1"}, {"step": "accept"}, {"step": "accept", "version": "x"}]
)
def test_a_step_that_cannot_be_read_is_refused(
    data: dict[str, str], as_person: As, small_city: Database, office: CaseOffice
) -> None:
    number = make_case(small_city, office)
    assert as_person("operator").post(f"/cases/{number}/steps", data=data).status_code == 422


def test_the_reporter_is_masked_and_a_look_is_written_down(
    as_person: As, small_city: Database, office: CaseOffice
) -> None:
    number = make_case(small_city, office, source=Source.HOTLINE, reporter_name="林小满", reporter_phone="15400000012")
    operator = as_person("operator")
    page = operator.get(f"/cases/{number}").text
    assert "林**" in page and "15400000012" not in page
    report = re.search(r'name="report" value="(R[\d-]+)"', page)
    assert report is not None
    shown = operator.post(f"/cases/{number}/reporter", data={"report": report[1]}).text
    assert "林小满" in shown and "+8615400000012" in shown
    assert "林小满" not in operator.get(f"/cases/{number}").text
    with small_city.reading() as session:
        looks = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.PERSONAL_DATA_SHOWN)).all()
        assert [look.subject for look in looks] == [report[1]]


def test_a_post_without_the_need_never_sees_the_reporter(
    as_person: As, small_city: Database, office: CaseOffice
) -> None:
    number = make_case(small_city, office, source=Source.HOTLINE, reporter_name="林小满", reporter_phone="15400000012")
    dispatcher = as_person("dispatcher")
    assert "林" not in dispatcher.get(f"/cases/{number}").text
    assert dispatcher.post(f"/cases/{number}/reporter", data={"report": "R1"}).status_code == 403


def test_a_photo_is_shown_without_the_original_and_only_inside_the_scope(
    as_person: As, small_city: Database, office: CaseOffice, config: Any
) -> None:
    number = make_case(small_city, office)
    operator = as_person("operator")
    uuid = str(uuid4())
    for _ in range(2):
        data = {"uuid": uuid, "kind": "scene", "photo": (picture(), "a.jpg")}
        assert operator.post(f"/cases/{number}/photos", data=data).status_code == 303
    with small_city.reading() as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 1
    shown = operator.get(f"/cases/{number}/photos/{uuid}?small=1")
    assert shown.status_code == 200 and shown.mimetype == "image/jpeg"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    originals = [path for path in Path(config.files_folder).rglob("*") if path.is_file() and "." not in path.name]
    assert shown.data != originals[0].read_bytes()
    shown.close()
    assert as_person("operator-east").get(f"/cases/{number}/photos/{uuid}").status_code == 404


def test_what_is_not_a_picture_is_refused_on_the_page(as_person: As, small_city: Database, office: CaseOffice) -> None:
    number = make_case(small_city, office)
    data = {"uuid": str(uuid4()), "kind": "scene", "photo": (BytesIO(b"<script>"), "a.jpg")}
    answer = as_person("operator").post(f"/cases/{number}/photos", data=data)
    assert answer.status_code == 422
    assert number in answer.text


def test_a_check_with_its_photo_is_one_step(as_person: As, small_city: Database, office: CaseOffice) -> None:
    number = make_case(small_city, office, "accept", "file", "dispatch", "report_back")
    data = {"step": "check", "version": "5", "result": "passed", "photo": (picture("green"), "b.jpg")}
    data |= {"at_place_reason": "现场正在施工，无法靠近"}
    assert as_person("inspector2").post(f"/cases/{number}/steps", data=data).status_code == 303
    with small_city.reading() as session:
        assert session.scalars(select(Attachment)).one().kind == "check"
        assert session.scalars(select(Case)).one().stage == "closing"


def test_a_case_outside_every_cell_is_listed(as_person: As, small_city: Database, office: CaseOffice) -> None:
    number = make_case(small_city, office, point=factories.OUTSIDE_POINT)
    assert number in as_person("operator").get("/cases/outside").text
    assert as_person("operator").get(f"/cases/{number}").status_code == 200


def test_every_stage_has_a_page_in_both_languages(as_person: As, small_city: Database, office: CaseOffice) -> None:
    road = ("accept", "file", "dispatch", "sign_for", "report_back", "check", "close")
    client = as_person("operator")
    for length in range(len(road) + 1):
        number = make_case(small_city, office, *road[:length])
        assert client.get(f"/cases/{number}").status_code == 200
    client.post("/language", data={"language": "en", "next": "/"})
    assert "closed it" in client.get(f"/cases/{number}").text
