"""What co-handlers show of what they did: their own photos, asked for where the lead's are, and counted apart."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.cases import attachments, co_handling, co_queries, history
from cityops.cases.attachments import Photo
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.co_models import CoEnd, CoHandling
from cityops.cases.models import Attachment, AttachmentKind, Case, CaseEvent
from cityops.cases.names import Stage
from cityops.catalog.models import FilingCondition
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.patrol.models import InspectorTask
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.counting import counted_queries
from tests.factories import People

HOURS = Limit(2, Unit.URGENT_HOUR)
INSPECTORS = ("inspector", "inspector2")

As = Callable[[str], FlaskClient]


def ask_photos(session: Session, number: int) -> None:
    """Let the lamps' condition ask for photos of what was done."""
    condition = session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).one()
    condition.photos_after = number


def make_case(session: Session, people: People) -> Case:
    made = factories.make_report(session, people.inspector).case
    return factories.bring_to(session, people, made, "accept", "file", "dispatch", "sign_for")


def give(session: Session, people: People, case: Case) -> CoHandling:
    new = NewCoHandling(case.version, "roads", "围挡现场", HOURS)
    return co_handling.add(session, people.dispatcher, factories.make_office(), case.number, new)


@pytest.fixture
def case(session: Session, people: People) -> Case:
    """A case that the lamp department handles, whose condition asks for a photo of what was done."""
    ask_photos(session, 1)
    return make_case(session, people)


@pytest.fixture
def row(session: Session, people: People, case: Case) -> CoHandling:
    """The roads' task in it."""
    return give(session, people, case)


def a_photo(digit: str) -> Photo:
    return Photo(digit * 64, "image/jpeg", 1, None, None, None)


def show(session: Session, people: People, row: CoHandling, digit: str, who: str = "handler-roads") -> Attachment:
    return co_handling.add_photo(session, people.viewer(who), row.id, str(uuid4()), a_photo(digit))


def report(session: Session, people: People, row: CoHandling) -> CoHandling:
    version = session.get_one(Case, row.case_id).version
    roads = people.viewer("handler-roads")
    return co_handling.report(session, roads, factories.make_office(), row.id, version, "已围挡")


def test_a_task_is_reported_done_with_the_photos_that_the_condition_asks_for(
    session: Session, people: People, case: Case, row: CoHandling
) -> None:
    ask_photos(session, 2)
    with pytest.raises(Invalid, match="needs 2 photos") as refused:
        report(session, people, row)
    assert refused.value.field == "photo" and row.end is None
    show(session, people, row, "a")
    show(session, people, row, "a")
    with pytest.raises(Invalid, match="needs 2 photos"):
        report(session, people, row)
    show(session, people, row, "b")
    assert report(session, people, row).end is CoEnd.REPORTED
    written = session.scalars(select(CaseEvent).order_by(CaseEvent.seq.desc())).first()
    assert written is not None and json.loads(written.payload)["photos"] == ["a" * 64, "a" * 64, "b" * 64]
    found = list(history.find_broken(session, factories.make_keys(), case.id))
    assert [each for each in found if isinstance(each, history.Broken)] == []


def test_where_no_photo_is_asked_for_one_is_welcome(session: Session, people: People) -> None:
    case = make_case(session, people)
    row = give(session, people, case)
    assert row.photos_missing == 0
    shown = show(session, people, row, "a")
    assert report(session, people, row).photos == [shown] and shown.kind is AttachmentKind.AFTER


def test_a_phase_that_is_checked_by_its_photos_asks_them_of_co_handlers_too(session: Session, people: People) -> None:
    factories.make_phases(session)
    case = factories.make_report(session, people.inspector).case
    factories.bring_to(session, people, case, "accept")
    factories.take(session, people.dutyleader, case, "file", condition=factories.PHASED)
    factories.bring_to(session, people, case, "dispatch", "sign_for")
    row = give(session, people, case)
    with pytest.raises(Invalid, match="needs 1 photos"):
        report(session, people, row)
    show(session, people, row, "a")
    assert report(session, people, row).end is CoEnd.REPORTED


def test_neither_shows_what_the_other_did(session: Session, people: People, case: Case, row: CoHandling) -> None:
    show(session, people, row, "a")
    with pytest.raises(Invalid, match="needs 1 new photos"):
        factories.take(session, people.handler, case, "report_back")
    attachments.add(session, people.handler, case, str(uuid4()), AttachmentKind.AFTER, a_photo("b"))
    session.expire(case, ["attachments"])
    factories.take(session, people.handler, case, "report_back")
    assert case.is_waiting and row.photos_missing == 0
    report(session, people, row)
    assert case.stage is Stage.CHECKING


def test_a_photo_that_shows_something_else_is_refused(
    session: Session, people: People, case: Case, row: CoHandling
) -> None:
    attachments.add(session, people.handler, case, str(uuid4()), AttachmentKind.AFTER, a_photo("a"))
    with pytest.raises(Invalid, match="in this case already"):
        show(session, people, row, "a")
    show(session, people, row, "b")
    with pytest.raises(Invalid, match="in this case already"):
        attachments.add(session, people.handler, case, str(uuid4()), AttachmentKind.AFTER, a_photo("b"))
    report(session, people, row)
    with pytest.raises(Invalid, match="in this case already"):
        show(session, people, give(session, people, case), "b")
    elsewhere = give(session, people, make_case(session, people))
    with pytest.raises(Invalid, match=f"used in the case {case.number} already"):
        show(session, people, elsewhere, "b")


def test_the_same_photo_sent_twice_is_one(session: Session, people: People, row: CoHandling) -> None:
    roads, uuid = people.viewer("handler-roads"), str(uuid4())
    first, second = (co_handling.add_photo(session, roads, row.id, uuid, a_photo("a")) for _ in range(2))
    assert first is second
    with pytest.raises(Invalid, match="belongs to another photo"):
        attachments.add(session, people.handler, row.case, uuid, AttachmentKind.AFTER, a_photo("a"))


def test_only_the_tasks_body_shows_it_and_only_while_it_is_open(
    session: Session, people: People, row: CoHandling
) -> None:
    with pytest.raises(NotAllowed, match="another body's"):
        show(session, people, row, "a", who="handler")
    with pytest.raises(NotFound):
        show(session, people, row, "a", who="dispatcher-east")
    show(session, people, row, "a")
    report(session, people, row)
    with pytest.raises(WrongState):
        show(session, people, row, "b")


@pytest.mark.parametrize("kind", [AttachmentKind.AFTER, AttachmentKind.PROOF])
def test_a_co_handler_shows_nothing_for_the_lead(
    session: Session, people: People, case: Case, row: CoHandling, kind: AttachmentKind
) -> None:
    roads = people.viewer("handler-roads")
    with pytest.raises(NotAllowed, match="task of its own"):
        attachments.add(session, roads, case, str(uuid4()), kind, a_photo("a"))
    show(session, people, row, "a")
    report(session, people, row)
    with pytest.raises(NotAllowed, match="task of its own"):
        attachments.add(session, roads, case, str(uuid4()), kind, a_photo("b"))


def a_picture(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


def sent(*colours: str, **fields: str) -> dict[str, Any]:
    return fields | {"photo": [(BytesIO(a_picture(colour)), "x.png") for colour in colours]}


def send(client: FlaskClient, address: str, colour: str, **fields: str) -> Any:
    """Add a photo through the API."""
    form = {"id": str(uuid4()), "file": (BytesIO(a_picture(colour)), "x.png")} | fields
    return client.post(f"/api/v1{address}/attachments", data=form, content_type="multipart/form-data")


@pytest.fixture
def task(small_city: Database) -> tuple[str, int]:
    """The number of a case whose condition asks for two photos, and the key of the roads' task in it."""
    with small_city.transaction() as session:
        people = People(session)
        ask_photos(session, 2)
        case = make_case(session, people)
        return case.number, give(session, people, case).id


def version(client: FlaskClient, number: str) -> str:
    return str(client.get(f"/api/v1/cases/{number}").json["version"])


def test_the_page_takes_the_photos_with_the_result_and_shows_them_with_it(as_person: As, task: tuple[str, int]) -> None:
    (number, key), roads, inspector = task, as_person("handler-roads"), as_person("inspector")
    address, form = f"/co-handlings/{key}/report", {"version": version(roads, number), "words": "已围挡"}
    for page in ("/co-handlings", f"/cases/{number}"):
        text = roads.get(page).text
        assert 'name="photo" accept="image/jpeg,image/png,image/webp" multiple required' in text and "至少 2 张" in text
    refused = roads.post(address, data=sent("red", **form))
    assert refused.status_code == 422 and "需要 2 张" in refused.text and "已围挡" in refused.text
    assert roads.get(f"/api/v1/cases/{number}/attachments").json["attachments"] == []
    done = roads.post(address, data=sent("red", "blue", **form))
    assert done.status_code == 303 and done.location.endswith(f"/cases/{number}#co-handlers")
    text = inspector.get(f"/cases/{number}").text
    own, beside = (text.split(f'id="{name}"')[1].split("</section>")[0] for name in ("photos", "co-handlers"))
    assert own.count("<figure>") == 0 and beside.count("<figure>") == 2 and "已围挡" in beside
    with inspector.get(beside.split('<a href="')[1].split('"')[0]) as photo:
        assert (photo.status_code, photo.mimetype) == (200, "image/png")


def test_what_is_no_picture_leaves_the_task_open(as_person: As, task: tuple[str, int]) -> None:
    (number, key), roads = task, as_person("handler-roads")
    form: dict[str, Any] = {"version": version(roads, number), "words": "已围挡"}
    answer = roads.post(f"/co-handlings/{key}/report", data=form | {"photo": (BytesIO(b"<svg>"), "x.png")})
    assert answer.status_code == 422 and "已围挡" in answer.text
    assert roads.get(f"/api/v1/cases/{number}/co-handlings").json["co_handlings"][0]["end"] is None


def test_who_checks_sees_whose_work_a_photo_shows(as_person: As, task: tuple[str, int], db: Database) -> None:
    (number, key), roads, lead = task, as_person("handler-roads"), as_person("handler")
    form = {"version": version(roads, number), "words": "已围挡"}
    roads.post(f"/co-handlings/{key}/report", data=sent("red", "blue", **form))
    for colour in ("green", "white"):
        assert send(lead, f"/cases/{number}", colour, kind="after").status_code == 201
    told = {"step": "report_back", "version": int(version(lead, number)), "note": "好了"}
    assert lead.post(f"/api/v1/cases/{number}/steps", json=told).json["stage"] == Stage.CHECKING
    with db.reading() as session:
        given = session.scalars(select(InspectorTask)).one()
        people = People(session)
        name = next(each for each in INSPECTORS if people.viewer(each).person_id == given.person_id)
    screen = as_person(name).get(f"/tasks/{given.id}").text
    captions = re.findall("<figcaption>(.+?)</figcaption>", screen)
    assert [caption.endswith(" · 处置后") for caption in captions] == [True, True, False, False]


def test_the_api_says_whose_a_photo_is(as_person: As, task: tuple[str, int]) -> None:
    (number, key), roads, lead = task, as_person("handler-roads"), as_person("handler")

    told = {"version": int(version(roads, number)), "result": "好了"}
    lacking = roads.post(f"/api/v1/co-handlings/{key}/report", json=told)
    assert (lacking.status_code, lacking.json["field"]) == (422, "photo")
    added = send(roads, f"/co-handlings/{key}", "red")
    assert added.status_code == 201
    assert (added.json["kind"], added.json["co_handling"], added.json["body"]) == ("after", key, "roads")
    assert send(roads, f"/co-handlings/{key}", "blue").status_code == 201
    assert send(lead, f"/co-handlings/{key}", "green").status_code == 403
    assert send(as_person("dutyleader-east"), f"/co-handlings/{key}", "green").status_code == 404
    assert send(roads, f"/cases/{number}", "green", kind="after").status_code == 403
    again = send(lead, f"/cases/{number}", "red", kind="after")
    assert (again.status_code, again.json["field"]) == (422, "file")
    own = send(lead, f"/cases/{number}", "white", kind="after")
    assert (own.status_code, own.json["co_handling"], own.json["body"]) == (201, None, None)
    listed = roads.get(f"/api/v1/cases/{number}/attachments").json["attachments"]
    assert [each["body"] for each in listed] == ["roads", "roads", None]
    done = roads.post(f"/api/v1/co-handlings/{key}/report", json=told)
    assert (done.status_code, done.json["photos"]) == (200, [each["id"] for each in listed[:2]])
    assert done.json["photos_missing"] == 0


def test_the_list_of_tasks_asks_no_more_for_more_of_them(small_city: Database) -> None:
    def count() -> int:
        with small_city.reading() as session, counted_queries() as seen:
            rows = co_queries.list_work(session, People(session).viewer("handler-roads"))
            assert all(row.photos_missing == 1 and row.photos == [] for row in rows)
        return len(seen)

    with small_city.transaction() as session:
        ask_photos(session, 1)
        give(session, People(session), make_case(session, People(session)))
    one = count()
    with small_city.transaction() as session:
        for _ in range(3):
            give(session, People(session), make_case(session, People(session)))
    assert count() == one
