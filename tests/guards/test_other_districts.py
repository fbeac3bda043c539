"""Every door as a person of another district: nothing of this one is shown, and nothing of it changes."""

import io
import zipfile
from dataclasses import dataclass
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.models import Person
from cityops.accounts.posts import Post
from cityops.cases import co_handling
from cityops.cases.asking import Decision
from cityops.cases.attachments import Photo
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.co_models import CoHandling
from cityops.cases.corrections import services as corrections
from cityops.cases.corrections.models import Correction, CorrectionKind
from cityops.cases.corrections.services import NewCorrection
from cityops.cases.models import Attachment, AttachmentKind, Case, CaseEvent, Report
from cityops.cases.names import Source, Stage
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import RequestKind
from cityops.cases.workflow import steps_from
from cityops.clock import now, running_at, today
from cityops.grid.models import Component
from cityops.hotline.models import ReporterAnswer
from cityops.patrol import rechecks
from cityops.patrol.models import InspectorTask
from cityops.patrol.recheck_models import Recheck
from cityops.patrol.rechecks import NewSample
from cityops.patrol.renewal import services as renewals
from cityops.patrol.renewal.models import (
    ComponentSighting,
    RenewalCampaign,
    RenewalCheck,
    RenewalSample,
    RenewalStreet,
)
from cityops.patrol.renewal.services import NewCampaign
from cityops.worktime.limits import Limit, Unit
from tests import factories
from tests.guards.doors import UNSAFE, address, doors

STRANGERS = ("operator-east", "dutyleader-east", "dispatcher-east", "inspector-east", "handler-roads")
RENEWAL = ("campaign_id", "street_id", "acceptance_id", "check_id")
OWN = {"number", "answer_id", "task_id", "request_id", "sample_id", "recheck_id", "co_handling_id", "correction_id"}
SCOPED = {*OWN, *RENEWAL}
# What who looks at the whole city as an administrator does by right.
ADMINISTRATORS = {"renewal.count", "renewal.close"}
TOLD, PLACE, NAME, PHONE = "西区独有的描述", "西区独有的地点", "西区来电人", "15405740096"
LAMP = "33020301037000001"
MARKS = (TOLD, PLACE, NAME, PHONE, PHONE[3:])


@dataclass(frozen=True)
class West:
    """What there is in the western district."""

    cases: dict[str, Case]
    answer_ids: list[int]
    task_ids: list[int]
    sample_ids: list[int]
    recheck_ids: list[int]
    request_ids: list[int]
    co_handling_ids: list[int]
    renewal: dict[str, int]
    correction_ids: list[int]
    request_version: int
    photo: str

    def fillings(self, rule) -> list[dict[str, object]]:
        """Everything of the west that could stand in this rule's places."""
        named = rule.arguments
        if "number" in named:
            return [{"number": number, "uuid": self.photo} for number in self.cases]
        own = {"answer_id": self.answer_ids, "task_id": self.task_ids, "request_id": self.request_ids}
        own |= {"sample_id": self.sample_ids, "recheck_id": self.recheck_ids}
        own |= {"co_handling_id": self.co_handling_ids, "correction_id": self.correction_ids}
        if set(RENEWAL) & named:
            return [self.renewal]
        for name, ids in own.items():
            if name in named:
                return [{name: each} for each in ids]
        return [{"username": "operator", "post_id": 1, "token_id": 1}]

    def bodies(self, rule, given: dict[str, object]) -> list[dict[str, object]]:
        """What could be sent to this door: every step that the case could take now, an outcome, a picture."""
        if rule.rule.endswith("/steps"):
            kind, case = "json" if rule.rule.startswith("/api/") else "data", self.cases[str(given["number"])]
            facts = {"condition": "C01037-1", "body": "roads", "note": "原因", "version": case.version}
            return [
                {kind: facts | {"step": step.name.value, "result": result}}
                for step in steps_from(case.stage)
                for result in step.ways
            ]
        if rule.rule.endswith("/requests") or rule.rule.endswith("/decision"):
            kind = "json" if rule.rule.startswith("/api/") else "data"
            case = self.cases.get(str(given.get("number")))
            version = case.version if case is not None else 1
            asked = [{"kind": each.value, "version": version, "reason": "原因"} for each in RequestKind]
            said = [{"decision": each.value, "version": self.request_version, "note": "原因"} for each in Decision]
            return [{kind: each} for each in (asked if case is not None else said)]
        if rule.rule.endswith("/recheck") or rule.rule.startswith("/rechecks/cases/"):
            asked = {"step": "recheck", "version": "8", "manner": "by_photo", "at_place_reason": "原因"}
            return [{"data": asked | {"result": result}} for result in ("upheld", "not_upheld")]
        picture = {"file": (io.BytesIO(b"\xff\xd8\xff"), "a.jpg"), "id": "22222222-2222-4222-8222-222222222222"}
        return [{"data": {"outcome": "reached"}}, {"data": picture | {"kind": next(iter(AttachmentKind)).value}}]


def make_renewal(session: Session, people: factories.People) -> dict[str, int]:
    """A renewal of the western street with the sample of its one lamp; the ids by which its doors name them."""
    facts = {"class_code": "01037", "name": "路灯", "lon": 121.5005, "lat": 29.8705, "quad": 0, "seen_on": today()}
    code, area = f"{factories.WEST}01037900000", f"{factories.WEST}001001"
    session.add(Component(code=code, area_code=area, initial_on=factories.LONG_AGO, **facts))
    new = NewCampaign(TOLD, today(), today(), [factories.WEST], [], "roads")
    campaign = renewals.begin(session, people.viewer("admin"), new)
    street = session.scalars(select(RenewalStreet)).one()
    sample = renewals.draw(session, people.viewer("supervisor"), factories.make_keys(), street.id)
    check = session.scalars(select(RenewalCheck)).one()
    return dict(zip(RENEWAL, (campaign.id, street.id, sample.id, check.id), strict=True))


@pytest.fixture
def west(small_city) -> West:
    """Cases at four stages in the west, with reporters, an answer owed, inspectors' tasks and a photo."""
    with running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        people = factories.People(session)
        handled = ("accept", "file", "dispatch", "sign_for")
        for steps in ((), ("accept",), handled, (*handled, "report_back"), (*handled, "report_back", "check", "close")):
            source = Source.INSPECTOR if steps[:4] == handled else Source.HOTLINE
            who = people.inspector if source is Source.INSPECTOR else people.operator
            report = factories.make_report(
                session,
                who,
                source=source,
                description=TOLD,
                address=PLACE,
                reporter_name=NAME,
                reporter_phone=PHONE,
            )
            factories.bring_to(session, people, report.case, *steps)
        refused = factories.make_report(
            session, people.operator, source=Source.HOTLINE, description=TOLD, address=PLACE, reporter_phone=PHONE
        )
        factories.bring_to(session, people, refused.case, "decline")
        photo = Attachment(
            uuid="11111111-1111-4111-8111-111111111111",
            case_id=refused.case_id,
            kind=next(iter(AttachmentKind)),
            sha256="0" * 64,
            media_type="image/jpeg",
            size_bytes=1,
            added_at=now(),
            added_by=people.operator.person_id,
        )
        session.add(photo)
        session.flush()
        handling = next(case for case in session.scalars(select(Case)) if case.stage is Stage.HANDLING)
        of_today = NewSample(today(), today(), percent=100)
        sample = rechecks.draw(session, people.viewer("supervisor"), factories.make_keys(), of_today)
        crew = NewCoHandling(handling.version, "lamps-crew", TOLD, Limit(2, Unit.URGENT_HOUR))
        task = co_handling.add(session, people.dispatcher, factories.make_office(), handling.number, crew)
        renewal = make_renewal(session, people)
        void = factories.ask(session, people.handler, handling, RequestKind.VOID)
        factories.add_component(session, LAMP, factories.WEST_POINT)
        missing = NewCorrection(str(uuid4()), CorrectionKind.MISSING, TOLD, LAMP)
        picture = Photo("1" * 64, "image/jpeg", 1, None, None, None)
        correction = corrections.propose(session, people.inspector, missing, picture)
        reports = {report.number: report.case for report in session.scalars(select(Report))}
        return West(
            reports | {case.number: case for case in reports.values()},
            list(session.scalars(select(ReporterAnswer.id))),
            list(session.scalars(select(InspectorTask.id))),
            [sample.id],
            list(session.scalars(select(Recheck.id))),
            [void.id],
            [task.id],
            renewal,
            [correction.id],
            handling.version,
            photo.uuid,
        )


ROWS = (Case, CaseEvent, CaseRequest, CoHandling, Report, InspectorTask, Recheck, ReporterAnswer, Attachment, Person)
ROWS = (*ROWS, RenewalCampaign, RenewalStreet, RenewalSample, RenewalCheck, ComponentSighting, Correction)


def everything(small_city) -> list[object]:
    """The state of all cases, events, tasks, answers, photos and people."""
    with small_city.reading() as session:
        return [session.execute(select(*row.__table__.columns).order_by(row.id)).all() for row in ROWS]


def test_the_west_has_something_to_hide(west, as_person):
    assert len(west.cases) == 12 and west.recheck_ids and west.answer_ids and west.task_ids
    shown = as_person("operator").get(f"/api/v1/cases/{next(reversed(west.cases))}").text
    assert TOLD in shown and PLACE in shown


def told(answer):
    """All that an answer says: the text of a page, or of the parts of an Excel file."""
    if "spreadsheetml" not in answer.content_type:
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        return "".join(book.read(part).decode() for part in book.namelist())


def test_a_stranger_to_the_district_sees_nothing_of_it(app, west, as_person):
    looking = [rule for method, rule in doors(app) if method == "GET" and rule.endpoint != "static"]
    tries = [(rule, given) for rule in looking for given in west.fillings(rule)]
    for client in map(as_person, STRANGERS):
        for rule, given in tries:
            answer = client.get(address(rule, **given))
            assert answer.status_code < 500 or rule.rule == "/healthz", (rule.rule, answer.status_code)
            said = told(answer)
            marks = [mark for mark in MARKS if mark in said]
            assert not marks, (rule.rule, given)
            if set(given) & SCOPED:
                assert answer.status_code in {403, 404}, (rule.rule, given, answer.status_code)
            else:
                assert not [number for number in west.cases if number in said], rule.rule


@pytest.fixture
def onlooker(west, small_city, as_person):
    """An operator of the east who looks at the whole city as an administrator."""
    with small_city.transaction() as session:
        factories.give_post(session, "operator-east", Post.ADMINISTRATOR)
    return as_person("operator-east")


def test_who_only_looks_on_is_not_told_who_called(app, small_city, west, onlooker):
    before = everything(small_city)
    seen = ""
    for method, rule in doors(app):
        if rule.endpoint in {"static", *ADMINISTRATORS} or not (method == "GET" or rule.arguments & SCOPED):
            continue
        for given in west.fillings(rule):
            for body in west.bodies(rule, given) if method != "GET" else [{}]:
                answer = onlooker.open(address(rule, **given), method=method, **body)
                said = told(answer)
                seen += said
                assert not [mark for mark in (NAME, PHONE, PHONE[3:]) if mark in said], (rule.rule, given)
                assert method == "GET" or answer.status_code in {403, 404, 422}, (rule.rule, given, answer.status_code)
    assert TOLD in seen
    assert everything(small_city) == before


def test_who_only_looks_on_adds_no_photo(west, onlooker):
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "JPEG")
    picture.seek(0)
    number = next(number for number in west.cases if number.startswith("2"))
    form = {"id": "22222222-2222-4222-8222-222222222222", "kind": "scene", "file": (picture, "a.jpg")}
    assert onlooker.post(f"/api/v1/cases/{number}/attachments", data=form).status_code == 403


def test_who_only_looks_on_is_offered_no_call(west, onlooker):
    assert "/answers/" not in onlooker.get("/answers").text
    assert "/reporter" not in onlooker.get(f"/cases/{next(reversed(west.cases))}").text


def test_a_stranger_to_the_district_changes_nothing_in_it(app, small_city, west, as_person):
    before = everything(small_city)
    writing = [(method, rule) for method, rule in doors(app) if method in UNSAFE and rule.arguments & SCOPED]
    tries = [(method, rule, given) for method, rule in writing for given in west.fillings(rule)]
    for client in map(as_person, STRANGERS):
        for method, rule, given in tries:
            for body in west.bodies(rule, given):
                answer = client.open(address(rule, **given), method=method, **body)
                assert answer.status_code in {403, 404, 422}, (rule.rule, given, answer.status_code)
                assert not [mark for mark in MARKS if mark in answer.text], (rule.rule, given)
    assert everything(small_city) == before
